"""What the explorer shows, gathered from finished files into one page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.colors import to_hex

from pluvial.config.data import RecordsConfig
from pluvial.config.learning import FiguresConfig, RetrievalConfig
from pluvial.diagnostics.projection import SPACES
from pluvial.explorer.blocks import Blocks, Words, render
from pluvial.explorer.columns import columns_of
from pluvial.explorer.learning import learning_html, read_judgement
from pluvial.explorer.pairs import Pairs, find_pairs
from pluvial.explorer.predicted import Predicted
from pluvial.explorer.records import MOST_RECORDS, read_sample
from pluvial.explorer.skill import skill_html
from pluvial.explorer.spaces import pack_space
from pluvial.explorer.thumbnails import Thumbnails, read_thumbnails
from pluvial.figures.records import Labels, labels_of, space_of
from pluvial.figures.style import DEPTH_CLASSES, RAIN_CLASSES, Classes
from pluvial.files.atomic import write_text
from pluvial.jobs import logger
from pluvial.records.manifest import read_manifest, whole_shards
from pluvial.records.segments import SPLITS

SHOWN = 6
"""Retrieved records, and other storms, that the page shows of each record."""

PER_BLOCK = 256
"""Records whose thumbnails are unpacked together."""


SPACE_LABELS = {
    "rain": "rain windows",
    "depth": "depth maps",
    "random": "random points (control)",
}


@dataclass(frozen=True)
class Files:
    """The files that a page is made of.

    Attributes:
        umap: parquet, as ``diagnostics.projection.make_projection`` writes it.
        manifest: of the dataset, whose shards hold the records for the thumbnails.
        report, verdict: ``retrieval.json`` and ``verdict.json``.
        histories: ``history.csv`` of the runs, such as trained and shuffled.
        predictions: of the depth model, a file per split; none for a page without it.
        skill: ``skill.json`` of the depth model; None for a page without it.
    """

    umap: Path
    manifest: Path
    report: Path
    verdict: Path
    histories: Mapping[str, Path]
    predictions: Sequence[Path] = ()
    skill: Path | None = None


@dataclass(frozen=True)
class Settings:
    """The parts of the configuration that the page states or follows.

    Attributes:
        name: of the case.
        records: where a cell counts as flooded.
        figures: UMAP's settings.
        retrieval: tolerance and spacing.
    """

    name: str
    records: RecordsConfig
    figures: FiguresConfig
    retrieval: RetrievalConfig


def make_explorer(
    files: Files, settings: Settings, path: Path, *, most: int = MOST_RECORDS
) -> None:
    """Write the page to ``path``; more than ``most`` records are sampled, and it says so."""
    table, projected = read_sample(files.umap, most)
    manifest = read_manifest(files.manifest)
    labels = labels_of(table)
    blocks = Blocks()
    spaces = _add_spaces(blocks, table, labels, files.umap)
    pairs = _add_pairs(blocks, table, settings.retrieval)
    with ExitStack() as stack:
        predicted = None
        if files.predictions:
            times = table["time"].to_numpy(np.int64)
            predicted = Predicted(files.predictions, times, settings.records.flooded_m)
            stack.enter_context(closing(predicted))
        thumbnails = _add_thumbnails(blocks, table, files.manifest, predicted)
    columns = columns_of(table, labels, pairs, predicted, settings.records.flooded_m)
    for column, values in columns:
        blocks.add(f"column-{column.id}", values, first=True)
    blocks.add("storm-number", table["storm"].to_numpy(np.int32), first=True)
    in_dataset = sum(manifest["splits"][split]["records"] for split in SPLITS)
    figures = settings.figures
    document: dict[str, Any] = {
        "name": settings.name,
        "records": len(table),
        "start": _first_shown(labels, pairs),
        "spaces": spaces,
        "columns": [column.document() for column, _ in columns],
        "umap": {
            "neighbours": figures.umap_neighbours,
            "min_dist": figures.umap_min_dist,
            "seed": figures.seed,
        },
        "pairs": pairs.document(settings.retrieval) if pairs else None,
        "shown": SHOWN,
        "thumbs": thumbs_document(thumbnails, manifest),
    }
    judgement = read_judgement(files.report, files.verdict)
    learning = [learning_html(judgement, document["pairs"], files.histories)]
    if files.skill:
        learning = [skill_html(files.skill), "<h3>Encoders</h3>", *learning]
    words = Words(
        title=f"Explorer: {settings.name}",
        about=about(settings.name, len(table), projected, in_dataset),
        headline=judgement.headline,
        learning="\n".join(learning),
    )
    write_text(path, render(words, document, blocks))
    logger.info("%d records, %.1f MB", len(table), path.stat().st_size / 1e6)


def _first_shown(labels: Labels, pairs: Pairs | None) -> int:
    """The largest flood, if possible one whose rain may ask for its depth map."""
    asked = pairs.answers >= 0 if pairs else np.zeros(labels.flooded.size, dtype=bool)
    return int(np.argmax(np.where(asked, labels.flooded + 1, labels.flooded)))


def about(name: str, shown: int, projected: int, in_dataset: int) -> str:
    """What the page shows, and which of the dataset's records it leaves out."""
    words = f"{name}: {shown:,} records"
    if shown == in_dataset:
        return f"{words}, all of the dataset"
    words += f" of {in_dataset:,}"
    if projected < in_dataset:
        words += ", sampled evenly over time"
    if shown < projected:
        words += f", then from {projected:,} stratified by storm"
    return words


def _add_spaces(
    blocks: Blocks, table: pd.DataFrame, labels: Labels, umap: Path
) -> list[dict[str, Any]]:
    """Axes, map and neighbours of each space; the first one is shown first."""
    documents = []
    for number, name in enumerate(SPACES):
        space = space_of(table, name, umap)
        logger.info("axes and nearest storms of %d %s vectors", len(table), name)
        packed = pack_space(space, labels.flooded, table["storm"].to_numpy(), SHOWN)
        blocks.add(f"map-{name}", packed.flat, first=number == 0)
        blocks.add(f"axes-{name}", packed.axes, first=number == 0)
        blocks.add(f"near-{name}", packed.near)
        documents.append({"id": name, "label": SPACE_LABELS[name], **packed.document()})
    return documents


def _add_pairs(blocks: Blocks, table: pd.DataFrame, config: RetrievalConfig) -> Pairs | None:
    vectors = {name: np.stack(table[name].tolist()) for name in ("rain", "depth")}
    pairs = find_pairs(table, vectors, config, SHOWN)
    if pairs is not None:
        blocks.add("answers", pairs.answers)
        for direction, best in pairs.best.items():
            blocks.add(f"best-{direction}", best)
    return pairs


def _add_thumbnails(
    blocks: Blocks, table: pd.DataFrame, manifest: Path, predicted: Predicted | None
) -> Thumbnails:
    shards = [shard for split in SPLITS for shard in whole_shards(manifest, split)]
    logger.info("thumbnails of %d records from %d shards", len(table), len(shards))
    features = read_manifest(manifest)["features"]
    times = table["time"].to_numpy(np.int64)
    if predicted is None:
        thumbnails = read_thumbnails(shards, features, times)
    else:
        thumbnails = read_thumbnails(shards, features, times, predicted.compare)
        thumbnails = replace(thumbnails, predicted=predicted.thumbnails)
    for number, block in enumerate(thumbnails.blocks(PER_BLOCK)):
        blocks.add(f"thumbs-{number}", block)
    return thumbnails


def thumbs_document(thumbnails: Thumbnails, manifest: dict[str, Any]) -> dict[str, Any]:
    """Shapes, spans, classes and colours of the thumbnails, for the page's script."""
    steps = np.array(manifest["channels_back_from_now"][::-1], dtype=np.int64)
    minutes = steps * manifest["step_seconds"] / 60
    starts = np.cumsum(minutes[::-1])[::-1]
    _, channels, *rain_shape = thumbnails.rain.shape
    return {
        "per_block": PER_BLOCK,
        "lead_minutes": manifest["lead_steps"] * manifest["step_seconds"] / 60,
        "any_missing": thumbnails.any_missing,
        "any_predicted": thumbnails.predicted is not None,
        "pooling": manifest["pooling"],
        "rain": {
            "channels": channels,
            "shape": rain_shape,
            "cells": manifest["features"]["rain"]["shape"][:2],
            "starts": starts.tolist(),
            "ends": (starts - minutes).tolist(),
            **_classes(RAIN_CLASSES, "mm/h"),
        },
        "depth": {
            "shape": list(thumbnails.depth.shape[1:]),
            "cells": manifest["features"]["depth"]["shape"],
            **_classes(DEPTH_CLASSES, "m"),
        },
    }


def _classes(classes: Classes, unit: str) -> dict[str, Any]:
    return {
        "unit": unit,
        "edges": list(classes.edges),
        "colours": ["#ffffff", *(to_hex(colour) for colour in classes.colours)],
    }
