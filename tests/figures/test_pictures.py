"""The figure of the sanity model: a row for each run, however many there are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from pluvial.config.learning import FiguresConfig
from pluvial.figures.kinds import Kinds
from pluvial.figures.pictures import RUNS, picture_sheet
from pluvial.figures.records import Space
from pluvial.figures.sheet import Sheet


@pytest.mark.parametrize("count", range(1, len(RUNS) + 1))
def test_every_run_has_its_row_and_nothing_overlaps(
    count: int, faults_of: Callable[[Sheet], list[str]]
) -> None:
    rng = np.random.default_rng(0)
    kinds = Kinds(
        rng.integers(0, 256, (60, 8, 8, 3), dtype=np.uint8),
        np.arange(60) % 3,
        ("cat", "dog", "fish"),
        np.arange(60) < 20,
    )
    runs = list(RUNS)[:count]
    spaces = {
        run: Space(rng.standard_normal((60, 6)), rng.standard_normal((60, 2))) for run in runs
    }
    sheet = picture_sheet(kinds, spaces, dict.fromkeys(runs, 0.5), FiguresConfig())
    words = " ".join(text.get_text() for text in sheet.figure.texts)
    for run in runs:
        assert f"{RUNS[run].capitalize()}, by kind" in words
    assert faults_of(sheet) == []
