"""A configuration that cannot be used is refused with the key, what was found, what to write."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from pluvial.case.case import Case, load_case
from pluvial.case.documents import CONFIG, schema_text, with_reference
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
    "splits": (section("records", "split", train=0.9), ["`records.split`", "1.3", "make it 1"]),
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
    "warm-up": (section("pretrain", warmup_steps=10**6), ["`warmup_steps`", "make it smaller"]),
    "no test split": (
        section("records", "split", train=0.9, val=0.1, test=0),
        ["test`", "found 0"],
    ),
    "candidates too near": (
        section("retrieval", spacing_minutes=20),
        ["`retrieval`", "twice `tolerance_minutes`"],
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
