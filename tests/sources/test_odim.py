"""ODIM HDF5, written here with h5py after the standard; placed and read by GDAL as well."""

from __future__ import annotations

import gzip
import io
import os
import re
import struct
import tarfile
import tracemalloc
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import rasterio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pluvial.errors import PluvialError
from pluvial.grids.grid import Grid
from pluvial.sources.entries import Entry, entries_of
from pluvial.sources.odim import OdimRain
from pluvial.sources.source import Field
from pydantic import ValidationError
from rasterio.crs import CRS
from rasterio.errors import NotGeoreferencedWarning
from rasterio.warp import transform

OSGB = (
    "+proj=tmerc +lat_0=49 +lon_0=-2 +k=0.9996012717 +x_0=400000 +y_0=-100000 +ellps=airy +units=m"
)
OPERA = "+proj=laea +lat_0=55.0 +lon_0=10.0 +x_0=1950000.0 +y_0=-2100000.0 +units=m +ellps=WGS84"
SWISS = (
    "+proj=somerc +lat_0=46.9524056 +lon_0=7.43958333 +x_0=600000 +y_0=200000 +ellps=bessel "
    "+towgs84=674.374,15.056,405.346,0,0,0,0 +units=m"
)
BESSEL = "+proj=longlat +ellps=bessel +towgs84=674.374,15.056,405.346,0,0,0,0"
NOON = int(datetime(2024, 6, 1, 12, tzinfo=UTC).timestamp())

WHAT: dict[str, Any] = {"gain": 1.0, "offset": 0.0, "nodata": -1.0, "undetect": 0.0}
PERIOD = {
    "startdate": "20240601",
    "starttime": "115500",
    "enddate": "20240601",
    "endtime": "120000",
}


def place(
    shape: tuple[int, int],
    projdef: str = OSGB,
    cell: float = 1000.0,
    west: float = -405000.0,
    south: float = -625000.0,
    source: str = "EPSG:4326",
) -> dict[str, Any]:
    """Attributes of `where` for a grid; its corners as longitudes and latitudes of ``source``."""
    rows, cols = shape
    east, north = west + cols * cell, south + rows * cell
    corners = {"LL": (west, south), "UL": (west, north), "UR": (east, north), "LR": (east, south)}
    longitudes, latitudes = transform(
        CRS.from_string(projdef), CRS.from_string(source), *zip(*corners.values(), strict=True)
    )
    told: dict[str, Any] = {"projdef": projdef, "xsize": cols, "ysize": rows}
    told |= {"xscale": cell, "yscale": cell}
    for corner, lon, lat in zip(corners, longitudes, latitudes, strict=True):
        told |= {f"{corner}_lon": lon, f"{corner}_lat": lat}
    return told


def odim(
    path: Path,
    *images: tuple[str, Any] | tuple[str, Any, dict[str, Any]],
    where: dict[str, Any] | None = None,
    what: dict[str, Any] | None = None,
    inner: bool = False,
    stored: Callable[[Any], Any] = lambda value: (
        np.bytes_(value) if isinstance(value, str) else value
    ),
    **layout: Any,
) -> Path:
    """An ODIM file.

    Args:
        path: the file to make.
        images: quantity, stored values and further attributes of each; an attribute None is left
            out.
        where: attributes of the root's `where`; left out, the Met Office's south-west corner.
        what: attributes of the root's `what` besides the usual ones.
        inner: whether the attributes of an image stand in its own `what`, not in its dataset's.
        stored: makes what is stored of an attribute.
        layout: keys of h5py's create_dataset.
    """
    if where is None:
        where = place(np.shape(images[0][1]))
    usual = {"object": "COMP", "version": "H5rad 2.3", "date": "20240601", "time": "120000"}
    groups: dict[str, dict[str, Any]] = {"where": where, "what": usual | (what or {})}
    for number, (quantity, _, *further) in enumerate(images, start=1):
        name = f"dataset{number}/" + ("data1/" if inner else "") + "what"
        groups[name] = {"quantity": quantity} | WHAT | PERIOD | (further[0] if further else {})
    with h5py.File(path, "w") as file:
        file.attrs["Conventions"] = np.bytes_("ODIM_H5/V2_3")
        for name, attributes in groups.items():
            group = file.create_group(name)
            for key, value in attributes.items():
                if value is not None:
                    group.attrs[key] = stored(value)
        for number, (_, values, *_) in enumerate(images, start=1):
            name = f"dataset{number}/data1/data"
            file.create_dataset(name, data=np.asarray(values), **layout)
    return path


def read(path: Path, **keys: Any) -> list[Field]:
    return list(OdimRain(format="odim", files="*", **keys).fields(Entry(path)))


def values(path: Path, **keys: Any) -> np.ndarray:
    (field,) = read(path, **keys)
    return np.asarray(field.read())


def gdal(path: Path) -> tuple[np.ndarray, tuple[float, ...], CRS]:
    """Stored values, bounds and CRS of the first image; GDAL places none that is small."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(f'HDF5:"{path}"://dataset1/data1/data') as dataset:
            return dataset.read(1), tuple(dataset.bounds), dataset.crs


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "rain.h5"


RATES = np.array([[0, 0.5, -1], [2, 128, 0.25]], np.float32)

LAYOUTS: dict[str, dict[str, Any]] = {
    "contiguous": {},
    "chunked": {"chunks": (2, 3)},
    "deflate": {"chunks": (3, 2), "compression": "gzip"},
    "shuffle": {"chunks": (2, 2), "compression": "gzip", "shuffle": True},
    "sums": {"chunks": (4, 1), "compression": "gzip", "shuffle": True, "fletcher32": True},
    "sums alone": {"chunks": (1, 4), "shuffle": True, "fletcher32": True},
}


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None
)
@given(
    data=st.data(),
    kind=st.sampled_from(["u1", "u2", "<i2", ">i2", "<f4", ">f4", "<f8"]),
    layout=st.sampled_from(list(LAYOUTS)),
    inner=st.booleans(),
)
def test_agrees_with_gdal(
    tmp_path: Path, data: st.DataObject, kind: str, layout: str, inner: bool
) -> None:
    """All kinds of numbers and layouts: values, what is missing, what is dry, and the place."""
    shape = data.draw(st.tuples(st.integers(4, 12), st.integers(4, 12)))
    stored = data.draw(arrays(kind, shape, elements=st.integers(0, 100)))
    code = {"gain": 0.25, "offset": 0.5, "nodata": 99.0, "undetect": 3.0}
    path = tmp_path / "any.h5"
    path.unlink(missing_ok=True)
    odim(path, ("RATE", stored, code), inner=inner, **LAYOUTS[layout])
    raw = gdal(path)[0].astype(np.float64)
    expected = np.where(raw == 99, np.nan, np.where(raw == 3, 0, raw / 4 + 0.5))
    (field,) = read(path)
    found = field.read()
    np.testing.assert_array_equal(found, expected.astype(np.float32))
    assert found.dtype == np.float32
    assert field.grid == Grid(*shape, 1000, -405000, -625000, "EPSG:27700")
    assert (field.time, field.name) == (NOON, "")


STEREO = "+proj=stere +lat_0=90 +lat_ts=60 +lon_0=10 +x_0=543196.8 +y_0=3622588.9 +ellps=WGS84"
GRIDS: dict[str, tuple[str, float, float, float]] = {
    "Met Office": (OSGB, 1000, -405000, -625000),
    "OPERA": (OPERA, 2000, 600000, -900000),
    "DWD": (STEREO, 250, 1500.125, -400000),
}


@pytest.mark.parametrize("name", GRIDS)
def test_lies_where_gdal_says(file: Path, name: str) -> None:
    projdef, cell, west, south = GRIDS[name]
    where = place((110, 35), projdef, cell, west, south)
    odim(file, ("RATE", np.zeros((110, 35), "u1")), where=where)
    _, bounds, crs = gdal(file)
    grid = read(file)[0].grid
    assert (grid.west, grid.south, grid.east, grid.north) == pytest.approx(bounds, abs=cell / 1000)
    assert (grid.rows, grid.cols, grid.cell) == (110, 35, cell)
    assert CRS.from_string(grid.crs) in (crs, CRS.from_epsg(27700))


def test_compact_values(file: Path) -> None:
    """HDF5 may keep small arrays in their header."""
    odim(file, ("RATE", RATES))
    with h5py.File(file, "r+") as handle:
        group = handle["dataset1/data1"]
        del group["data"]
        plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plan.set_layout(h5py.h5d.COMPACT)
        space = h5py.h5s.create_simple((2, 3))
        h5py.h5d.create(group.id, b"data", h5py.h5t.IEEE_F32LE, space, plan).write(
            h5py.h5s.ALL, h5py.h5s.ALL, RATES
        )
    np.testing.assert_array_equal(values(file), [[0, 0.5, np.nan], [2, 128, 0.25]])


STORED: dict[str, Callable[[Any], Any]] = {
    "bytes and scalars": lambda v: np.bytes_(v) if isinstance(v, str) else v,
    "text of any length": lambda v: v,
    "arrays of one": lambda v: np.array([np.bytes_(v) if isinstance(v, str) else v]),
    "arrays of one text": lambda v: np.array([v], object) if isinstance(v, str) else [v],
    "padded with zeros": lambda v: np.array(v, "S120") if isinstance(v, str) else np.float32(v),
}


@pytest.mark.parametrize("way", STORED)
@pytest.mark.parametrize("inner", [False, True])
def test_attributes_however_they_are_stored(file: Path, way: str, inner: bool) -> None:
    odim(file, ("RATE", RATES), inner=inner, stored=STORED[way])
    (field,) = read(file)
    assert field.grid == Grid(2, 3, 1000, -405000, -625000, "EPSG:27700")
    np.testing.assert_array_equal(field.read(), [[0, 0.5, np.nan], [2, 128, 0.25]])


def test_the_inner_attribute_holds(file: Path) -> None:
    odim(file, ("RATE", RATES, {"gain": 3.0}))
    with h5py.File(file, "r+") as handle:
        handle.create_group("dataset1/data1/what").attrs["gain"] = 2.0
        handle["where"].attrs["xsize"] = 99
        handle.create_group("dataset1/where").attrs["xsize"] = 3
    np.testing.assert_array_equal(values(file), [[0, 1, np.nan], [4, 256, 0.5]])


def test_the_composite_of_the_met_office(file: Path) -> None:
    """Its grid, as NIMROD has it: -1 is missing, 0 dry."""
    rates = np.zeros((2175, 1725), np.float32)
    rates[0, 0], rates[-1, -1], rates[5] = 7.5, 128, -1
    odim(file, ("RATE", rates), compression="gzip", shuffle=True)
    (field,) = read(file)
    assert field.grid == Grid(2175, 1725, 1000, -405000, -625000, "EPSG:27700")
    assert (field.grid.east, field.grid.north) == (1320000, 1550000)
    np.testing.assert_array_equal(field.read(), np.where(rates < 0, np.nan, rates))


def test_the_composite_of_opera(file: Path) -> None:
    """Its corners as the files tell them; undetect is dry, nodata is not."""
    where = {"projdef": OPERA, "xsize": 19, "ysize": 22, "xscale": 200000.0, "yscale": 200000.0}
    where |= {"LL_lon": -10.434576838640398, "LL_lat": 31.746215319325056}
    where |= {"UR_lon": 57.81196475014995, "UR_lat": 67.62103710275053}
    rates = np.full((22, 19), -8888000.0)
    rates[0], rates[1, 0] = -9999000.0, 3.25
    code = {"nodata": -9999000.0, "undetect": -8888000.0}
    odim(file, ("RATE", rates, code), where=where)
    (field,) = read(file)
    assert (field.grid.west, field.grid.south, field.grid.east) == (0, -4400000, 3800000)
    assert CRS.from_string(field.grid.crs) == CRS.from_string(OPERA)
    found = field.read()
    assert np.isnan(found[0]).all()
    assert found[1, 0] == 3.25
    assert (found[1:].sum(), np.isnan(found[1:]).sum()) == (3.25, 0)


def test_which_quantity(file: Path) -> None:
    layers = [("QIND", RATES), ("TH", RATES), ("DBZH", RATES), ("ACRR", RATES), ("RATE", RATES)]
    rates = np.where(RATES < 0, np.nan, RATES)
    amounts = rates * 12
    for number, expected in ((5, rates), (4, amounts)):
        file.unlink(missing_ok=True)
        found = values(odim(file, *layers[:number]))
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(values(file, quantity="ACRR"), amounts)
    with pytest.raises(PluvialError, match="it holds ACRR, DBZH, QIND, TH, not RATE"):
        read(file, quantity="RATE")
    file.unlink()
    with pytest.raises(PluvialError, match="QIND, not RATE or ACRR or DBZH or TH"):
        read(odim(file, ("QIND", RATES)))
    with pytest.raises(ValidationError, match="quantity"):
        OdimRain(format="odim", files="*", quantity="VRADH")


def test_reflectivity_becomes_rain(file: Path) -> None:
    """By Marshall and Palmer's relation at its closed form, cut at the cap and at the least."""
    stored = np.array([[0, 1, 77, 110, 202, 255]], np.uint8)
    code = {"gain": 0.5, "offset": -32.0, "nodata": 255.0, "undetect": 0.0}
    odim(file, ("DBZH", stored, code))
    marshall = (10 ** (23 / 10) / 200) ** (1 / 1.6)
    assert marshall == pytest.approx(1, abs=2e-3)
    capped = (10 ** (53 / 10) / 200) ** (1 / 1.6)
    np.testing.assert_allclose(values(file), [[0, 0, 0, marshall, capped, np.nan]], rtol=1e-6)
    other = {"a": 316, "b": 1.5, "cap_dbz": 90, "least_dbz": -40}
    dbz = np.array([[np.nan, -31.5, 6.5, 23, 69, np.nan]])
    expected = (10 ** (dbz / 10) / 316) ** (1 / 1.5)
    expected[0, 0] = 0
    np.testing.assert_allclose(values(file, reflectivity=other), expected, rtol=1e-6)
    file.unlink()
    infinite = np.array([[np.inf, -np.inf, np.nan, 23]], np.float32)
    odim(file, ("TH", infinite))
    np.testing.assert_allclose(values(file), [[np.nan, 0, np.nan, marshall]], rtol=1e-6)


def test_an_amount_bears_its_start(file: Path) -> None:
    period = PERIOD | {"startdate": "20240531", "starttime": "234500", "enddate": "20240601"}
    odim(file, ("ACRR", RATES, period | {"endtime": "000000"}))
    (field,) = read(file)
    assert field.time == NOON - 12 * 3600 - 15 * 60
    np.testing.assert_array_equal(field.read(), np.where(RATES < 0, np.nan, RATES * 4))


def test_several_times_in_a_file(file: Path) -> None:
    """Each image bears its own start; ten come after two."""
    times = [PERIOD | {"starttime": f"12{5 * n:02}00"} for n in range(11)]
    odim(file, *(("RATE", RATES + n + 2, time) for n, time in enumerate(times)))
    fields = read(file)
    assert [field.time for field in fields] == [NOON + 300 * n for n in range(11)]
    assert [field.read()[0, 0] for field in fields] == [2 + n for n in range(11)]
    assert fields[10].name == "#dataset11/data1"


def test_several_images_of_one_time(file: Path) -> None:
    with pytest.raises(PluvialError, match="several images of DBZH of the same time"):
        read(odim(file, ("DBZH", RATES), ("DBZH", RATES)))


def test_a_rate_bears_the_nominal_time(file: Path) -> None:
    """The scans of a composite lie around it; its start may be missing."""
    odim(file, ("RATE", RATES, {"starttime": None, "endtime": None}), what={"time": "121500"})
    assert read(file)[0].time == NOON + 900


CODES: dict[str, tuple[dict[str, Any], dict[str, Any], list[float]]] = {
    "as the file says": ({}, {}, [np.nan, 0, 1, 254, 255]),
    "gain and offset left out": ({"gain": None, "offset": None}, {}, [np.nan, 0, 1, 254, 255]),
    "no number is nodata": ({"nodata": np.nan}, {}, [-1, 0, 1, 254, 255]),
    "keys": (
        {"nodata": None, "undetect": None},
        {"nodata": 255, "undetect": 254},
        [-1, 0, 1, 0, np.nan],
    ),
    "undetect is not its value": ({"gain": 2.0, "offset": 7.0}, {}, [np.nan, 0, 9, 515, 517]),
    "nodata beyond the type": ({"nodata": 1e300}, {}, [-1, 0, 1, 254, 255]),
}


@pytest.mark.parametrize("case", CODES)
def test_codes(file: Path, case: str) -> None:
    further, keys, expected = CODES[case]
    odim(file, ("RATE", np.array([[-1, 0, 1, 254, 255]], np.float32), further))
    rates = np.array([expected], dtype=float)
    rates[rates < 0] = np.nan
    np.testing.assert_array_equal(values(file, **keys), rates)


def test_what_is_no_rate_is_missing(file: Path) -> None:
    """Infinite and negative rates; not what the coding makes of zero."""
    stored = np.array([[np.inf, -np.inf, -5, -1e-9, np.nan, 3]], np.float32)
    np.testing.assert_array_equal(
        values(odim(file, ("RATE", stored))), [[np.nan, np.nan, np.nan, 0, np.nan, 3]]
    )


@pytest.mark.parametrize("source", ["EPSG:4326", BESSEL])
def test_corners_on_either_datum(file: Path, source: str) -> None:
    """By WGS 84, or by the datum of the projection itself, which lies 100 m off."""
    where = place((600, 700), SWISS, 1000, 255000, -160000, source)
    odim(file, ("RATE", np.zeros((600, 700), "u1")), where=where)
    grid = read(file)[0].grid
    assert (grid.west, grid.south) == pytest.approx((255000, -160000), abs=0.5)


def test_a_projection_in_kilometres(file: Path) -> None:
    where = place((3, 4), OPERA, 2000, 600000, -900000)
    where |= {"projdef": OPERA.replace("units=m", "units=km"), "xscale": 2.0, "yscale": 2.0}
    grid = read(odim(file, ("RATE", np.zeros((3, 4), "u1")), where=where))[0].grid
    assert (grid.cell, grid.west, grid.south) == (2000, 600000, -900000)
    assert CRS.from_string(grid.crs) == CRS.from_string(OPERA)


def test_longitude_and_latitude(file: Path) -> None:
    where = place((3, 4), "+proj=longlat +datum=WGS84", 0.01, -5.1, 50.2)
    grid = read(odim(file, ("RATE", np.zeros((3, 4), "u1")), where=where))[0].grid
    assert grid == Grid(3, 4, 0.01, -5.1, 50.2, "EPSG:4326")


def test_corners_told_to_a_few_digits(file: Path) -> None:
    where = place((50, 40))
    where |= {key: round(where[key], 4) for key in where if key[2:] in ("_lon", "_lat")}
    grid = read(odim(file, ("RATE", np.zeros((50, 40), "u1")), where=where))[0].grid
    assert (grid.west, grid.south) == pytest.approx((-405000, -625000), abs=15)


def off_by(shape: tuple[int, int], **corners: float) -> dict[str, Any]:
    """`where` with corners of another grid."""
    return place(shape) | {
        key: value
        for key, value in place((shape[0] - 1, shape[1] - 1), **corners).items()
        if key[2:] in ("_lon", "_lat")
    }


SHAPE = (2, 3)
MISPLACED: dict[str, tuple[dict[str, Any], str]] = {
    "corners are centres": (off_by(SHAPE, west=-404500, south=-624500), "corners lie 1 cells off"),
    "cells not square": (place(SHAPE) | {"yscale": 1001.0}, "cells of 1000 x 1001 are not square"),
    "no size of cells": (place(SHAPE) | {"xscale": 0.0}, "not square"),
    "cells of no size": (place(SHAPE) | {"xscale": np.nan, "yscale": np.nan}, "not square"),
    "no projection": (place(SHAPE) | {"projdef": "+proj=none"}, "is no coordinate reference"),
    "words": (place(SHAPE) | {"projdef": "British National Grid"}, "is no coordinate reference"),
    "a small Earth": (
        place(SHAPE) | {"projdef": "+proj=stere +lat_0=90 +a=6378.1 +b=6356.7"},
        "is not in metres",
    ),
    "feet": (place(SHAPE) | {"projdef": OSGB.replace("=m", "=us-ft")}, "is not in metres"),
    "corner beyond the pole": (place(SHAPE) | {"LL_lat": 100.0}, "cannot be projected|cells off"),
    "corner is no number": (place(SHAPE) | {"LL_lat": np.nan}, "cannot be projected|cells off"),
    "no corner": (place(SHAPE) | {"UR_lon": None}, "where/UR_lon is missing"),
    "no projdef": (place(SHAPE) | {"projdef": None}, "where/projdef is missing"),
    "another size": (place(SHAPE) | {"ysize": 3}, "its data are no numbers of 3 x 3 cells"),
    "text as size": (place(SHAPE) | {"ysize": "2"}, "where/ysize is missing, or no number"),
}


@pytest.mark.parametrize("fault", MISPLACED)
def test_misplaced_images_are_named(
    file: Path, fault: str, capfd: pytest.CaptureFixture[str]
) -> None:
    where, message = MISPLACED[fault]
    odim(file, ("RATE", RATES), where=where)
    with pytest.raises(PluvialError, match=message) as raised:
        read(file)
    assert str(file) in str(raised.value)
    assert capfd.readouterr().err == ""


DESCRIBED: dict[str, tuple[str, dict[str, Any], dict[str, Any], str]] = {
    "no nodata": ("RATE", {"nodata": None}, {}, "what/nodata is missing"),
    "no undetect": ("RATE", {"undetect": None}, {}, "what/undetect is missing"),
    "one code for both": ("RATE", {"nodata": 0.0}, {}, "0 would stand for missing and for no rain"),
    "no gain": ("RATE", {"gain": 0.0}, {}, "gain 0 and offset 0 make no values"),
    "gain is no number": ("RATE", {"gain": np.nan}, {}, "make no values"),
    "two gains": ("RATE", {"gain": [1.0, 2.0]}, {}, "what/gain is missing, or no number"),
    "amount of no time": ("ACRR", {"starttime": "120000"}, {}, "fell in 0 s"),
    "amount without start": ("ACRR", {"starttime": None}, {}, "what/starttime is missing"),
    "no date": ("RATE", {}, {"date": "20240631"}, "'20240631120000' is no date and time"),
    "short time": ("RATE", {}, {"time": "1200"}, "is no date and time"),
    "no time": ("RATE", {}, {"time": None}, "what/time is missing"),
    "rays": ("RATE", {}, {"object": "PVOL"}, "it holds an ODIM object PVOL"),
    "no object": ("RATE", {}, {"object": None}, "it is HDF5, but not ODIM"),
}


@pytest.mark.parametrize("fault", DESCRIBED)
def test_what_the_file_does_not_tell_is_named(file: Path, fault: str) -> None:
    quantity, further, what, message = DESCRIBED[fault]
    odim(file, (quantity, RATES, further), what=what)
    with pytest.raises(PluvialError, match=re.escape(message)):
        read(file)


def test_knmi_s_own_hdf5_is_not_odim(file: Path) -> None:
    with h5py.File(file, "w") as handle:
        handle.create_group("geographic/map_projection")
        handle.create_dataset("image1/image_data", data=np.zeros((765, 700), np.uint16))
    with pytest.raises(PluvialError, match="it is HDF5, but not ODIM"):
        read(file)


def test_no_image(file: Path) -> None:
    odim(file, ("RATE", RATES))
    with h5py.File(file, "r+") as handle:
        del handle["dataset1"]
    with pytest.raises(PluvialError, match="it holds no image"):
        read(file)


@pytest.mark.parametrize("content", [b"", b"\x89HDF\r\n", b"CDF\x01", b"\x1f\x8bnothing"])
def test_no_hdf5(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(PluvialError, match="is empty|no HDF5|breaks in the middle"):
        read(file)


def test_plain_gzip_and_tar_are_alike(file: Path, tmp_path: Path) -> None:
    content = odim(file, ("RATE", RATES), compression="gzip", chunks=(1, 2)).read_bytes()
    packed = tmp_path / "rain.h5.gz"
    packed.write_bytes(gzip.compress(content))
    archive = tmp_path / "rain.tar"
    with tarfile.open(archive, "w") as tar:
        for name, data in (("a.h5", content), ("b.h5.gz", packed.read_bytes())):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    section = OdimRain(format="odim", files="*")
    fields = [
        field for entry in [Entry(packed), *entries_of(archive)] for field in section.fields(entry)
    ]
    expected = values(file)
    assert len(fields) == 3
    for field in fields:
        assert (field.time, field.grid) == (NOON, read(file)[0].grid)
        np.testing.assert_array_equal(field.read(), expected)


def test_what_lies_in_other_files_is_not_read(file: Path, tmp_path: Path) -> None:
    """By links, as external storage, or as a virtual dataset."""
    other = odim(tmp_path / "other.h5", ("RATE", RATES))
    odim(file, ("RATE", RATES))
    with h5py.File(file, "r+") as handle:
        group = handle["dataset1/data1"]
        del group["data"]
        group["data"] = h5py.ExternalLink(str(other), "/dataset1/data1/data")
    with pytest.raises(PluvialError, match="its data are no numbers"):
        read(file)
    with h5py.File(file, "r+") as handle:
        group = handle["dataset1/data1"]
        del group["data"]
        layout = h5py.VirtualLayout((2, 3), "f4")
        layout[:] = h5py.VirtualSource(str(other), "dataset1/data1/data", (2, 3))
        group.create_virtual_dataset("data", layout)
    with pytest.raises(PluvialError, match="its data are no numbers"):
        read(file)
    with h5py.File(file, "r+") as handle:
        group = handle["dataset1/data1"]
        del group["data"]
        where = [(str(other), 0, h5py.h5f.UNLIMITED)]
        group.create_dataset("data", (2, 3), "f4", external=where)
    with pytest.raises(PluvialError, match="its data are no numbers"):
        read(file)


def test_no_plain_numbers(file: Path) -> None:
    odim(file, ("RATE", np.array([[b"a", b"b"]])), where=place((1, 2)))
    with pytest.raises(PluvialError, match="its data are no numbers of 1 x 2"):
        read(file)


def refused(path: Path, message: str) -> None:
    """The header is read, the values are not; and no more memory is taken than a few MB."""
    (field,) = read(path)
    tracemalloc.start()
    with pytest.raises(PluvialError, match=message):
        field.read()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4e6


def test_filters_that_are_not_undone_are_named(file: Path) -> None:
    odim(file, ("RATE", np.zeros((20, 20), np.float32)), compression="lzf", chunks=(10, 10))
    refused(file, re.escape("packed by HDF5's filters (32000,)"))


def test_chunks_that_are_not_there(file: Path) -> None:
    odim(file, ("RATE", RATES))
    with h5py.File(file, "r+") as handle:
        group = handle["dataset1/data1"]
        del group["data"]
        data = group.create_dataset("data", (2, 3), "f4", chunks=(1, 3))
        data[0] = 1
    refused(file, re.escape("chunk (1, 0) of dataset1/data1/data is not in it"))


def test_values_that_were_never_written(file: Path) -> None:
    odim(file, ("RATE", RATES))
    with h5py.File(file, "r+") as handle:
        group = handle["dataset1/data1"]
        del group["data"]
        group.create_dataset("data", (2, 3), "f4")
    refused(file, "was never written")


def chunked(path: Path, shape: tuple[int, int], chunk: tuple[int, int], *packed: bytes) -> None:
    """A file with an array of bytes whose deflated chunks are ``packed``, one below the other."""
    path.unlink(missing_ok=True)
    odim(path, ("RATE", np.zeros((1, 1), np.uint8)), where=place(shape))
    with h5py.File(path, "r+") as handle:
        group = handle["dataset1/data1"]
        del group["data"]
        data = group.create_dataset("data", shape, "u1", chunks=chunk, compression="gzip")
        for number, part in enumerate(packed):
            data.id.write_direct_chunk((number * chunk[0], 0), part)


def test_chunks_that_lie_about_their_size(file: Path) -> None:
    """Too little for what they promise, too short, too long (a bomb), cut off, no deflate."""
    zeros = gzip.zlib.compress
    chunked(file, (8000, 8000), (8000, 8000), zeros(bytes(100)))
    refused(file, "bytes cannot hold the 64000000 that")
    chunked(file, (100, 100), (100, 100), zeros(bytes(9999)))
    refused(file, "has 9999 bytes, not 10000")
    for size in (10001, 50_000_000):
        chunked(file, (100, 100), (100, 100), zeros(bytes(size)))
        refused(file, "cut off or too long")
    chunked(file, (100, 100), (100, 100), zeros(bytes(10000))[:-6])
    refused(file, "cut off or too long")
    chunked(file, (100, 100), (100, 100), bytes(1000))
    refused(file, "cannot be inflated")
    damaged = bytearray(zeros(np.random.default_rng(1).bytes(10000)))
    damaged[5000] ^= 1
    chunked(file, (100, 100), (100, 100), bytes(damaged))
    refused(file, "cannot be inflated")


def test_a_chunk_that_has_gone_through_no_filter(file: Path) -> None:
    """HDF5 stores one as it is where packing would lengthen it."""
    odim(file, ("RATE", np.zeros((1, 1), np.uint8)), where=place((2, 3)))
    stored = np.arange(6, dtype=np.uint16).reshape(2, 3)
    with h5py.File(file, "r+") as handle:
        group = handle["dataset1/data1"]
        del group["data"]
        data = group.create_dataset(
            "data", (2, 3), "<u2", chunks=(1, 3), compression="gzip", shuffle=True
        )
        data[0] = stored[0]
        data.id.write_direct_chunk((1, 0), stored[1].tobytes(), filter_mask=3)
    np.testing.assert_array_equal(values(file), stored)


@pytest.mark.parametrize("shape", [(1 << 31, 1 << 31), (1 << 14, 1 << 13)])
def test_impossible_sizes(file: Path, shape: tuple[int, int]) -> None:
    """Size and corners agree, but no such field is there."""
    cell = 1000 / max(shape)
    odim(file, ("RATE", np.zeros((1, 1), np.uint8)))
    where = place(shape, cell=cell)
    with h5py.File(file, "r+") as handle:
        for key, value in where.items():
            handle["where"].attrs[key] = value
        group = handle["dataset1/data1"]
        del group["data"]
        group.create_dataset("data", shape, "u1", chunks=(1 << 10, 1 << 10), compression="gzip")
    refused(file, "is impossible")


def test_cut_off_files(file: Path) -> None:
    """Wherever it ends, it is our error."""
    whole = odim(file, ("RATE", np.ones((40, 40), "u2")), chunks=(10, 40), compression="gzip")
    content = whole.read_bytes()
    for end in range(0, len(content), 97):
        file.write_bytes(content[:end])
        with pytest.raises(PluvialError):
            values(file)


def test_a_heap_without_end_is_refused(file: Path) -> None:
    """libhdf5 2.0 would never return: a free object of the size 0 is followed by itself."""
    odim(file, ("RATE", RATES), stored=STORED["text of any length"])
    content = bytearray(file.read_bytes())
    heap = content.index(b"GCOL")
    at = heap + 16
    while struct.unpack_from("<H", content, at)[0]:
        (length,) = struct.unpack_from("<Q", content, at + 8)
        at += 16 + -(-length // 8) * 8
    content[at + 8 : at + 16] = bytes(8)
    file.write_bytes(content)
    with pytest.raises(PluvialError, match="its global heap is damaged"):
        read(file)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None
)
@given(data=st.data(), way=st.sampled_from(list(STORED)), packed=st.booleans())
def test_only_our_error_escapes(
    tmp_path: Path, data: st.DataObject, way: str, packed: bool
) -> None:
    """Any mutation of a good file is read, or refused with our error."""
    path = tmp_path / "mutant.h5"
    path.unlink(missing_ok=True)
    layout = {"chunks": (5, 20), "compression": "gzip", "shuffle": True} if packed else {}
    stored = np.arange(400, dtype=np.uint16).reshape(20, 20)
    content = odim(path, ("ACRR", stored), ("RATE", stored), stored=STORED[way], **layout)
    good = content.read_bytes()
    used = np.flatnonzero(np.frombuffer(good, np.uint8))
    start = int(data.draw(st.sampled_from(used)))
    end = data.draw(st.integers(start, min(len(good), start + 8)))
    path.write_bytes(good[:start] + data.draw(st.binary(max_size=8)) + good[end:])
    try:
        for field in read(path):
            assert field.read().shape == field.grid.shape
    except PluvialError:
        pass


@pytest.mark.realdata
def test_a_composite_of_opera(root: Path) -> None:
    """Values, what is missing and the place, by GDAL."""
    folder = Path(os.environ.get("PLUVIAL_DATA", root.parent / "shared" / "data"))
    path = folder / "radar" / "odim" / "T_PAAH21_C_EUOC_20180824180000.hdf"
    if not path.is_file():
        pytest.skip(f"the real data is not at {path} (set PLUVIAL_DATA)")
    raw, bounds, crs = gdal(path)
    (field,) = read(path)
    assert field.time == int(datetime(2018, 8, 24, 18, tzinfo=UTC).timestamp())
    grid = field.grid
    assert (grid.west, grid.south, grid.east, grid.north) == (0, -4400000, 3800000, 0)
    assert (grid.west, grid.south, grid.east, grid.north) == pytest.approx(bounds, abs=0.01)
    assert CRS.from_string(grid.crs) == crs
    found = field.read()
    missing, dry = raw == -9999000, raw == -8888000
    np.testing.assert_array_equal(np.isnan(found), missing)
    assert (missing.sum(), dry.sum(), (found == 0).sum()) == (2085857, 1605989, 1612044)
    assert (found[dry] == 0).all()
    np.testing.assert_array_equal(found[~missing & ~dry], raw[~missing & ~dry].astype(np.float32))
