"""The heightmap's file: CF NetCDF on the depth grid."""

from __future__ import annotations

from pathlib import Path

import h5netcdf
import h5py
import numpy as np
from numpy.typing import NDArray

from pluvial.files.atomic import atomic_path
from pluvial.frames.store import define_grid, grid_of
from pluvial.grids.grid import Grid


def write_elevation(
    path: Path, grid: Grid, elevation: NDArray[np.float64], provenance: dict[str, str]
) -> None:
    """Write elevations float64[rows, cols] in m (NaN missing) to ``path``, as float32."""
    with atomic_path(path) as temporary, h5netcdf.File(temporary, "w") as file:
        file.attrs["title"] = "pluvial heightmap"
        file.attrs.update(provenance)
        define_grid(file, grid)
        variable = file.create_variable(
            "elevation", ("y", "x"), np.float32, fillvalue=np.float32(np.nan)
        )
        variable.attrs.update(
            standard_name="surface_altitude",
            long_name="elevation of the ground",
            units="m",
            grid_mapping="crs",
        )
        variable[:] = elevation.astype(np.float32)


def read_elevation(path: Path) -> tuple[Grid, NDArray[np.float32]]:
    """The grid and the elevations float32[rows, cols] in m, NaN where missing."""
    with h5py.File(path, "r") as file:
        return grid_of(file), file["elevation"][:]
