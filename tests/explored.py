"""A small finished run for the explorer: shards, projection, report and histories, made up.

Storms are clusters of vectors, so that there is something to brush; the map is spread out, so
that a pointer can tell its points apart.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pluvial.config.data import RecordsConfig
from pluvial.config.learning import FiguresConfig, RetrievalConfig
from pluvial.explorer.page import Files, Settings, make_explorer
from pluvial.frames.predictions import Axes, write_predictions
from pluvial.frames.variables import DEPTH, MISSING, RAIN, unpack
from pluvial.grids.grid import Grid
from pluvial.records.manifest import write_manifest
from pluvial.records.window import Records, Window
from shards import write_records

START, STEP = 1_580_515_200, 600
CHANNELS = (1, 3, 8)
RAIN_GRID, DEPTH_GRID = Grid(12, 10, 400.0), Grid(48, 40, 100.0)
MOST_FIELDS = 1000
"""Different fields of rain and depth; a run of more records has them again."""


@dataclass(frozen=True)
class Run:
    """A finished run and what it was made of.

    Attributes:
        folder: of all its files.
        table: the projection, in order of time.
        records: of the same rows.
    """

    folder: Path
    table: pd.DataFrame
    records: Records

    @property
    def files(self) -> Files:
        return Files(
            umap=self.folder / "umap.parquet",
            manifest=self.folder / "shards" / "manifest.json",
            report=self.folder / "retrieval.json",
            verdict=None,
            histories={n: self.folder / f"{n}.csv" for n in ("trained", "shuffled")},
        )

    @property
    def of_depth_model(self) -> dict[str, Any]:
        """What is there of a depth model, for the ``files`` of :meth:`write_page`."""
        return {
            "predictions": [self.folder / f"{split}.nc" for split in ("val", "test")],
            "skill": self.folder / "skill.json",
        }

    @property
    def predicted(self) -> NDArray[np.float32]:
        """The predicted depth of every record, as if all had been: half of what came."""
        return unpack(self.records.depth // 4 * 2, DEPTH)

    def vectors(self, space: str) -> NDArray[np.float64]:
        return np.stack(self.table[space].tolist()).astype(np.float64)

    def write_page(self, path: Path, **changed: Any) -> Path:
        files = Files(**{**vars(self.files), **changed.pop("files", {})})
        make_explorer(files, settings(), path, **changed)
        return path


def settings() -> Settings:
    records = RecordsConfig(channels=list(CHANNELS))
    return Settings("made-up", records, FiguresConfig(), RetrievalConfig())


@dataclass(frozen=True)
class Shapes:
    """Grids and channels of the records."""

    rain: Grid = RAIN_GRID
    depth: Grid = DEPTH_GRID
    channels: tuple[int, ...] = CHANNELS


SMALL = Shapes()


def make_run(
    folder: Path, count: int = 240, dimensions: int = 24, storms: int = 8, shapes: Shapes = SMALL
) -> Run:
    """A run of ``count`` records in ``storms`` storms, the last quarter of them held out."""
    rng = np.random.default_rng(5)
    storm = np.sort(rng.integers(0, storms, count)) + 1
    times = START + STEP * np.arange(count) + 36_000 * storm
    records = some_records(rng, times.astype(np.int64), shapes)
    split = np.where(storm <= 0.7 * storms, "train", np.where(storm <= 0.8 * storms, "val", "test"))
    table = pd.DataFrame({"time": times, "split": split, "storm": storm.astype(np.int32)})
    rain, depth = unpack(records.rain, RAIN), unpack(records.depth, DEPTH)
    table["rain_mm"] = np.nanmean(rain, axis=(1, 2, 3))
    table["rain_max_mm_h"] = np.nanmax(rain, axis=(1, 2, 3))
    table["flooded_fraction"] = np.nan_to_num(depth > 0.1).mean(axis=(1, 2))
    table["depth_max_m"] = np.nanmax(depth, axis=(1, 2))
    table["depth_mean_m"] = np.nanmean(depth, axis=(1, 2))
    centres = rng.standard_normal((storms + 1, dimensions))
    own = centres[storm] + 0.7 * rng.standard_normal((count, dimensions))
    spaces = {"rain": own, "depth": own + 0.8 * rng.standard_normal(own.shape)}
    spaces["random"] = rng.standard_normal(own.shape)
    side = int(np.ceil(np.sqrt(count)))
    for space, vectors in spaces.items():
        table[space] = list(
            (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
        )
        cells = rng.permutation(side * side)[:count]
        flat = np.stack([cells % side, cells // side], axis=1) + rng.uniform(-0.2, 0.2, (count, 2))
        table[f"{space}_x"], table[f"{space}_y"] = flat.T.astype(np.float32)
    folder.mkdir(parents=True, exist_ok=True)
    table.sample(frac=1, random_state=0).to_parquet(folder / "umap.parquet", index=False)
    write_dataset(folder / "shards", records, split, shapes)
    write_report(folder)
    run = Run(folder, table, records)
    write_depth_model(run, shapes)
    return run


def some_records(rng: np.random.Generator, times: NDArray[np.int64], shapes: Shapes) -> Records:
    """Rain over part of the grid and water of all depths; a few cells without a value."""
    fields = np.arange(times.size) % MOST_FIELDS
    count = fields.max() + 1
    rain = rng.gamma(0.6, 300, (count, *shapes.rain.shape, len(shapes.channels))).clip(0, 60000)
    depth = rng.gamma(0.3, 300, (count, *shapes.depth.shape)).clip(0, 60000)
    records = Records(times, rain.astype(np.uint16)[fields], depth.astype(np.uint16)[fields])
    records.rain[:, 0, :2] = MISSING
    records.depth[:, :8, :8] = MISSING
    return records


def write_dataset(folder: Path, records: Records, split: NDArray[Any], shapes: Shapes) -> None:
    sidecars = []
    for name in np.unique(split):
        own = np.flatnonzero(split == name)
        for shard, rows in enumerate(np.array_split(own, 2)):
            part = Records(records.times[rows], records.rain[rows], records.depth[rows])
            path = folder / str(name) / f"01-{shard:05d}.tfrecord.gz"
            sidecars.append(write_records(part, path))
    write_manifest(
        folder / "manifest.json",
        sidecars,
        window=Window(shapes.channels, 1),
        step=STEP,
        rain_grid=shapes.rain,
        depth_grid=shapes.depth,
    )


def write_report(folder: Path) -> None:
    """A retrieval report with numbers that are told apart, and two histories."""
    methods = {
        name: {
            direction: {"R@1": low + 0.001 * k, "R@10": 2 * low + 0.001 * k}
            for k, direction in enumerate(("rain_to_depth", "depth_to_rain"))
        }
        for name, low in (("trained", 0.31), ("volume match", 0.11), ("shuffled", 0.02))
    }
    report = {
        "split": "test", "queries": 61, "candidates": 17, "tolerance_minutes": 15.0,
        "chance": {"R@1": 1 / 17, "R@10": 10 / 17}, "methods": methods,
    }  # fmt: skip
    (folder / "retrieval.json").write_text(json.dumps(report))
    epoch = np.arange(1, 9)
    for name, rate in (("trained", 0.8), ("shuffled", 0.0)):
        loss = np.log(64) * np.exp(-rate * (epoch - 1) / 8)
        hits = np.clip((1 - loss / np.log(64)) + 1 / 64, 0, 1)
        pd.DataFrame(
            {"epoch": epoch, "loss": loss, "rain_to_depth": hits, "depth_to_rain": hits,
             "val_loss": loss + 0.1, "chance_loss": np.log(64), "chance_hits": 1 / 64,
             "val_rain_to_depth": hits, "val_depth_to_rain": hits, "val_chance": 10 / 187}
        ).to_csv(folder / f"{name}.csv", index=False)  # fmt: skip


def write_depth_model(run: Run, shapes: Shapes) -> None:
    """Predictions of the held-out splits, and a report of skill."""
    for split in ("val", "test"):
        rows = np.flatnonzero(run.table["split"] == split)
        depth = run.predicted[rows]
        write_predictions(
            run.folder / f"{split}.nc",
            Axes(shapes.depth, [0.1], run.records.times[rows], STEP),
            [(depth, (depth > 0.1)[..., None].astype(np.float32), np.zeros(rows.size))],
            title="made-up",
            provenance={},
        )
    scores = {"model": ("model", 0.71, 0.9), "all-dry": ("baseline", 0.0, None)}
    methods = {
        name: {
            "kind": kind,
            "thresholds": {"0.1": {"csi": {"value": csi}}},
            "gauges": {"outlet": {"nse": {"value": nse}}},
        }
        for name, (kind, csi, nse) in scores.items()
    }
    skill = {
        "verdict": "ahead", "headline": "It <leads>.", "records": 61, "storms": 2,
        "split": "test", "thresholds_m": ["0.1"], "gauges": {"outlet": {"row": 1, "col": 2}},
        "methods": methods,
    }  # fmt: skip
    (run.folder / "skill.json").write_text(json.dumps(skill))
