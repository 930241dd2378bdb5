"""The figure of embeddings made elsewhere: everyone has a colour, and nothing overlaps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pluvial.config.learning import FiguresConfig, OwnEmbeddings
from pluvial.diagnostics.own import read_own
from pluvial.errors import PluvialError
from pluvial.figures.own import draw_own, gradings_of, own_sheet
from pluvial.figures.sheet import Sheet

CONFIG = FiguresConfig(umap_neighbours=5, max_records=60)


def file_of(folder: Path, count: int = 80, **columns: Any) -> Path:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "time": 1_600_000_000 + 300 * np.arange(count),
            "split": np.where(np.arange(count) < 50, "train", "test"),
            "storm": np.arange(count) // 5,
            "kind": [["cat", "dog", "fish"][k % 3] for k in range(count)],
            "amount": rng.gamma(1, 5, count),
            "rain": list(rng.standard_normal((count, 6)).astype(np.float32)),
            "depth": list(rng.standard_normal((count, 6)).astype(np.float32)),
        }
    )
    for name, value in columns.items():
        table[name] = value
    table.to_parquet(folder / "own.parquet")
    return folder / "own.parquet"


CASES: dict[str, dict[str, Any]] = {
    "nothing known": {},
    "times and splits": {"time": "time", "split": "split"},
    "classes": {"classes": ["kind"], "split": "split"},
    "many groups": {"group": "storm"},
    "numbers": {"numbers": ["amount"], "group": "storm"},
    "one side": {"sides": ["rain"], "classes": ["kind"], "numbers": ["amount"]},
}


@pytest.mark.parametrize("case", CASES)
def test_nothing_overlaps_and_everyone_has_a_colour(
    tmp_path: Path, case: str, faults_of: Callable[[Sheet], list[str]]
) -> None:
    own = OwnEmbeddings(file=file_of(tmp_path), **CASES[case])
    pairs = read_own(own.file, own)
    gradings = gradings_of(pairs, own)
    for grading in gradings:
        assert sum(group.members.astype(int) for group in grading.groups).tolist() == [1] * 80
    rng = np.random.default_rng(1)
    maps = {side: rng.standard_normal((80, 2)) for side in own.sides}
    assert faults_of(own_sheet(pairs, maps, gradings, CONFIG, "mine", 3)) == []


def test_numbers_are_in_quarters_and_the_unknown_apart(tmp_path: Path) -> None:
    amount = np.arange(80.0)
    amount[:8] = np.nan
    own = OwnEmbeddings(file=file_of(tmp_path, amount=amount), numbers=["amount"])
    (grading,) = gradings_of(read_own(own.file, own), own)[:1]
    assert [int(group.members.sum()) for group in grading.groups] == [18, 18, 18, 18, 8]
    assert grading.groups[-1].name == "unknown"
    assert np.isfinite(grading.values).all()


def test_drawn_whole_without_those_that_have_no_direction(
    tmp_path: Path, check_whole: Callable[[Path], None]
) -> None:
    vectors = list(np.random.default_rng(2).standard_normal((80, 6)).astype(np.float32))
    vectors[3] = np.zeros(6, np.float32)
    own = OwnEmbeddings(file=file_of(tmp_path, rain=vectors), classes=["kind"])
    draw_own(own, tmp_path, CONFIG, "mine", tmp_path / "out" / "mine.png")
    check_whole(tmp_path / "out" / "mine.png")


def test_too_few_are_refused(tmp_path: Path) -> None:
    own = OwnEmbeddings(file=file_of(tmp_path))
    config = FiguresConfig(umap_neighbours=100)
    with pytest.raises(PluvialError, match=r"own\.parquet.*80 records are too few"):
        draw_own(own, tmp_path, config, "mine", tmp_path / "mine.png")
    assert not list(tmp_path.glob("*.png"))
