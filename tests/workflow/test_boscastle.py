"""A real HAIL-CAESAR run through the workflow, against its text files read independently."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pluvial.records.manifest import read_manifest, whole_shards
from shards import read_split
from workplace import Workplace, named_case

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.long,
    pytest.mark.realdata,
    pytest.mark.xdist_group("boscastle"),
]

START = int(datetime(2004, 8, 16, tzinfo=UTC).timestamp())


@pytest.fixture(scope="module")
def built(boscastle: Path, tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    place = Workplace(tmp_path_factory.mktemp("boscastle"), named_case("boscastle"))
    place.case["data_folder"] = str(boscastle)
    place.run("tfrecords", "frames")
    return place


HALF_A_STEP = 0.5 + 1e-6
"""Numbers are rounded to the nearest step; halves may go either way."""


def exactly(values: list[list[str]], unit: str) -> np.ndarray:
    """Numbers of the text in units, float64, by decimal arithmetic."""
    return np.array([[float(Decimal(value) / Decimal(unit)) for value in row] for row in values])


def test_counts_are_those_worked_out_by_hand(built: Workplace) -> None:
    summary = json.loads((built.results / "plan" / "01.json").read_text())
    assert summary["candidates"] == 865
    dropped = {reason: found["records"] for reason, found in summary["dropped"].items()}
    assert dropped == {"incomplete window": 95, "no depth": 13, "purged": 145}
    assert summary["dropped"]["no depth"]["first"] == "2004-08-18T23:00Z"
    assert summary["kept"] == 612
    assert summary["splits"]["train"]["records"] == 265
    assert summary["splits"]["test"]["records"] == 347
    plan = pd.read_parquet(built.results / "plan" / "01.parquet")
    now = (plan[plan["reason"].isna()].groupby("split")["time"].agg(["min", "max"]) - START) // 300
    assert now.loc["train"].tolist() == [95, 359]
    assert now.loc["test"].tolist() == [505, 851]


def read_rain(path: Path) -> list[list[str]]:
    return [line.split() for line in path.read_text().splitlines()]


def read_depths(path: Path) -> list[list[list[str]]]:
    grids: list[list[list[str]]] = []
    with gzip.open(path, "rt") as stream:
        for line in stream:
            words = line.split()
            if words and words[0] == "ncols":
                grids.append([])
            elif len(words) > 2:
                grids[-1].append(words)
    return grids


def test_fifty_records_hold_every_value_of_the_text(built: Workplace, boscastle: Path) -> None:
    rain_rows = read_rain(boscastle / "rain.txt")
    zones = [line.split() for line in (boscastle / "hydroindex.asc").read_text().splitlines()[6:]]
    depths = read_depths(boscastle / "waterdepth_stream.asc.gz")
    assert (len(rain_rows), len(depths)) == (865, 853)
    zone = np.array(zones, dtype=int) - 1

    manifest_path = built.results / "shards" / "manifest.json"
    features = read_manifest(manifest_path)["features"]
    shards = whole_shards(manifest_path, "train") + whole_shards(manifest_path, "test")
    records = read_split(shards, features)
    assert len(records.times) == 612
    chosen = np.random.default_rng(2004).choice(612, 50, replace=False)
    for k in chosen:
        now = (int(records.times[k]) - START) // 300
        depth = exactly(depths[now + 1], "0.001")
        assert np.abs(records.depth[k] - depth).max() <= HALF_A_STEP
        back = now + 1
        for channel, length in zip(range(6, -1, -1), (1, 3, 3, 5, 12, 24, 48), strict=True):
            most = exactly(rain_rows[back - length : back], "0.03125").max(axis=0)
            assert np.abs(records.rain[k, ..., channel] - most[zone]).max() <= HALF_A_STEP
            back -= length


def test_georeference_and_crs_come_through(built: Workplace) -> None:
    manifest = read_manifest(built.results / "shards" / "manifest.json")
    for grid in (manifest["rain_grid"], manifest["depth_grid"]):
        assert (grid["west"], grid["south"], grid["cell"]) == (209000, 89000, 50)
        assert grid["crs"] == "EPSG:27700"


def test_real_rain_on_a_real_heightmap_can_be_simulated(boscastle: Path, tmp_path: Path) -> None:
    """`depth: simulate` in place of the stream: the first storm floods the same valley."""
    place = Workplace(tmp_path, named_case("boscastle"))
    place.case["data_folder"] = str(boscastle)
    place.case["time"]["end"] = "2004-08-16T12:00Z"
    place.case["depth"] = {"format": "simulate"}
    place.run("frames")
    report = json.loads((place.results / "frames" / "report.json").read_text())
    assert report["depth"]["observed"] == report["rain"]["observed"] == 144


def test_the_depth_follows_its_rain(built: Workplace) -> None:
    proofs = json.loads((built.results / "shards" / "proofs.json").read_text())
    assert 0 <= proofs["lag"]["minutes"] <= 20
    assert proofs["lag"]["correlation"] > 0.9
    assert proofs["ledger"]["in_shards"] == proofs["ledger"]["kept"] == 612


def test_a_memoriser_scores_higher_on_a_random_split(built: Workplace) -> None:
    leakage = json.loads((built.results / "plan" / "leakage.json").read_text())
    assert leakage["random"]["csi"] > leakage["chosen"]["csi"] + 0.1


def test_a_depth_of_another_clock_is_refused(boscastle: Path, tmp_path: Path) -> None:
    """Depth labelled an hour early, as by a clock set to summer time."""
    place = Workplace(tmp_path, named_case("boscastle"))
    place.case["data_folder"] = str(boscastle)
    place.case["time"]["start"] = "2004-08-15T23:00Z"
    place.case["depth"]["start"] = "2004-08-15T23:00Z"
    done = place.snakemake("tfrecords")
    assert done.returncode == 1
    printed = done.stdout + done.stderr
    assert "before its rain falls" in printed
    assert "not of the same clock" in printed
