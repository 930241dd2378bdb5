"""The screen counts what is made by the plans that are there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pluvial.case.case import load_case
from pluvial.errors import PluvialError
from pluvial.outlook.screen import describe
from workplace import named_case


def screen(results: Path) -> str:
    return "\n".join(describe(load_case(named_case("smoke"), where="smoke"), results, "smoke"))


def write_plan(results: Path, content: str) -> None:
    (results / "plan").mkdir()
    (results / "plan" / "01.json").write_text(content)


def test_shards_are_counted_as_the_plan_has_them(tmp_path: Path) -> None:
    splits = {
        "train": {"records": 1000, "shards": 2},
        "val": {"records": 0, "shards": 0},
        "test": {"records": 300, "shards": 1},
    }
    assert "planned" not in screen(tmp_path)
    write_plan(tmp_path, json.dumps({"splits": splits}))
    assert "planned   1,300 records kept: train 1,000, test 300; in 3 shards" in screen(tmp_path)
    (tmp_path / "shards" / "train").mkdir(parents=True)
    (tmp_path / "shards" / "train" / "01-00000.tfrecord.gz").touch()
    assert "shards 1 of 3" in screen(tmp_path)


@pytest.mark.parametrize("content", ["{", "{}", "[]", '{"splits": {"train": 3}}'])
def test_a_faulty_plan_is_named(tmp_path: Path, content: str) -> None:
    write_plan(tmp_path, content)
    with pytest.raises(PluvialError, match=r"01\.json.*Delete"):
        screen(tmp_path)
