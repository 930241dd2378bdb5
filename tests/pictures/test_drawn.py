"""Drawn pictures: the same by seed, and not told apart by their colours."""

from __future__ import annotations

import numpy as np
import pytest
from pluvial.config.sanity import SyntheticPictures
from pluvial.pictures.drawn import KINDS, SHAPES, draw_pictures
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score

SECTION = SyntheticPictures(format="synthetic", per_kind=150, side=32)


@pytest.fixture(scope="module")
def pictures() -> tuple[np.ndarray, np.ndarray]:
    return draw_pictures(SECTION, 1)


def test_the_same_seed_gives_the_same_bytes(pictures: tuple[np.ndarray, np.ndarray]) -> None:
    again, kinds = draw_pictures(SECTION, 1)
    assert pictures[0].shape == (450, 32, 32, 3)
    assert pictures[0].dtype == np.uint8
    assert np.array_equal(pictures[0], again)
    assert np.array_equal(pictures[1], kinds)
    assert not np.array_equal(pictures[0], draw_pictures(SECTION, 2)[0])


def test_more_pictures_begin_with_the_same_ones(pictures: tuple[np.ndarray, np.ndarray]) -> None:
    fewer = SECTION.model_copy(update={"per_kind": 20})
    assert np.array_equal(draw_pictures(fewer, 1)[0], pictures[0][:60])


@pytest.mark.parametrize("statistic", ["mean", "deviation", "corner"])
def test_colours_do_not_tell_the_kinds(
    pictures: tuple[np.ndarray, np.ndarray], statistic: str
) -> None:
    """A linear probe stays near chance, a third: 450 pictures err by some 0.02."""
    pixels, kinds = pictures[0] / 255.0, pictures[1]
    features = {
        "mean": pixels.mean(axis=(1, 2)),
        "deviation": pixels.std(axis=(1, 2)),
        "corner": pixels[:, 0, 0],
    }[statistic]
    score = cross_val_score(LogisticRegression(C=1e3, max_iter=5000), features, kinds, cv=5).mean()
    assert score < 1 / 3 + 0.12


def test_shapes_have_the_same_area() -> None:
    """Within some percent of a circle of radius 1, and likewise their marks."""
    y, x = np.mgrid[-2:2:800j, -2:2:800j]
    for shape, marks in (SHAPES[kind](x, y) for kind in KINDS):
        assert shape.mean() * 16 == pytest.approx(np.pi, rel=0.05)
        assert (shape & marks).mean() * 16 == pytest.approx(0.5, rel=0.05)


def test_kinds_are_equally_many(pictures: tuple[np.ndarray, np.ndarray]) -> None:
    names, counts = np.unique(pictures[1], return_counts=True)
    assert tuple(names) == tuple(sorted(KINDS))
    assert set(counts) == {150}
