"""HAIL-CAESAR's zoned rain and parameter file."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pluvial.errors import PluvialError
from pluvial.sources.hail_caesar import HailCaesarRain
from pluvial.sources.parameters import check_step
from pluvial.sources.series import FileSeries

ZONES = "ncols 3\nnrows 2\nxllcorner 0\nyllcorner 0\ncellsize 50\nNODATA_value -9999\n1 1 2\n3 -9999 2\n"
TABLE = "0.5 1.5 2.5\n0 0 8\n\n4 0 0\n\n"


@pytest.fixture
def source(tmp_path: Path) -> FileSeries:
    return make(tmp_path, TABLE, ZONES)


def make(folder: Path, table: str, zones: str, *, tolerant: bool = False) -> FileSeries:
    (folder / "rain.txt").write_text(table)
    (folder / "zones.asc").write_text(zones)
    section = HailCaesarRain(
        format="hail-caesar", files="rain.txt", zones="zones.asc", start="1970-01-01T01:40Z"
    )
    return FileSeries(section, folder, span=(0, 10**6), step=300, tolerant=tolerant)


def test_rows_become_fields_at_the_time_they_start(source: FileSeries) -> None:
    frames = list(source.frames(0, 10_000))
    assert [frame.time for frame in frames] == [6000, 6300, 6600]
    np.testing.assert_array_equal(
        frames[0].values, np.float32([[0.5, 0.5, 1.5], [2.5, np.nan, 1.5]])
    )
    np.testing.assert_array_equal(frames[1].values, np.float32([[0, 0, 0], [8, np.nan, 0]]))


def test_range_of_times(source: FileSeries) -> None:
    assert [frame.time for frame in source.frames(6300, 6600)] == [6300]


@pytest.mark.parametrize(
    ("table", "zones", "message"),
    [
        ("1 2 3\n1 2\n", ZONES, "row 1 holds 2 numbers, but the zones go up to 3"),
        ("1 2 3\n1 2 wet\n", ZONES, "row 1 holds 0 numbers"),
        ("1 2 -3\n", ZONES, "row 0 holds a rain rate that is negative"),
        ("1 2 nan\n", ZONES, "row 0 holds a rain rate that is negative or not a number"),
        (TABLE, ZONES.replace("3 -9999", "0 -9999"), "whole numbers from 1"),
        (TABLE, ZONES.replace("3 -9999", "1.5 -9999"), "whole numbers from 1"),
    ],
)
def test_faults_are_named(tmp_path: Path, table: str, zones: str, message: str) -> None:
    with pytest.raises(PluvialError, match=message):
        list(make(tmp_path, table, zones).frames(0, 10_000))


def test_step_of_the_run_is_checked(tmp_path: Path) -> None:
    file = tmp_path / "run.params"
    file.write_text("# comment\nrain_data_time_step:   15   # minutes\n")
    check_step(file, "rain_data_time_step", 15, config_key="time.step_minutes")
    with pytest.raises(
        PluvialError, match=r"is 15 min, but the configured step is 5 min.*`time.step_m"
    ):
        check_step(file, "rain_data_time_step", 5, config_key="time.step_minutes")
    with pytest.raises(PluvialError, match="names no `raster_output_interval`"):
        check_step(file, "raster_output_interval", 5, config_key="depth.step_minutes")


def test_the_files_read_are_known(source: FileSeries, tmp_path: Path) -> None:
    list(source.frames(0, 10_000))
    assert set(source.files) == {tmp_path / "rain.txt", tmp_path / "zones.asc"}


def test_a_bad_row_is_a_gap_if_tolerated(tmp_path: Path) -> None:
    """The rows behind it keep their times."""
    frames = list(make(tmp_path, "1 2 3\n1 wet 3\n7 8 9\n", ZONES, tolerant=True).frames(0, 10**6))
    assert [(frame.time, frame.values is None) for frame in frames] == [
        (6000, False),
        (6300, True),
        (6600, False),
    ]
    assert "row 1 holds 0 numbers" in frames[1].problem
    assert frames[1].origin == f"{tmp_path / 'rain.txt'}#1"


def test_columns_beyond_the_zones_are_not_looked_at(tmp_path: Path) -> None:
    """A hydroindex of a part of the catchment."""
    frames = list(make(tmp_path, "1 2 3 99\n", ZONES).frames(0, 10**6))
    np.testing.assert_array_equal(frames[0].values, np.float32([[1, 1, 2], [3, np.nan, 2]]))


def test_tables_one_after_the_other(tmp_path: Path) -> None:
    """Each begins at the time in its name; plain or gzip."""
    (tmp_path / "zones.asc").write_text(ZONES)
    (tmp_path / "rain_19700101.txt").write_text("1 1 1\n2 2 2\n")
    (tmp_path / "rain_19700102.txt").write_bytes(gzip.compress(b"3 3 3\n"))
    section = HailCaesarRain(
        format="hail-caesar", files="rain_{time:%Y%m%d}.txt", zones=tmp_path / "zones.asc"
    )
    source = FileSeries(section, tmp_path, span=(0, 10**6), step=300)
    found = [(frame.time, frame.values[0, 0]) for frame in source.frames(0, 10**6)]
    assert found == [(0, 1), (300, 2), (86400, 3)]


def test_a_table_that_nothing_dates_is_refused() -> None:
    with pytest.raises(ValueError, match="`start` is missing"):
        HailCaesarRain(format="hail-caesar", files="rain.txt", zones="zones.asc")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rain_data_time_step: five\n", "names no `rain_data_time_step` in minutes"),
        ("# rain_data_time_step: 5\n", "names no `rain_data_time_step`"),
        ("rain_data_time_step 5\n", "names no `rain_data_time_step`"),
        ("\xff\xfe\n", "names no `rain_data_time_step`"),
        (None, "the file is missing"),
    ],
)
def test_parameter_files_that_do_not_tell(tmp_path: Path, text: str | None, message: str) -> None:
    file = tmp_path / "run.params"
    if text is not None:
        file.write_bytes(text.encode("latin-1"))
    with pytest.raises(PluvialError, match=message):
        check_step(file, "rain_data_time_step", 5, config_key="time.step_minutes")


def test_the_section_checks_its_parameter_file(tmp_path: Path) -> None:
    (tmp_path / "run.params").write_text("rain_data_time_step: 60\n")
    keys = {"files": "rain.txt", "zones": "zones.asc", "start": "2020-01-01T00:00Z"}
    section = HailCaesarRain(format="hail-caesar", parameters="run.params", **keys)
    section.check(tmp_path, 60)
    with pytest.raises(PluvialError, match="`time.step_minutes: 60`"):
        section.check(tmp_path, 5)
    assert section.beside() == [Path("zones.asc"), Path("run.params")]
    assert HailCaesarRain(format="hail-caesar", **keys).beside() == [Path("zones.asc")]


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None
)
@given(table=st.binary(max_size=60), zones=st.binary(max_size=40), at=st.integers(0, 90))
def test_only_our_error_escapes(tmp_path: Path, table: bytes, zones: bytes, at: int) -> None:
    source = make(tmp_path, TABLE, ZONES)
    (tmp_path / "rain.txt").write_bytes(table)
    (tmp_path / "zones.asc").write_bytes(ZONES.encode()[:at] + zones + ZONES.encode()[at + 5 :])
    try:
        for frame in source.frames(0, 10**6):
            assert frame.values is not None
            assert not (frame.values < 0).any()
    except PluvialError:
        pass
