"""A configuration that cannot be used is refused with the key, what was found, what to write."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from pluvial.case.case import Case, load_case
from pluvial.case.documents import CONFIG, schema_text, with_reference
from pluvial.config.times import epoch_seconds
from pluvial.errors import PluvialError

NAMED = sorted(CONFIG.glob("*.yaml"))


def document() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((CONFIG / "config.yaml").read_text())
    return loaded


def section(*keys: str, **values: object) -> Callable[[dict[str, Any]], None]:
    def edit(config: dict[str, Any]) -> None:
        for key in keys:
            config = config.setdefault(key, {})
        config.update(values)

    return edit


SQUARE = {"west": 0, "south": 0, "east": 1000, "north": 1000}

FAULTS = {
    "unknown key": (section("records", lead_step=2), ["`records.lead_step`", "2", "`lead_steps`"]),
    "unknown section": (section(recrods={}), ["`recrods`", "did you mean `records`"]),
    "key of another format": (section("rain", zones="a.asc"), ["`rain.zones`", "unknown key"]),
    "no record in a shard": (
        section("records", records_per_shard=0),
        ["`records.records_per_shard`", "found 0", "greater than 0"],
    ),
    "unit in a number": (
        section("time", step_minutes="5 min"),
        ["`time.step_minutes`", "'5 min'", "number of minutes"],
    ),
    "format": (section("rain", format="nimrodd"), ["`rain`", "'synthetic'", "'hail-caesar'"]),
    "time without zone": (
        section("time", start="2020-01-17T00:00"),
        ["`time.start`", "append Z"],
    ),
    "clock of a country": (
        section("time", start="2020-06-17T00:00+01:00"),
        ["`time.start`", "UTC"],
    ),
    "half a step": (section("time", end="2020-02-14T00:03Z"), ["`time`", "whole number of steps"]),
    "end before start": (section("time", end="2019-02-14T00:00Z"), ["`end` must lie after"]),
    "splits": (section("records", "split", train=0.9), ["`records.split`", "1.17", "make it 1"]),
    "random frames": (section("records", "split", by="frame"), ["`records.split.by`", "'storm'"]),
    "rain cells": (section("rain", coarsen=5), ["`rain.coarsen` (5)", "(64)"]),
    "unstable solver": (
        section("depth", "flow", courant=0.7),
        ["`depth.flow.courant`", "0.7", "0.3"],
    ),
    "longer window than data": (
        section("records", channels=[99_000]),
        ["99001 steps", "lengthen `time`"],
    ),
    "thresholds out of order": (
        section("depth_model", thresholds=[0.1, 0.05, 0.3]),
        ["`depth_model.thresholds`", "do not ascend", "[0.05, 0.1, 0.3]"],
    ),
    "a threshold of nothing": (
        section("depth_model", thresholds=[0, 0.1]),
        ["`depth_model.thresholds`", "0 m is no depth to exceed"],
    ),
    "depth model without a loss": (
        section("depth_model", "loss", cross_entropy=0, dice=0),
        ["`depth_model.loss`", "a weight above 0"],
    ),
    "forecast that ends before it starts": (
        section("forecast", end="2020-05-01T00:00Z"),
        ["`forecast`", "`end` must not lie before `start`"],
    ),
    "warm-up": (section("pretrain", warmup_steps=10**6), ["`warmup_steps`", "make it smaller"]),
    "no test split": (
        section("records", "split", train=0.9, val=0.1, test=0),
        ["test`", "found 0"],
    ),
    "candidates too near": (
        section("retrieval", spacing_minutes=20),
        ["`retrieval`", "twice `tolerance_minutes`"],
    ),
    "appended out of order": (
        section("time", appended=["2020-02-10T00:00Z", "2020-02-01T00:00Z"]),
        ["`time`", "`appended` must ascend"],
    ),
    "appended beyond the end": (
        section("time", appended=["2020-07-17T00:00Z"]),
        ["`appended` must ascend, and lie between `start` and `end`"],
    ),
    "appended inside a period": (
        section("time", appended=["2020-02-10T00:00Z"]),
        ["`time.appended` (2020-02-10T00:00Z)", "inside a month", "`frames.period` is month"],
    ),
    "seconds": (section("time", start="2020-01-17T00:00:30Z"), ["`time.start`", "whole minutes"]),
    "domain for what is made": (
        section("domain", crs="EPSG:27700", rain_cell=1, depth_cell=1, **SQUARE),
        ["a `domain` is for raw data", "`heightmap` is made"],
    ),
    "unknown directive of a time": (
        section(rain={"format": "nimrod", "files": "r{time:%d%b%Y}.dat"}),
        ["`rain.files`", "%b is not read", "%Y"],
    ),
    "time without year": (
        section(rain={"format": "nimrod", "files": "r{time:%m%d}.dat"}),
        ["`rain.files`", "the time has no year"],
    ),
    "stream without start": (
        section(depth={"format": "ascii-stream", "files": "depth.asc"}),
        ["`depth`", "`start` is missing"],
    ),
    "eras without domain": (
        section(
            heightmap={"format": "ascii", "files": "h.asc"},
            rain={"format": "nimrod", "files": "*.dat", "grid_eras": ["2020-02-01T00:00Z"]},
        ),
        ["`rain.grid_eras` needs a `domain`"],
    ),
    "depth between steps": (
        section(
            depth={"format": "ascii", "files": "d{time:%Y%m%d%H%M}", "step_minutes": 12},
        ),
        ["`depth.step_minutes` (12) must be a multiple of `time.step_minutes` (5)"],
    ),
    "start between steps": (
        section(
            depth={
                "format": "ascii-stream",
                "files": "d.asc",
                "step_minutes": 15,
                "start": "2020-01-17T00:20Z",
            },
        ),
        ["`depth.start` is not a whole number of steps of 15 min from `time.start`"],
    ),
    "half a cell of the domain": (
        section(
            heightmap={"format": "ascii", "files": "h.asc"},
            rain={"format": "nimrod", "files": "*.dat"},
            domain={"crs": "EPSG:27700", "rain_cell": 300, "depth_cell": 50, **SQUARE},
        ),
        ["`domain`", "1000 from west to east is no whole number of `rain_cell` (300)"],
    ),
    "domain inside out": (
        section(
            heightmap={"format": "ascii", "files": "h.asc"},
            rain={"format": "nimrod", "files": "*.dat"},
            domain={
                "crs": "EPSG:27700",
                "rain_cell": 100,
                "depth_cell": 50,
                **SQUARE,
                "east": -1000,
            },
        ),
        ["`domain`", "`east` must exceed `west`"],
    ),
    "made rain over a raw heightmap": (
        section(heightmap={"format": "ascii", "files": "h.asc"}),
        ["`rain: {format: synthetic}` needs `heightmap: {format: synthetic}`"],
    ),
    "dry share": (section("records", dry_share=1.5), ["`records.dry_share`", "1.5"]),
    "what becomes of bad frames": (
        section("frames", on_bad_frame="skip"),
        ["`frames.on_bad_frame`", "'skip'", "'gap'"],
    ),
    "spike factor": (
        section("frames", "clean", spike_factor=0.5),
        ["`frames.clean.spike_factor`", "0.5", "greater than 1"],
    ),
    "no name": (lambda config: config.pop("name"), ["`name`: missing"]),
    "channel of no length": (section("records", channels=[1, 0]), ["`records.channels[1]`"]),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_explained(fault: str) -> None:
    edit, expected = FAULTS[fault]
    config = copy.deepcopy(document())
    edit(config)
    with pytest.raises(PluvialError) as raised:
        load_case(config, where="my.yaml")
    assert str(raised.value).startswith("my.yaml: ")
    for words in expected:
        assert words in str(raised.value)


def test_all_faults_are_named_at_once() -> None:
    config = document()
    section("records", records_per_shard=0)(config)
    section("figures", umap_min_dist="wide")(config)
    with pytest.raises(PluvialError) as raised:
        load_case(config, where="my.yaml")
    assert "`records.records_per_shard`" in str(raised.value)
    assert "`figures.umap_min_dist`" in str(raised.value)


def test_rain_and_depth_that_never_overlap() -> None:
    config = yaml.safe_load((CONFIG / "boscastle.yaml").read_text())
    config["depth"]["start"] = "2004-09-01T00:00Z"
    with pytest.raises(PluvialError, match="never overlap in time"):
        load_case(config, where="my.yaml")


def test_appended_case_is_valid() -> None:
    config = document()
    section("time", appended=["2020-02-01T00:00Z"])(config)
    assert len(load_case(config, where="my.yaml").time.editions) == 2
    section("frames", period="day")(config)
    section("time", appended=["2020-01-30T00:00Z", "2020-02-10T00:00Z"])(config)
    times = load_case(config, where="my.yaml").time.editions
    assert [f"{time.end:%m-%d}" for time in times] == ["01-30", "02-10", "07-17"]
    assert [len(time.appended) for time in times] == [0, 1, 2]
    for time, start in zip(times, ["01-17", "01-30", "02-10"], strict=True):
        since, end = time.newest
        assert f"{datetime.fromtimestamp(since, UTC):%m-%d}" == start
        assert end == epoch_seconds(time.end)
        assert time.start == times[0].start, "all of the case, as it stood then"


@pytest.mark.parametrize("path", NAMED, ids=lambda p: p.stem)
def test_named_cases_are_valid(path: Path) -> None:
    case = load_case(yaml.safe_load(path.read_text()), where=path)
    again = Case.model_validate(case.model_dump(mode="json"))
    assert again == case


def test_generated_documents_are_those_of_the_models() -> None:
    remedy = "run `make docs-of-config`"
    assert (CONFIG / "schema.json").read_text() == schema_text(), remedy
    readme = (CONFIG / "README.md").read_text()
    assert readme == with_reference(readme), remedy


def test_every_key_is_described() -> None:
    assert "|  |" not in (CONFIG / "README.md").read_text()
