"""HAIL-CAESAR's zoned rain and parameter file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pluvial.errors import PluvialError
from pluvial.sources.hail_caesar import HailCaesarRain
from pluvial.sources.parameters import check_step
from pluvial.sources.series import FileSeries

ZONES = "ncols 3\nnrows 2\nxllcorner 0\nyllcorner 0\ncellsize 50\nNODATA_value -9999\n1 1 2\n3 -9999 2\n"
TABLE = "0.5 1.5 2.5\n0 0 8\n\n4 0 0\n\n"


@pytest.fixture
def source(tmp_path: Path) -> FileSeries:
    return make(tmp_path, TABLE, ZONES)


def make(folder: Path, table: str, zones: str) -> FileSeries:
    (folder / "rain.txt").write_text(table)
    (folder / "zones.asc").write_text(zones)
    section = HailCaesarRain(
        format="hail-caesar", files="rain.txt", zones="zones.asc", start="1970-01-01T01:40Z"
    )
    return FileSeries(section, folder, span=(0, 10**6), step=300)


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
