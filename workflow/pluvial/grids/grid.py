"""The georeferenced grid that every array of the project lies on."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pluvial.grids.crs import crs_named


@dataclass(frozen=True)
class Grid:
    """A regular grid, north up: row 0 is the northernmost, column 0 the westernmost.

    Attributes:
        rows, cols: its shape.
        cell: the side of a (square) cell, in the CRS's unit (metres, or degrees).
        west: x of the western edge of column 0, in the CRS.
        south: y of the southern edge of the last row, in the CRS.
        crs: coordinate reference system as ``EPSG:…`` or WKT; empty where unknown.
    """

    rows: int
    cols: int
    cell: float
    west: float = 0.0
    south: float = 0.0
    crs: str = ""

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, cols)."""
        return self.rows, self.cols

    @property
    def north(self) -> float:
        """Y of the northern edge of row 0, in the CRS."""
        return self.south + self.rows * self.cell

    @property
    def east(self) -> float:
        """X of the eastern edge of the last column, in the CRS."""
        return self.west + self.cols * self.cell

    def x(self) -> NDArray[np.float64]:
        """X of the cell centres, float64[cols], west to east."""
        return self.west + (np.arange(self.cols, dtype=np.float64) + 0.5) * self.cell

    def y(self) -> NDArray[np.float64]:
        """Y of the cell centres, float64[rows], north to south."""
        return self.north - (np.arange(self.rows, dtype=np.float64) + 0.5) * self.cell

    def same_crs(self, other: Grid) -> bool:
        """Whether both lie in the same CRS, however it is written (or in the same unknown one)."""
        if self.crs == other.crs or not (self.crs and other.crs):
            return self.crs == other.crs
        return bool(crs_named(self.crs) == crs_named(other.crs))

    def meets(self, other: Grid) -> bool:
        """Whether the two grids have the same edges (to a hundredth of the finer cell).

        A grid whose CRS is not known is taken to lie in that of the other.
        """
        if self.crs and other.crs and not self.same_crs(other):
            return False
        tolerance = 0.01 * min(self.cell, other.cell)
        mine = (self.west, self.south, self.east, self.north)
        theirs = (other.west, other.south, other.east, other.north)
        return all(abs(a - b) <= tolerance for a, b in zip(mine, theirs, strict=True))

    def describe(self) -> str:
        """One phrase for messages: shape, cell and corner."""
        return (
            f"{self.rows} rows x {self.cols} columns of {self.cell:g} "
            f"from ({self.west:.10g}, {self.south:.10g})"
            + (f" in {self.crs}" if 0 < len(self.crs) < 20 else "")
        )

    def to_dict(self) -> dict[str, Any]:
        """As a JSON-like document; ``Grid(**document)`` is its inverse."""
        return asdict(self)
