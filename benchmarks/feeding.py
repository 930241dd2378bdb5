"""What feeding a model costs, and whether two devices are one.

    python benchmarks/feeding.py [--records 4096] [--size tiny] [--batch 8]

Shards of records of 174 x 105 x 7 and 348 x 210 are made. Printed are the rate at which batches of
an epoch come; the share of a training's time that it waits for them, with two full-size towers on
these processors, from smaller shards (an epoch reads shards whole, and here draws all they hold);
and the losses of a small training on one and on two devices.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(CHECKOUT / p) for p in ("workflow", "tests", "benchmarks")]
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf
from pluvial.config.encoders import EncoderConfig, TowerConfig
from pluvial.config.learning import PretrainConfig
from pluvial.dataset.catalogue import Catalogue
from pluvial.dataset.draws import draw_epoch, open_batches
from pluvial.dataset.epochs import epoch_batches
from pluvial.dataset.pipeline import Layout
from pluvial.frames.elevation import write_elevation
from pluvial.grids.grid import Grid
from pluvial.records.manifest import read_manifest, write_manifest
from pluvial.records.window import Records, Window
from pluvial.training.pretrain import pretrain
from scipy import ndimage
from shards import write_records
from training.cases import changed, make_dataset, train

RAIN, DEPTH = Grid(174, 105, 1000.0), Grid(348, 210, 500.0)
SHARDS, CHANNELS = 4, 7
STEPS = 6


def full_size(folder: Path, count: int) -> Path:
    """Shards of ``count`` records in all; the manifest."""
    rng = np.random.default_rng(0)
    field = ndimage.gaussian_filter(rng.standard_normal((RAIN.rows + count, RAIN.cols)), 6)
    field = np.clip(field / field.std() - 0.8, 0, None) * 12 * 32
    sidecars = []
    for shard in range(SHARDS):
        numbers = np.arange(shard, count, SHARDS)
        rain = np.stack([field[k : k + RAIN.rows].astype(np.uint16) for k in numbers])
        depth = np.kron(rain, np.ones((1, 2, 2), np.uint16))
        records = Records(numbers * 300, np.repeat(rain[..., None], CHANNELS, axis=3), depth)
        path = folder / "train" / f"01-{shard:05}.tfrecord.gz"
        storms = {300 * int(k): int(k) // 10 for k in numbers}
        sidecars.append(write_records(records, path, storms=storms))
    write_manifest(
        folder / "manifest.json",
        sidecars,
        window=Window((1,) * CHANNELS, 1),
        step=300,
        rain_grid=RAIN,
        depth_grid=DEPTH,
    )
    write_elevation(folder / "heightmap.nc", DEPTH, rng.random(DEPTH.shape), {})
    return folder / "manifest.json"


def pipeline_rate(manifest: Path) -> float:
    """Records per second of an epoch's batches, with nothing done to them."""
    catalogue = Catalogue.open(manifest, "train")
    layout = Layout.of(read_manifest(manifest))
    draw = draw_epoch(
        catalogue,
        batch=64,
        steps=4 * catalogue.times.size // 64,
        seed=[0],
        epoch=0,
        dry_windows=True,
        storms_apart=True,
        opened=open_batches(64, layout.record_bytes),
    )
    best = 0.0
    for _ in range(3):
        began = time.perf_counter()
        for _ in epoch_batches(draw, catalogue, layout, seed=(0, 0)):
            pass
        best = max(best, draw.rows.size / (time.perf_counter() - began))
    return best


def waiting(folder: Path, size: str, batch: int) -> dict[str, float]:
    """The history of a few steps with towers of ``size``, all that is read being drawn."""
    manifest = full_size(folder, SHARDS * STEPS * batch)
    tower = TowerConfig(size=size, stem=4)
    config = PretrainConfig(
        encoder=EncoderConfig(rain=tower, depth=tower),
        batch=batch,
        epochs=2,
        steps_per_epoch=STEPS,
        warmup_steps=1,
        dry_windows=True,
    )
    trained = pretrain(
        manifest,
        folder / "heightmap.nc",
        config,
        "trained",
        code="benchmark",
        checkpoints=folder / "checkpoints",
        tensorboard=folder / "tensorboard",
    )
    return trained.history.rows[-1]


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=4096)
    parser.add_argument("--size", default="tiny")
    parser.add_argument("--batch", type=int, default=8)
    options = parser.parse_args()
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    with tempfile.TemporaryDirectory() as name:
        rate = pipeline_rate(full_size(Path(name), options.records))
        print(f"batches of an epoch: {rate:.0f} records/s", flush=True)
    with tempfile.TemporaryDirectory() as name:
        row = waiting(Path(name), options.size, options.batch)
        print(f"{options.size} towers, batches of {options.batch}:", end=" ")
        print(f"{row['pairs_per_second']:.2f} pairs/s, {row['input_wait']:.2%} waiting", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dataset = make_dataset(folder)
        losses = []
        for devices in ([], ["CPU:0", "CPU:1"]):
            where = folder / str(len(devices))
            trained = train(dataset, where, config=changed(epochs=2), devices=devices)
            losses.append([row["loss"] for row in trained.history.rows])
            print(f"{max(1, len(devices))} devices: losses {losses[-1]}", flush=True)
        print(f"largest difference {np.abs(np.subtract(*losses)).max():.1e}")


if __name__ == "__main__":
    main()
