"""Frames files as others read them: xarray, and GDAL for the georeference."""

from __future__ import annotations

import json
import warnings
from collections import Counter
from pathlib import Path

import h5py
import numpy as np
import pytest
import rasterio
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pluvial.config.data import CleaningConfig
from pluvial.errors import PluvialError
from pluvial.frames.elevation import read_elevation, write_elevation
from pluvial.frames.gaps import Regular, Status, regularise
from pluvial.frames.report import frames_report
from pluvial.frames.series import FrameSeries
from pluvial.frames.store import FramesFile, provenance, write_period
from pluvial.frames.variables import DEPTH, MISSING, RAIN, unpack
from pluvial.grids.grid import Grid
from pluvial.grids.time_axis import Period, TimeAxis, periods
from pluvial.sources.entries import Entry
from pluvial.sources.netcdf import NetcdfRain
from pluvial.sources.source import Fault, Frame

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


def read_as(path: Path, name: str, reader: str) -> np.ndarray:
    """Packed values as another tool has them."""
    if reader == "h5py":
        with h5py.File(path) as file:
            return np.asarray(file[name][:])
    with xr.open_dataset(path, engine=reader, mask_and_scale=False) as data:
        return data[name].to_numpy()


@pytest.mark.parametrize("reader", ["h5py", "h5netcdf"])
@pytest.mark.parametrize("shape", [(1, 1, 1), (5, 3, 4), (70, 50, 60), (2, 900, 700)])
def test_what_others_read_is_what_was_packed(
    tmp_path: Path, shape: tuple[int, int, int], reader: str
) -> None:
    """A few steps, more steps than a chunk holds, and frames larger than a chunk."""
    rng = np.random.default_rng(0)
    values = rng.integers(0, 4000, shape) / 32
    values[rng.random(shape) < 0.1] = np.nan
    entries = [Regular(k, field, Status.OBSERVED) for k, field in enumerate(values)]
    path = tmp_path / "a.nc"
    times = 300 * np.arange(shape[0])
    grid = Grid(*shape[1:], 50.0)
    write_period(path, entries, variable=RAIN, grid=grid, times=times, provenance=dict)
    expected = np.where(np.isnan(values), MISSING, values * 32).astype(np.uint16)
    np.testing.assert_array_equal(read_as(path, "rain", reader), expected)
    file = FramesFile(path, RAIN)
    np.testing.assert_array_equal(file.read(0, shape[0]), expected)
    np.testing.assert_array_equal(file.times, times)


def test_cf_conventions_by_hand(path: Path) -> None:
    """What CF 1.10 asks for: standard names, units, a grid mapping, flags; and a fill value."""
    with xr.open_dataset(path, engine="h5netcdf", decode_cf=False) as data:
        assert data.attrs["Conventions"] == "CF-1.10"
        assert data["time"].attrs["units"] == "seconds since 1970-01-01T00:00:00Z"
        assert data["time"].attrs["calendar"] == "standard"
        rain = data["rain"].attrs
        assert (rain["standard_name"], rain["units"]) == ("rainfall_rate", "mm h-1")
        assert (rain["_FillValue"], rain["scale_factor"]) == (MISSING, 1 / 32)
        assert rain["grid_mapping"] == "crs"
        for name in rain["ancillary_variables"].split():
            assert data[name].dims == ("time",)
        assert "OSGB" in data["crs"].attrs["crs_wkt"]
        for name in ("x", "y"):
            assert data[name].attrs["standard_name"] == f"projection_{name}_coordinate"


def test_a_grid_in_degrees_says_so(tmp_path: Path) -> None:
    """CF 1.10, chapter 4; our own reader of CF NetCDF takes it for the grid that it is."""
    path, grid = tmp_path / "a.nc", Grid(3, 4, 0.5, -6.0, 49.0, "EPSG:4326")
    entries = [Regular(0, np.ones(grid.shape), Status.OBSERVED)]
    write_period(path, entries, variable=RAIN, grid=grid, times=TIMES[:1], provenance=dict)
    with xr.open_dataset(path, engine="h5netcdf", decode_cf=False) as data:
        for name, axis in (
            ("x", ("longitude", "degrees_east")),
            ("y", ("latitude", "degrees_north")),
        ):
            assert (data[name].attrs["standard_name"], data[name].attrs["units"]) == axis
    (field,) = NetcdfRain(format="netcdf", files="a.nc", variable="rain").fields(Entry(path))
    assert field.grid.meets(grid)
    assert field.grid.shape == grid.shape


@pytest.mark.parametrize(
    "grid",
    [
        Grid(1, 1, 0.1, -6.05, 49.2, "EPSG:4326"),
        Grid(2, 1, 1 / 3, 1e6 / 7, -1e6 / 3, "EPSG:27700"),
        Grid(2, 3, 1000.0),
    ],
)
def test_the_grid_comes_back_exactly(tmp_path: Path, grid: Grid) -> None:
    """Also of one row and column, whose cell no coordinate tells."""
    path = tmp_path / "a.nc"
    entries = [Regular(0, np.zeros(grid.shape), Status.OBSERVED)]
    write_period(path, entries, variable=RAIN, grid=grid, times=TIMES[:1], provenance=dict)
    found = FramesFile(path, RAIN).grid
    assert (found.shape, found.cell, found.west, found.crs) == (
        grid.shape,
        grid.cell,
        grid.west,
        grid.crs,
    )
    assert found.south == pytest.approx(grid.south, rel=1e-15)


kinds = st.sampled_from(["good", "same", "other", "bad", "empty", "huge", "negative"])


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    given=st.lists(st.tuples(st.integers(0, 11), kinds, st.integers(0, 6)), max_size=25),
    longest=st.integers(0, 3),
)
def test_accounts_add_up_whatever_comes(
    tmp_path: Path, given: list[tuple[int, str, int]], longest: int
) -> None:
    """Good, equal, conflicting, unreadable, empty and out-of-range frames, in time or late."""
    axis, grid = TimeAxis(0, 300, 12), Grid(2, 2, 50.0)
    fields = {
        "good": np.float32([[1, 2], [3, np.nan]]),
        "other": np.float32([[9, 9], [9, 9]]),
        "empty": np.full((2, 2), np.nan, np.float32),
        "huge": np.float32([[1e6, 0], [np.inf, 0]]),
        "negative": np.float32([[-1, 0], [0, 0]]),
    }
    fields["same"] = fields["good"]
    frames = [
        Frame(300 * step, None, None, "x", "broken")
        if kind == "bad"
        else Frame(300 * step, grid, fields[kind], "x")
        for step, kind, _ in sorted(given, key=lambda item: item[0] + item[2])
    ]
    entries = regularise(frames, axis, longest_gap=300 * longest, where="test", tolerant=True)
    path = tmp_path / "1970-01-01.nc"
    account = write_period(
        path, entries, variable=RAIN, grid=grid, times=axis.times(), provenance=dict
    )
    assert account.given == len(frames), "every frame that came is counted"
    assert account.given == account.observed + account.empty + sum(account.dropped.values())
    assert account.observed + account.interpolated + account.missing == axis.count
    assert account.dropped.get("unreadable", 0) == sum(kind == "bad" for _, kind, _ in given)

    file = FramesFile(path, RAIN)
    counts = np.bincount(file.status, minlength=3)
    assert counts.tolist() == [account.observed, account.interpolated, account.missing]
    assert file.altered.sum() == sum(account.corrections.values())
    assert file.account == account
    missing = (file.read(0, 12) == MISSING).all(axis=(1, 2))
    np.testing.assert_array_equal(missing, file.status == Status.MISSING)
    report = frames_report([path], [])
    assert report["rain"]["given"] == len(frames)
    file.close()


def test_corrections_are_counted_by_reason_and_frame(tmp_path: Path) -> None:
    field = np.float32([[-1, 5000], [np.inf, 0]])
    fields = [np.zeros((2, 2), np.float32), field, field]
    entries = [Regular(k, values, Status.OBSERVED) for k, values in enumerate(fields)]
    path, grid = tmp_path / "a.nc", Grid(2, 2, 50.0)
    account = write_period(
        path,
        entries,
        variable=RAIN,
        grid=grid,
        times=TIMES,
        cleaning=CleaningConfig(cap_mm_h=128),
        provenance=dict,
    )
    # The cap comes before packing: infinite rain is over it.
    assert account.corrections == {"over cap": 4, "negative": 2}
    assert FramesFile(path, RAIN).altered.tolist() == [0, 3, 3]
    codes = FramesFile(path, RAIN).read(1, 2)[0]
    assert codes.tolist() == [[MISSING, 4096], [4096, 0]]


def test_a_frame_of_which_nothing_is_left_is_missing(tmp_path: Path) -> None:
    """Not a single cell: it is no observation, and counted as empty."""
    entries = [Regular(k, np.full((2, 2), [np.nan, -5.0]), Status.OBSERVED) for k in range(3)]
    account = write_period(
        tmp_path / "a.nc",
        entries,
        variable=RAIN,
        grid=Grid(2, 2, 50.0),
        times=TIMES,
        provenance=dict,
    )
    assert (account.given, account.observed, account.empty, account.missing) == (3, 0, 3, 3)


def test_the_account_has_the_faults_that_are_found_while_it_is_written(tmp_path: Path) -> None:
    faults: list[Fault] = []

    def entries():
        for index in range(3):
            faults.append(Fault(f"file {index}", "broken"))
            yield Regular(index, np.zeros((2, 2)), Status.OBSERVED)

    account = write_period(
        tmp_path / "a.nc",
        entries(),
        variable=RAIN,
        grid=Grid(2, 2, 50.0),
        times=TIMES,
        provenance=lambda: {"told": str(len(faults))},
        faults=lambda: faults,
    )
    assert [fault["origin"] for fault in account.faults] == ["file 0", "file 1", "file 2"]
    with h5py.File(tmp_path / "a.nc") as file:
        assert file.attrs["told"] == "3", "provenance is asked once all frames are read"


def test_an_error_leaves_no_file(tmp_path: Path) -> None:
    def entries():
        yield Regular(0, np.zeros((2, 2)), Status.OBSERVED)
        raise PluvialError("broken", where="a.dat", remedy="mend it")

    with pytest.raises(PluvialError, match="broken"):
        write_period(
            tmp_path / "a.nc",
            entries(),
            variable=RAIN,
            grid=Grid(2, 2, 50.0),
            times=TIMES,
            provenance=dict,
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("cut", [0.1, 0.5, 0.9, 0.999])
def test_a_cut_file_is_named(path: Path, cut: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(cut * len(content))])
    with pytest.raises(PluvialError, match=r"2004-08\.nc: .*Delete it and run the workflow again"):
        FramesFile(path, RAIN).read(0, 3)


def test_a_frames_file_of_the_other_variable_is_refused(path: Path) -> None:
    with pytest.raises(PluvialError, match="not a readable frames file"):
        FramesFile(path, DEPTH)


def test_series_of_other_grids_are_refused(tmp_path: Path) -> None:
    axis = TimeAxis(0, 3600, 48)
    paths = []
    for number, day in enumerate(periods(axis, "day")):
        paths.append(tmp_path / f"{day.name}.nc")
        write_period(
            paths[-1],
            [Regular(k, np.zeros((1, 1)), Status.OBSERVED) for k in range(24)],
            variable=RAIN,
            grid=Grid(1, 1, 100.0 + number),
            times=axis.times()[day.first : day.last],
            provenance=dict,
        )
    with (
        FrameSeries(paths, variable=RAIN, axis=axis, periods=periods(axis, "day")) as series,
        pytest.raises(PluvialError, match="other periods on .* Write a `domain`"),
    ):
        series.read(20, 30)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    first=st.integers(-5, 70),
    length=st.integers(1, 60),
    top=st.integers(0, 3),
    height=st.integers(1, 4),
)
def test_any_part_of_a_series(
    tmp_path: Path, first: int, length: int, top: int, height: int
) -> None:
    """Steps over several files and beyond them, and any band of rows."""
    axis = TimeAxis(0, 3600, 72)
    days = periods(axis, "day")
    codes = np.random.default_rng(0).integers(0, 900, (72, 4, 3)).astype(np.uint16)
    paths = [tmp_path / f"{day.name}.nc" for day in days]
    for day, path in zip(days, paths, strict=True):
        if not path.exists():
            entries = [
                Regular(k, unpack(codes[k], RAIN), Status(k % 2))
                for k in range(day.first, day.last)
            ]
            times = axis.times()[day.first : day.last]
            grid = Grid(4, 3, 100.0)
            write_period(path, entries, variable=RAIN, grid=grid, times=times, provenance=dict)
    codes[24:48] = MISSING  # the second file is not given
    status = np.where(np.arange(72) // 24 == 1, 2, np.arange(72) % 2)
    outside = np.full((90, 4, 3), MISSING)
    expected = np.concatenate([outside[:5], codes, outside])[5 + first : 5 + first + length]
    with FrameSeries([paths[0], paths[2]], variable=RAIN, axis=axis, periods=days) as series:
        band = slice(top, top + height)
        np.testing.assert_array_equal(series.read(first, first + length, band), expected[:, band])
        wanted = np.concatenate([[2] * 5, status, [2] * 90])[5 + first : 5 + first + length]
        np.testing.assert_array_equal(series.status(first, first + length), wanted)


def test_an_elevation_s_missing_cells_and_place(tmp_path: Path) -> None:
    write_elevation(tmp_path / "h.nc", GRID, np.full((3, 2), np.nan), {})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.open(f"netcdf:{tmp_path / 'h.nc'}:elevation") as data:
            assert data.crs.to_epsg() == 27700
            assert data.bounds == (GRID.west, GRID.south, GRID.east, GRID.north)
    with h5py.File(tmp_path / "h.nc") as file:
        assert file["elevation"].attrs["units"] == "m"
