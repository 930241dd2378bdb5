"""From the CRS of a grid to the coordinates of a map."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pluvial.grids.crs import crs_named
from pluvial.grids.grid import Grid

FEW = 8
"""So many points are carried together or not at all."""
EARTH_DEGREE = 111_320.0
"""Metres in a degree of latitude."""


@dataclass(frozen=True)
class View:
    """The map's coordinates.

    Attributes:
        unit: what one unit of the axes is, in units of the CRS (1000 for km of a CRS in m).
        metres: metres in one unit of the CRS.
        degrees: whether the CRS is in degrees.
        stretch: how much longer a unit northwards is drawn than one eastwards.
    """

    unit: float
    metres: float
    degrees: bool
    stretch: float


def named(crs: str) -> str:
    """A CRS in a few words."""
    if not crs:
        return "no CRS stated"
    if len(crs) > 24 and (quoted := re.search(r'\["([^"]+)"', crs)):
        return quoted[1]
    return crs if len(crs) <= 40 else f"{crs[:39]}…"


def carry(
    x: NDArray[np.float64], y: NDArray[np.float64], source: Grid, target: Grid
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coordinates from the CRS of ``source`` to that of ``target``; an unknown one is the same.

    ``x`` and ``y`` have the same shape, float64[...], and so has what is returned; a point that
    cannot be carried is NaN.
    """
    if not source.crs or not target.crs or source.same_crs(target):
        return x, y
    moved = _transform(source.crs, target.crs, np.stack([x.ravel(), y.ravel()]))
    moved[:, ~np.isfinite(moved).all(axis=0)] = np.nan
    return moved[0].reshape(x.shape), moved[1].reshape(x.shape)


def _transform(source: str, target: str, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points float64[2, N] in another CRS; about one that cannot be carried, a few are NaN."""
    from rasterio._err import CPLE_BaseError
    from rasterio.warp import transform

    try:
        return np.array(transform(source, target, *points.tolist()), dtype=np.float64)
    except CPLE_BaseError:
        # One point outside of the projection makes all of them fail.
        half = points.shape[1] // 2
        if half < FEW:
            return np.full_like(points, np.nan)
        parts = points[:, :half], points[:, half:]
        return np.concatenate([_transform(source, target, part) for part in parts], axis=1)


def view_of(ground: Grid) -> View:
    """Kilometres, or degrees if the CRS is in degrees; an unknown CRS is taken to be in metres."""
    if ground.crs:
        crs = crs_named(ground.crs)
        if crs.is_geographic:
            middle = np.radians((ground.south + ground.north) / 2)
            stretch = 1 / max(float(np.cos(middle)), 0.05)
            return View(1.0, EARTH_DEGREE / stretch, True, stretch)
        metres = float(crs.linear_units_factor[1])
        return View(1000 / metres, metres, False, 1.0)
    return View(1000.0, 1.0, False, 1.0)


def corners(
    grid: Grid, rows: NDArray[np.intp], cols: NDArray[np.intp], target: Grid, view: View
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where the cells' corners lie on the map, float64[len(rows), len(cols)] each."""
    x = grid.west + cols * grid.cell
    y = grid.north - rows * grid.cell
    x, y = np.meshgrid(x, y)
    x, y = carry(x, y, grid, target)
    return x / view.unit, y / view.unit


def edges_of(count: int, most: int, first: int = 0) -> NDArray[np.intp]:
    """Edges ``first`` to ``first + count``: all of them, or ``most`` evenly."""
    return first + np.unique(np.linspace(0, count, min(count, most) + 1).round().astype(np.intp))


def seen(
    grid: Grid, target: Grid, view: View, limits: NDArray[np.float64], most: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Edges of the rows and of the columns of ``grid`` that ``limits`` show, at most so many.

    Args:
        grid: whose cells are looked for.
        target: the ground.
        view: the map's coordinates.
        limits: west, east, south and north of the map.
        most: how many cells a side; of more, every few.

    Returns:
        Ascending edges, intp[...] each; both empty where nothing of the grid is seen.
    """
    rows, cols = edges_of(grid.rows, most), edges_of(grid.cols, most)
    inside = np.ones((rows.size - 1, cols.size - 1), dtype=bool)
    for axis, points in enumerate(corners(grid, rows, cols, target, view)):
        around = [points[:-1, :-1], points[1:, :-1], points[:-1, 1:], points[1:, 1:]]
        low, high = limits[2 * axis : 2 * axis + 2]
        inside &= (np.fmin.reduce(around) <= high) & (np.fmax.reduce(around) >= low)
    if not inside.any():
        return rows[:0], cols[:0]
    edges = []
    for axis, coarse in ((1, rows), (0, cols)):
        here = np.flatnonzero(inside.any(axis=axis))
        first, last = int(coarse[here[0]]), int(coarse[here[-1] + 1])
        edges.append(edges_of(last - first, most, first))
    return edges[0], edges[1]


def extent_of(grid: Grid, target: Grid, view: View) -> NDArray[np.float64]:
    """West, east, south and north on the map; NaN if it cannot be carried there."""
    x, y = corners(grid, edges_of(grid.rows, 20), edges_of(grid.cols, 20), target, view)
    if np.isnan(x).all() or np.isnan(y).all():
        return np.full(4, np.nan)
    return np.array([np.nanmin(x), np.nanmax(x), np.nanmin(y), np.nanmax(y)])
