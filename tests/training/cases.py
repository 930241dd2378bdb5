"""A small dataset to train on, and the training of it; also for processes of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from pluvial.config.encoders import EncoderConfig, TowerConfig
from pluvial.config.learning import PretrainConfig, ValidationConfig
from pluvial.frames.elevation import write_elevation
from pluvial.grids.grid import Grid
from pluvial.records.manifest import write_manifest
from pluvial.records.window import Records, Window
from pluvial.training.pretrain import Run, Trained, pretrain
from shards import write_records

TOWER = TowerConfig(size="quecto", stem=2)
CONFIG = PretrainConfig(
    encoder=EncoderConfig(rain=TOWER, depth=TOWER, embedding=16),
    batch=8,
    epochs=4,
    steps_per_epoch=12,
    warmup_steps=2,
    gain_noise=0.1,
    validation=ValidationConfig(records=24, spacing_minutes=10, tolerance_minutes=0),
)


def make_dataset(folder: Path) -> Path:
    """Depth is the rain of the newest channel: something to learn."""
    rng = np.random.default_rng(0)
    sidecars = []
    for split, count in (("train", 64), ("val", 24)):
        rain = rng.gamma(0.5, 200, (count, 4, 4, 2)).astype(np.uint16)
        depth = np.kron(rain[..., 1], np.ones((1, 2, 2), np.uint16))
        path = folder / split / "01-00000.tfrecord.gz"
        times = 600 * np.arange(count)
        storms = {int(time): int(time) // 2400 for time in times}
        sidecars.append(write_records(Records(times, rain, depth), path, storms=storms))
    write_manifest(
        folder / "manifest.json",
        sidecars,
        window=Window((1, 2), 1),
        step=300,
        rain_grid=Grid(4, 4, 200.0),
        depth_grid=Grid(8, 8, 100.0),
    )
    write_elevation(folder / "heightmap.nc", Grid(8, 8, 100.0), rng.random((8, 8)), {})
    return folder


def changed(**keys: Any) -> PretrainConfig:
    """The configuration with other keys."""
    return CONFIG.model_copy(update=keys)


def train(
    dataset: Path,
    folder: Path,
    run: Run = "trained",
    config: PretrainConfig = CONFIG,
    devices: list[str] | None = None,
) -> Trained:
    return pretrain(
        dataset / "manifest.json",
        dataset / "heightmap.nc",
        config,
        run,
        code="code",
        checkpoints=folder / "checkpoints",
        tensorboard=folder / "tensorboard",
        devices=devices,
    )
