"""Tiles of one lattice put together to one grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pluvial.errors import PluvialError
from pluvial.grids.grid import Grid

ALIGNED = 1e-3
"""How far, in cells, the edges of a tile may lie from those of the lattice."""
AGREES = 1e-3
"""How far apart the values of two tiles may be in a cell that both have (a millimetre)."""
MOST_CELLS = 1 << 28
"""More than Great Britain at 50 m, sea and all: 2 GiB of float64."""


def mosaic(
    tiles: Sequence[tuple[Grid, NDArray[np.floating]]],
) -> tuple[Grid, NDArray[np.float64]]:
    """Put tiles together.

    Args:
        tiles: grids and their values, float[rows, cols], NaN missing.

    Returns:
        The grid that bounds all tiles and the values on it, float64[rows, cols]: NaN where no
        tile lies, or where it has no value. Where tiles overlap, NaN gives way to a value.

    Raises:
        PluvialError: if there is no tile; if tiles differ in cell, lattice or coordinate reference
            system; if two hold different values of one cell; if they lie too far apart.
    """
    grids = [grid for grid, _ in tiles]
    whole_grid = bounding(grids)
    first = grids[0]
    places = [_place(first, grid) for grid in grids]
    west, north = min(p.west for p in places), max(p.north for p in places)
    whole = np.full(whole_grid.shape, np.nan)
    for number, (place, (_, values)) in enumerate(zip(places, tiles, strict=True)):
        top, left = north - place.north, place.west - west
        part = whole[top : north - place.south, left : place.east - west]
        apart = np.abs(part - values) > AGREES
        if apart.any():
            row, col = np.argwhere(apart)[0] + (top, left)
            raise _conflict(tiles[: number + 1], places, north - int(row), west + int(col))
        np.copyto(part, values, where=np.isnan(part))
    return whole_grid, whole


def bounding(grids: Sequence[Grid]) -> Grid:
    """The grid that bounds tiles of one lattice.

    Raises:
        PluvialError: as :func:`mosaic`, for all but the values.
    """
    if not grids:
        raise _fault("no tile was found", "Give at least one file with a grid")
    first = grids[0]
    places = [_place(first, grid) for grid in grids]
    west, south = (min(getattr(p, edge) for p in places) for edge in ("west", "south"))
    east, north = (max(getattr(p, edge) for p in places) for edge in ("east", "north"))
    rows, cols = north - south, east - west
    if rows * cols > MOST_CELLS:
        raise _fault(
            f"its tiles lie as far apart as {rows} rows and {cols} columns",
            "Give only the tiles that the case needs",
        )
    cell = first.cell
    return Grid(rows, cols, cell, first.west + west * cell, first.south + south * cell, first.crs)


@dataclass(frozen=True)
class _Place:
    """Edges of a tile, in cells from the south-western corner of the first."""

    west: int
    south: int
    east: int
    north: int


def _place(first: Grid, grid: Grid) -> _Place:
    """Where a tile lies in the lattice of the first."""
    if not first.same_crs(grid):
        raise _fault(
            f"its tiles lie in different coordinate reference systems: {first.describe()}, and "
            f"{grid.describe()}",
            "Give tiles of one, or write `crs` if they name it wrongly",
        )
    west, south = (grid.west - first.west) / first.cell, (grid.south - first.south) / first.cell
    place = _Place(round(west), round(south), round(west) + grid.cols, round(south) + grid.rows)
    # The far edges as well: so many cells further, they show the least difference in cell.
    east, north = (grid.east - first.west) / first.cell, (grid.north - first.south) / first.cell
    drift = (west - place.west, south - place.south, east - place.east, north - place.north)
    if max(map(abs, drift)) > ALIGNED:
        raise _fault(
            f"its tiles do not lie on one lattice: {first.describe()}, and {grid.describe()}",
            "Give tiles with the same cells, or resample them onto one lattice first",
        )
    return place


def _conflict(
    tiles: Sequence[tuple[Grid, NDArray[np.floating]]],
    places: Sequence[_Place],
    north: int,
    west: int,
) -> PluvialError:
    """Our error about the cell below ``north`` and right of ``west``, where the last tile differs.

    Both are counted in cells, as in :class:`_Place`.
    """

    def value(number: int) -> float:
        place, values = places[number], tiles[number][1]
        if not (place.west <= west < place.east and place.south < north <= place.north):
            return np.nan
        return float(values[place.north - north, west - place.west])

    last = len(tiles) - 1
    other = next(number for number in range(last) if not np.isnan(value(number)))
    first = tiles[0][0]
    x, y = first.west + (west + 0.5) * first.cell, first.south + (north - 0.5) * first.cell
    one, two = ((f"{value(n):g}", tiles[n][0].describe()) for n in (other, last))
    return _fault(
        f"two tiles differ at ({x:.10g}, {y:.10g}): {one[0]} in {one[1]}, {two[0]} in {two[1]}",
        "Give tiles of one edition, or leave one of the two out",
    )


def _fault(problem: str, remedy: str) -> PluvialError:
    return PluvialError(problem, where="heightmap", remedy=remedy)
