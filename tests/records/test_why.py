"""The way back from a record: its place, its window, its raw files, and what was done to them."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import h5py
import pandas as pd
import pyarrow.parquet as pq
import pytest
from built import Results, records_config, some_weather, time_config
from pluvial.errors import PluvialError
from pluvial.frames.variables import MISSING
from pluvial.grids.time_axis import iso
from pluvial.records.manifest import read_manifest
from pluvial.records.why import why


def explained(results: Results, what: str) -> list[str]:
    return list(why(results.folder, what))


@pytest.fixture(scope="module")
def plan(built: Results) -> pd.DataFrame:
    return pq.read_table(built.plans / "01.parquet").to_pandas()


def test_a_kept_record_by_its_time_and_by_its_place(built: Results, plan: pd.DataFrame) -> None:
    row = plan[plan["reason"].isna() & (plan["split"] == "train")].iloc[40]
    time = int(row["time"])
    lines = explained(built, iso(time))
    file = f"train/01-{int(row['shard']):05d}.tfrecord.gz"
    assert lines[0] == f"record   NOW {iso(time)}"
    assert lines[1] == f"kept     {file}, row {int(row['row'])} (edition 01)"
    (entry,) = [
        entry
        for entry in read_manifest(built.manifest)["splits"]["train"]["shards"]
        if entry["file"] == file
    ]
    assert lines[2] == f"         {entry['records']} records, SHA-256 {entry['sha256']}"
    for place in (
        f"{file.removesuffix('.tfrecord.gz')}:{int(row['row'])}",
        f"{file}:{int(row['row'])}",
    ):
        assert explained(built, place) == lines


def test_the_window_and_its_raw_files(built: Results, plan: pd.DataFrame) -> None:
    """Six steps of rain to NOW in three channels, and the depth a step later."""
    row = plan[plan["reason"].isna()].iloc[40]
    now, at = int(row["time"]), int(row.name)
    text = "\n".join(explained(built, iso(now)))
    assert f"rain     {iso(now - 5 * 300)} to {iso(now)}, 6 frames of 5 min" in text
    assert f"channel 0: max of {iso(now - 1500)} to {iso(now - 900)}" in text
    assert f"channel 1: max of {iso(now - 600)} to {iso(now - 300)}" in text
    assert f"channel 2: max of {iso(now)} to {iso(now)}" in text
    assert "6 from /raw/rain.txt, SHA-256 rain-sha" in text
    assert f"the first is #{at - 5}" in text
    assert f"depth    {iso(now + 300)}" in text
    assert "1 from /raw/depth.txt, SHA-256 depth-sha" in text
    assert f"the first is #{at + 1}" in text


def test_a_dropped_candidate_says_why(built: Results, plan: pd.DataFrame) -> None:
    first = explained(built, iso(int(plan["time"].iloc[0])))
    assert first[1] == "dropped  incomplete window (it would be in train)"
    assert "digest   none: the record was never whole" in first
    purged = plan[plan["reason"] == "purged"].iloc[0]
    assert explained(built, iso(int(purged["time"])))[1] == (
        f"dropped  purged (it would be in {purged['split']})"
    )
    repeated = plan[plan["reason"] == "duplicate"].iloc[0]
    line = explained(built, iso(int(repeated["time"])))[1]
    assert line.startswith(f"dropped  duplicate of {iso(int(repeated['duplicate_of']))} ")


def test_what_is_special_about_frames_is_told(tmp_path: Path) -> None:
    rain, depth = some_weather(2)
    rain[100] = MISSING
    results = Results(tmp_path, time_config(2), records_config())
    results.write_frames(rain, depth)
    results.build()
    with h5py.File(results.frames / "rain" / "2020-02-28.nc", "r+") as file:
        file["frame_altered_cells"][99] = 7
    lines = explained(results, iso(1582848000 + 300 * 102))
    assert "         2020-02-28T08:15Z: 7 cells altered" in lines
    assert lines[1].startswith("dropped  rain gap")
    assert "         2020-02-28T08:20Z is missing" in lines
    assert "         5 from /raw/rain.txt, SHA-256 rain-sha" in lines


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("2020-02-28T00:02Z", "no candidate is 2020-02-28T00:02Z"),
        (
            "2031-02-28T00:00Z",
            r"no candidate is .* Give a time from 2020-\S+Z to 2020-\S+Z, on the",
        ),
        ("train/01-00000:9999", "no candidate is train/01-00000:9999"),
        ("train/07-00000:0", "there is no plan"),
        ("yesterday", "neither a UTC time nor a place in a shard"),
        ("2020-02-28T00:00", "neither a UTC time"),
        ("tests/01-00000:3", "neither a UTC time"),
    ],
)
def test_what_is_no_record(built: Results, what: str, message: str) -> None:
    with pytest.raises(PluvialError, match=message):
        explained(built, what)


def test_a_time_of_another_zone_is_the_same_moment(built: Results) -> None:
    assert explained(built, "2020-02-28T13:45+05:45") == explained(built, "2020-02-28T08:00Z")


def test_a_dataset_that_is_not_built(built: Results, tmp_path: Path) -> None:
    with pytest.raises(PluvialError, match=r"manifest\.json: the file is missing"):
        explained(replace(built, folder=tmp_path), "2020-02-28T08:00Z")


def test_the_command(built: Results) -> None:
    def run(what: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pluvial", "why", what, "--results", str(built.folder)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    done = run("2020-02-28T08:00Z")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == explained(built, "2020-02-28T08:00Z")
    failed = run("2031-02-28T08:00Z")
    assert failed.returncode == 1
    assert failed.stderr.startswith("error: ")
    assert "Traceback" not in failed.stderr
