"""CF NetCDF, written by xarray and h5py; decoded by xarray and placed by GDAL as well."""

from __future__ import annotations

import gzip
import io
import os
import re
import struct
import tarfile
import tracemalloc
import warnings
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import rasterio
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pluvial.errors import PluvialError
from pluvial.frames.gaps import Regular, Status
from pluvial.frames.store import write_period
from pluvial.frames.variables import DEPTH, RAIN, pack, unpack
from pluvial.grids.grid import Grid
from pluvial.sources import stored as stored_module
from pluvial.sources.entries import Entry, entries_of
from pluvial.sources.netcdf import NetcdfDepth, NetcdfRain
from pluvial.sources.source import Field
from rasterio.crs import CRS
from rasterio.warp import transform

NOON = int(datetime(2024, 6, 1, 12, tzinfo=UTC).timestamp())
SINCE_NOON = "seconds since 2024-06-01 12:00:00"
RATE = {"standard_name": "rainfall_rate", "units": "mm h-1"}
X = {"standard_name": "projection_x_coordinate", "units": "m"}
Y = {"standard_name": "projection_y_coordinate", "units": "m"}
OSGB = {"grid_mapping_name": "transverse_mercator", "epsg_code": "EPSG:27700"}

Dimensioned = tuple[tuple[str, ...] | str, Any, dict[str, Any]]


def centres(size: int, cell: float = 1000, first: float = 500) -> np.ndarray:
    return first + np.arange(size) * cell


def cube(
    values: Any = None,
    attributes: dict[str, Any] | None = None,
    *,
    name: str = "rain",
    times: Any = None,
    time: dict[str, Any] | None = None,
    **further: Dimensioned | None,
) -> xr.Dataset:
    """A cube of time, y (northernmost first) and x; undecoded, as it shall be stored.

    Args:
        values: [time, y, x].
        attributes: of the values besides those of a rate; an attribute None is left out.
        name: of the values.
        times: left out, every five minutes from noon.
        time: attributes of the times besides the usual ones.
        further: variables in place of or besides the usual ones; None leaves one out.
    """
    values = np.arange(24, dtype=np.float32).reshape(2, 3, 4) if values is None else values
    steps, rows, cols = values.shape
    told = RATE | {"grid_mapping": "crs"} | (attributes or {})
    times = np.arange(steps) * 300 if times is None else times
    variables: dict[str, Dimensioned | None] = {
        "time": ("time", times, {"standard_name": "time", "units": SINCE_NOON} | (time or {})),
        "y": ("y", centres(rows)[::-1], Y),
        "x": ("x", centres(cols), X),
        "crs": ((), np.int32(0), OSGB),
        name: (("time", "y", "x"), values, told),
    }
    kept = {
        key: (dims, data, {k: v for k, v in attrs.items() if v is not None})
        for key, item in (variables | further).items()
        if item is not None
        for dims, data, attrs in [item]
    }
    return xr.Dataset(kept)


LAYOUTS: dict[str, dict[str, Any]] = {
    "contiguous": {"engine": "h5netcdf"},
    "deflate": {"engine": "h5netcdf", "compression": "gzip", "shuffle": True},
    "steps in a chunk": {"engine": "h5netcdf", "chunksizes": (2, 2, 3), "compression": "gzip"},
    "unlimited": {"engine": "h5netcdf", "unlimited_dims": ["time"], "fletcher32": True},
    "classic": {"engine": "scipy", "format": "NETCDF3_CLASSIC"},
    "64-bit offsets": {"engine": "scipy", "format": "NETCDF3_64BIT"},
    "records": {"engine": "scipy", "format": "NETCDF3_CLASSIC", "unlimited_dims": ["time"]},
}


def write(path: Path, dataset: xr.Dataset, layout: str = "contiguous") -> Path:
    """Write what a dataset holds as it stands."""
    keys = dict(LAYOUTS[layout])
    packing = {
        k: keys.pop(k) for k in ("compression", "shuffle", "chunksizes", "fletcher32") if k in keys
    }
    encoding: dict[Any, dict[str, Any]] = {
        name: {} if "_FillValue" in variable.attrs else {"_FillValue": None}
        for name, variable in dataset.variables.items()
    }
    for name, variable in dataset.variables.items():
        if variable.ndim == 3:
            encoding[name] |= packing
            if "chunksizes" in packing:
                chunk = map(min, packing["chunksizes"], variable.shape)
                encoding[name]["chunksizes"] = tuple(chunk)
    path.unlink(missing_ok=True)
    dataset.to_netcdf(path, encoding=encoding, **keys)
    return path


def read(path: Path, **keys: Any) -> list[Field]:
    return list(NetcdfRain(format="netcdf", files="*", **keys).fields(Entry(path)))


def depths(path: Path, **keys: Any) -> list[Field]:
    return list(NetcdfDepth(format="netcdf", files="*", **keys).fields(Entry(path)))


def first(path: Path, **keys: Any) -> np.ndarray:
    return np.asarray(read(path, **keys)[0].read())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "rain.nc"


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None
)
@given(
    data=st.data(),
    kind=st.sampled_from(["u1", "i1", "i2", "u2", "i4", "f4", "f8"]),
    layout=st.sampled_from(list(LAYOUTS)),
    coded=st.booleans(),
    packed=st.booleans(),
    south_up=st.booleans(),
)
def test_agrees_with_xarray(
    tmp_path: Path,
    data: st.DataObject,
    kind: str,
    layout: str,
    coded: bool,
    packed: bool,
    south_up: bool,
) -> None:
    """All kinds of numbers and layouts: values, what is missing, times and coordinates."""
    if LAYOUTS[layout]["engine"] == "scipy" and kind[0] == "u":
        kind = "i2"
    shape = data.draw(st.tuples(st.integers(1, 5), st.integers(2, 6), st.integers(2, 6)))
    values = data.draw(arrays(kind, shape, elements=st.integers(0, 100)))
    told: dict[str, Any] = {"scale_factor": 0.25, "add_offset": 0.5} if packed else {}
    if coded:
        told |= {"_FillValue": values.dtype.type(7)}
    y = ("y", centres(shape[1])[:: 1 if south_up else -1], Y)
    path = write(tmp_path / "any.nc", cube(values, told, y=y), layout)
    fields = read(path)
    with xr.open_dataset(path) as oracle:
        expected = oracle["rain"].sortby("y", ascending=False).to_numpy()
        times = oracle["time"].to_numpy().astype("datetime64[s]").astype(int)
        x, y_centres = oracle["x"].to_numpy(), oracle["y"].sortby("y", ascending=False).to_numpy()
    assert [field.time for field in fields] == list(times)
    assert [field.name for field in fields] == [f"#{n}" for n in range(shape[0])]
    for field, slab in zip(fields, expected, strict=True):
        found = field.read()
        np.testing.assert_allclose(found, slab, rtol=1e-6)
        assert found.dtype == np.float32
        np.testing.assert_allclose(field.grid.x(), x)
        np.testing.assert_allclose(field.grid.y(), y_centres)
        assert (field.grid.shape, field.grid.cell, field.grid.crs) == (
            shape[1:],
            1000,
            "EPSG:27700",
        )


RAIN_UNITS = [
    ("mm h-1", 1),
    ("mm/h", 1),
    ("mm/hr", 1),
    ("mm hour^-1", 1),
    ("mm per hour", 1),
    ("mm.h-1", 1),
    ("kg m-2 h-1", 1),
    ("kg m-2 s-1", 3600),
    ("kg m**-2 s**-1", 3600),
    ("kg/m2/s", 3600),
    ("m s-1", 3.6e6),
    ("mm day-1", 1 / 24),
    ("cm/min", 600),
]
AMOUNT_UNITS = [("mm", 1), ("kg m-2", 1), ("kg/m^2", 1), ("m", 1000), ("cm", 10)]


@pytest.mark.parametrize(("units", "factor"), RAIN_UNITS)
def test_units_of_rates(file: Path, units: str, factor: float) -> None:
    write(file, cube(attributes={"units": units}))
    np.testing.assert_allclose(first(file), np.arange(12).reshape(3, 4) * factor, rtol=1e-6)
    write(file, cube(attributes={"units": None}))
    np.testing.assert_allclose(first(file, units=units)[0, 1], factor, rtol=1e-6)


@pytest.mark.parametrize(("units", "factor"), AMOUNT_UNITS)
def test_units_of_amounts(file: Path, units: str, factor: float) -> None:
    write(file, cube(attributes={"units": units, "standard_name": "precipitation_amount"}))
    found = read(file, accumulation_minutes=5)
    np.testing.assert_allclose(found[0].read()[0, 1], factor * 12, rtol=1e-6)
    assert [field.time for field in found] == [NOON, NOON + 300]


@pytest.mark.parametrize(("units", "factor"), [("m", 1), ("metres", 1), ("cm", 0.01), ("mm", 1e-3)])
def test_units_of_depths(file: Path, units: str, factor: float) -> None:
    told = {"units": units, "standard_name": "flood_water_thickness"}
    write(file, cube(attributes=told, name="depth"))
    found = depths(file)
    np.testing.assert_allclose(found[1].read()[0, 0], 12 * factor, rtol=1e-6)
    assert [field.time for field in found] == [NOON, NOON + 300]


@pytest.mark.parametrize("units", ["dBZ", "mm/5min", "K", "1", "percent", "furlong h-1", "mm (h)"])
def test_other_units_are_named(file: Path, units: str) -> None:
    write(file, cube(attributes={"units": units}))
    with pytest.raises(PluvialError, match=re.escape(f"rain: its unit {units!r}")) as raised:
        read(file)
    assert "Write as `units`" in str(raised.value)
    with pytest.raises(PluvialError, match="its unit"):
        read(file, units="dBZ")
    write(file, cube(attributes={"units": None}))
    with pytest.raises(PluvialError, match="rain: it has no unit"):
        read(file)
    with pytest.raises(PluvialError, match="its unit 'mm h-1' is not one of what is read"):
        depths(write(file, cube()), variable="rain")


TIMES = [
    ("seconds since 1970-01-01", [NOON, NOON + 300]),
    ("seconds since 2024-06-01T12:00:00Z", [0, 300]),
    ("minutes since 2024-06-01 12:00:00 UTC", [0, 5]),
    ("minutes since 2024-06-01 14:00:00 +02:00", [0, 5]),
    ("minutes since 2024-6-1 6:30 -5:30", [0, 5]),
    ("hours since 2024-06-01 00:00:0.0", [12, 12 + 1 / 12]),
    ("days since 1900-01-01", [45442.5, 45442.5 + 5 / 1440]),
    ("day since 2024-06-01", np.array([0.5, 0.50347222])),
    ("milliseconds since 2024-06-01 12:00", [0, 300_000]),
    ("nanoseconds since 1970-01-01", np.array([NOON, NOON + 300]) * 10**9),
    ("h since 2024-06-01", np.array([12, 12.0833333])),
]


@pytest.mark.parametrize(("units", "times"), TIMES)
@pytest.mark.parametrize("calendar", [None, "standard", "gregorian", "proleptic_gregorian"])
def test_times(file: Path, units: str, times: Any, calendar: str | None) -> None:
    told = {"units": units} | ({"calendar": calendar} if calendar else {})
    write(file, cube(times=np.asarray(times), time=told))
    assert [field.time for field in read(file)] == [NOON, NOON + 300]


def test_dates_before_the_gregorian_calendar(file: Path) -> None:
    """In the standard calendar they are Julian, which xarray needs a library of its own for."""
    days = (datetime(2024, 6, 1, 12, tzinfo=UTC) - datetime(1, 1, 1, tzinfo=UTC)).total_seconds()
    times = np.array([0, 5 / 1440]) + days / 86400
    told = {"units": "days since 0001-01-01", "calendar": "proleptic_gregorian"}
    assert read(write(file, cube(times=times, time=told)))[0].time == NOON
    with pytest.raises(PluvialError, match="starts in the Julian calendar"):
        read(write(file, cube(times=times, time=told | {"calendar": "standard"})))


WRONG_TIMES: dict[str, tuple[Any, dict[str, Any], str]] = {
    "model calendar": ([0, 5], {"calendar": "360_day"}, "the calendar '360_day' is not that"),
    "Julian": ([0, 5], {"calendar": "julian"}, "the calendar 'julian'"),
    "months": ([0, 5], {"units": "months since 2024-01-01"}, "'months' is no unit of time"),
    "no date": ([0, 5], {"units": "days since 2024-02-30"}, "names no date"),
    "hour 25": ([0, 5], {"units": "days since 2024-02-20 25:00"}, "names no date"),
    "missing": ([0, np.nan], {}, "a time is missing, or impossible"),
    "coded": ([0, -1], {"_FillValue": -1}, "a time is missing, or impossible"),
    "far away": ([0, 10**18], {}, "a time is missing, or impossible"),
    "single precision": (
        np.array([19875.5] * 2, "f4"),
        {"units": "days since 1970-01-01"},
        "only exact to 1.7e+02 s",
    ),
}


@pytest.mark.parametrize("fault", WRONG_TIMES)
def test_times_that_are_none_are_named(file: Path, fault: str) -> None:
    times, told, message = WRONG_TIMES[fault]
    write(file, cube(times=np.asarray(times), time=told))
    with pytest.raises(PluvialError, match=re.escape(message)):
        read(file)


def test_times_that_are_no_times(file: Path) -> None:
    """The dimension is then one of something else."""
    write(file, cube(time={"units": "m", "standard_name": "height"}))
    with pytest.raises(PluvialError, match="dimension time has 2 elements and tells no time"):
        read(file)


BOUNDS = (("time", "nv"), np.array([[-600, 0], [-300, 300]]), {})
AMOUNT = {"standard_name": "rainfall_amount", "units": "mm"}


@pytest.mark.parametrize("layout", ["contiguous", "classic", "records"])
def test_bounds_tell_the_period(file: Path, layout: str) -> None:
    """Also of mean rates; the bounds have the unit of the times."""
    bounded = {"bounds": "time_bnds"}
    write(file, cube(attributes=AMOUNT, time=bounded, time_bnds=BOUNDS), layout)
    fields = read(file)
    assert [field.time for field in fields] == [NOON - 600, NOON - 300]
    assert [field.read()[0, 1] for field in fields] == [6, 13 * 6]
    assert [field.time for field in read(file, accumulation_minutes=10)] == [NOON - 600, NOON - 300]
    write(file, cube(time=bounded, time_bnds=BOUNDS), layout)
    fields = read(file)
    assert [field.time for field in fields] == [NOON - 600, NOON - 300]
    assert fields[1].read()[0, 1] == 13


def bureau(start: int = NOON, end: int = NOON + 600, **told: Any) -> xr.Dataset:
    """A file as Australia's Bureau of Meteorology makes it: one time, no dimension of it, km."""
    values = np.array([[0, 5], [20, -1]], np.int16)
    epoch = "seconds since 1970-01-01 00:00:00 UTC"
    packing = {"scale_factor": [0.05], "add_offset": [0.0], "_FillValue": np.int16(-1)}
    albers = {
        "grid_mapping_name": "albers_conical_equal_area",
        "standard_parallel": [-26.2, -29.3],
        "longitude_of_central_meridian": [153.24],
        "latitude_of_projection_origin": [-27.7178],
        "false_easting": [0.0],
        "false_northing": [0.0],
        "semi_major_axis": [6378137.0],
        "semi_minor_axis": [6356752.31414],
    }
    rain = {"standard_name": "precipitation_amount", "units": "kg m-2", "grid_mapping": "proj"}
    return xr.Dataset(
        {
            "precipitation": (("y", "x"), values, rain | packing | told),
            "proj": ((), np.int8(0), albers),
            "start_time": ((), np.int64(start), {"units": epoch}),
            "valid_time": ((), np.int64(end), {"standard_name": "time", "units": epoch}),
            "x": ("x", [-127.75, -127.25], X | {"units": "km"}),
            "y": ("y", [127.75, 127.25], Y | {"units": "km"}),
        }
    )


def test_start_time_tells_the_period(file: Path) -> None:
    (field,) = read(write(file, bureau()))
    assert (field.time, field.name) == (NOON, "")
    np.testing.assert_allclose(field.read(), [[0, 1.5], [6, np.nan]])
    grid = field.grid
    assert (grid.shape, grid.cell, grid.west, grid.north) == ((2, 2), 500, -128000, 128000)
    (longitudes, latitudes) = transform(CRS.from_string(grid.crs), "EPSG:4326", [0.0], [0.0])
    assert (longitudes[0], latitudes[0]) == pytest.approx((153.24, -27.7178))


def test_periods_that_contradict(file: Path) -> None:
    for start, end in ((NOON, NOON), (NOON + 600, NOON)):
        write(file, bureau(start, end))
        with pytest.raises(PluvialError, match=f"its amounts fell in {(end - start) / 60:g} to"):
            read(file)
    write(file, bureau())
    with pytest.raises(PluvialError, match="its amounts fell in 10 to 10 min"):
        read(file, accumulation_minutes=5)
    write(file, cube(attributes=AMOUNT))
    with pytest.raises(PluvialError, match="nothing tells how long its amounts took"):
        read(file)


def test_running_totals_are_refused(file: Path) -> None:
    bounds = (("time", "nv"), np.array([[0, 300], [0, 600]]), {})
    write(file, cube(attributes=AMOUNT, time={"bounds": "time_bnds"}, time_bnds=bounds))
    with pytest.raises(PluvialError, match="several of its amounts fell from the same time"):
        read(file)


def test_a_file_without_a_time(file: Path) -> None:
    """Its name tells the time, if it is one of one time."""
    one = cube(time=None).isel(time=0, drop=True)
    (field,) = read(write(file, one))
    assert (field.time, field.name) == (None, "")
    with pytest.raises(PluvialError, match="dimension time has 2 elements and tells no time"):
        read(write(file, cube().drop_vars("time")))


def test_a_scalar_time(file: Path) -> None:
    (field,) = read(write(file, cube().isel(time=1)))
    assert (field.time, field.read()[0, 0]) == (NOON + 300, 12)


def test_dimensions_of_one_element(file: Path) -> None:
    values = np.arange(24.0).reshape(1, 2, 1, 3, 4)
    dimensions = ("member", "time", "height", "y", "x")
    write(file, cube(rain=(dimensions, values, RATE)))
    fields = read(file)
    assert [field.time for field in fields] == [NOON, NOON + 300]
    assert fields[1].read()[2, 3] == 23
    two = (dimensions, np.repeat(values, 2, axis=0), RATE)
    with pytest.raises(PluvialError, match="its dimension member has 2 elements"):
        read(write(file, cube(rain=two)))


def test_no_times_at_all(file: Path) -> None:
    for layout in ("unlimited", "records"):
        empty = cube(np.zeros((0, 3, 4), np.float32))
        with pytest.raises(PluvialError, match="rain: it has no field"):
            read(write(file, empty, layout))


SCALAR = (("y", "x"), np.ones((3, 4)), {"units": "mm h-1"})
CHOICES: dict[str, tuple[dict[str, Any], str]] = {
    "by standard name": ({"quality": (("y", "x"), np.ones((3, 4)), {"units": "mm h-1"})}, "rain"),
    "by unit": (
        {"rain": SCALAR, "height": (("y", "x"), np.ones((3, 4)), {"units": "m s-2"})},
        "rain",
    ),
    "error beside": (
        {"error": (*SCALAR[:2], RATE | {"standard_name": "rainfall_rate standard_error"})},
        "rain",
    ),
    "snow beside": ({"snow": (*SCALAR[:2], RATE | {"standard_name": "snowfall_flux"})}, "rain"),
    "kind beside": (
        {"kind": (*SCALAR[:2], {"standard_name": "precipitation_type", "units": "1"})},
        "rain",
    ),
    "two rates": ({"other": (*SCALAR[:2], RATE)}, ""),
    "two by unit": ({"rain": SCALAR, "other": SCALAR}, ""),
    "none": ({"rain": (*SCALAR[:2], {"units": "K"})}, ""),
}


@pytest.mark.parametrize("case", CHOICES)
def test_which_variable(file: Path, case: str) -> None:
    further, chosen = CHOICES[case]
    write(file, cube(**further))
    if chosen:
        assert read(file)[0].grid.shape == (3, 4)
        assert len(read(file)) == (1 if "rain" in further else 2)
        return
    with pytest.raises(PluvialError, match="not plain which of its variables to read: ") as raised:
        read(file)
    assert "rain" in str(raised.value)
    if case != "none":
        assert "other" in str(raised.value)
        assert read(file, variable="other")[0].read().sum() == 12
    with pytest.raises(PluvialError, match="it has no variable 'rian', but"):
        read(file, variable="rian")


def test_which_variable_is_depth(file: Path) -> None:
    elevation = (("y", "x"), np.ones((3, 4)), {"units": "m", "standard_name": "surface_altitude"})
    write(file, cube(attributes={"standard_name": None, "units": "m"}, z=elevation))
    assert depths(file)[1].read()[0, 0] == 12
    # xarray takes a unit that is that of the coordinate away.
    edges = (("x", "nv"), np.zeros((4, 2)), {"units": "cm"})
    bounded = ("x", centres(4), X | {"bounds": "edges"})
    write(file, cube(attributes={"standard_name": None, "units": "m"}, x=bounded, edges=edges))
    assert depths(file)[1].read()[0, 0] == 12
    with pytest.raises(PluvialError, match="not plain which"):
        depths(write(file, cube(rain=elevation)))


@pytest.mark.parametrize("layout", ["contiguous", "steps in a chunk", "classic"])
def test_rows_and_columns_however_they_run(file: Path, layout: str) -> None:
    expected = np.arange(12.0).reshape(3, 4)
    base = cube()
    for turned in (
        base,
        base.isel(y=slice(None, None, -1)),
        base.isel(x=slice(None, None, -1)),
        base.transpose("time", "x", "y"),
        base.transpose("time", "x", "y").isel(y=slice(None, None, -1), x=slice(None, None, -1)),
    ):
        field = read(write(file, turned, layout))[0]
        np.testing.assert_array_equal(field.read(), expected)
        assert field.grid == Grid(3, 4, 1000, 0, 0, "EPSG:27700")


def test_time_must_come_first(file: Path) -> None:
    with pytest.raises(PluvialError, match="Give fields of time, y and x, in this order"):
        read(write(file, cube().transpose("y", "x", "time")))


LON = {"standard_name": "longitude", "units": "degrees_east"}
LAT = {"standard_name": "latitude", "units": "degrees_north"}


def degrees(
    west: float, cell: float, kind: Any = float, shape: tuple[int, int] = (30, 40)
) -> xr.Dataset:
    """A cube of two steps in longitude and latitude."""
    rows, cols = shape
    return xr.Dataset(
        {
            "rain": (("time", "lat", "lon"), np.zeros((2, rows, cols), np.float32), RATE),
            "time": ("time", [0, 300], {"units": SINCE_NOON}),
            "lat": ("lat", (50 + cell * (np.arange(rows) + 0.5)).astype(kind), LAT),
            "lon": ("lon", (west + cell * (np.arange(cols) + 0.5)).astype(kind), LON),
        }
    )


@pytest.mark.parametrize("kind", ["f8", "f4"])
@pytest.mark.parametrize("cell", [0.01, 0.05, 1 / 12])
def test_longitude_and_latitude(file: Path, kind: str, cell: float) -> None:
    """In single precision they are rounded to a thousandth of a cell."""
    field = read(write(file, degrees(-120, cell, kind)))[0]
    grid = field.grid
    assert (grid.shape, grid.crs) == ((30, 40), "EPSG:4326")
    assert grid.cell == pytest.approx(cell, rel=1e-5)
    assert (grid.west, grid.south) == pytest.approx((-120, 50), abs=0.01 * cell)
    if cell < 1 / 12:
        assert (grid.cell, grid.west, grid.south) == (cell, -120, 50)


@pytest.mark.parametrize("shape", [(300, 12), (12, 300)])
def test_single_precision_tells_the_long_side_best(file: Path, shape: tuple[int, int]) -> None:
    grid = read(write(file, degrees(-120, 1 / 12, "f4", shape)))[0].grid
    assert grid.cell == pytest.approx(1 / 12, rel=1e-6)


def test_longitudes_up_to_360(file: Path) -> None:
    assert read(write(file, degrees(240, 0.05)))[0].grid.west == -120
    assert read(write(file, degrees(179, 0.05)))[0].grid.west == 179


def test_coordinates_known_by_their_names_or_axes(file: Path) -> None:
    bare = cube(y=("y", centres(3)[::-1], {}), x=("x", centres(4), {}))
    assert read(write(file, bare))[0].grid == Grid(3, 4, 1000, 0, 0, "EPSG:27700")
    lonlat = degrees(-120, 0.05)
    lonlat["lon"].attrs, lonlat["lat"].attrs = {}, {}
    assert read(write(file, lonlat))[0].grid.crs == "EPSG:4326"
    named = cube().rename(y="j", x="i")
    named["i"].attrs, named["j"].attrs = {"axis": "X", "units": "km"}, {"axis": "Y", "units": "km"}
    assert read(write(file, named))[0].grid.cell == 1e6


def irregular(size: int, at: int, by: float) -> np.ndarray:
    found = centres(size).astype(float)
    found[at] += by
    return found


PLACES: dict[str, tuple[dict[str, Any], str]] = {
    "uneven": ({"x": ("x", irregular(4, 2, 0.2), X)}, "x: its values are not evenly spaced"),
    "all the same": ({"x": ("x", np.full(4, 7.0), X)}, "x: its values are not evenly spaced"),
    "no number": ({"x": ("x", irregular(4, 1, np.nan), X)}, "x: its values are not evenly spaced"),
    "infinite": ({"x": ("x", np.full(4, np.inf), X)}, "x: its values are not evenly spaced"),
    "not square": ({"x": ("x", centres(4, 1001), X)}, "cells of 1001 x 1000 are not square"),
    "feet": ({"x": ("x", centres(4), X | {"units": "ft"})}, "x: its unit 'ft' is none of length"),
    "degrees and metres": ({"x": ("x", centres(4), LON)}, "not one along x and one along y"),
    "two along x": ({"y": ("y", centres(3), X)}, "not one along x and one along y"),
    "no coordinates": ({"x": None}, "its dimension x has no coordinates"),
    "curved": ({"x": (("y", "x"), np.ones((3, 4)), X)}, "its dimension x has no coordinates"),
    "words": ({"x": ("x", np.array(["a", "b", "c", "d"], object), X)}, "x: its values are no num"),
}


@pytest.mark.parametrize("fault", PLACES)
def test_places_that_are_none_are_named(file: Path, fault: str) -> None:
    further, message = PLACES[fault]
    dataset = cube(**further)
    if fault == "curved":
        dataset = dataset.rename_vars(x="longitudes")
    with pytest.raises(PluvialError, match=re.escape(message)):
        read(write(file, dataset))


def test_coordinates_may_be_off_a_little(file: Path) -> None:
    grid = read(write(file, cube(x=("x", irregular(4, 2, 0.05), X))))[0].grid
    assert (grid.west, grid.cell) == (0, 1000)


def test_one_row_or_column(file: Path) -> None:
    grid = read(write(file, cube().isel(y=[1])))[0].grid
    assert grid == Grid(1, 4, 1000, 0, 1000, "EPSG:27700")
    alone = cube().isel(y=[1], x=[2])
    with pytest.raises(PluvialError, match="nothing tells the size of its only cell"):
        read(write(file, alone))
    alone["crs"].attrs["GeoTransform"] = "2000 1000 0 2000 0 -1000"
    assert read(write(file, alone))[0].grid == Grid(1, 1, 1000, 2000, 1000, "EPSG:27700")


SPHERE = {"earth_radius": 6370040.0}
AIRY = {"semi_major_axis": 6377563.396, "inverse_flattening": 299.3249646}
MAPPINGS: dict[str, dict[str, Any]] = {
    "transverse_mercator": {
        "latitude_of_projection_origin": 49.0,
        "longitude_of_central_meridian": -2.0,
        "scale_factor_at_central_meridian": 0.9996012717,
        "false_easting": 400000.0,
        "false_northing": -100000.0,
    }
    | AIRY,
    "polar_stereographic": {
        "latitude_of_projection_origin": 90.0,
        "straight_vertical_longitude_from_pole": 10.0,
        "standard_parallel": 60.0,
        "false_easting": 0.0,
        "false_northing": 0.0,
    }
    | SPHERE,
    "lambert_conformal_conic": {
        "standard_parallel": [49.0, 46.0],
        "latitude_of_projection_origin": 47.5,
        "longitude_of_central_meridian": 13.333,
        "false_easting": 400000.0,
        "false_northing": 400000.0,
    },
    "lambert_azimuthal_equal_area": {
        "latitude_of_projection_origin": 55.0,
        "longitude_of_projection_origin": 10.0,
        "false_easting": 1950000.0,
        "false_northing": -2100000.0,
    },
    "albers_conical_equal_area": {
        "standard_parallel": [-26.2, -29.3],
        "latitude_of_projection_origin": -27.7178,
        "longitude_of_central_meridian": 153.24,
        "semi_major_axis": 6378137.0,
        "semi_minor_axis": 6356752.31414,
    },
    "mercator": {"longitude_of_projection_origin": 130.0, "standard_parallel": 30.0},
    "azimuthal_equidistant": {
        "latitude_of_projection_origin": 52.0,
        "longitude_of_projection_origin": 5.0,
    },
    "stereographic": {
        "latitude_of_projection_origin": 46.0,
        "longitude_of_projection_origin": 25.0,
        "scale_factor_at_projection_origin": 0.99975,
        "false_easting": 500000.0,
        "false_northing": 500000.0,
    },
}


@pytest.mark.parametrize("name", MAPPINGS)
def test_grid_mappings_as_gdal_has_them(file: Path, name: str) -> None:
    """The same points lie at the same longitudes and latitudes."""
    mapping = {"grid_mapping_name": name} | MAPPINGS[name]
    write(file, cube(crs=((), np.int32(0), mapping)))
    grid = read(file)[0].grid
    with rasterio.open(f'NETCDF:"{file}":rain') as oracle:
        bounds, crs = tuple(oracle.bounds), oracle.crs
    assert (grid.west, grid.south, grid.east, grid.north) == bounds
    points = [0.0, 250000.0, -80000.0], [0.0, 300000.0, 123456.0]
    # The longitudes and latitudes of each on its own datum.
    ours = transform(CRS.from_string(grid.crs), geodetic(grid.crs), *points)
    theirs = transform(crs, geodetic(crs.to_wkt()), *points)
    np.testing.assert_allclose(ours, theirs, atol=1e-9)


def geodetic(crs: str) -> CRS:
    """Longitude and latitude on the ellipsoid of a CRS."""
    told = CRS.from_string(crs).to_wkt(version="WKT1_GDAL")
    found = re.search(r'SPHEROID\["[^"]*",([\d.]+),([\d.]+)', told)
    assert found
    axis, flattening = found.groups()
    shape = f"+rf={flattening}" if float(flattening) else f"+b={axis}"
    return CRS.from_proj4(f"+proj=longlat +a={axis} {shape}")


def test_a_false_easting_has_the_unit_of_the_coordinates(file: Path) -> None:
    mapping = {"grid_mapping_name": "transverse_mercator"} | MAPPINGS["transverse_mercator"]
    mapping |= {"false_easting": 400.0, "false_northing": -100.0}
    kilometres = {"units": "km"}
    dataset = cube(
        crs=((), np.int32(0), mapping),
        x=("x", centres(4, 1, 0.5), X | kilometres),
        y=("y", centres(3, 1, 0.5), Y | kilometres),
    )
    assert read(write(file, dataset))[0].grid == Grid(3, 4, 1000, 0, 0, "EPSG:27700")


UTM = "+proj=utm +zone=35 +datum=WGS84 +units=m"
NAMED: dict[str, tuple[dict[str, Any], str]] = {
    "crs_wkt": ({"crs_wkt": CRS.from_epsg(27700).to_wkt()}, "EPSG:27700"),
    "spatial_ref": ({"spatial_ref": CRS.from_epsg(3067).to_wkt()}, "EPSG:3067"),
    "proj4": ({"proj4": UTM}, "EPSG:32635"),
    "proj4 in km": ({"proj4_params": UTM.replace("=m", "=km")}, "EPSG:32635"),
    "proj4 of 1000 m": ({"proj4_params": UTM.replace("units=m", "to_meter=1000")}, "EPSG:32635"),
    "number": ({"epsg_code": np.int32(3035)}, "EPSG:3035"),
    "text": ({"EPSG": "28992"}, "EPSG:28992"),
    "code": ({"epsg_code": "EPSG:2056"}, "EPSG:2056"),
    "the best of several": ({"crs_wkt": CRS.from_epsg(27700).to_wkt(), "epsg": 3035}, "EPSG:27700"),
    "none": ({"long_name": "not stated"}, ""),
    "the polar circle of the south": (
        {
            "grid_mapping_name": "polar_stereographic",
            "standard_parallel": -71.0,
            "straight_vertical_longitude_from_pole": 0.0,
        },
        "EPSG:3031",
    ),
}


@pytest.mark.parametrize("way", NAMED)
def test_how_the_crs_is_named(file: Path, way: str) -> None:
    mapping, expected = NAMED[way]
    assert read(write(file, cube(crs=((), np.int32(0), mapping))))[0].grid.crs == expected


@pytest.mark.parametrize("mapping", ["crs: x y", "crs"])
def test_the_extended_grid_mapping(file: Path, mapping: str) -> None:
    write(file, cube(attributes={"grid_mapping": mapping}))
    assert read(file)[0].grid.crs == "EPSG:27700"


def test_no_grid_mapping(file: Path) -> None:
    assert read(write(file, cube(attributes={"grid_mapping": None})))[0].grid.crs == ""


MISNAMED: dict[str, tuple[dict[str, Any], str]] = {
    "a projection that is not read": (
        {"grid_mapping_name": "rotated_latitude_longitude"},
        "crs: the grid mapping 'rotated_latitude_longitude' is not read",
    ),
    "no WKT": ({"crs_wkt": "OSGB"}, "'OSGB' is no coordinate reference system"),
    "no code": ({"epsg_code": 999999}, "'EPSG:999999' is no coordinate reference system"),
    "degrees": ({"crs_wkt": CRS.from_epsg(4326).to_wkt()}, "coordinates are in metres, its"),
    "a small Earth": ({"grid_mapping_name": "mercator", "earth_radius": 6371.0}, "not in metres"),
    "words for numbers": (
        {"grid_mapping_name": "mercator", "standard_parallel": "60N"},
        "its standard_parallel is '60N', no number",
    ),
}


@pytest.mark.parametrize("fault", MISNAMED)
def test_crs_that_are_none_are_named(
    file: Path, fault: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Unless the configuration names one."""
    mapping, message = MISNAMED[fault]
    write(file, cube(crs=((), np.int32(0), mapping)))
    with pytest.raises(PluvialError, match=re.escape(message)):
        read(file)
    assert read(file, crs="EPSG:27700")[0].grid.crs == "EPSG:27700"
    assert capfd.readouterr().err == ""


def test_a_grid_mapping_that_is_not_there(file: Path) -> None:
    write(file, cube(crs=None))
    with pytest.raises(PluvialError, match="its grid_mapping 'crs' is not in the file"):
        read(file)
    assert read(file, crs="EPSG:27700")[0].grid == Grid(3, 4, 1000, 0, 0, "EPSG:27700")


def masked(kind: str, told: dict[str, Any], codes: list[Any]) -> tuple[xr.Dataset, list[Any]]:
    values = np.array([[codes]]).astype(kind)
    dataset = cube(
        values, told, y=("y", [500.0], Y), x=("x", centres(len(codes)), X), time={}, times=[0]
    )
    return dataset, codes


NAN = np.nan
MASKS: dict[str, tuple[str, dict[str, Any], list[Any], list[float]]] = {
    "fill value": ("i2", {"_FillValue": np.int16(-1)}, [-1, 0, 5], [NAN, 0, 5]),
    "missing value": ("i2", {"missing_value": np.int16(-9)}, [-9, 0, 5], [NAN, 0, 5]),
    "both": (
        "i2",
        {"_FillValue": np.int16(-1), "missing_value": np.array([-9, 4], "i2")},
        [-1, -9, 4, 5],
        [NAN, NAN, NAN, 5],
    ),
    "of another type": ("f4", {"missing_value": -9999.9}, [-9999.9, 0, 5], [NAN, 0, 5]),
    "of a whole type": ("i2", {"missing_value": -99.0}, [-99, 0, 5], [NAN, 0, 5]),
    "none that is stored": ("u1", {"missing_value": -99.0}, [157, 0, 5], [157, 0, 5]),
    "no number": ("f4", {"_FillValue": np.float32(NAN)}, [NAN, 0, 5], [NAN, 0, 5]),
    "range": (
        "i2",
        {"valid_range": np.array([0, 100], "i2"), "scale_factor": 0.5},
        [-1, 0, 100, 101],
        [NAN, 0, 50, NAN],
    ),
    "range of values": (
        "i2",
        {"valid_range": np.array([0, 50.0]), "scale_factor": 0.5},
        [-1, 0, 100, 101],
        [NAN, 0, 50, NAN],
    ),
    "least and most": (
        "f4",
        {"valid_min": np.float32(0), "valid_max": np.float32(9)},
        [-1, 0, 9, 10],
        [NAN, 0, 9, NAN],
    ),
    "most alone": ("f4", {"valid_max": np.float32(9)}, [0, 9, 10, NAN], [0, 9, NAN, NAN]),
    "unsigned": (
        "i1",
        {"_Unsigned": "true", "_FillValue": np.int8(-1)},
        [-1, -2, 5],
        [NAN, 254, 5],
    ),
    "unsigned range": (
        "i1",
        {"_Unsigned": "true", "valid_range": np.array([0, -2], "i1")},
        [-1, -2, 5],
        [NAN, 254, 5],
    ),
    "never written": ("f4", {}, [9.969209968386869e36, 0, 5], [NAN, 0, 5]),
    "a fill value of its own": ("u2", {"_FillValue": np.uint16(7)}, [7, 0, 65535], [NAN, 0, 65535]),
    "never written numbers": ("i2", {}, [-32767, 0, 5], [NAN, 0, 5]),
    "bytes are all in use": ("u1", {}, [255, 0, 5], [255, 0, 5]),
    "negative and infinite": ("f4", {}, [-5, np.inf, -np.inf, -1e-9, 5], [NAN, NAN, NAN, 0, 5]),
    "packed zero": ("i2", {"scale_factor": 0.1, "add_offset": -0.3}, [3, 5, 2], [0, 0.2, NAN]),
}


@pytest.mark.parametrize("case", MASKS)
@pytest.mark.parametrize("layout", ["contiguous", "classic"])
def test_what_is_missing(file: Path, case: str, layout: str) -> None:
    kind, told, codes, expected = MASKS[case]
    if layout == "classic" and kind[0] == "u":
        pytest.skip("the classic format has no unsigned numbers")
    write(file, masked(kind, told, codes)[0], layout)
    np.testing.assert_allclose(first(file), [expected], rtol=1e-6, atol=1e-9)


def test_infinite_depth_is_missing(file: Path) -> None:
    told = {"units": "m", "standard_name": "flood_water_thickness"}
    write(file, masked("f4", told, [np.inf, -np.inf, 0.5])[0])
    np.testing.assert_array_equal(depths(file)[0].read(), [[NAN, NAN, 0.5]])


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"scale_factor": 0.0}, "scale_factor 0 and add_offset 0 make no values"),
        ({"add_offset": np.inf}, "make no values"),
        ({"missing_value": "none"}, "its missing_value is 'none', no number"),
    ],
)
def test_packing_that_is_none(file: Path, told: dict[str, Any], message: str) -> None:
    write(file, masked("i2", told, [0, 1])[0])
    with pytest.raises(PluvialError, match=re.escape(message)):
        first(file)


@pytest.mark.parametrize("variable", [RAIN, DEPTH], ids=["rain", "depth"])
@pytest.mark.parametrize("crs", ["EPSG:27700", ""])
def test_frames_of_pluvial(file: Path, variable: Any, crs: str) -> None:
    """Several steps lie in a chunk; a step that is missing is one of missing cells."""
    grid = Grid(5, 7, 50, 100, 200, crs)
    given = [np.random.default_rng(n).random(grid.shape) * 3 for n in range(4)]
    entries = [Regular(n, values, Status.OBSERVED) for n, values in enumerate(given)]
    entries[2] = Regular(2, None, Status.MISSING)
    times = NOON + 300 * np.arange(4)
    write_period(file, entries, variable=variable, grid=grid, times=times, provenance=dict)
    fields = read(file) if variable is RAIN else depths(file)
    assert [field.time for field in fields] == list(times)
    assert {field.grid for field in fields} == {grid}
    for number, (field, values) in enumerate(zip(fields, given, strict=True)):
        expected = (
            np.full(grid.shape, np.nan)
            if number == 2
            else unpack(pack(values, variable)[0], variable)
        )
        np.testing.assert_array_equal(field.read(), expected)


def test_one_step_is_read_at_a_time(file: Path) -> None:
    """Of a cube of 40 MB, no more memory than that of a few steps is taken."""
    values = np.random.default_rng(1).random((80, 256, 256), np.float32) * 9
    for layout in ("contiguous", "deflate", "records"):
        write(file, cube(values), layout)
        tracemalloc.start()
        fields = read(file)
        np.testing.assert_array_equal(fields[77].read(), values[77])
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < values.nbytes / 4, layout


def test_steps_in_one_chunk_are_inflated_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(1).random((12, 20, 20), np.float32)
    with h5py.File(write(file, cube(values)), "r+") as handle:
        attributes = dict(handle["rain"].attrs)
        del handle["rain"]
        rain = handle.create_dataset("rain", data=values, chunks=(5, 20, 20), compression="gzip")
        rain.attrs.update({k: v for k, v in attributes.items() if k != "DIMENSION_LIST"})
        for axis, name in enumerate(("time", "y", "x")):
            rain.dims[axis].attach_scale(handle[name])
    counted = []
    inflate = stored_module.Stored._inflated

    def counting(*arguments: Any) -> bytes:
        counted.append(arguments[1])
        return inflate(*arguments)

    monkeypatch.setattr(stored_module.Stored, "_inflated", counting)
    for field, expected in zip(read(file), values, strict=True):
        np.testing.assert_array_equal(field.read(), expected)
    assert counted == [(0, 0, 0), (5, 0, 0), (10, 0, 0)]
    # Where they are too large to be kept, each time.
    monkeypatch.setattr(stored_module, "BLOCK_BYTES", 1000)
    field = read(file)[7]
    for _ in range(2):
        np.testing.assert_array_equal(field.read(), values[7])
    assert counted[3:] == [(5, 0, 0), (5, 0, 0)]


def test_plain_gzip_and_tar_are_alike(file: Path, tmp_path: Path) -> None:
    for layout in ("deflate", "classic"):
        content = write(file, cube(), layout).read_bytes()
        packed = tmp_path / "rain.nc.gz"
        packed.write_bytes(gzip.compress(content))
        archive = tmp_path / "rain.tar"
        with tarfile.open(archive, "w") as tar:
            for name, data in (("a.nc", content), ("b.nc.gz", packed.read_bytes())):
                member = tarfile.TarInfo(name)
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
        section = NetcdfRain(format="netcdf", files="*")
        entries = [Entry(packed), *entries_of(archive)]
        fields = [field for entry in entries for field in section.fields(entry)]
        assert [field.time for field in fields] == [NOON, NOON + 300] * 3
        for number, field in enumerate(fields):
            assert field.grid == Grid(3, 4, 1000, 0, 0, "EPSG:27700")
            assert field.read()[0, 0] == 12 * (number % 2)


def word(number: int, size: int = 4) -> bytes:
    return number.to_bytes(size)


def filled(content: bytes) -> bytes:
    return content + bytes(-len(content) % 4)


def classic(
    version: int,
    *,
    records: int | None = None,
    kind: int = 5,
    tag: int = 11,
    start: int | None = None,
    content: bytes | None = None,
) -> bytes:
    """A file of one variable of records (time, y, x) beside its coordinates, octet by octet."""
    counts, offsets = {1: (4, 4), 2: (4, 8), 5: (8, 8)}[version]

    def name(text: str) -> bytes:
        return word(len(text), counts) + filled(text.encode())

    def listed(mark: int, *items: bytes) -> bytes:
        return word(mark) + word(len(items), counts) + b"".join(items)

    def told(**texts: str) -> bytes:
        return listed(12, *(name(key) + word(2) + name(text) for key, text in texts.items()))

    dimensions = listed(
        10, *(name(key) + word(size, counts) for key, size in (("time", 0), ("y", 3), ("x", 4)))
    )
    values = np.arange(24, dtype=">f4").reshape(2, 3, 4)
    y, x = np.array([2500, 1500, 500], ">f8"), np.array([500, 1500, 2500, 3500], ">f8")
    stamps = np.array([0, 300], ">i4")

    def header(at: int) -> bytes:
        variables = [
            ("y", (1,), told(units="m"), 6, 24, at),
            ("x", (2,), told(units="m"), 6, 32, at + 24),
            ("time", (0,), told(units=SINCE_NOON), 4, 4, at + 56),
            ("rain", (0, 1, 2), told(**RATE), kind, 48, at + 60 if start is None else start),
        ]
        found = b"CDF" + bytes([version]) + word(2 if records is None else records, counts)
        found += dimensions + word(0) + word(0, counts) + word(tag) + word(4, counts)
        for key, dims, attributes, type_number, size, begin in variables:
            found += name(key) + word(len(dims), counts)
            found += b"".join(word(number, counts) for number in dims) + attributes
            found += word(type_number) + word(size, counts) + word(begin, offsets)
        return found

    if content is None:
        content = b"".join(stamps[n : n + 1].tobytes() + values[n].tobytes() for n in range(2))
    return header(len(header(0))) + y.tobytes() + x.tobytes() + content


@pytest.mark.parametrize("version", [1, 2, 5])
def test_classic_formats(file: Path, version: int) -> None:
    """With the number of records told, and with a stream's, where their end tells it."""
    streaming = (1 << (64 if version == 5 else 32)) - 1
    for records in (streaming, 2):
        file.write_bytes(classic(version, records=records))
        fields = read(file)
        assert [field.time for field in fields] == [NOON, NOON + 300]
        np.testing.assert_array_equal(fields[1].read(), np.arange(12.0, 24).reshape(3, 4))
        assert fields[0].grid == Grid(3, 4, 1000, 0, 0)
    if version < 5:
        with warnings.catch_warnings(), xr.open_dataset(file, engine="scipy") as oracle:
            assert oracle["rain"].to_numpy()[1, 2, 3] == 23


def test_records_of_one_variable_alone(file: Path) -> None:
    """Nothing tells their times, unless there is only one."""
    values = np.arange(30, dtype=np.int8).reshape(2, 3, 5)
    scalars = cube(values, time=None, times=[0, 0]).drop_vars("time")
    write(file, scalars, "records")
    with pytest.raises(PluvialError, match="tells no time"):
        read(file)
    write(file, scalars.isel(time=[1]), "records")
    np.testing.assert_array_equal(first(file), values[1])


CLASSIC_FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "type": ({"kind": 77}, "values of the type 77"),
    "list": ({"tag": 10}, "its header is damaged"),
    "cut off": ({"content": bytes(60)}, "it ends before chunk"),
    "far away": ({"start": (1 << 31) - 1}, "it ends before chunk"),
}


@pytest.mark.parametrize("fault", CLASSIC_FAULTS)
def test_classic_files_that_are_damaged(file: Path, fault: str) -> None:
    keys, message = CLASSIC_FAULTS[fault]
    file.write_bytes(classic(1, **keys))
    with pytest.raises(PluvialError, match=message):
        [field.read() for field in read(file)]


def test_more_records_than_there_are(file: Path) -> None:
    """No memory is taken for what is promised."""
    file.write_bytes(classic(1, records=1 << 30))
    tracemalloc.start()
    with pytest.raises(PluvialError, match="cells is impossible|ends before"):
        read(file)
    file.write_bytes(classic(1, records=1 << 20))
    with pytest.raises(PluvialError, match="too short for the 1048576 chunks of time"):
        read(file)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4e6


@pytest.mark.parametrize(
    "content", [b"", b"CDF", b"CDF\x01", b"CDF\x03" + bytes(40), b"\x89HDF\r\n\x1a\n", b"words"]
)
def test_no_netcdf(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(
        PluvialError, match="is empty|it is no NetCDF|it ends in its header|cannot read it"
    ):
        read(file)


def test_an_hdf5_that_is_no_netcdf(file: Path) -> None:
    """Its arrays have no dimensions."""
    with h5py.File(file, "w") as handle:
        handle.create_dataset("rain", data=np.zeros((3, 4))).attrs.update(RATE)
        handle.create_dataset("words", data="dry")
        handle.create_dataset("nothing", data=h5py.Empty("f4"))
        handle.create_group("group")
    with pytest.raises(PluvialError, match="its dimension  has no coordinates"):
        read(file)


def test_values_that_were_never_written(file: Path) -> None:
    with h5py.File(write(file, cube()), "r+") as handle:
        attributes = {k: v for k, v in handle["rain"].attrs.items() if k != "DIMENSION_LIST"}
        del handle["rain"]
        rain = handle.create_dataset("rain", (2, 3, 4), "f4", chunks=(1, 3, 4))
        rain[0] = 1
        rain.attrs.update(attributes)
        for axis, name in enumerate(("time", "y", "x")):
            rain.dims[axis].attach_scale(handle[name])
    fields = read(file)
    assert fields[0].read().sum() == 12
    with pytest.raises(PluvialError, match=re.escape("chunk (1, 0, 0) of rain is not in it")):
        fields[1].read()


def test_cut_off_files(file: Path) -> None:
    """Wherever it ends, it is our error."""
    for layout in ("contiguous", "deflate", "classic", "records"):
        content = write(file, cube(), layout).read_bytes()
        for end in range(0, len(content) - 4, 61):
            file.write_bytes(content[:end])
            with pytest.raises(PluvialError):
                [field.read() for field in read(file)]


@cache
def whole(path: Path, layout: str) -> bytes:
    """A good file of bounds, packed and masked values."""
    told = {"scale_factor": 0.5, "_FillValue": np.int16(-1), "valid_range": np.array([0, 9], "i2")}
    values = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    bounded = {"bounds": "time_bnds"}
    return write(path, cube(values, told, time=bounded, time_bnds=BOUNDS), layout).read_bytes()


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=400, deadline=None
)
@given(data=st.data(), layout=st.sampled_from(list(LAYOUTS)))
def test_only_our_error_escapes(tmp_path: Path, data: st.DataObject, layout: str) -> None:
    """Any mutation of a good file is read, or refused with our error."""
    path = tmp_path / "mutant.nc"
    good = whole(path, layout)
    used = np.flatnonzero(np.frombuffer(good, np.uint8))
    start = int(data.draw(st.sampled_from(used)))
    end = data.draw(st.integers(start, min(len(good), start + 8)))
    path.write_bytes(good[:start] + data.draw(st.binary(max_size=8)) + good[end:])
    try:
        for field in read(path):
            assert field.read().shape == field.grid.shape
    except PluvialError:
        pass


def test_impossible_sizes_in_hdf5(file: Path) -> None:
    """A coordinate and a field of a million million cells, of which there is nothing."""
    with h5py.File(write(file, cube()), "r+") as handle:
        attributes = dict(handle["rain"].attrs)
        del handle["rain"], handle["x"]
        x = handle.create_dataset("x", (1 << 40,), "f8", chunks=(1 << 20,), compression="gzip")
        x.attrs.update(X)
        x.make_scale("x")
        rain = handle.create_dataset("rain", (2, 3, 1 << 40), "f4", chunks=(1, 3, 1 << 20))
        rain.attrs.update({k: v for k, v in attributes.items() if k != "DIMENSION_LIST"})
        for axis, name in enumerate(("time", "y", "x")):
            rain.dims[axis].attach_scale(handle[name])
    tracemalloc.start()
    with pytest.raises(PluvialError, match="is impossible"):
        read(file)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 32 << 20


def test_a_heap_without_end_is_refused(file: Path) -> None:
    """The references to dimensions lie in the global heap."""
    content = bytearray(write(file, cube()).read_bytes())
    heap = content.index(b"GCOL")
    content[heap + 16 : heap + 32] = struct.pack("<HHIQ", 0, 0, 0, 0)
    file.write_bytes(content)
    with pytest.raises(PluvialError, match="its global heap is damaged"):
        read(file)


@pytest.mark.realdata
def test_composites_of_the_bureau_of_meteorology(root: Path) -> None:
    """Values, what is missing and times by xarray; the place by GDAL."""
    folder = Path(os.environ.get("PLUVIAL_DATA", root.parent / "shared" / "data"))
    paths = sorted((folder / "radar" / "netcdf").glob("66_*.prcp-c10.nc"))
    if not paths:
        pytest.skip(f"the real data is not at {folder} (set PLUVIAL_DATA)")
    start = int(datetime(2020, 10, 30, 23, 50, tzinfo=UTC).timestamp())
    for number, path in enumerate(paths):
        (field,) = read(path)
        with xr.open_dataset(path) as oracle:
            amounts = oracle["precipitation"].to_numpy().astype(np.float64)
            began = oracle["start_time"].to_numpy().astype("datetime64[s]").astype(int)
        assert field.time == began == start + 600 * number
        found = field.read()
        np.testing.assert_array_equal(np.isnan(found), np.isnan(amounts) | (amounts < 0))
        rain = ~np.isnan(found)
        np.testing.assert_allclose(found[rain], amounts[rain] * 6, rtol=1e-6)
        with rasterio.open(f'NETCDF:"{path}":precipitation') as dataset:
            bounds, crs = tuple(dataset.bounds), dataset.crs
        grid = field.grid
        assert (grid.west, grid.south, grid.east, grid.north) == bounds
        assert (grid.shape, grid.cell) == ((512, 512), 500)
        points = [-128000.0, 90000.0], [-128000.0, 128000.0]
        ours = transform(CRS.from_string(grid.crs), geodetic(grid.crs), *points)
        np.testing.assert_allclose(ours, transform(crs, geodetic(crs.to_wkt()), *points), atol=1e-9)
