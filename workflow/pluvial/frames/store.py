"""Frames files: CF-1.10 NetCDF4, written whole or not at all, read by ranges of steps."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import h5netcdf
import h5py
import numpy as np
from numpy.typing import NDArray

from pluvial.config.data import CleaningConfig
from pluvial.errors import PluvialError
from pluvial.files.atomic import atomic_path
from pluvial.files.deflating import LEVEL
from pluvial.files.fingerprints import file_sha256
from pluvial.files.inflating import INFLATE_ERRORS
from pluvial.frames.chunks import ChunkReader, ChunkWriter, chunk_shape
from pluvial.frames.cleaning import clean
from pluvial.frames.gaps import Regular, Status
from pluvial.frames.variables import MISSING, Variable, pack
from pluvial.grids.crs import crs_named
from pluvial.grids.grid import Grid
from pluvial.grids.time_axis import iso
from pluvial.sources.source import Fault

UNREADABLE: tuple[type[Exception], ...] = (OSError, *INFLATE_ERRORS)
EPOCH = "seconds since 1970-01-01T00:00:00Z"


@dataclass(frozen=True)
class Account:
    """What became of the frames that a period's source gave, and of the period's steps.

    ``given`` = ``observed`` + ``empty`` + all of ``dropped``, and the steps of the period are
    ``observed`` + ``interpolated`` + ``missing``.

    Attributes:
        given: frames that the source gave for the times of the period.
        observed, interpolated, missing: steps by what they are.
        empty: frames read in which every cell is missing; they are missing steps.
        dropped: frames not used, by reason.
        late: frames that came out of order.
        corrections: cells altered on the way into the store, by reason.
        problems: origin, time and reason of frames that could not be read.
        faults: origin and reason of what could not be read and whose time is not known.
    """

    given: int
    observed: int
    interpolated: int
    missing: int
    empty: int
    dropped: dict[str, int]
    late: int
    corrections: dict[str, int]
    problems: list[dict[str, str]]
    faults: list[dict[str, str]]


@dataclass
class _Tally:
    """An account in the making."""

    given: int = 0
    empty: int = 0
    late: int = 0
    status: Counter[Status] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    corrections: Counter[str] = field(default_factory=Counter)
    problems: list[dict[str, str]] = field(default_factory=list)

    def add(self, entry: Regular, status: Status, time: int) -> None:
        """Count one entry, which is stored with ``status``."""
        read = entry.status == Status.OBSERVED
        self.given += read + entry.dropped.total()
        self.empty += read and status == Status.MISSING
        self.late += entry.late
        self.status[status] += 1
        self.dropped += entry.dropped
        if entry.problem:
            self.problems.append(
                {"time": iso(time), "origin": entry.origin, "problem": entry.problem}
            )

    def account(self, faults: Sequence[Fault]) -> Account:
        """The finished account."""
        return Account(
            self.given,
            self.status[Status.OBSERVED],
            self.status[Status.INTERPOLATED],
            self.status[Status.MISSING],
            self.empty,
            dict(self.dropped),
            self.late,
            dict(self.corrections),
            self.problems,
            [asdict(fault) for fault in faults],
        )


def write_period(
    path: Path,
    entries: Iterable[Regular],
    *,
    variable: Variable,
    grid: Grid,
    times: NDArray[np.int64],
    cleaning: CleaningConfig | None = None,
    provenance: Callable[[], dict[str, str]],
    faults: Callable[[], Sequence[Fault]] = list,
) -> Account:
    """Write one frames file.

    Args:
        path: the file to make.
        entries: one entry per time, in order; their indices are not looked at.
        variable: rain or depth.
        grid: the grid of the fields.
        times: int64[T], s since 1970-01-01T00:00Z.
        cleaning: filters of rain.
        provenance: tells, once all entries are taken, the global attributes that say where the
            data comes from.
        faults: tells, once all entries are taken, what could not be read at all.
    """
    tally = _Tally()
    origins: list[str] = []
    altered = np.zeros(times.size, dtype=np.int64)
    status = np.full(times.size, int(Status.MISSING), dtype=np.uint8)
    with atomic_path(path) as temporary, h5netcdf.File(temporary, "w") as file:
        writer = ChunkWriter(_define(file, variable, grid, times))
        for row, entry in enumerate(entries):
            codes, found = _packed(entry, grid, variable, cleaning)
            kind = Status.MISSING if (codes == MISSING).all() else entry.status
            tally.corrections += found
            tally.add(entry, kind, int(times[row]))
            origins.append(entry.origin)
            altered[row], status[row] = found.total(), int(kind)
            writer.add(codes)
        writer.flush()
        account = tally.account(faults())
        _define_ancillary(file, status, altered, origins)
        file.attrs["frames_account"] = json.dumps(asdict(account))
        for key, value in provenance().items():
            file.attrs[key] = value
    return account


def _packed(
    entry: Regular, grid: Grid, variable: Variable, cleaning: CleaningConfig | None
) -> tuple[NDArray[np.uint16], Counter[str]]:
    """The cleaned and quantised frame, and the number of altered cells by reason."""
    if entry.values is None:
        return np.full(grid.shape, MISSING), Counter()
    values, cleaned = entry.values, Counter[str]()
    if cleaning is not None:
        values, cleaned = clean(values, cleaning)
    codes, found = pack(values, variable)
    return codes, +(cleaned + found)


def _define(
    file: h5netcdf.File, variable: Variable, grid: Grid, times: NDArray[np.int64]
) -> h5py.Dataset:
    """Dimensions, coordinates and attributes; returns the dataset to fill."""
    file.attrs["title"] = f"pluvial frames: {variable.long_name}"
    define_grid(file, grid)
    file.dimensions["time"] = times.size
    time = file.create_variable("time", ("time",), np.int64, data=times)
    time.attrs.update(standard_name="time", units=EPOCH, calendar="standard", axis="T")
    packed = file.create_variable(
        variable.name,
        ("time", "y", "x"),
        np.uint16,
        chunks=chunk_shape(times.size, *grid.shape),
        fillvalue=MISSING,
        compression="gzip",
        compression_opts=LEVEL,
        shuffle=True,
    )
    packed.attrs.update(
        standard_name=variable.standard_name,
        long_name=variable.long_name,
        units=variable.units,
        scale_factor=np.float64(variable.scale),
        grid_mapping="crs",
        ancillary_variables="frame_status frame_altered_cells frame_origin",
    )
    # h5netcdf offers no writing of compressed chunks; the dataset beneath it does.
    return h5py.Dataset(file._h5group[variable.name].id)


def _define_ancillary(
    file: h5netcdf.File,
    status: NDArray[np.uint8],
    altered: NDArray[np.int64],
    origins: list[str],
) -> None:
    """What each frame is, and where it comes from."""
    variable = file.create_variable("frame_status", ("time",), np.uint8, data=status)
    variable.attrs.update(
        long_name="what the frame is",
        flag_values=np.array([int(s) for s in Status], dtype=np.uint8),
        flag_meanings=" ".join(s.name.lower() for s in Status),
    )
    variable = file.create_variable("frame_altered_cells", ("time",), np.int64, data=altered)
    variable.attrs["long_name"] = "cells altered by cleaning and packing"
    names = np.array(origins, dtype=object)
    variable = file.create_variable("frame_origin", ("time",), h5py.string_dtype(), data=names)
    variable.attrs["long_name"] = "raw file, member and field of the frame"


def define_grid(file: h5netcdf.File, grid: Grid) -> None:
    """Write the CF dimensions, coordinates and grid mapping of ``grid`` into ``file``."""
    file.attrs["Conventions"] = "CF-1.10"
    file.dimensions["y"], file.dimensions["x"] = grid.shape
    crs = file.create_variable("crs", (), np.int32, data=np.int32(0))
    attributes, names = _crs_attributes(grid.crs)
    crs.attrs.update(attributes)
    for name, centres in (("y", grid.y()), ("x", grid.x())):
        axis = file.create_variable(name, (name,), np.float64, data=centres)
        axis.attrs.update(standard_name=names[name][0], units=names[name][1], axis=name.upper())
    # GDAL's form of the georeference; it also tells the cell of a grid of one row and column.
    crs.attrs["GeoTransform"] = f"{grid.west!r} {grid.cell!r} 0 {grid.north!r} 0 {-grid.cell!r}"


def grid_of(file: h5py.File) -> Grid:
    """The grid that :func:`define_grid` wrote."""
    attributes = file["crs"].attrs
    west, cell, _, north, _, _ = map(float, attributes["GeoTransform"].split())
    rows, cols = file["y"].size, file["x"].size
    crs = str(attributes["long_name"]) if "crs_wkt" in attributes else ""
    return Grid(rows, cols, cell, west, north - rows * cell, crs)


PROJECTED = {
    "y": ("projection_y_coordinate", "m"),
    "x": ("projection_x_coordinate", "m"),
}
GEOGRAPHIC = {"y": ("latitude", "degrees_north"), "x": ("longitude", "degrees_east")}
"""Standard name and unit of the axes (CF-1.10, chapter 4)."""


def _crs_attributes(crs: str) -> tuple[dict[str, Any], dict[str, tuple[str, str]]]:
    """CF grid mapping attributes, and what the axes are; an unknown CRS is taken for metres.

    GDAL and rioxarray read `crs_wkt` and `spatial_ref`.
    """
    if not crs:
        return {"long_name": "coordinate reference system not stated"}, PROJECTED
    found = crs_named(crs)
    wkt = found.to_wkt()
    attributes = {"crs_wkt": wkt, "spatial_ref": wkt, "long_name": crs}
    return attributes, GEOGRAPHIC if found.is_geographic else PROJECTED


def provenance(description: str, files: list[Path], config: str) -> dict[str, str]:
    """Global attributes of a frames file: what it is made from, with SHA-256 of every file."""
    return {
        "source": description,
        "source_files": json.dumps({str(path): file_sha256(path) for path in sorted(set(files))}),
        "source_config": config,
    }


class FramesFile:
    """One frames file, open for reading.

    Attributes:
        times: int64[T], s since 1970-01-01T00:00Z.
        status: what each frame is, uint8[T] (see Status).
        grid: the grid of its fields.
    """

    def __init__(self, path: Path, variable: Variable) -> None:
        self._path = path
        try:
            self._file = h5py.File(path, "r")
            self._codes = ChunkReader(self._file[variable.name])
            self.times: NDArray[np.int64] = self._file["time"][:]
            self.status: NDArray[np.uint8] = self._file["frame_status"][:]
            self.grid: Grid = grid_of(self._file)
        except FileNotFoundError:
            raise PluvialError(
                "the frames file is missing", where=path, remedy="Run the rule `frames`"
            ) from None
        except (OSError, KeyError) as error:
            raise PluvialError(
                f"not a readable frames file ({error})", where=path, remedy=REMAKE
            ) from None

    @property
    def account(self) -> Account:
        """What became of the frames that the source gave."""
        return Account(**json.loads(self._file.attrs["frames_account"]))

    @property
    def source_files(self) -> dict[str, str]:
        """SHA-256 of each raw file it was made from."""
        return dict(json.loads(self._file.attrs["source_files"]))

    @property
    def altered(self) -> NDArray[np.int64]:
        """Cells altered by cleaning and packing, int64[T]."""
        return np.asarray(self._file["frame_altered_cells"][:])

    @property
    def origins(self) -> list[str]:
        """Raw file, member and field of each frame; empty where there is none."""
        return [str(name) for name in self._file["frame_origin"].asstr()[:]]

    def read(self, first: int, last: int, rows: slice = slice(None)) -> NDArray[np.uint16]:
        """Packed fields uint16[last - first, rows, cols] of the steps first..last-1.

        Args:
            first: first step, of this file.
            last: step behind the last.
            rows: which rows.
        """
        top, bottom, _ = rows.indices(self.grid.rows)
        try:
            return self._codes.read(first, last, top, bottom)
        except UNREADABLE as error:
            raise PluvialError(
                f"steps {first} to {last} cannot be read ({error})", where=self._path, remedy=REMAKE
            ) from None

    def close(self) -> None:
        """Close the file."""
        self._file.close()


REMAKE = "Delete it and run the workflow again: only it is remade"
