"""The chosen records as small maps, read from the shards one record at a time.

Memory grows with the records that are asked for and with the cells of a map, of which there are
at most :data:`MOST_CELLS` per side; not with the shards that are read through.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pluvial.diagnostics.motion import FIELDS, motion
from pluvial.errors import PluvialError
from pluvial.frames.variables import DEPTH, RAIN, unpack
from pluvial.grids.grid import Grid
from pluvial.jobs import progress
from pluvial.records.reading import each_record

MOST_CELLS = 64
"""Cells per side of the maps; a finer grid is averaged in blocks."""


class Blocks:
    """Averages fields of a grid over blocks of cells, so that few enough are left."""

    def __init__(self, grid: Grid) -> None:
        side = -(-max(grid.shape) // MOST_CELLS)
        self._edges = [np.arange(0, size, side) for size in grid.shape]
        self._sizes = np.outer(
            *(
                np.diff(np.r_[edges, size])
                for edges, size in zip(self._edges, grid.shape, strict=True)
            )
        )
        self.y, self.x = (
            np.add.reduceat(along, edges) / np.diff(np.r_[edges, along.size])
            for along, edges in zip((grid.y(), grid.x()), self._edges, strict=True)
        )

    def mean(self, field: NDArray[np.float32]) -> NDArray[np.float32]:
        """float32[rows, cols, ...] to float32[h, w, ...]; missing cells (NaN) count as 0."""
        sums = np.nan_to_num(field)
        for axis, edges in enumerate(self._edges):
            sums = np.add.reduceat(sums, edges, axis=axis)
        sizes = self._sizes.reshape(*self._sizes.shape, *[1] * (field.ndim - 2))
        return np.asarray(sums / sizes, dtype=np.float32)


@dataclass(frozen=True)
class Maps:
    """Records as physical fields.

    Attributes:
        channels: rain rate of each channel, float32[n, H, W, C], mm/h, 0 where missing.
        depth: float32[n, h, w], m, 0 where missing.
        hours: duration of each channel, float64[C].
        rows, cols: row and column of the rain under each of the depth, intp[h] and intp[w].
    """

    channels: NDArray[np.float32]
    depth: NDArray[np.float32]
    hours: NDArray[np.float64]
    rows: NDArray[np.intp]
    cols: NDArray[np.intp]

    def take(self, rows: NDArray[np.intp]) -> Maps:
        """The records at ``rows``."""
        return Maps(self.channels[rows], self.depth[rows], self.hours, self.rows, self.cols)

    def rain(self, first: int, last: int) -> NDArray[np.float32]:
        """Rain of the channels first..last-1, float32[n, h, w], mm, on the grid of the depth."""
        fallen = self.channels[..., first:last] @ self.hours[first:last].astype(np.float32)
        return np.asarray(fallen[:, self.rows][:, :, self.cols])

    def rain_since(self, hours: float) -> NDArray[np.float32]:
        """Rain of the last ``hours``, as :meth:`rain`, from the channels that lie in them."""
        recent = np.cumsum(self.hours[::-1])[::-1] <= hours + 1e-9
        return self.rain(int(np.argmax(recent)) if recent.any() else recent.size, recent.size)


@dataclass(frozen=True)
class Seen:
    """What is read of the records at the times that were asked for, in their order.

    Attributes:
        maps: their fields.
        motion: how the rain moves up to NOW, float64[n, 2]: eastward and northward, in units of
            the CRS per hour; NaN where it cannot be told.
        centroid: of the water on the ground, float64[n, 2]: x and y in the CRS; NaN where dry.
    """

    maps: Maps
    motion: NDArray[np.float64]
    centroid: NDArray[np.float64]


def read_maps(shards: Sequence[Path], manifest: dict[str, Any], times: NDArray[np.int64]) -> Seen:
    """Read the records at ``times`` (int64[n], ascending) from the shards of their split.

    Raises:
        PluvialError: if a record is in none of the shards.
    """
    reader = _Reader(manifest, times)
    for shard in progress(shards, "shards read", len(shards)):
        reader.read(shard)
    if not reader.found.all():
        missing = int((~reader.found).sum())
        raise PluvialError(
            f"{missing} of {times.size} embedded records are in no shard of their split",
            where=shards[0].parent if shards else "shards",
            remedy="Delete the embeddings and run the workflow again to remake them",
        )
    return Seen(reader.maps, reader.motion, reader.centroid)


class _Reader:
    """Goes through shards and keeps of them what was asked for."""

    def __init__(self, manifest: dict[str, Any], times: NDArray[np.int64]) -> None:
        self._features, self._step = manifest["features"], int(manifest["step_seconds"])
        steps = np.array(manifest["channels_back_from_now"][::-1], dtype=np.float64)
        grid = Grid(**manifest["rain_grid"])
        self._sky, self._ground = Blocks(grid), Blocks(Grid(**manifest["depth_grid"]))
        self._row_of = {int(time): row for row, time in enumerate(times)}
        # Only a channel of a single step is the field as it was at NOW.
        run = range(FIELDS) if steps[-1] == 1 else ()
        self._in_motion = {int(time) - self._step * back for time in times for back in run}
        rows, cols = (
            np.abs(mine[:, None] - theirs).argmin(axis=1)
            for mine, theirs in zip(
                (self._ground.y, self._ground.x), (self._sky.y, self._sky.x), strict=True
            )
        )
        shape = (self._sky.y.size, self._sky.x.size)
        self.maps = Maps(
            np.zeros((times.size, *shape, steps.size), np.float32),
            np.zeros((times.size, rows.size, cols.size), np.float32),
            steps * self._step / 3600,
            rows,
            cols,
        )
        self.found = np.zeros(times.size, dtype=bool)
        self.motion, self.centroid = np.full((2, times.size, 2), np.nan)

    def read(self, shard: Path) -> None:
        """Keep what was asked for of one shard."""
        fields: dict[int, NDArray[np.float32]] = {}
        for time, rain, depth in each_record(shard, self._features):
            row = self._row_of.get(time)
            if time in self._in_motion:
                fields[time] = self._sky.mean(unpack(rain[..., -1], RAIN))
            if row is not None:
                water = self._ground.mean(unpack(depth, DEPTH))
                self.maps.channels[row] = self._sky.mean(unpack(rain, RAIN))
                self.maps.depth[row] = water
                self.centroid[row] = centroid(water, self._ground.x, self._ground.y)
                self.found[row] = True
        for time in fields.keys() & self._row_of.keys():
            self.motion[self._row_of[time]] = self._motion(fields, time)

    def _motion(self, fields: dict[int, NDArray[np.float32]], time: int) -> tuple[float, float]:
        """Of the rain up to ``time``, from the fields of the same shard right before it.

        Records are dealt to the shards in runs, so that most find their predecessors there.
        """
        run: list[NDArray[np.float32]] = []
        while time in fields and len(run) < FIELDS:
            run.append(fields[time])
            time -= self._step
        south, east = motion(np.stack(run[::-1]))
        spacing_y, spacing_x = np.ptp(self._sky.y), np.ptp(self._sky.x)
        rows, cols = self._sky.y.size, self._sky.x.size
        per_hour = 3600 / self._step
        return (
            east * spacing_x / max(cols - 1, 1) * per_hour,
            -south * spacing_y / max(rows - 1, 1) * per_hour,
        )


def centroid(
    water: NDArray[np.float32], x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[float, float]:
    """Centre of mass of water float32[h, w] over cells at x float64[w] and y float64[h]."""
    total = float(water.sum(dtype=np.float64))
    if total <= 0:
        return np.nan, np.nan
    wide = water.astype(np.float64)
    return float(wide.sum(axis=0) @ x / total), float(wide.sum(axis=1) @ y / total)
