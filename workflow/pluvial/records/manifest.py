"""The manifest of a dataset: what its shards hold, and how to tell that they still do."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from pluvial.config.data import RecordsConfig
from pluvial.config.times import TimeConfig
from pluvial.errors import PluvialError
from pluvial.files.documents import read_json, write_json
from pluvial.files.fingerprints import file_sha256
from pluvial.frames.store import FramesFile
from pluvial.frames.variables import DEPTH, RAIN
from pluvial.grids.grid import Grid
from pluvial.jobs import logger
from pluvial.records.features import features_of
from pluvial.records.normalise import Moments, normalisation
from pluvial.records.segments import SPLITS
from pluvial.records.window import Window, window_of

FORMAT_VERSION = 2


def make_manifest(
    sidecars: Sequence[Path],
    rain: Path,
    depth: Path,
    time: TimeConfig,
    records: RecordsConfig,
    path: Path,
) -> None:
    """Write the manifest; ``rain`` and ``depth`` are frames files that know the grids."""
    write_manifest(
        path,
        sidecars,
        window=window_of(records),
        step=time.step_minutes * 60,
        rain_grid=FramesFile(rain, RAIN).grid,
        depth_grid=FramesFile(depth, DEPTH).grid,
    )


def write_manifest(
    path: Path,
    sidecars: Sequence[Path],
    *,
    window: Window,
    step: int,
    rain_grid: Grid,
    depth_grid: Grid,
) -> None:
    """Gather the shards' sidecars into the manifest at ``path``, beside the splits' folders.

    Args:
        path: the file to make.
        sidecars: ``{split}/{number}.json`` of every shard.
        window: the shape of a record.
        step: seconds between rain frames.
        rain_grid: grid of the rain.
        depth_grid: grid of the depth.
    """
    splits: dict[str, Any] = {
        name: {"records": 0, "records_with_rain": 0, "shards": []} for name in SPLITS
    }
    parts: dict[str, list[Moments]] = {"rain": [], "depth": []}
    for entry in sorted(map(read_json, sidecars), key=lambda e: (e["split"], e["shard"])):
        split = splits[entry["split"]]
        for key in ("records", "records_with_rain"):
            split[key] += entry[key]
        kept = {key: entry[key] for key in ("records", "bytes", "sha256")}
        split["shards"].append({"file": f"{entry['split']}/{entry['file']}", **kept})
        if entry["split"] == "train":
            for name, moment in entry["moments"].items():
                parts[name].append(Moments(**moment))
    _remove_strangers(path.parent, sidecars)
    write_json(
        path,
        {
            "format": "pluvial records",
            "version": FORMAT_VERSION,
            "features": features_of(rain_grid, depth_grid, window),
            "row_0": "north",
            "step_seconds": step,
            **window.to_dict(),
            "rain_grid": rain_grid.to_dict(),
            "depth_grid": depth_grid.to_dict(),
            "normalisation_of_train": {
                name: normalisation(parts[name], name) for name in ("rain", "depth")
            },
            "splits": splits,
        },
    )


def _remove_strangers(folder: Path, sidecars: Sequence[Path]) -> None:
    """Remove shards of an earlier plan: one that was training then may be test now."""
    ours = {sidecar.resolve() for sidecar in sidecars}
    for suffix in (".tfrecord.gz", ".parquet"):
        ours |= {sidecar.resolve().with_suffix(suffix) for sidecar in sidecars}
    for split in SPLITS:
        for file in sorted((folder / split).glob("[0-9]*.*")):
            if file.resolve() not in ours:
                logger.info("removing %s: it is not of this plan", file)
                file.unlink()


def read_manifest(path: Path) -> dict[str, Any]:
    """Read a manifest, or say why it is not one of ours."""
    manifest: dict[str, Any] = read_json(path)
    if manifest.get("format") != "pluvial records" or manifest.get("version") != FORMAT_VERSION:
        raise PluvialError(
            f"it is no manifest of pluvial records, version {FORMAT_VERSION}",
            where=path,
            remedy="Rebuild the dataset with this version of pluvial",
        )
    return manifest


def whole_shards(path: Path, split: str) -> list[Path]:
    """The shards of a split, each checked against the manifest at ``path``.

    TensorFlow reads an empty shard, or one cut between two records, without a word.

    Raises:
        PluvialError: naming the first shard that is missing or not what was written.
    """
    shards = read_manifest(path)["splits"][split]["shards"]
    files = [path.parent / entry["file"] for entry in shards]
    with ThreadPoolExecutor() as pool:
        list(pool.map(_check_shard, files, shards))
    return files


def _check_shard(file: Path, entry: dict[str, Any]) -> None:
    if not file.exists():
        problem = "the shard is missing"
    elif (size := file.stat().st_size) != entry["bytes"]:
        problem = f"the shard has {size} bytes, the manifest says {entry['bytes']}"
    elif file_sha256(file) != entry["sha256"]:
        problem = "the shard's bytes are not those the manifest names"
    else:
        return
    raise PluvialError(
        problem, where=file, remedy="Delete it and run the workflow again: only it is remade"
    )
