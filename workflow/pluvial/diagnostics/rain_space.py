"""What methods without learning know of a record: the rain that fell in each channel's span.

The depth model is given the largest rate of each channel. These methods are given its amount, which
tells them more of how much water there is, or, to be compared like with like, that largest rate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pluvial.frames.series import FrameSeries
from pluvial.frames.variables import RAIN, unpack
from pluvial.grids.grid import Grid
from pluvial.records.window import Window, pool

SIDES = (16, 8, 4, 2, 1)
"""Blocks per side that the rain is averaged to: the most that the budget allows."""
LARGEST_WEIGHTS = 1 << 25
"""Most weights of a linear map from rain to depth."""
LARGEST_BYTES = 1 << 29
"""Most bytes of the depth of the training records, and of their rain."""
RUN = 24
"""Consecutive records that a sample takes together, so that their frames are read once."""
TOGETHER = 512
"""Records whose rain is read at a time."""


@dataclass(frozen=True)
class Kept:
    """The kept records of a split, in order of time.

    Attributes:
        times: NOW, int64[N], s since 1970-01-01T00:00Z.
        storms: number of each record's storm, int64[N].
    """

    times: NDArray[np.int64]
    storms: NDArray[np.int64]

    def take(self, rows: NDArray[np.intp]) -> Kept:
        """The records at ``rows``."""
        return Kept(self.times[rows], self.storms[rows])


def kept_records(plans: Sequence[Path], split: str) -> Kept:
    """The records of ``split`` that the plans of all editions keep."""
    columns = ["time", "storm", "split", "shard"]
    tables = [pq.read_table(plan, columns=columns).to_pandas() for plan in plans]
    parts = [table[table["shard"].notna() & (table["split"] == split)] for table in tables]
    times = np.concatenate([part["time"].to_numpy(np.int64) for part in parts])
    storms = np.concatenate([part["storm"].to_numpy(np.int64) for part in parts])
    order = np.argsort(times, kind="stable")
    return Kept(times[order], storms[order])


def sampled(kept: Kept, most: int) -> Kept:
    """At most ``most`` records (or one run), as runs of consecutive ones, evenly over time."""
    if kept.times.size <= most:
        return kept
    starts = np.arange(0, kept.times.size, RUN)
    count = max(1, most // RUN)
    chosen = starts[np.unique(np.linspace(0, starts.size - 1, count).astype(np.intp))]
    rows = (chosen[:, None] + np.arange(RUN)).reshape(-1)
    return kept.take(rows[rows < kept.times.size])


def runs(times: NDArray[np.int64], step: int) -> Iterator[slice]:
    """Runs of consecutive times, ascending, of at most :data:`TOGETHER`."""
    cuts = np.flatnonzero(np.diff(times) != step) + 1
    for first, last in zip([0, *cuts], [*cuts, times.size], strict=True):
        for start in range(int(first), int(last), TOGETHER):
            yield slice(start, min(start + TOGETHER, int(last)))


class RainSpace:
    """Rain windows as vectors: block by block, channel by channel.

    Args:
        rain: rain frames.
        window: the shape of a record.
        cells: cells of the depth grid.
        largest: what a record holds, the largest rate of each channel, instead of its amount.
    """

    def __init__(
        self, rain: FrameSeries, window: Window, cells: int, *, largest: bool = False
    ) -> None:
        self._rain, self._window, self._largest = rain, window, largest
        self._blocks = _blocks(rain.grid, len(window.channels), cells)
        self._hours = rain.axis.step / 3600
        self.size = int(np.prod([edges.size for edges in self._blocks])) * len(window.channels)

    def vectors(self, times: NDArray[np.int64]) -> NDArray[np.float32]:
        """Windows that end at ``times`` (ascending), float32[N, size], in mm.

        The largest rate of a channel is taken as if it had rained so all the while. A missing cell
        adds nothing.
        """
        found = np.empty((times.size, self.size), dtype=np.float32)
        for rows in runs(times, self._rain.axis.step):
            first = int(times[rows.start] - self._rain.axis.start) // self._rain.axis.step
            count = rows.stop - rows.start
            codes = self._rain.read(first - self._window.steps + 1, first + count)
            if self._largest:
                found[rows] = self._largest_rates(codes).reshape(count, -1)
                continue
            fallen = self._averaged(np.nan_to_num(unpack(codes, RAIN))) * self._hours
            so_far = np.concatenate([np.zeros_like(fallen[:1]), fallen]).cumsum(axis=0)
            parts = [
                so_far[last : last + count] - so_far[start : start + count]
                for start, last in self._window.spans()
            ]
            found[rows] = np.stack(parts, axis=-1).reshape(count, -1)
        return np.maximum(found, 0)

    def _largest_rates(self, codes: NDArray[np.uint16]) -> NDArray[np.float64]:
        """Means over blocks of the largest rates, times the hours, float64[n, b, b, C]."""
        rates = np.nan_to_num(unpack(pool(codes, self._window), RAIN))
        steps = self._window.channels[::-1]
        parts = [self._averaged(rates[..., k]) * n * self._hours for k, n in enumerate(steps)]
        return np.stack(parts, axis=-1)

    def _averaged(self, rates: NDArray[np.float32]) -> NDArray[np.float64]:
        """Means over blocks, float64[n, b, b]."""
        means = rates.astype(np.float64)
        for axis, edges in enumerate(self._blocks, start=1):
            sizes = np.diff(np.r_[edges, means.shape[axis]])
            shape = [-1 if n == axis else 1 for n in range(3)]
            means = np.add.reduceat(means, edges, axis=axis) / sizes.reshape(shape)
        return means


def _blocks(grid: Grid, channels: int, cells: int) -> list[NDArray[np.intp]]:
    """First rows and columns of the blocks, as many as the budget of weights allows."""
    for side in SIDES:
        edges = [
            np.unique(np.linspace(0, size, min(side, size), endpoint=False).astype(np.intp))
            for size in grid.shape
        ]
        if edges[0].size * edges[1].size * channels * cells <= LARGEST_WEIGHTS:
            break
    return edges
