"""Frames files: CF-1.10 NetCDF4, written whole or not at all, read by ranges of steps."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import h5netcdf
import h5py
import numpy as np
from numpy.typing import NDArray

from pluvial.errors import PluvialError
from pluvial.files.atomic import atomic_path
from pluvial.files.fingerprints import file_sha256
from pluvial.frames.gaps import Regular, Status
from pluvial.frames.variables import MISSING, Corrections, Variable, pack
from pluvial.grids.grid import Grid

CHUNK_BYTES = 1 << 18
EPOCH = "seconds since 1970-01-01T00:00:00Z"


@dataclass(frozen=True)
class Summary:
    """What a frames file says of itself: counts of frames by status, and corrections."""

    observed: int
    interpolated: int
    missing: int
    corrections: dict[str, int]


def write_period(
    path: Path,
    entries: Iterable[Regular],
    *,
    variable: Variable,
    grid: Grid,
    times: NDArray[np.int64],
    provenance: dict[str, str],
) -> Summary:
    """Write one frames file.

    Args:
        path: the file to make.
        entries: one entry per time, in order; their indices are not looked at.
        variable: rain or depth.
        grid: the grid of the fields.
        times: int64[T], s since 1970-01-01T00:00Z.
        provenance: global attributes that say where the data comes from.
    """
    counts = dict.fromkeys(Status, 0)
    corrections = Corrections()
    with atomic_path(path) as temporary, h5netcdf.File(temporary, "w") as file:
        packed = _define(file, variable, grid, times)
        status = file.variables["frame_status"]
        for row, (_, field, observed) in enumerate(entries):
            kind = observed
            codes = np.full(grid.shape, MISSING)
            if field is not None:
                codes, found = pack(field, variable)
                corrections.add(found)
            if (codes == MISSING).all():
                kind = Status.MISSING
            counts[kind] += 1
            status[row] = int(kind)
            packed[row] = codes
        summary = Summary(
            counts[Status.OBSERVED],
            counts[Status.INTERPOLATED],
            counts[Status.MISSING],
            asdict(corrections),
        )
        file.attrs["frames_summary"] = json.dumps(asdict(summary))
        for key, value in provenance.items():
            file.attrs[key] = value
    return summary


def _define(
    file: h5netcdf.File, variable: Variable, grid: Grid, times: NDArray[np.int64]
) -> h5netcdf.Variable:
    """Dimensions, coordinates and attributes; returns the variable to fill."""
    file.attrs["title"] = f"pluvial frames: {variable.long_name}"
    define_grid(file, grid)
    file.dimensions["time"] = times.size
    time = file.create_variable("time", ("time",), np.int64, data=times)
    time.attrs.update(standard_name="time", units=EPOCH, calendar="standard", axis="T")
    status = file.create_variable("frame_status", ("time",), np.uint8)
    status.attrs.update(
        long_name="what the frame is",
        flag_values=np.array([int(s) for s in Status], dtype=np.uint8),
        flag_meanings=" ".join(s.name.lower() for s in Status),
    )
    depth_of_chunk = min(max(1, CHUNK_BYTES // (2 * grid.rows * grid.cols)), max(1, times.size))
    packed = file.create_variable(
        variable.name,
        ("time", "y", "x"),
        np.uint16,
        chunks=(depth_of_chunk, grid.rows, grid.cols),
        fillvalue=MISSING,
        compression="gzip",
        compression_opts=1,
        shuffle=True,
    )
    packed.attrs.update(
        standard_name=variable.standard_name,
        long_name=variable.long_name,
        units=variable.units,
        scale_factor=np.float64(variable.scale),
        grid_mapping="crs",
        ancillary_variables="frame_status",
    )
    return packed


def define_grid(file: h5netcdf.File, grid: Grid) -> None:
    """Write the CF dimensions, coordinates and grid mapping of ``grid`` into ``file``."""
    file.attrs["Conventions"] = "CF-1.10"
    file.dimensions["y"], file.dimensions["x"] = grid.shape
    for name, centres in (("y", grid.y()), ("x", grid.x())):
        axis = file.create_variable(name, (name,), np.float64, data=centres)
        axis.attrs.update(
            standard_name=f"projection_{name}_coordinate", units="m", axis=name.upper()
        )
    crs = file.create_variable("crs", (), np.int32, data=np.int32(0))
    crs.attrs.update(_crs_attributes(grid.crs))
    # GDAL's form of the georeference; it also tells the cell of a grid of one row and column.
    crs.attrs["GeoTransform"] = f"{grid.west!r} {grid.cell!r} 0 {grid.north!r} 0 {-grid.cell!r}"


def grid_of(file: h5py.File) -> Grid:
    """The grid that :func:`define_grid` wrote."""
    attributes = file["crs"].attrs
    west, cell, _, north, _, _ = map(float, attributes["GeoTransform"].split())
    rows, cols = file["y"].size, file["x"].size
    crs = str(attributes["long_name"]) if "crs_wkt" in attributes else ""
    return Grid(rows, cols, cell, west, north - rows * cell, crs)


def _crs_attributes(crs: str) -> dict[str, Any]:
    """CF grid mapping attributes; GDAL and rioxarray read `crs_wkt` and `spatial_ref`."""
    if not crs:
        return {"long_name": "coordinate reference system not stated"}
    from rasterio.crs import CRS
    from rasterio.errors import CRSError

    try:
        wkt = CRS.from_user_input(crs).to_wkt()
    except CRSError:
        raise PluvialError(
            f"{crs!r} is no coordinate reference system",
            where="`crs`",
            remedy="Write an EPSG code such as EPSG:27700",
        ) from None
    return {"crs_wkt": wkt, "spatial_ref": wkt, "long_name": crs}


def provenance(description: str, files: list[Path], config: str) -> dict[str, str]:
    """Global attributes of a frames file: what it is made from, with SHA-256 of every file."""
    return {
        "source": description,
        "source_files": json.dumps({str(path): file_sha256(path) for path in files}),
        "source_config": config,
    }


class FramesFile:
    """One frames file, open for reading."""

    def __init__(self, path: Path, variable: Variable) -> None:
        try:
            self._file = h5py.File(path, "r", rdcc_nbytes=16 * CHUNK_BYTES)
        except FileNotFoundError:
            raise PluvialError(
                "the frames file is missing", where=path, remedy="Run the rule `frames`"
            ) from None
        except OSError as error:
            raise PluvialError(
                f"not a readable NetCDF4 file ({error})",
                where=path,
                remedy="Delete it and run the workflow again",
            ) from None
        self._codes: h5py.Dataset = self._file[variable.name]

    @property
    def grid(self) -> Grid:
        """The grid of its fields."""
        return grid_of(self._file)

    @property
    def summary(self) -> Summary:
        """Counts of frames by status, and corrections."""
        return Summary(**json.loads(self._file.attrs["frames_summary"]))

    @property
    def times(self) -> NDArray[np.int64]:
        """int64[T], s since 1970-01-01T00:00Z."""
        return np.asarray(self._file["time"][:])

    @property
    def status(self) -> NDArray[np.uint8]:
        """What each frame is, uint8[T] (see Status)."""
        return np.asarray(self._file["frame_status"][:])

    def read(self, first: int, last: int) -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
        """Packed fields uint16[n, rows, cols] and status uint8[n] of the rows first..last-1."""
        codes, status = self._codes[first:last], self._file["frame_status"][first:last]
        return np.asarray(codes), np.asarray(status)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
