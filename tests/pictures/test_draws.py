"""Pairs of pictures: what they have in common, and that the seed alone decides."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pluvial.pictures.draws import PairDraw, draw_pairs

KINDS = np.array(["cat"] * 5 + ["dog"] * 9 + ["fish"] * 14)


def draw(pairs: str, seed: tuple[int, int] = (1, 0), batch: int = 12, steps: int = 4) -> PairDraw:
    return draw_pairs(KINDS, pairs, batch=batch, steps=steps, seed=seed)  # type: ignore[arg-type]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000), batch=st.integers(3, 24))
def test_label_pairs_are_two_pictures_of_one_kind(seed: int, batch: int) -> None:
    drawn = draw("labels", (seed, 3), batch)
    left, right = drawn.rows[..., 0], drawn.rows[..., 1]
    assert (left != right).all()
    assert (KINDS[left] == KINDS[right]).all()
    assert (np.unique(KINDS)[drawn.ids] == KINDS[left]).all()
    for ids in drawn.ids:
        counts = np.bincount(ids, minlength=3)
        assert counts.max() - counts.min() <= 1, "every kind as often"


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000), batch=st.integers(2, 28))
def test_view_pairs_are_one_picture_and_no_kind_is_told(seed: int, batch: int) -> None:
    drawn = draw("views", (seed, 0), batch)
    assert (drawn.rows[..., 0] == drawn.rows[..., 1]).all()
    assert (drawn.ids == drawn.rows[..., 0]).all()
    for ids in drawn.ids:
        assert np.unique(ids).size == batch, "no picture twice in a batch"
    other = draw_pairs(KINDS[::-1], "views", batch=batch, steps=4, seed=(seed, 0))
    assert np.array_equal(other.rows, drawn.rows)


@pytest.mark.parametrize("pairs", ["labels", "views"])
def test_the_seed_and_the_epoch_decide(pairs: str) -> None:
    one, again, next_epoch = draw(pairs), draw(pairs), draw(pairs, (1, 1))
    for name in ("rows", "ids", "numbers"):
        assert np.array_equal(getattr(one, name), getattr(again, name))
    assert not np.array_equal(one.numbers, next_epoch.numbers)
    assert not np.array_equal(one.rows, next_epoch.rows)
    assert (one.numbers >= 0).all()
    assert (one.numbers < 1).all()


def test_every_picture_of_a_kind_is_drawn_as_often() -> None:
    rows = draw("labels", steps=400).rows
    for kind in np.unique(KINDS):
        counts = np.bincount(rows[KINDS[rows] == kind], minlength=KINDS.size)[kind == KINDS]
        expected = counts.mean()
        assert np.abs(counts - expected).max() < 5 * np.sqrt(expected)
