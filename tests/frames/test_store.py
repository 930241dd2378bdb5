"""Frames files as others read them: xarray, and GDAL for the georeference."""

from __future__ import annotations

import json
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import rasterio
import xarray as xr
from pluvial.errors import PluvialError
from pluvial.frames.elevation import read_elevation, write_elevation
from pluvial.frames.gaps import Regular, Status
from pluvial.frames.series import FrameSeries
from pluvial.frames.store import FramesFile, provenance, write_period
from pluvial.frames.variables import DEPTH, MISSING, RAIN
from pluvial.grids.grid import Grid
from pluvial.grids.time_axis import Period, TimeAxis, periods

GRID = Grid(3, 2, 50.0, west=209000.0, south=89000.0, crs="EPSG:27700")
TIMES = np.array([1_092_614_400, 1_092_614_700, 1_092_615_000])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    field = np.float32([[0, 1], [2.5, np.nan], [4, 128]])
    entries = [
        Regular(0, field, Status.OBSERVED, "a.dat!one"),
        Regular(1, None, Status.MISSING, "b.dat", "cut off", Counter({"unreadable": 1})),
        Regular(2, field / 2, Status.INTERPOLATED),
    ]
    file = tmp_path / "2004-08.nc"
    summary = write_period(
        file, entries, variable=RAIN, grid=GRID, times=TIMES, provenance=lambda: {"source": "test"}
    )
    assert (summary.observed, summary.interpolated, summary.missing) == (1, 1, 1)
    return file


def test_xarray_decodes_it(path: Path) -> None:
    with xr.open_dataset(path, engine="h5netcdf") as data:
        assert data["rain"].dims == ("time", "y", "x")
        assert data["rain"].attrs["units"] == "mm h-1"
        assert str(data["time"].values[1]) == "2004-08-16T00:05:00.000000000"
        np.testing.assert_array_equal(data["y"], [89125, 89075, 89025])
        np.testing.assert_array_equal(data["x"], [209025, 209075])
        np.testing.assert_array_equal(data["rain"][0], [[0, 1], [2.5, np.nan], [4, 128]])
        assert np.isnan(data["rain"][1]).all()
        np.testing.assert_array_equal(data["frame_status"], [0, 2, 1])
        assert data["frame_status"].attrs["flag_meanings"] == "observed interpolated missing"
        assert json.loads(data.attrs["frames_account"])["missing"] == 1


def test_gdal_finds_place_and_crs(path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.open(f"netcdf:{path}:rain") as data:
            assert data.crs.to_epsg() == 27700
            assert data.bounds == (GRID.west, GRID.south, GRID.east, GRID.north)
            assert data.count == 3
            first = data.read(1, masked=True).filled(MISSING)
            np.testing.assert_array_equal(first, [[0, 32], [80, MISSING], [128, 4096]])


def test_own_reader(path: Path) -> None:
    file = FramesFile(path, RAIN)
    assert file.grid == GRID
    codes = file.read(0, 3)
    assert codes.dtype == np.uint16
    assert codes[0].tolist() == [[0, 32], [80, MISSING], [128, 4096]]
    assert (codes[1] == MISSING).all()
    assert file.status.tolist() == [0, 2, 1]
    assert file.origins == ["a.dat!one", "b.dat", ""]
    assert file.account.problems == [
        {"time": "2004-08-16T00:05Z", "origin": "b.dat", "problem": "cut off"}
    ]
    assert (file.account.given, file.account.dropped) == (2, {"unreadable": 1})


def test_same_input_same_bytes(path: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.nc"
    field = np.float32([[0, 1], [2.5, np.nan], [4, 128]])
    entries = [
        Regular(0, field, Status.OBSERVED, "a.dat!one"),
        Regular(1, None, Status.MISSING, "b.dat", "cut off", Counter({"unreadable": 1})),
        Regular(2, field / 2, Status.INTERPOLATED),
    ]
    write_period(
        again, entries, variable=RAIN, grid=GRID, times=TIMES, provenance=lambda: {"source": "test"}
    )
    assert again.read_bytes() == path.read_bytes()


def test_unknown_crs_is_named(tmp_path: Path) -> None:
    grid = Grid(1, 1, 1.0, crs="EPSG:0")
    with pytest.raises(PluvialError, match="no coordinate reference system"):
        write_period(tmp_path / "a.nc", [], variable=RAIN, grid=grid, times=TIMES, provenance=dict)
    assert not list(tmp_path.iterdir())


def test_damaged_and_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(PluvialError, match="missing"):
        FramesFile(tmp_path / "none.nc", RAIN)
    (tmp_path / "bad.nc").write_bytes(b"not HDF5")
    with pytest.raises(PluvialError, match="not a readable frames file"):
        FramesFile(tmp_path / "bad.nc", RAIN)


def test_series_reads_over_the_ends_of_files(tmp_path: Path) -> None:
    axis = TimeAxis(0, 3600, 72)
    days = periods(axis, "day")
    grid = Grid(1, 1, 100.0)
    paths = []
    for day in (days[0], days[2]):
        entries = [
            Regular(k, np.float32([[k / 10]]), Status.OBSERVED) for k in range(day.first, day.last)
        ]
        paths.append(tmp_path / f"{day.name}.nc")
        times = axis.times()[day.first : day.last]
        write_period(paths[-1], entries, variable=DEPTH, grid=grid, times=times, provenance=dict)
    with FrameSeries(paths, variable=DEPTH, axis=axis, periods=days) as series:
        codes, status = series.read(-2, 75), series.status(-2, 75)
        expected = [None, None, *range(24), *[None] * 24, *range(48, 72), *[None] * 3]
        assert [None if c == MISSING else c // 100 for c in codes[:, 0, 0].tolist()] == expected
        assert (status == Status.MISSING).tolist() == [e is None for e in expected]


def test_series_refuses_other_times(path: Path) -> None:
    axis = TimeAxis(int(TIMES[0]) + 60, 300, 3)
    with (
        FrameSeries([path], variable=RAIN, axis=axis, periods=[Period("2004-08", 0, 3)]) as series,
        pytest.raises(PluvialError, match="not those of the configured axis"),
    ):
        series.read(0, 1)


def test_elevation_round_trip(tmp_path: Path) -> None:
    elevation = np.array([[1.5, np.nan], [2, 3], [4, 5]])
    write_elevation(tmp_path / "h.nc", GRID, elevation, {"source": "test"})
    grid, found = read_elevation(tmp_path / "h.nc")
    assert grid == GRID
    np.testing.assert_array_equal(found, elevation.astype(np.float32))
    with xr.open_dataset(tmp_path / "h.nc", engine="h5netcdf") as data:
        np.testing.assert_array_equal(data["elevation"], elevation.astype(np.float32))


def test_provenance_names_files_by_digest(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    found = json.loads(provenance("test", [tmp_path / "a"], "{}")["source_files"])
    assert found[str(tmp_path / "a")].startswith("ba7816bf8f01cfea414140de5dae2223")
