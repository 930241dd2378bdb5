"""Intervals over storms: against SciPy's bootstrap, and with too few storms none."""

from __future__ import annotations

import numpy as np
import pytest
from pluvial.metrics.resampling import draw_weights, drawn_sums, interval, sum_by_group
from scipy.stats import bootstrap


def test_equal_to_scipys_up_to_the_draws() -> None:
    """A ratio of sums over 30 storms."""
    rng = np.random.default_rng(0)
    sums = rng.gamma(2, 1, (30, 2))
    totals = drawn_sums(draw_weights(30, 20_000, seed=1), sums)
    ratios = totals[:, 0] / totals[:, 1]
    assert ratios[0] == pytest.approx(sums[:, 0].sum() / sums[:, 1].sum())
    found = interval(ratios, 30, least=5, confidence=0.95)
    theirs = bootstrap(
        (sums[:, 0], sums[:, 1]),
        lambda a, b, axis=-1: a.sum(axis=axis) / b.sum(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=20_000,
        method="percentile",
        random_state=2,
    ).confidence_interval
    assert found == pytest.approx((theirs.low, theirs.high), abs=0.01)


def test_a_draw_holds_as_many_storms_as_there_are() -> None:
    weights = draw_weights(7, 50, seed=0)
    np.testing.assert_array_equal(weights.sum(axis=1), 7)
    np.testing.assert_array_equal(weights[0], 1)


def test_too_few_storms_have_no_interval() -> None:
    values = np.ones(101)
    assert interval(values, 4, least=5, confidence=0.95) is None
    assert interval(values, 5, least=5, confidence=0.95) == (1, 1)
    values[1:20] = np.nan
    assert interval(values, 5, least=5, confidence=0.95) is None


def test_sums_by_group() -> None:
    values = np.arange(8).reshape(4, 2)
    found = sum_by_group(values, np.array([0, 2, 0, 2]), 3)
    assert found.tolist() == [[4, 6], [0, 0], [8, 10]]
