"""Where water goes on a terrain: flow paths, drained cells, and the height above the next channel.

All of it is on the terrain without its pits (the priority flood of Barnes, Lehman and Mulla 2014,
see ``terrain.condition``), so that every path reaches the edge of the grid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pluvial.simulation.terrain import ROUTING_DROP_M, condition

CHANNEL_SHARE = 0.01
"""Share of the grid's cells that a channel drains at least."""
NEIGHBOURS = [(di, dj) for di in (-1, 0, 1) for dj in (-1, 0, 1) if di or dj]


@dataclass(frozen=True)
class Drainage:
    """The flow paths of a terrain; cells are numbered row by row.

    Attributes:
        filled: the terrain without pits, float64[rows, cols], m, NaN missing.
        downstream: the cell that each drains to, its own number where it leaves the grid,
            int64[cells].
        levels: doublings after which the longest path is covered: it has at most 2^levels cells.
    """

    filled: NDArray[np.float64]
    downstream: NDArray[np.int64]
    levels: int

    def drained_cells(self) -> NDArray[np.float64]:
        """The cells that drain through each cell, itself included, float64[rows, cols]."""
        total = np.ones(self.downstream.size)
        for target in self.doublings():
            total = total + _led(total, target)
        return total.reshape(self.filled.shape)

    def doublings(self) -> list[NDArray[np.int64]]:
        """Where 1, 2, 4, ... steps along the path lead from each cell, ``levels`` of int64[cells].

        A path that ends sooner leads to ``cells``, a place beyond the grid: what has left the grid
        is nowhere in it.
        """
        cells = self.downstream.size
        own = np.arange(cells)
        step = np.append(np.where(self.downstream == own, cells, self.downstream), cells)
        found = []
        for _ in range(self.levels):
            found.append(step[:-1].copy())
            step = step[step]
        return found

    def height_above_drainage(self, elevation: NDArray[np.floating]) -> NDArray[np.float64]:
        """Height of each cell above the channel that it drains to, float64[rows, cols], m.

        HAND (Renno et al. 2008, Remote Sensing of Environment 112, 3469-3481); a channel is what
        drains at least :data:`CHANNEL_SHARE` of the grid.
        """
        channel = self.drained_cells().reshape(-1) >= CHANNEL_SHARE * self.downstream.size
        target = np.where(channel, np.arange(self.downstream.size), self.downstream)
        for _ in range(self.levels):
            target = target[target]
        flat = np.asarray(elevation, dtype=np.float64).reshape(-1)
        return (flat - flat[target]).reshape(self.filled.shape)


def _led(values: NDArray[np.float64], target: NDArray[np.int64]) -> NDArray[np.float64]:
    """The sum of ``values`` over the cells that lead to each cell."""
    led = np.bincount(target, values, minlength=values.size + 1)
    return led[: values.size].astype(np.float64)


def drainage_of(elevation: NDArray[np.floating], cell: float) -> Drainage:
    """The flow paths of a terrain: D8, to the steepest of eight neighbours.

    O'Callaghan and Mark 1984, Computer Vision, Graphics and Image Processing 28, 323-344.

    Args:
        elevation: float[rows, cols], m, NaN missing; no path crosses a missing cell.
        cell: side of a cell; only the share of one slope in another counts, not its unit.
    """
    filled = condition(elevation, cell_m=cell, carve_m=0.0, drop_m=ROUTING_DROP_M)
    rows, cols = filled.shape
    walled = np.pad(np.nan_to_num(filled, nan=np.inf), 1, constant_values=np.inf)
    own = np.arange(rows * cols).reshape(rows, cols)
    downstream, steepest = own.copy(), np.zeros((rows, cols))
    for di, dj in NEIGHBOURS:
        beside = walled[1 + di : 1 + di + rows, 1 + dj : 1 + dj + cols]
        with np.errstate(invalid="ignore"):
            slope = (filled - beside) / np.hypot(di, dj)
            steeper = slope > steepest
        steepest = np.where(steeper, slope, steepest)
        downstream = np.where(steeper, own + di * cols + dj, downstream)
    flat = downstream.reshape(-1)
    return Drainage(filled, flat, _levels(flat))


def _levels(downstream: NDArray[np.int64]) -> int:
    """Doublings after which every path has left the grid."""
    cells = downstream.size
    step = np.append(np.where(downstream == np.arange(cells), cells, downstream), cells)
    levels = 0
    while (step != cells).any():
        step, levels = step[step], levels + 1
    return levels
