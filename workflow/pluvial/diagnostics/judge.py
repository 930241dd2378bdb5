"""The retrieval report: the trained encoders beside their controls and the baselines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pluvial.config.learning import RetrievalConfig
from pluvial.diagnostics.baselines import Maps, maps_of, pixel_vectors, volume_vectors
from pluvial.errors import PluvialError
from pluvial.files.documents import write_json
from pluvial.grids.align import nearest_cells
from pluvial.grids.grid import Grid
from pluvial.jobs import logger
from pluvial.metrics.retrieval import RANKS, Gallery, make_gallery, retrieve
from pluvial.records.manifest import read_manifest, whole_shards
from pluvial.records.reading import read_split
from pluvial.records.window import Records, windows_with_rain

TRAIN_SAMPLE = 4096
"""Training records that the baselines' statistics are taken from, at most."""


def make_retrieval(
    embeddings: Mapping[str, Path], manifest_path: Path, config: RetrievalConfig, path: Path
) -> None:
    """Judge retrieval on the test split and write ``path``.

    Args:
        embeddings: parquet file of each run: trained, shuffled, untrained.
        manifest_path: of the dataset.
        config: tolerance and spacing.
        path: the JSON file to make.
    """
    report = judge_retrieval(embeddings, manifest_path, config)
    write_json(path, report)
    logger.info(
        "%d queries among %d candidates; chance R@1 %.1f %%",
        report["queries"], report["candidates"],
        100 * report["chance"]["R@1"],
    )  # fmt: skip
    for name, found in report["methods"].items():
        shares = [
            f"{direction.replace('_', ' ')} R@1 {found[direction]['R@1']:6.1%}, "
            f"R@10 {found[direction]['R@10']:6.1%}"
            for direction in ("rain_to_depth", "depth_to_rain")
        ]
        logger.info("%-24s %s", name, "; ".join(shares))


def judge_retrieval(
    embeddings: Mapping[str, Path], manifest_path: Path, config: RetrievalConfig
) -> dict[str, Any]:
    """The report as a JSON-like document."""
    manifest = read_manifest(manifest_path)
    features = manifest["features"]
    held_out = read_split(whole_shards(manifest_path, "test"), features)
    # Windows without any rain are all alike: no method can tell their floods apart.
    wet = windows_with_rain(held_out)
    held_out = _take(held_out, np.flatnonzero(wet))
    gallery = make_gallery(
        held_out.times,
        spacing=60 * config.spacing_minutes,
        tolerance=60 * config.tolerance_minutes,
    )
    if gallery.candidates.size < 2:
        raise PluvialError(
            f"the test split leaves {gallery.candidates.size} candidates with rain",
            where=manifest_path,
            remedy="Give `records.split.test` a larger share, or lengthen `time`",
        )
    methods = {
        name: retrieve(*_vectors(path, held_out.times), gallery)
        for name, path in embeddings.items()
    }
    methods |= _baselines(manifest, manifest_path, held_out, gallery)
    count = int(gallery.candidates.size)
    return {
        "split": "test",
        "records": int(wet.size),
        "left_out_without_rain": int((~wet).sum()),
        "candidates": count,
        "queries": int(gallery.queries.size),
        "tolerance_minutes": config.tolerance_minutes,
        "spacing_minutes": config.spacing_minutes,
        "chance": {f"R@{k}": min(1.0, k / count) for k in RANKS},
        "methods": methods,
    }


def _take(records: Records, rows: NDArray[np.intp]) -> Records:
    return Records(records.times[rows], records.rain[rows], records.depth[rows])


def _vectors(
    path: Path, times: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Rain and depth embeddings float32[n, D] of the records at ``times``."""
    table = pd.read_parquet(path).set_index("time").loc[times]
    return np.stack(table["rain"].tolist()), np.stack(table["depth"].tolist())


def _baselines(
    manifest: dict[str, Any], manifest_path: Path, held_out: Records, gallery: Gallery
) -> dict[str, Any]:
    """Retrieval by volume and by pattern, for several spans of rain."""
    train = read_split(whole_shards(manifest_path, "train"), manifest["features"])
    wet = np.flatnonzero(windows_with_rain(train))
    train = _take(train, wet[np.linspace(0, wet.size - 1, TRAIN_SAMPLE).astype(np.intp)])
    rows, cols = nearest_cells(Grid(**manifest["rain_grid"]), Grid(**manifest["depth_grid"]))
    steps = np.array(manifest["channels_back_from_now"][::-1], dtype=np.float64)
    hours = steps * manifest["step_seconds"] / 3600
    before: Maps = maps_of(train, rows, cols, hours)
    after: Maps = maps_of(held_out, rows, cols, hours)
    found = {"volume match": retrieve(*volume_vectors(before, after), gallery)}
    for span in np.cumsum(hours[::-1])[[-1, len(hours) // 2]]:
        vectors = pixel_vectors(before, after, float(span))
        found[f"pixel correlation {span:.2g} h"] = retrieve(*vectors, gallery)
    return found
