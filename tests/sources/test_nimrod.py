"""NIMROD fields: written here byte by byte from the format's description, and read by iris."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import subprocess
import tarfile
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from nimrod_writer import KINDS, WHEN, nimrod
from pluvial.errors import PluvialError
from pluvial.grids.grid import Grid
from pluvial.sources.entries import Entry, entries_of
from pluvial.sources.nimrod import NimrodRain
from pluvial.sources.source import Field


def read(path: Path, **keys: str) -> list[Field]:
    return list(NimrodRain(format="nimrod", files="*", **keys).fields(Entry(path)))


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "rain.dat"


@pytest.fixture(scope="module")
def composite() -> np.ndarray:
    """A composite as large as the real one, in 1/32 mm/h: dry, with a rain band and a rim of -1."""
    row, col = np.mgrid[0:2175, 0:1725]
    rain = np.maximum(0, 2000 * np.sin(row / 90) * np.cos(col / 70)).astype(np.int16)
    rain[(row - 1087) ** 2 + (col - 862) ** 2 > 1000**2] = -1
    return rain


def test_the_composite_lies_where_ceda_says(file: Path) -> None:
    (field,) = read(write(file, nimrod(np.zeros((2175, 1725)))))
    assert field.grid == Grid(2175, 1725, 1000, -405000, -625000, "EPSG:27700")
    assert (field.grid.east, field.grid.north) == (1320000, 1550000)
    assert field.time == int(WHEN.timestamp())
    assert field.name == ""


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(data=st.data(), kind=st.sampled_from(sorted(KINDS)), corner=st.integers(0, 3))
def test_round_trip(tmp_path: Path, data: st.DataObject, kind: str, corner: int) -> None:
    """All kinds of values from all corners of origin come back north up, in mm/h."""
    shape = st.tuples(st.integers(1, 5), st.integers(1, 5))
    stored = data.draw(arrays(np.int64, shape, elements=st.integers(0, 127)))
    rows, cols = stored.shape
    north_up = stored[:: -1 if corner in (1, 3) else 1, :: -1 if corner in (2, 3) else 1]
    y = 2500.0 if corner in (0, 2) else 2500.0 - 1000 * (rows - 1)
    x = 500.0 if corner in (0, 1) else 500.0 + 1000 * (cols - 1)
    path = write(tmp_path / "field", nimrod(stored, {24: corner}, kind=kind, y=y, x=x))
    (field,) = read(path)
    values = field.read()
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values, north_up / 32)
    assert (field.grid.west, field.grid.north) == (0, 3000)
    assert field.grid.shape == stored.shape


@pytest.mark.parametrize(
    ("kind", "stored", "elements", "missing"),
    [
        (">i2", [0, -1, 32], {25: -1}, [1]),
        (">i2", [0, -7, 32], {25: -1}, [1]),
        (">i2", [0, 9999, 32], {25: 9999}, [1]),
        (">i4", [0, -32767, 70000], {25: -32767}, [1]),
        ("i1", [0, -1, 32], {25: -32767}, [1]),
        ("u1", [0, 255, 200], {25: 255}, [1]),
        ("u1", [0, 255, 200], {25: -32767}, []),
        (">f4", [0, 9999.5, 32], {38: 9999.5, 25: 0}, [1]),
        (">f4", [np.nan, np.inf, -0.5], {}, [0, 1, 2]),
    ],
)
def test_what_is_missing(
    file: Path, kind: str, stored: list[float], elements: dict[int, Any], missing: list[int]
) -> None:
    (field,) = read(write(file, nimrod([stored], elements, kind=kind, units="mm/h")))
    values = field.read()[0]
    assert list(np.flatnonzero(np.isnan(values))) == missing
    kept = ~np.isnan(values)
    np.testing.assert_array_equal(values[kept], np.float32(stored)[kept])


@pytest.mark.parametrize(
    ("units", "expected"),
    [("mm/h*32", 2), ("mm/hr*32", 2), ("mm/h", 64), ("mm/hr", 64), ("MM/H*10", 6.4)],
)
def test_units(file: Path, units: str, expected: float) -> None:
    (field,) = read(write(file, nimrod([[64]], units=units)))
    assert field.read()[0, 0] == np.float32(expected)


@pytest.mark.parametrize(
    "units", ["dBZ", "%", "", "m/s*10", "mm/h*0", "mm/day", "mm/h*32x", "mm/h*.5"]
)
def test_other_units_are_named(file: Path, units: str) -> None:
    with pytest.raises(PluvialError, match=re.escape(repr(units))):
        read(write(file, nimrod([[64]], units=units)))


@pytest.mark.parametrize(
    ("units", "elements", "before", "rate"),
    [
        ("mm/h*32", {26: 0, 31: 0}, 0, 2),
        ("mm/h*32", {26: -32767}, 0, 2),
        ("mm/h*32", {26: 60, 31: 128}, 3600, 2),
        ("mm*32", {26: 15, 31: 128}, 900, 8),
        ("mm*32", {26: 180, 31: 128}, 10800, 2 / 3),
        ("mm*32", {26: 32767, 158: 300, 31: 128}, 300, 24),
    ],
)
def test_what_covers_a_period_bears_its_start(
    file: Path, units: str, elements: dict[int, Any], before: int, rate: float
) -> None:
    (field,) = read(write(file, nimrod([[64]], elements, units=units)))
    assert field.time == int(WHEN.timestamp()) - before
    assert field.read()[0, 0] == np.float32(rate)


def test_an_amount_of_no_period_is_refused(file: Path) -> None:
    with pytest.raises(PluvialError, match="tells no period"):
        read(write(file, nimrod([[64]], units="mm*32")))


@pytest.mark.parametrize(
    ("elements", "crs"),
    [
        ({}, "EPSG:27700"),
        ({28: 0, 43: 49.0, 44: -2.0, 45: 4e5, 46: -1e5, 47: 0.9996012717}, "EPSG:27700"),
        ({45: 400.0, 46: -100.0}, "EPSG:27700"),
        ({28: 1}, ""),
        ({44: 9.0, 45: 5e5}, ""),
        *[({15: code}, "") for code in range(1, 7)],
    ],
)
def test_only_the_national_grid_has_a_code(file: Path, elements: dict[int, Any], crs: str) -> None:
    (field,) = read(write(file, nimrod([[0]], elements)))
    assert field.grid.crs == crs


def test_fields_of_one_file_are_counted(file: Path) -> None:
    later = WHEN.replace(minute=10)
    write(file, nimrod([[32, 64]]) + nimrod([[96, -1]], when=later))
    fields = read(file)
    assert [field.name for field in fields] == ["#0", "#1"]
    assert [field.time for field in fields] == [int(t.timestamp()) for t in (WHEN, later)]
    # Out of order: each finds its own bytes.
    np.testing.assert_array_equal(fields[1].read(), [[3, np.nan]])
    np.testing.assert_array_equal(fields[0].read(), [[1, 2]])


SEVERAL = (
    nimrod([[1]], {26: 60, 31: 4096}, title="Min rainrate in last hr")
    + nimrod([[32]], title="rainrate")
    + nimrod([[5]], units="oktas*10", title="cloud cover")
)


def test_a_title_names_the_rain(file: Path) -> None:
    (field,) = read(write(file, SEVERAL), title="rainrate")
    assert (field.name, field.read()[0, 0]) == ("#1", 1)


@pytest.mark.parametrize(
    ("title", "message"),
    [
        ("", "'Min rainrate in last hr', 'cloud cover', 'rainrate'"),
        ("rain", "'Min rainrate in last hr', 'cloud cover', 'rainrate'"),
        ("cloud cover", "field 2: 'cloud cover' is in 'oktas"),
        ("Min rainrate in last hr", "field 0: .* is the least or the greatest"),
    ],
)
def test_the_wrong_title_is_refused(file: Path, title: str, message: str) -> None:
    with pytest.raises(PluvialError, match=message):
        read(write(file, SEVERAL), title=title)


def test_amounts_of_several_periods_are_refused(file: Path) -> None:
    parts = [nimrod([[1]], {26: period}, units="mm*32") for period in (15, 60)]
    with pytest.raises(PluvialError, match="cover from 15 to 60 min"):
        read(write(file, b"".join(parts)))


def test_gzip_and_the_daily_tar(tmp_path: Path) -> None:
    """CEDA's tar: a gzip per five minutes."""
    path = tmp_path / "metoffice-c-band-rain-radar_uk_20200207_1km-composite.dat.gz.tar"
    with tarfile.open(path, "w") as archive:
        for step in range(3):
            content = gzip.compress(nimrod([[32 * step]], when=WHEN.replace(minute=5 * step)))
            member = tarfile.TarInfo(f"uk_2020020700{5 * step:02}.dat.gz")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    section = NimrodRain(format="nimrod", files="*")
    fields = [field for entry in entries_of(path) for field in section.fields(entry)]
    assert [field.read()[0, 0] for field in fields] == [0, 1, 2]
    assert [(field.time or 0) % 3600 for field in fields] == [0, 300, 600]
    assert [field.name for field in fields] == ["", "", ""]


def test_values_are_read_when_asked_for(file: Path) -> None:
    (field,) = read(write(file, nimrod([[32, 64]])))
    write(file, nimrod([[96, 128]]))
    assert field.read()[0, 1] == 4
    write(file, nimrod([[96, 128]])[:526])
    with pytest.raises(PluvialError, match="cut off"):
        field.read()
    file.unlink()
    with pytest.raises(PluvialError, match="missing"):
        field.read()


@pytest.mark.parametrize("packed", [False, True])
def test_a_composite_needs_little_memory(
    tmp_path: Path, composite: np.ndarray, packed: bool
) -> None:
    content = nimrod(composite)
    path = write(tmp_path / "uk.dat", gzip.compress(content, 1) if packed else content)
    del content
    tracemalloc.start()
    (field,) = read(path)
    _, peak_of_header = tracemalloc.get_traced_memory()
    values = field.read()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_of_header < 4e6
    assert peak < 60e6
    np.testing.assert_array_equal(np.isnan(values), composite == -1)
    np.testing.assert_array_equal(np.nan_to_num(values, nan=-1 / 32) * 32, composite)


GOOD = nimrod([[1, 2, 3], [4, 5, 6]])
BROKEN = {
    "nothing": (b"", "the file is empty"),
    "another format": (b"\x89HDF\r\n\x1a\n" * 200, "no header of 512 bytes where field 0"),
    "text": (b"ncols 3\nnrows 2\n", "no header of 512 bytes where field 0"),
    "a part of a length": (GOOD[:3], "no header of 512 bytes where field 0"),
    "cut in the header": (GOOD[:300], "ends in the header of field 0"),
    "cut in the second header": (GOOD + GOOD[:300], "ends in the header of field 1"),
    "cut behind the header": (GOOD[:522], "ends in the header of field 0"),
    "cut in the values": (GOOD[:-7], "field 0: its values are cut off"),
    "values not closed": (GOOD[:-4], "field 0: its values are cut off"),
    "closed by another length": (GOOD[:-1] + b"\x00", "not closed by their length"),
    "header not closed": (GOOD[:516] + b"\0\0\2\1" + GOOD[520:], "header is not closed"),
    "rubbish behind it": (GOOD + b"\0\0\0\0", "where field 1 should start"),
    "little-endian": (GOOD[3::-1] + GOOD[4:], "where field 0 should start"),
    "kind of value": (nimrod([[0]], {12: 3}), "values of kind 3 and 2 bytes"),
    "bytes of a value": (nimrod([[0]], {13: 8}), "values of kind 1 and 8 bytes"),
    "no rows": (nimrod([[0]], {16: 0}), "a grid of 0 x 1"),
    "negative columns": (nimrod([[0]], {17: -5}), "a grid of 1 x -5"),
    "a sea of cells": (nimrod([[0]], {16: 32767, 17: 32767}), "a grid of 32767 x 32767"),
    "more cells than bytes": (nimrod([[0]], {16: 3000, 17: 3000}), "do not fill 2 bytes"),
    "fewer cells than bytes": (nimrod([[0, 0]], {17: 1}), "do not fill 4 bytes"),
    "corner": (nimrod([[0]], {24: 4}), "corner 4"),
    "no corner": (nimrod([[0]], {24: -32767}), "corner -32767"),
    "nowhere": (nimrod([[0]], {34: np.nan}), "cannot be placed"),
    "far": (nimrod([[0]], {36: np.inf}), "cannot be placed"),
    "beside its grid": (nimrod([[0]], {41: 500.0}), "cannot be placed"),
    "no width": (nimrod([[0]], {37: 0.0}), "not square"),
    "no number of a width": (nimrod([[0]], {35: np.nan, 37: np.nan}), "not square"),
    "infinite width": (nimrod([[0]], {35: np.inf, 37: np.inf}), "not square"),
    "negative width": (nimrod([[0]], {35: -1000.0, 37: -1000.0}), "not square"),
    "oblong": (nimrod([[0]], {37: 2000.0}), "cells of 2000 x 1000 are not square"),
    "shifted values": (nimrod([[0]], {40: 273.16}), "shifted by 273.16"),
    "month": (nimrod([[0]], {2: 13}), "2020-13-7 0:5:0 is impossible"),
    "hour": (nimrod([[0]], {4: 24}), "impossible"),
    "second": (nimrod([[0]], {6: 60}), "impossible"),
    "no time": (nimrod([[0]], {1: -32767}), "impossible"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_broken_files_are_named(file: Path, fault: str) -> None:
    content, message = BROKEN[fault]
    with pytest.raises(PluvialError, match=re.escape(message)) as raised:
        read(write(file, content))
    assert str(file) in str(raised.value)


def test_seconds_may_be_unset(file: Path) -> None:
    (field,) = read(write(file, nimrod([[0]], {6: -32767})))
    assert field.time == int(WHEN.timestamp())


def test_cut_gzip_is_named(file: Path) -> None:
    whole = gzip.compress(nimrod(np.random.default_rng(0).integers(0, 999, (99, 99))))
    with pytest.raises(PluvialError, match="ends or breaks in the middle"):
        read(write(file, whole[: len(whole) // 2]))


def test_a_bomb_does_not_go_off(file: Path) -> None:
    """A small gzip of a million fields: refused, and not after a million headers."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    content = b"".join(packer.compress(nimrod([[0]]) * 1000) for _ in range(100)) + packer.flush()
    tracemalloc.start()
    with pytest.raises(PluvialError, match="more than 4096 fields"):
        read(write(file, content))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 60e6


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(data=st.data(), packed=st.booleans())
def test_only_our_error_escapes(tmp_path: Path, data: st.DataObject, packed: bool) -> None:
    """Any mutation of a good file is read, or refused with our error."""
    path = tmp_path / "mutant.dat"
    good = gzip.compress(GOOD * 2, 1) if packed else GOOD * 2
    start = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(start, min(len(good), start + 20)))
    path.write_bytes(good[:start] + data.draw(st.binary(max_size=12)) + good[end:])
    try:
        for field in read(path):
            assert field.read().shape == field.grid.shape
    except PluvialError:
        pass


def test_agrees_with_iris(tmp_path: Path, root: Path, composite: np.ndarray) -> None:
    """Set PLUVIAL_IRIS to an interpreter that has iris, the Met Office's own reader."""
    interpreter = os.environ.get("PLUVIAL_IRIS")
    if not interpreter:
        pytest.skip("PLUVIAL_IRIS names no interpreter with iris")
    path = write(tmp_path / "uk.dat", nimrod(composite))
    command = [interpreter, "-W", "ignore", str(root / "benchmarks" / "readers_iris.py"), str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    (theirs,) = map(json.loads, done.stdout.splitlines())
    (field,) = read(path)
    values = field.read()
    assert theirs["time"] == theirs["start"] == field.time
    assert theirs["shape"] == list(values.shape)
    x, y = field.grid.x(), field.grid.y()
    assert theirs["centres"] == [x[0], y[-1], x[-1], y[0]]
    assert theirs["missing"] == np.isnan(values).sum()
    filled = np.nan_to_num(values, nan=-1.0).astype("<f4")
    assert theirs["crc32"] == zlib.crc32(filled.tobytes())


@pytest.mark.realdata
def test_a_field_of_the_met_office(root: Path) -> None:
    """A cut-out of 3 x 3 cells at 2 km; what it holds was read with iris 3.14."""
    folder = Path(os.environ.get("PLUVIAL_DATA", root.parent / "shared" / "data"))
    path = folder / "radar" / "nimrod" / "u1096_ng_ek00_precip_2km"
    if not path.is_file():
        pytest.skip(f"the real data is not at {path} (set PLUVIAL_DATA)")
    with pytest.raises(PluvialError, match="'Max rainrate in last hr', .*'rainrate'"):
        read(path)
    (field,) = read(path, title="rainrate")
    assert field.time == 1580187600
    assert field.grid == Grid(3, 3, 2000, 101000, 93000, "EPSG:27700")
    assert (field.grid.x()[-1], field.grid.y()[0]) == (106000, 98000)
    values = field.read()
    assert (values.max(), values.sum(), np.isnan(values).sum()) == (1, 1, 0)
