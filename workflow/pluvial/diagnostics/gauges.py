"""Gauges: cells of the depth grid whose water level is followed in time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pluvial.config.skill import GaugeConfig
from pluvial.errors import PluvialError
from pluvial.grids.grid import Grid
from pluvial.simulation.drainage import drainage_of

OUTLET = "outlet"


@dataclass(frozen=True)
class Gauge:
    """A cell with a name."""

    name: str
    row: int
    col: int


def gauges_of(
    config: Mapping[str, GaugeConfig], grid: Grid, elevation: NDArray[np.floating]
) -> list[Gauge]:
    """The gauges of a case; without any, its outlet.

    Args:
        config: by name.
        grid: the depth grid.
        elevation: float[rows, cols], m, NaN missing.

    Raises:
        PluvialError: if a gauge lies outside the grid, or where there is no ground.
    """
    if not config:
        return [Gauge(OUTLET, *outlet(elevation, grid.cell))]
    return [_placed(name, gauge, grid, elevation) for name, gauge in config.items()]


def outlet(elevation: NDArray[np.floating], cell: float) -> tuple[int, int]:
    """Row and column of the cell on the edge of the grid through which most other cells drain.

    Args:
        elevation: float[rows, cols], m, NaN missing: a wall, as for the solver.
        cell: side of a cell.

    Raises:
        PluvialError: if no cell of the edge has ground.
    """
    at_edge = ~np.isnan(elevation)
    if not at_edge.size or at_edge[1:-1, 1:-1].sum() == at_edge.sum():
        raise PluvialError(
            "no cell on the edge of the heightmap has ground: it has no outlet",
            where="`skill.gauges`",
            remedy="Name the cells whose water level is to be followed",
        )
    at_edge[1:-1, 1:-1] = False
    drained = np.where(at_edge, drainage_of(elevation, cell).drained_cells(), -1)
    row, col = np.unravel_index(int(drained.argmax()), drained.shape)
    return int(row), int(col)


def _placed(name: str, gauge: GaugeConfig, grid: Grid, elevation: NDArray[np.floating]) -> Gauge:
    if gauge.row is not None and gauge.col is not None:
        row, col = gauge.row, gauge.col
    else:
        assert gauge.x is not None
        assert gauge.y is not None
        row = int(np.floor((grid.north - gauge.y) / grid.cell))
        col = int(np.floor((gauge.x - grid.west) / grid.cell))
    if not (0 <= row < grid.rows and 0 <= col < grid.cols):
        raise PluvialError(
            f"row {row}, column {col} lies outside the depth grid: {grid.describe()}",
            where=f"`skill.gauges.{name}`",
            remedy="Write a place within it, in the CRS of the depth grid",
        )
    if np.isnan(elevation[row, col]):
        raise PluvialError(
            f"row {row}, column {col} has no ground",
            where=f"`skill.gauges.{name}`",
            remedy="Write a cell whose elevation is known",
        )
    return Gauge(name, row, col)
