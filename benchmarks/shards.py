"""From frames to shards and back: rates, each beside what the hardware allows.

    python benchmarks/shards.py [--records 1024]

Six days of frames of 174 x 105 and 348 x 210 are made. Printed are

- the index (digests and statistics) beside reading the same frames with HDF5;
- records per second and core from frames into a shard, read back;
- the writing of a shard beside ISA-L's own time for the same bytes;
- the pipeline over shards, and the same with TensorFlow's reader of records in it, beside zlib
  inflating the same files with as many workers.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow"))

import h5py
import pyarrow as pa
import pyarrow.compute as pc
from isal import isal_zlib
from pluvial.frames.gaps import Regular, Status
from pluvial.frames.series import FrameSeries
from pluvial.frames.store import write_period
from pluvial.frames.variables import DEPTH, RAIN
from pluvial.grids.grid import Grid
from pluvial.grids.time_axis import Period, TimeAxis
from pluvial.records.features import features_of
from pluvial.records.index import Thresholds, build_index
from pluvial.records.members import Encoder, spill
from pluvial.records.shards import materialise
from pluvial.records.window import Window
from pluvial.records.writing import write_shard
from scipy import ndimage

RAIN_GRID, DEPTH_GRID = Grid(174, 105, 1000.0), Grid(348, 210, 500.0)
STEPS, RUN = 6 * 288, 16
WINDOW = Window((1, 3, 3, 5, 12, 24, 48), 1)
AXIS = TimeAxis(0, 300, STEPS)
PERIOD = Period("1970-01", 0, STEPS)


def entries(kind: str) -> Iterator[Regular]:
    """Rain with dry spells of half a day, or depth that changes all the time."""
    rows, cols = RAIN_GRID.shape
    noise = np.random.default_rng(0).standard_normal((rows + STEPS, cols))
    big = ndimage.gaussian_filter(noise, 6)
    big /= big.std()
    for step in range(STEPS):
        window = big[step : step + rows]
        if kind == "rain":
            values = np.clip(window - 0.8, 0, None) * 12 * (step // 150 % 2 == 0)
        else:
            values = np.kron(np.clip(window - 0.3, 0, None) * 0.4, np.ones((2, 2)))
        yield Regular(step, values, Status.OBSERVED)


def series(folder: Path) -> tuple[FrameSeries, FrameSeries]:
    """Rain and depth."""
    rain, depth = (
        FrameSeries(
            [folder / name / f"{PERIOD.name}.nc"], variable=variable, axis=AXIS, periods=[PERIOD]
        )
        for name, variable in (("rain", RAIN), ("depth", DEPTH))
    )
    return rain, depth


def cpu(work: Callable[[], object], times: int = 3) -> float:
    """CPU seconds, the best of some runs."""
    best = float("inf")
    for _ in range(times):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return best


def wall(work: Callable[[], object], times: int = 3) -> float:
    """Seconds, the best of some runs."""
    best = float("inf")
    for _ in range(times):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    return best


def read_with_hdf5(folder: Path) -> None:
    """All frames, as any NetCDF reader would."""
    for name in ("rain", "depth"):
        with h5py.File(folder / name / f"{PERIOD.name}.nc") as file:
            for step in range(0, STEPS, 24):
                file[name][step : step + 24]


def index(folder: Path) -> pa.Table:
    """The index of all candidates."""
    with series(folder)[0] as rain, series(folder)[1] as depth:
        return build_index(rain, depth, PERIOD, WINDOW, Thresholds(0.1, 0.1))


def planned(table: pa.Table, count: int, seed: int) -> tuple[np.ndarray, dict[int, int]]:
    """Runs of records in a random order, and the digests of all."""
    table = table.filter(pc.equal(table["state"], "complete"))
    columns = [table[name].to_numpy() for name in ("time", "digest_hi", "digest_lo")]
    rng = np.random.default_rng(seed)
    starts = rng.permutation(np.arange(0, len(table) - RUN, RUN))[: count // RUN]
    rows = rng.permutation((starts[:, None] + np.arange(RUN)).reshape(-1))
    time_, high, low = (column[rows] for column in columns)
    digests = dict(
        zip(
            time_.tolist(),
            (h << 64 | x for h, x in zip(high.tolist(), low.tolist(), strict=True)),
            strict=True,
        )
    )
    return time_, digests


def make(folder: Path, times: np.ndarray, digests: dict[int, int], name: str) -> Path:
    """One shard."""
    path = folder / "shards" / f"{name}.tfrecord.gz"
    with series(folder)[0] as rain, series(folder)[1] as depth:
        write_shard(
            materialise(times, rain, depth, WINDOW),
            digests,
            dict.fromkeys(digests, 1),
            features_of(rain.grid, depth.grid, WINDOW),
            path,
            path.with_name(f"{name}.parquet"),
            path.with_name(f"{name}.json"),
            {},
        )
    return path


def writing(folder: Path, times: np.ndarray) -> tuple[float, float]:
    """CPU seconds of encoding and writing records, and of ISA-L alone on the same bytes."""
    with series(folder)[0] as rain, series(folder)[1] as depth:
        batches = list(materialise(times, rain, depth, WINDOW))
    records = [
        (int(row), int(batch.times[at]), batch.rain[at], batch.depth[at])
        for rows, batch in batches
        for at, row in enumerate(rows)
    ]
    encoder = Encoder()
    framed = [bytes(encoder.framed(now, *arrays)) for _, now, *arrays in records]

    def write() -> None:
        with spill(folder) as spilled:
            for row, now, rain_, depth_ in records:
                spilled.add(row, now, rain_, depth_)
            spilled.assemble(folder / "out.tfrecord.gz")

    def deflate() -> None:
        for data in framed:
            isal_zlib.compress(data, 1, 31)

    return cpu(write), cpu(deflate)


def inflate(path: Path) -> int:
    """Inflate a file of gzip members with zlib, a block at a time; the bytes that come out."""
    total, engine = 0, zlib.decompressobj(31)
    with path.open("rb") as file:
        while block := file.read(1 << 18):
            while block:
                total += len(engine.decompress(block))
                block = engine.unused_data
                if engine.eof:
                    engine = zlib.decompressobj(31)
    return total


def reading(paths: list[Path]) -> dict[str, float]:
    """Seconds of zlib, TensorFlow's reader and the pipeline on the same files."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf
    from pluvial.dataset.pipeline import Layout, cores, decode, evaluation_batches, made_ready

    layout = Layout((*RAIN_GRID.shape, 7), DEPTH_GRID.shape, RAIN.scale, DEPTH.scale)
    with_workers: dict[str, Any] = {"num_parallel_calls": cores(), "deterministic": True}

    def run(batches: tf.data.Dataset) -> None:
        for _ in batches:
            pass

    def inflated() -> None:
        with ThreadPoolExecutor(cores()) as pool:
            list(pool.map(inflate, paths))

    def by_tensorflow() -> None:
        records = tf.data.Dataset.from_tensor_slices([str(path) for path in paths]).interleave(
            lambda path: tf.data.TFRecordDataset(path, compression_type="GZIP"),
            cycle_length=len(paths),
            **with_workers,
        )
        run(made_ready(records.map(lambda one: decode(one, layout), **with_workers).batch(64)))

    by_tensorflow()
    return {
        "zlib": wall(inflated),
        "pipeline": wall(lambda: run(evaluation_batches(paths, layout, batch=64))),
        "pipeline with TensorFlow's reader instead": wall(by_tensorflow),
    }


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1024)
    count = parser.parse_args().records
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind, variable, grid in (("rain", RAIN, RAIN_GRID), ("depth", DEPTH, DEPTH_GRID)):
            write_period(
                folder / kind / f"{PERIOD.name}.nc",
                entries(kind),
                variable=variable,
                grid=grid,
                times=AXIS.times(),
                provenance=dict,
            )
        table = index(folder)
        looked, read = cpu(lambda: index(folder)), cpu(lambda: read_with_hdf5(folder))
        print(f"index: {STEPS / looked:.0f} candidates/s, HDF5 reads {STEPS / read:.0f} frames/s")
        print(f"  ratio {read / looked:.2f}")
        times, digests = planned(table, count, seed=0)
        make(folder, times, digests, "warm")
        seconds = cpu(lambda: make(folder, times, digests, "one"), 2)
        print(f"frames to shard, read back: {times.size / seconds:.0f} records/s per core")
        ours, isal = writing(folder, times[:512])
        print(f"writing: {ours:.2f} CPU s, ISA-L alone {isal:.2f}: ratio {ours / isal:.2f}")
        paths = [make(folder, *planned(table, count, seed=k), f"{k}") for k in range(1, 5)]
        taken = reading(paths)
        for what, seconds in taken.items():
            print(f"reading, {what}: {4 * times.size / seconds:.0f} records/s", end="")
            print(f", ratio {taken['zlib'] / seconds:.2f}")


if __name__ == "__main__":
    main()
