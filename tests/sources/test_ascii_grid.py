"""ESRI ASCII grids against GDAL, and against every way in which a file can be broken."""

from __future__ import annotations

import gzip
import re
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pluvial.config.times import TimeConfig
from pluvial.errors import PluvialError
from pluvial.sources import ascii_grid
from pluvial.sources.ascii import AsciiDepth, AsciiHeightmap, AsciiRain, AsciiStreamDepth
from pluvial.sources.ascii_grid import read_grid, read_grids
from pluvial.sources.entries import Entry
from pluvial.sources.registry import open_raw
from pluvial.sources.series import FileSeries
from pluvial.sources.source import Frame

HEADER = "ncols\t3\nnrows\t2\nxllcorner\t1000\nyllcorner\t2000\ncellsize\t50\nNODATA_value\t-9999\n"
ROWS = "1 2 3 \n4 -9999 6 \n"


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "grid.asc"


grids = arrays(
    np.float64,
    st.tuples(st.integers(1, 6), st.integers(1, 6)),
    elements=st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: round(x, 3)),
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None
)
@given(values=grids, cell=st.sampled_from([0.5, 50.0, 1000.0]))
def test_agrees_with_gdal(tmp_path: Path, values: np.ndarray, cell: float) -> None:
    path = tmp_path / "grid.asc"
    rows, cols = values.shape
    lines = [f"ncols {cols}", f"nrows {rows}", "xllcorner 12.5", "yllcorner -3"]
    lines += [f"cellsize {cell}", "NODATA_value -9999"]
    lines += [" ".join(map(repr, map(float, row))) for row in values]
    write(path, "\n".join(lines) + "\n")
    grid, found = read_grid(Entry(path))
    with rasterio.open(path) as oracle:
        expected = oracle.read(1, masked=True).filled(np.nan)
        assert (grid.west, grid.south, grid.east, grid.north) == pytest.approx(oracle.bounds)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("key_order", ["as is", "shuffled"])
def test_header_keys_in_any_order_and_case(file: Path, key_order: str) -> None:
    lines = HEADER.splitlines()
    if key_order == "shuffled":
        lines = [line.upper() for line in reversed(lines)]
    grid, values = read_grid(Entry(write(file, "\n".join(lines) + "\n" + ROWS)))
    assert (grid.rows, grid.cols, grid.cell, grid.west, grid.south) == (2, 3, 50, 1000, 2000)
    np.testing.assert_array_equal(values, [[1, 2, 3], [4, np.nan, 6]])


def test_lower_left_centre(file: Path) -> None:
    text = HEADER.replace("xllcorner", "xllcenter").replace("yllcorner", "yllcenter") + ROWS
    grid, _ = read_grid(Entry(write(file, text)))
    assert (grid.west, grid.south) == (975, 1975)


def test_usual_nodata_without_its_line(file: Path) -> None:
    _, values = read_grid(Entry(write(file, HEADER.replace("NODATA_value\t-9999\n", "") + ROWS)))
    assert np.isnan(values[1, 1])


def test_stream_bears_times_and_is_the_same_compressed(tmp_path: Path) -> None:
    text = "".join(f"\n{HEADER}{k} 0 0 \n0 0 {10 * k} \n" for k in range(5))
    plain = write(tmp_path / "a.asc", text)
    packed = tmp_path / "a.asc.gz"
    packed.write_bytes(gzip.compress(text.encode()))
    for path in (plain, packed):
        frames = stream_of(path, start="1970-01-01T00:20Z", first=1500, last=2400)
        assert [frame.time for frame in frames] == [1500, 1800, 2100]
        assert [frame.values[0, 0] for frame in frames] == [1, 2, 3]
        assert [frame.values[1, 2] for frame in frames] == [10, 20, 30]
        assert [frame.origin for frame in frames] == [f"{path}#{k}" for k in (1, 2, 3)]


def test_streams_one_after_the_other(tmp_path: Path) -> None:
    """Each begins at the time in its name."""
    for day, count in ((1, 3), (2, 2)):
        write(tmp_path / f"depth_1970010{day}.asc", (HEADER + ROWS) * count)
    section = AsciiStreamDepth(format="ascii-stream", files="depth_{time:%Y%m%d}.asc")
    series = FileSeries(section, tmp_path, span=(0, 10**6), step=3600)
    times = [frame.time for frame in series.frames(0, 10**6)]
    assert times == [0, 3600, 7200, 86400, 90000]
    with pytest.raises(ValueError, match="`start` is missing"):
        AsciiStreamDepth(format="ascii-stream", files="depth.asc")


def test_a_folder_of_grids_with_times_in_their_names(tmp_path: Path) -> None:
    for minute in (5, 0, 10):
        write(
            tmp_path / f"d-197001010{minute // 60}{minute:02d}.wd",
            HEADER + f"{minute} 0 0\n0 0 0\n",
        )
    section = AsciiDepth(format="ascii", files="d-{time:%Y%m%d%H%M}.wd")
    frames = list(FileSeries(section, tmp_path, span=(0, 3600), step=300).frames(0, 3600))
    assert [(frame.time, frame.values[0, 0]) for frame in frames] == [(0, 0), (300, 5), (600, 10)]


def test_only_what_is_wanted_of_a_stream_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ascii_grid, "BLOCK_BYTES", 64)
    path = write(tmp_path / "a.asc", (HEADER + ROWS) * 20 + "broken")
    assert len(stream_of(path, start="1970-01-01T00:00Z", first=0, last=600)) == 2


@pytest.mark.parametrize("block", range(1, 40))
def test_blocks_may_end_anywhere(file: Path, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    text = HEADER + "-1.5e2 2 0.25\n9.9e-324 -9999 123456789012345678\n"
    monkeypatch.setattr(ascii_grid, "BLOCK_BYTES", block)
    for _, values in read_grids(Entry(write(file, text * 3))):
        expected = [[-150, 2, 0.25], [9.9e-324, np.nan, 123456789012345678.0]]
        np.testing.assert_array_equal(values, expected)


def stream_of(path: Path, *, start: str, first: int, last: int) -> list[Frame]:
    section = AsciiStreamDepth(format="ascii-stream", files=str(path), start=start)
    series = FileSeries(section, path.parent, span=(0, 10**6), step=300)
    return list(series.frames(first, last))


def test_lines_may_end_as_on_windows(file: Path) -> None:
    text = (HEADER + ROWS).replace("\n", "\r\n")
    file.write_bytes(text.encode())
    _, values = read_grid(Entry(file))
    np.testing.assert_array_equal(values, [[1, 2, 3], [4, np.nan, 6]])


def test_a_byte_order_mark_is_no_header(file: Path) -> None:
    file.write_text(HEADER + ROWS, encoding="utf-8-sig")
    _, values = read_grid(Entry(file))
    np.testing.assert_array_equal(values, [[1, 2, 3], [4, np.nan, 6]])


def test_another_code_for_missing(file: Path) -> None:
    """The one that is named, and the usual one; nan and no other text."""
    text = HEADER.replace("-9999", "-1") + "1 -1 -9999\nnan -1.0 0\n"
    _, values = read_grid(Entry(write(file, text)))
    np.testing.assert_array_equal(values, [[1, np.nan, np.nan], [np.nan, np.nan, 0]])


@pytest.mark.parametrize("size", [(5000, 40), (3, 200_000), (1, 1), (700, 700)])
def test_grids_of_any_size_are_read_in_parts(file: Path, size: tuple[int, int]) -> None:
    rows, cols = size
    values = np.random.default_rng(0).integers(0, 99, size)
    text = HEADER.replace("ncols\t3", f"ncols {cols}").replace("nrows\t2", f"nrows {rows}")
    write(file, text + "\n".join(" ".join(map(str, row)) for row in values.tolist()))
    np.testing.assert_array_equal(read_grid(Entry(file))[1], values)


@pytest.mark.parametrize(
    ("rows", "cols"), [(1 << 31, 3), (1 << 40, 1 << 19), (2, 1 << 31), (10**300, 1)]
)
def test_a_header_that_lies_takes_no_memory(file: Path, rows: int, cols: int) -> None:
    text = HEADER.replace("ncols\t3", f"ncols {cols}").replace("nrows\t2", f"nrows {rows}")
    write(file, text + "1 " * 1000)
    tracemalloc.start()
    with pytest.raises(PluvialError, match=r"grid 0: "):
        list(read_grids(Entry(file)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 32 << 20, f"{peak >> 20} MiB were taken"


def test_rain_and_heightmap_are_read_alike(file: Path) -> None:
    write(file, HEADER + ROWS)
    for section in (
        AsciiRain(format="ascii", files="x_{time:%Y}"),
        AsciiDepth(format="ascii", files="x_{time:%Y}"),
        AsciiHeightmap(format="ascii", files="x"),
    ):
        (field,) = section.fields(Entry(file))
        assert field.time is None
        assert field.grid.shape == (2, 3)
        np.testing.assert_array_equal(field.read(), [[1, 2, 3], [4, np.nan, 6]])


def test_the_step_of_the_run_is_checked(tmp_path: Path) -> None:
    """Against the depth's own step where it has one, else that of the case."""
    write(tmp_path / "a.asc", HEADER + ROWS)
    write(tmp_path / "run.params", "raster_output_interval: 15\n")
    keys = {
        "format": "ascii-stream",
        "files": "a.asc",
        "start": "2020-01-01T00:00Z",
        "parameters": "run.params",
    }
    time = TimeConfig(start="2020-01-01T00:00Z", end="2020-01-02T00:00Z", step_minutes=5)
    with pytest.raises(PluvialError, match=r"is 15 min, but .* 5 min.*`depth.step_minutes: 15`"):
        open_raw(AsciiStreamDepth(**keys), time, tmp_path, tolerant=False)
    source = open_raw(AsciiStreamDepth(**keys, step_minutes=15), time, tmp_path, tolerant=False)
    assert [frame.time for frame in source.frames(0, 1 << 40)] == [1577836800]
    assert source.files == [tmp_path / "run.params", tmp_path / "a.asc"]


def test_denormals_are_read(file: Path) -> None:
    _, values = read_grid(Entry(write(file, HEADER + "9.9e-324 0 0\n0 0 0\n")))
    assert values[0, 0] == 9.9e-324


BROKEN = {
    "long row": (HEADER + "1 2 3 4\n5 6\n", "row 0 has 4 values or more"),
    "number with underscores": (HEADER + "1_0 2 3\n4 5 6\n", "b'1_0' instead of numbers"),
    "centre and corner are both missing": (HEADER.replace("xllcorner\t1000\n", "") + ROWS, "lacks"),
    "second grid cut": (HEADER + ROWS + HEADER + "1 2 3\n", "grid 1: the file ends after row 1"),
    "cut inside a row": (HEADER + "1 2 3\n4 5", "row 1 has 2 values, not 3"),
    "cut between rows": (HEADER + "1 2 3\n", "ends after row 1 of 2"),
    "cut in the header": (HEADER[:30], "lacks"),
    "header without number": (HEADER.replace("50", "fifty") + ROWS, "has no number"),
    "short row": (HEADER + "1 2\n3 4 5\n", "row 0 has 2 values"),
    "words": (HEADER + "1 2 dry\n4 5 6\n", "instead of numbers"),
    "more rows than promised": (HEADER + ROWS + "7 8 9\n", "no header where"),
    "no cells": (HEADER.replace("\t3", "\t0") + ROWS, "impossible"),
    "half a cell": (HEADER.replace("\t3", "\t2.5") + ROWS, "impossible"),
    "negative rows": (HEADER.replace("nrows\t2", "nrows\t-2") + ROWS, "impossible"),
    "rows beyond counting": (HEADER.replace("nrows\t2", "nrows\t2147483648") + ROWS, "ends after"),
    "not a number of rows": (HEADER.replace("nrows\t2", "nrows\tnan") + ROWS, "impossible"),
    "infinite cell": (HEADER.replace("\t50", "\tinf") + ROWS, "impossible"),
    "key twice": ("ncols 3\n" + HEADER + ROWS, "twice"),
    "nothing": ("", "the file is empty"),
    "no more than nothing": ("\n", "holds no grid"),
    "binary": ("\x00\x01\x02", "no header where"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_broken_files_are_named(file: Path, fault: str) -> None:
    text, message = BROKEN[fault]
    write(file, text)
    with pytest.raises(PluvialError, match=re.escape(message)) as raised:
        list(read_grids(Entry(file)))
    assert str(file) in str(raised.value)


def test_cut_gzip_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.asc.gz"
    whole = gzip.compress((HEADER + ROWS).encode() * 500)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(PluvialError, match="ends or breaks in the middle"):
        list(read_grids(Entry(path)))


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PluvialError, match="missing"):
        list(read_grids(Entry(tmp_path / "none.asc")))


def test_a_stream_is_no_heightmap(file: Path) -> None:
    with pytest.raises(PluvialError, match="more than one grid"):
        read_grid(Entry(write(file, (HEADER + ROWS) * 2)))


def test_grids_of_two_runs_are_no_stream(file: Path) -> None:
    other = HEADER.replace("1000", "1050")
    write(file, HEADER + ROWS + other + ROWS)
    with pytest.raises(PluvialError, match="the grid at 1970-01-01T00:05Z is .* before, it was"):
        stream_of(file, start="1970-01-01T00:00Z", first=0, last=10_000)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(data=st.data())
def test_only_our_error_escapes(tmp_path: Path, data: st.DataObject) -> None:
    """Any mutation of a good stream is read, or refused with our error; never more than is there."""
    path = tmp_path / "mutant.asc"
    good = ((HEADER + ROWS) * 2).encode()
    start = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(start, min(len(good), start + 20)))
    path.write_bytes(good[:start] + data.draw(st.binary(max_size=12)) + good[end:])
    try:
        for grid, values in read_grids(Entry(path)):
            assert values.shape == grid.shape
            assert values.size <= len(good)
    except PluvialError:
        pass
