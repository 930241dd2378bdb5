"""The retrieval figure: every method, its numbers, chance, and what was left out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pluvial.errors import PluvialError
from pluvial.figures.retrieval import draw_retrieval, retrieval_sheet
from pluvial.figures.sheet import Sheet


def report(folder: Path, methods: dict[str, float], **changes: Any) -> Path:
    """A report as the rule `retrieval` writes it, with R@1 of each method, and R@10 four times it."""

    def both(share: float) -> dict[str, Any]:
        shares = {"R@1": share, "R@5": 2 * share, "R@10": min(1.0, 4 * share)}
        return {"rain_to_depth": shares, "depth_to_rain": shares}

    document = {
        "split": "test",
        "records": 500,
        "left_out_without_rain": 100,
        "candidates": 50,
        "queries": 230,
        "tolerance_minutes": 15,
        "spacing_minutes": 60,
        "chance": {f"R@{k}": k / 50 for k in (1, 5, 10)},
        "sampling": [],
        "methods": {name: both(share) for name, share in methods.items()},
    }
    path = folder / "retrieval.json"
    path.write_text(json.dumps(document | changes))
    return path


ALL = {"trained": 0.2, "shuffled": 0.02, "untrained": 0.0, "volume match": 0.05}


def words(sheet: Sheet) -> str:
    return "\n".join(text.get_text() for text in sheet.figure.texts)


@pytest.mark.parametrize(
    "methods",
    [
        ALL,
        {"trained": 1.0},
        dict.fromkeys(["trained", *(f"pixel correlation {k} h" for k in "abcdefgh")], 0.1),
    ],
    ids=["usual", "only one, perfect", "many baselines"],
)
def test_nothing_overlaps_or_is_cut(
    tmp_path: Path, methods: dict[str, float], faults_of: Callable[[Sheet], list[str]]
) -> None:
    assert faults_of(retrieval_sheet(report(tmp_path, methods))) == []


def test_all_methods_stand_in_their_groups(tmp_path: Path) -> None:
    lines = words(retrieval_sheet(report(tmp_path, ALL))).split("\n")
    names = [
        "encoders",
        "trained",
        "baselines without learning",
        "volume match",
        "controls, to end at chance",
        "trained on shuffled pairs",
        "untrained",
    ]
    assert [line for line in lines if line in names] == names


def test_numbers_chance_and_exclusions_are_printed(tmp_path: Path) -> None:
    sheet = retrieval_sheet(report(tmp_path, ALL))
    first, tenth = ([text.get_text() for text in axes.texts] for axes in sheet.figure.axes)
    assert first[0] == "chance 2 %"
    assert first[1] == "20.0 %  10.0×"
    assert tenth[:2] == ["chance 20 %", "80.0 %  4.0×"]
    page = words(sheet)
    assert "230 queries among 50 candidates" in page
    assert "within 15 min" in page
    assert "500 records: 100 without rain" in page
    assert "170 that are farther" in page


def test_a_sample_is_named_as_one(tmp_path: Path, faults_of: Callable[[Sheet], list[str]]) -> None:
    words_of_it = "test: 2000 of 9813 candidates and 2000 of 104233 queries, evenly over time"
    sampling = [words_of_it, "train: 4000 of 98000 records for statistics and probes, evenly"]
    sheet = retrieval_sheet(report(tmp_path, ALL, sampling=sampling))
    assert f"a sample: {words_of_it}." in words(sheet)
    assert faults_of(sheet) == []


def test_drawn_whole(tmp_path: Path, check_whole: Callable[[Path], None]) -> None:
    draw_retrieval(report(tmp_path, ALL), tmp_path / "retrieval.png")
    check_whole(tmp_path / "retrieval.png")


@pytest.mark.parametrize("content", ["{}", "[]", '{"methods": {"trained": {}}}', "{"])
def test_faulty_report_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "retrieval.json"
    path.write_text(content)
    with pytest.raises(PluvialError, match=r"retrieval\.json"):
        draw_retrieval(path, tmp_path / "a.png")
