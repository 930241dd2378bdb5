"""The leak meter: what a model that only memorises scores on the chosen split, and on a random one.

The memoriser looks up the training records whose rain is nearest, and predicts what most of them
flood. On a split that leaks it looks skilful: its neighbours are the same storm minutes apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pluvial.config.data import FramesConfig, RecordsConfig
from pluvial.config.times import TimeConfig
from pluvial.files.documents import write_json
from pluvial.frames.series import FrameSeries, open_all
from pluvial.frames.variables import DEPTH, MISSING, RAIN, unpack
from pluvial.grids.grid import Grid
from pluvial.jobs import logger, progress
from pluvial.records.segments import SPLITS
from pluvial.records.shards import materialise
from pluvial.records.window import Window, window_of
from pluvial.sources.registry import DepthSource

NEIGHBOURS = 3
RUN = 24
"""Consecutive records that are taken together: leaks are between neighbours in time."""
LARGEST_SAMPLE = {"train": 2400, "test": 1200}
BLOCKS = 8
"""Rows and columns that the rain of a channel is averaged to, at most."""


def make_leakage(
    folder: Path,
    plans: Sequence[Path],
    time: TimeConfig,
    depth_config: DepthSource,
    frames: FramesConfig,
    records: RecordsConfig,
    path: Path,
) -> None:
    """Write the leak meter's reading; the frames are in ``folder``."""
    times = {split: _sample(plans, split) for split in LARGEST_SAMPLE}
    rain, depth = open_all(folder, time, depth_config, frames)
    with rain, depth:
        seen = {
            split: _features(sample, rain, depth, window_of(records), records.flooded_m)
            for split, sample in times.items()
        }
    reading = leakage(seen["train"], seen["test"], seed=records.seed)
    by = records.split.by
    logger.info(
        "a memoriser's CSI at %g m: %s on the split by %s, %s on random frames",
        records.flooded_m,
        _shown(reading["chosen"]["csi"]),
        by,
        _shown(reading["random"]["csi"]),
    )
    reading["chosen"]["by"] = by
    write_json(path, {**reading, "threshold_m": records.flooded_m, "neighbours": NEIGHBOURS})


def _shown(score: float | None) -> str:
    return "none (nothing is flooded)" if score is None else f"{score:.2f}"


Features = tuple[NDArray[np.float32], NDArray[np.bool_]]
"""Rain float32[N, F] and what is flooded bool[N, cells]."""


def leakage(train: Features, test: Features, *, seed: int) -> dict[str, Any]:
    """The memoriser's CSI on the test records, and on as many drawn at random from all of them.

    Returns:
        A JSON-like document; a score is None where nothing is flooded or predicted so.
    """
    rain, flooded = (np.concatenate(parts) for parts in zip(train, test, strict=True))
    order = np.random.default_rng(seed).permutation(len(rain))
    held_out, rest = order[: len(test[0])], order[len(test[0]) :]
    return {
        "chosen": {"csi": _memorise(train, test)},
        "random": {
            "csi": _memorise((rain[rest], flooded[rest]), (rain[held_out], flooded[held_out]))
        },
        "records": {"train": len(train[0]), "test": len(test[0])},
    }


def _memorise(train: Features, test: Features) -> float | None:
    """CSI over all cells of all test records (Schaefer 1990: hits / (hits + misses + false))."""
    nearest = np.argsort(_distances(test[0], train[0]), axis=1, kind="stable")[:, :NEIGHBOURS]
    predicted = train[1][nearest].mean(axis=1) >= 0.5
    hits = int((predicted & test[1]).sum())
    union = int((predicted | test[1]).sum())
    return hits / union if union else None


def _distances(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    """Squared distances float32[N, M]."""
    cross = one @ other.T
    squares = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1)
    return np.asarray(squares - 2 * cross, dtype=np.float32)


def _sample(plans: Sequence[Path], split: str) -> NDArray[np.int64]:
    """Runs of consecutive kept records of a split, evenly over time, int64[N]."""
    code = SPLITS.index(split)
    kept = []
    for plan in plans:
        table = pq.read_table(plan, columns=["time", "split", "shard"])
        mine = table["split"].combine_chunks()
        names = mine.dictionary.to_pylist()
        here = (mine.indices.to_numpy() == names.index(SPLITS[code])) & table[
            "shard"
        ].is_valid().to_numpy()
        kept.append(table["time"].to_numpy()[here])
    times = np.concatenate(kept)
    starts = np.arange(0, times.size, RUN)
    most = LARGEST_SAMPLE[split] // RUN
    chosen = starts[np.unique(np.linspace(0, starts.size - 1, min(most, starts.size)).astype(int))]
    rows = (chosen[:, None] + np.arange(RUN)).reshape(-1)
    return np.asarray(times[rows[rows < times.size]])


def _features(
    times: NDArray[np.int64],
    rain: FrameSeries,
    depth: FrameSeries,
    window: Window,
    flooded_m: float,
) -> Features:
    """What the memoriser sees of the records at ``times``."""
    blocks = _blocks(rain.grid)
    seen = np.empty(
        (times.size, blocks[0].size * blocks[1].size * len(window.channels)), np.float32
    )
    flooded = np.empty((times.size, depth.grid.rows * depth.grid.cols), dtype=bool)
    limit = int(np.floor(round(flooded_m / DEPTH.scale, 6)))
    batches = materialise(times, rain, depth, window)
    for rows, records in progress(batches, "runs of records", times.size // RUN + 1):
        wet = np.log1p(np.nan_to_num(unpack(records.rain, RAIN)))
        for axis, edges in enumerate(blocks, start=1):
            sizes = np.diff(np.r_[edges, wet.shape[axis]])
            shape = [-1 if n == axis else 1 for n in range(4)]
            wet = np.add.reduceat(wet, edges, axis=axis) / sizes.reshape(shape)
        seen[rows] = wet.reshape(len(wet), -1)
        codes = records.depth.reshape(len(rows), -1)
        flooded[rows] = (codes > limit) & (codes != MISSING)
    return seen, flooded


def _blocks(grid: Grid) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First rows and columns of the blocks that the rain is averaged to."""
    edges = (
        np.unique(np.linspace(0, size, BLOCKS, endpoint=False).astype(np.intp))
        for size in grid.shape
    )
    rows, cols = edges
    return rows, cols
