"""What is said of the smoke case before it is built is what it comes to."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from pluvial.case.case import load_case
from pluvial.outlook.costs import costs_of
from pluvial.outlook.counts import counts_of
from pluvial.outlook.geometry import grids_of
from workplace import Workplace, named_case

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("smoke")]


def test_records_and_jobs_are_those_of_the_plan(smoke: Workplace) -> None:
    counts = counts_of(load_case(named_case("smoke"), where="smoke"))
    plan = json.loads((smoke.results / "plan" / "01.json").read_text())
    assert counts.candidates == plan["candidates"]
    duplicates = plan["dropped"]["duplicate"]["records"]
    assert counts.total == plan["kept"] + duplicates
    for split, found in plan["splits"].items():
        assert counts.records[split] - duplicates <= found["records"] <= counts.records[split]
        assert found["shards"] <= counts.shards[split]
    made = {
        "rain_frames": "frames/rain/*.nc",
        "depth_frames": "frames/depth/*.nc",
        "index": "index/*.parquet",
        "plan": "plan/*.parquet",
    }
    for rule, files in made.items():
        assert counts.jobs[rule] == len(list(smoke.results.glob(files))), rule


def test_disk_is_within_what_was_said(smoke: Workplace) -> None:
    case = load_case(named_case("smoke"), where="smoke")
    most = costs_of(case, counts_of(case), grids_of(case)).disk_most
    # The values alone: files as small as these are mostly headers.
    shards = sum(p.stat().st_size for p in smoke.results.glob("shards/*/*.tfrecord.gz"))
    assert shards < most["shards"]


def test_describe_says_what_is_made(smoke: Workplace) -> None:
    printed = smoke.run("describe")
    for line in ("records   at most 1,066 of 1,152 candidates", "disk  ", "training  "):
        assert line in printed
    plan = pd.read_parquet(smoke.results / "plan" / "01.parquet")
    assert f"planned   {plan['shard'].count():,} records kept: " in printed
    assert "made      frames of rain 4 of 4, shards 9 of 9, encoders 3 of 3" in printed
    assert "card      results/shards/README.md\n" in printed


def test_describe_builds_nothing_though_the_configuration_has_changed(
    smoke: Workplace, tmp_path: Path
) -> None:
    shutil.copytree(smoke.folder, tmp_path / "place")
    place = Workplace(tmp_path / "place", named_case("smoke"))
    place.case["records"]["channels"] = [1, 2]
    before = place.files()
    place.run("describe")
    changed = {name for name, sha256 in place.files().items() if before.get(name) != sha256}
    assert changed <= {"logs/describe.log"}


def test_describe_and_check_make_nothing_before_anything_exists(tmp_path: Path) -> None:
    place = Workplace(tmp_path, named_case("smoke"))
    assert "`snakemake dataset_card` makes it" in place.run("describe")
    printed = place.run("check")
    assert "error" not in printed.lower().replace("0 errors", "")
    assert {path.name for path in place.results.iterdir()} == {"logs"}


def test_check_lists_what_is_missing_and_fails(tmp_path: Path) -> None:
    raw = {"format": "ascii", "files": "nothing_{time:%Y%m%d%H%M}.asc"}
    case = named_case("smoke") | {"rain": raw, "heightmap": {"format": "ascii", "files": "x.asc"}}
    done = Workplace(tmp_path, case).snakemake("check")
    assert done.returncode != 0
    for what in ("`heightmap`", "`rain`", "2 errors"):
        assert what in done.stdout
