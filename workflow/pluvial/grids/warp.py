"""From one grid onto another: crop where they are aligned, else GDAL's warper."""

from __future__ import annotations

import warnings
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pluvial.errors import PluvialError
from pluvial.grids.crs import crs_named
from pluvial.grids.grid import Grid

Method = Literal["conservative", "average", "bilinear", "nearest"]

TOUCHED = 1e-6
"""Share of a cell below which it does not count as touched."""
ALIGNED = 1e-3
"""How far, in cells, the edges of two aligned grids may lie apart."""


class Warp:
    """Carries fields of ``source`` onto ``target``.

    ``conservative`` and ``average`` weigh each source cell by the area it shares with the target
    cell, so that the total over the domain is kept where nothing is missing (first-order
    conservative remapping: Jones 1999, https://doi.org/10.1175/1520-0493(1999)127<2204:FASOCR>2.0.CO;2);
    within one CRS exactly, from one CRS to another as nearly as GDAL's average goes. They differ
    in missing cells: with ``conservative`` a target cell that any missing cell touches is missing,
    because an amount of rain is not known from a part of it; ``average`` takes what is there.

    Raises:
        PluvialError: if ``target`` reaches beyond ``source``, or one names no CRS and the other
            does.
    """

    def __init__(self, source: Grid, target: Grid, method: Method) -> None:
        self.source, self.target, self.method = source, target, method
        if bool(source.crs) != bool(target.crs):
            raise PluvialError(
                f"one of two grids names no coordinate reference system: {source.describe()} "
                f"and {target.describe()}",
                where="domain",
                remedy="Write `crs` into the section that lacks it",
            )
        self._crop = _aligned_crop(source, target)
        self._shared: tuple[Shared, Shared] | None = None
        if self._crop is None:
            _check_cover(source, target)
            if method in ("conservative", "average") and source.same_crs(target):
                self._shared = _shared(source, target)

    def __call__(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """``values`` float32[source rows, cols], NaN missing, on the target grid."""
        if self._crop is not None:
            return np.ascontiguousarray(values[self._crop])
        if self._shared is not None:
            return self._weigh(values, *self._shared)
        carried = self._reproject(values)
        if self.method == "conservative" and np.isnan(values).any():
            missing = self._reproject(np.isnan(values).astype(np.float32))
            carried[~(missing < np.float32(1e-6))] = np.nan
        return carried

    def _weigh(
        self, values: NDArray[np.floating], rows: Shared, cols: Shared
    ) -> NDArray[np.float32]:
        """The mean of the source cells, weighted by the area they share with each target cell."""
        # What lies beyond the source is missing too, and infinity is no amount.
        missing = ~np.isfinite(values)
        total = rows @ np.where(missing, 0, values) @ cols.T
        present = rows @ (~missing).astype(np.float64) @ cols.T
        least = 1 - TOUCHED if self.method == "conservative" else TOUCHED
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(present >= least, total / present, np.nan).astype(np.float32)

    def _reproject(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        from rasterio.errors import NotGeoreferencedWarning
        from rasterio.transform import from_origin
        from rasterio.warp import Resampling, reproject

        def where(grid: Grid) -> tuple[object, object]:
            # Grids without a CRS lie in the same unknown one: any planar CRS will do for both.
            crs = crs_named(grid.crs or "EPSG:3857")
            return from_origin(grid.west, grid.north, grid.cell, grid.cell), crs

        methods = {
            "conservative": Resampling.average,
            "average": Resampling.average,
            "bilinear": Resampling.bilinear,
            "nearest": Resampling.nearest,
        }
        out = np.full(self.target.shape, np.nan, dtype=np.float32)
        (from_transform, from_crs), (to_transform, to_crs) = where(self.source), where(self.target)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            reproject(
                values,
                out,
                src_transform=from_transform,
                src_crs=from_crs,
                src_nodata=np.nan,
                dst_transform=to_transform,
                dst_crs=to_crs,
                dst_nodata=np.nan,
                resampling=methods[self.method],
                init_dest_nodata=True,
            )
        return out


Shared = NDArray[np.float64]
"""Share of each target row or column that lies in each source one, float64[targets, sources]."""


def _shared(source: Grid, target: Grid) -> tuple[Shared, Shared]:
    """Of rows and of columns, both north up."""
    rows = _overlap(source.south, source.cell, source.rows, target.south, target.cell, target.rows)
    cols = _overlap(source.west, source.cell, source.cols, target.west, target.cell, target.cols)
    return rows[::-1, ::-1], cols


def _overlap(
    start: float, cell: float, count: int, to_start: float, to_cell: float, to_count: int
) -> Shared:
    edges = start + cell * np.arange(count + 1)
    to_edges = to_start + to_cell * np.arange(to_count + 1)
    low = np.maximum(to_edges[:-1, None], edges[None, :-1])
    high = np.minimum(to_edges[1:, None], edges[None, 1:])
    return np.asarray(np.clip(high - low, 0, None) / to_cell)


def _aligned_crop(source: Grid, target: Grid) -> tuple[slice, slice] | None:
    """The part of ``source`` that is ``target``, cell by cell; None if there is no such part."""
    if (
        not source.same_crs(target)
        or abs(source.cell - target.cell) * max(target.shape) > ALIGNED * source.cell
    ):
        return None
    row = (source.north - target.north) / source.cell
    col = (target.west - source.west) / source.cell
    if abs(row - round(row)) > ALIGNED or abs(col - round(col)) > ALIGNED:
        return None
    first, left = round(row), round(col)
    if (
        min(first, left) < 0
        or first + target.rows > source.rows
        or left + target.cols > source.cols
    ):
        return None
    return slice(first, first + target.rows), slice(left, left + target.cols)


def _check_cover(source: Grid, target: Grid) -> None:
    """Refuse a target whose cell centres do not all lie in the source."""
    x, y = np.meshgrid(target.x(), target.y())
    if not source.same_crs(target):
        from rasterio.warp import transform

        moved = transform(target.crs, source.crs, x.ravel(), y.ravel())
        x, y = np.asarray(moved[0]), np.asarray(moved[1])
    slack = ALIGNED * source.cell
    inside = (x >= source.west - slack) & (x <= source.east + slack)
    inside &= (y >= source.south - slack) & (y <= source.north + slack)
    if not inside.all():
        share = 100 * (1 - inside.mean())
        raise PluvialError(
            f"{source.describe()} does not cover {target.describe()}: {share:.0f} % of its cells "
            "lie outside",
            where="domain",
            remedy="Make `domain` smaller, or give data that covers it",
        )
