"""A small flood to learn: depth that follows the rain of the last step, where it falls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pluvial.config.depth_model import DepthModelConfig
from pluvial.config.encoders import EncoderConfig, TowerConfig
from pluvial.dataset.catalogue import Catalogue
from pluvial.frames.elevation import write_elevation
from pluvial.grids.grid import Grid
from pluvial.records.manifest import write_manifest
from pluvial.records.window import Records, Window, pool
from pluvial.training.depth.train import Material, make_depth_model
from shards import write_records

RAIN_GRID, DEPTH_GRID = Grid(4, 4, 200.0), Grid(8, 8, 100.0)
WINDOW = Window((1, 2, 3), 1)
STEP = 300
CONFIG = DepthModelConfig(
    size="tiny",
    start="scratch",
    batch=16,
    epochs=3,
    steps_per_epoch=40,
    warmup_steps=5,
    learning_rate=0.01,
    average=0.9,
    gain_noise=0.05,
    validation_records=48,
)
TOWER = TowerConfig(size="quecto", stem=1)
TOWERS = EncoderConfig(rain=TOWER, depth=TOWER, embedding=8)


def made_rain(steps: int) -> NDArray[np.uint16]:
    """Showers on a quarter of the steps, in 1/32 mm/h, uint16[steps, 4, 4]."""
    rng = np.random.default_rng(0)
    wet = rng.random((steps, 4, 4)) < 0.25
    return np.where(wet, rng.gamma(2, 200, wet.shape), 0).astype(np.uint16)


def made_depth(rain: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """A millimetre for each 1/16 mm/h of the same step, uint16[steps, 8, 8]."""
    return np.kron(rain // 2, np.ones((2, 2), np.uint16))


def records_of(labels_back: int, count: int = 360) -> Records:
    """Records of consecutive steps; the labels lie so many steps before where they belong."""
    rain = made_rain(count + WINDOW.steps - 1 + 100)
    depth = made_depth(rain)
    pooled = pool(rain, WINDOW)
    first = WINDOW.steps - 1
    at = first + np.arange(count) + 100
    times = STEP * at.astype(np.int64)
    return Records(times, pooled[100 : 100 + count], depth[at - labels_back])


def make_dataset(folder: Path, labels_back: int = 0) -> Path:
    records = records_of(labels_back)
    sidecars = []
    for split, at in (
        ("train", slice(0, 240)),
        ("val", slice(250, 300)),
        ("test", slice(310, 360)),
    ):
        part = Records(records.times[at], records.rain[at], records.depth[at])
        path = folder / split / "01-00000.tfrecord.gz"
        storms = {int(time): int(time) // (8 * STEP) for time in part.times}
        order = np.random.default_rng(1).permutation(part.times.size)
        mixed = Records(part.times[order], part.rain[order], part.depth[order])
        sidecars.append(write_records(mixed, path, storms=storms))
    write_manifest(
        folder / "manifest.json",
        sidecars,
        window=WINDOW,
        step=STEP,
        rain_grid=RAIN_GRID,
        depth_grid=DEPTH_GRID,
    )
    slope = np.repeat(np.arange(8.0)[:, None], 8, axis=1)
    write_elevation(folder / "heightmap.nc", DEPTH_GRID, slope, {})
    return folder


def changed(**keys: Any) -> DepthModelConfig:
    """The configuration with other keys."""
    return DepthModelConfig(**CONFIG.model_dump() | keys)


def material(dataset: Path, encoder: Path | None = None) -> Material:
    return Material(dataset / "manifest.json", dataset / "heightmap.nc", encoder, TOWERS)


def train(
    dataset: Path, folder: Path, config: DepthModelConfig = CONFIG, encoder: Path | None = None
) -> Path:
    """Train, and return the folder of the model."""
    make_depth_model(
        material(dataset, encoder),
        config,
        "main",
        code="code",
        checkpoints=folder / "checkpoints",
        tensorboard=folder / "tensorboard",
        folder=folder / "main",
    )
    return folder / "main"


def catalogue(dataset: Path, split: str = "train") -> Catalogue:
    return Catalogue.open(dataset / "manifest.json", split)
