"""A case's whole span in numbers and a few maps, read block by block from the frames files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pluvial.errors import PluvialError
from pluvial.frames.store import FramesFile
from pluvial.frames.variables import DEPTH, MISSING, RAIN, Variable, unpack
from pluvial.grids.grid import Grid

BLOCK_CELLS = 1 << 22
"""Cells read at once: some tens of megabytes with all that is made of them."""

HOUR = 3600
SHARES_FALLEN = (0.05, 0.3, 0.5, 0.7, 0.95)
"""The storm is shown when these shares of its rain have fallen, and when the flood is widest."""


@dataclass(frozen=True)
class Series:
    """One number per frame.

    Attributes:
        times: int64[T], s since 1970-01-01T00:00Z, ascending.
        values: float64[T], NaN where the frame is missing.
    """

    times: NDArray[np.int64]
    values: NDArray[np.float64]

    @property
    def step(self) -> int:
        """Seconds from one frame to the next."""
        return int(np.diff(self.times).min()) if self.times.size > 1 else HOUR


@dataclass(frozen=True)
class Storm:
    """A storm and the moments it is shown at.

    Attributes:
        first, last: times of its first and last step with rain, s.
        total_mm: areal mean rain in it.
        moments: int64[M], s, ascending, M <= 6.
        fallen: share of its rain that had fallen by the end of each moment's step, float64[M].
    """

    first: int
    last: int
    total_mm: float
    moments: NDArray[np.int64]
    fallen: NDArray[np.float64]

    @property
    def end(self) -> int:
        """Time, s, of its last step with rain or of its last moment, whichever is later."""
        return max(self.last, int(self.moments[-1]))


def read_rain(paths: Sequence[Path]) -> Series:
    """Areal mean rain rate of each frame, mm/h, over the cells that are not missing."""
    times, values, grid = [], [], _grid(paths, RAIN)
    for block_times, codes in _blocks(paths, RAIN, grid):
        present = codes != MISSING
        cells = present.sum(axis=(1, 2))
        totals = np.where(present, codes, 0).sum(axis=(1, 2), dtype=np.int64)
        times.append(block_times)
        values.append(np.where(cells, totals * RAIN.scale / np.maximum(cells, 1), np.nan))
    return _series(times, values)


def read_depth(paths: Sequence[Path], flooded_m: float) -> tuple[Series, NDArray[np.float32], Grid]:
    """Flooded fraction of each frame (0 to 1), and the greatest depth of each cell.

    Args:
        paths: depth frames files.
        flooded_m: depth above which a cell counts as flooded, m.

    Returns:
        The series; greatest depth float32[rows, cols] in m, NaN where there is never a value;
        and the grid.
    """
    grid = _grid(paths, DEPTH)
    greatest = np.full(grid.shape, np.nan, dtype=np.float32)
    times, values = [], []
    for block_times, codes in _blocks(paths, DEPTH, grid):
        water = unpack(codes, DEPTH)
        greatest = np.fmax(greatest, np.fmax.reduce(water, axis=0))
        cells = (codes != MISSING).sum(axis=(1, 2))
        flooded = (water > flooded_m).sum(axis=(1, 2))
        times.append(block_times)
        values.append(np.where(cells, flooded / np.maximum(cells, 1), np.nan))
    return _series(times, values), greatest, grid


def read_frames(
    paths: Sequence[Path], variable: Variable, times: NDArray[np.int64]
) -> list[NDArray[np.float32]]:
    """The fields float32[rows, cols] at ``times``; all NaN where there is no such frame."""
    fields = [np.full(_grid(paths, variable).shape, np.nan, dtype=np.float32) for _ in times]
    for path in paths:
        with _opened(path, variable) as file:
            rows = {int(time): row for row, time in enumerate(file.times)}
            for number, time in enumerate(times):
                if (row := rows.get(int(time))) is not None:
                    fields[number] = unpack(file.read(row, row + 1)[0], variable)
    return fields


def wettest_storm(
    rain: Series, flooded: Series, *, wet_mm_h: float, dry_hours: float
) -> Storm | None:
    """The storm with most rain; None if it never rains.

    A storm ends where no step reaches ``wet_mm_h`` for ``dry_hours``; its floods are looked for
    until as long after it.
    """
    wet = np.flatnonzero(rain.values >= wet_mm_h)
    if not wet.size:
        return None
    pause = np.diff(rain.times[wet]) >= dry_hours * HOUR + rain.step
    starts, ends = wet[np.r_[True, pause]], wet[np.r_[pause, True]]
    depths = np.nan_to_num(rain.values) * rain.step / HOUR
    totals = [depths[a : b + 1].sum() for a, b in zip(starts, ends, strict=True)]
    chosen = int(np.argmax(totals))
    first, last = int(starts[chosen]), int(ends[chosen])
    until = int(rain.times[last] + dry_hours * HOUR)
    moments = _moments(rain, depths, flooded, first, last, until)
    fallen = np.cumsum(depths[first : last + 1]) / totals[chosen]
    at = np.searchsorted(rain.times[first : last + 1], moments, side="right") - 1
    return Storm(
        int(rain.times[first]), int(rain.times[last]), float(totals[chosen]), moments, fallen[at]
    )


def _moments(
    rain: Series,
    depths: NDArray[np.float64],
    flooded: Series,
    first: int,
    last: int,
    until: int,
) -> NDArray[np.int64]:
    """When the storm is shown: where both rain and depth have frames, if they ever do."""
    inside = np.arange(first, last + 1)
    known = np.isfinite(rain.values[inside])
    in_both = np.isin(rain.times[inside], flooded.times[np.isfinite(flooded.values)])
    fit = inside[known & in_both] if (known & in_both).any() else inside[known]
    fallen = np.cumsum(depths[first : last + 1])
    fallen_at = fallen[fit - first] / fallen[-1]
    chosen = [int(rain.times[fit[np.abs(fallen_at - share).argmin()]]) for share in SHARES_FALLEN]
    after = (flooded.times >= rain.times[first]) & (flooded.times <= until)
    after &= np.isfinite(flooded.values)
    after &= np.isin(flooded.times, rain.times[np.isfinite(rain.values)])
    if after.any():
        times = flooded.times[after]
        chosen.append(int(times[flooded.values[after].argmax()]))
    return np.unique(np.array(chosen, dtype=np.int64))


@contextmanager
def _opened(path: Path, variable: Variable) -> Iterator[FramesFile]:
    try:
        file = FramesFile(path, variable)
    except KeyError:
        raise PluvialError(
            f"it holds no {variable.name}",
            where=path,
            remedy="Delete it and run the workflow again",
        ) from None
    try:
        yield file
    finally:
        file.close()


def _grid(paths: Sequence[Path], variable: Variable) -> Grid:
    with _opened(paths[0], variable) as file:
        return file.grid


def _blocks(
    paths: Sequence[Path], variable: Variable, grid: Grid
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint16]]]:
    """Times int64[n] and packed fields uint16[n, rows, cols] of all files, a block at a time."""
    steps = max(1, BLOCK_CELLS // (grid.rows * grid.cols))
    for path in paths:
        with _opened(path, variable) as file:
            if file.grid != grid:
                raise PluvialError(
                    f"its grid ({file.grid.describe()}) is not that of {paths[0].name} "
                    f"({grid.describe()})",
                    where=path,
                    remedy="Delete both and run the workflow again",
                )
            times = file.times
            for first in range(0, times.size, steps):
                last = min(first + steps, times.size)
                yield times[first:last], file.read(first, last)


def _series(times: list[NDArray[np.int64]], values: list[NDArray[np.float64]]) -> Series:
    joined = np.concatenate(times)
    order = np.argsort(joined, kind="stable")
    return Series(joined[order], np.concatenate(values)[order])
