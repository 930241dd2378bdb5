"""From one grid onto another that covers it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pluvial.errors import PluvialError
from pluvial.grids.grid import Grid


def nearest_cells(source: Grid, target: Grid) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows intp[target.rows] and columns intp[target.cols] of ``source`` under ``target``.

    ``field[np.ix_(rows, cols)]`` carries a field of ``source`` onto ``target``.

    Raises:
        PluvialError: if a cell centre of ``target`` lies outside ``source``.
    """
    rows = np.floor((source.north - target.y()) / source.cell).astype(np.intp)
    cols = np.floor((target.x() - source.west) / source.cell).astype(np.intp)
    inside = rows.min() >= 0 and rows.max() < source.rows
    inside = inside and cols.min() >= 0 and cols.max() < source.cols
    if not inside:
        raise PluvialError(
            f"the rain grid ({source.describe()}) does not cover the depth grid "
            f"({target.describe()})",
            where="rain and heightmap",
            remedy="Give a heightmap inside the area of the rain",
        )
    return rows, cols
