"""The test against chance: right where a naive one is wrong, and able to find what is there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pluvial.diagnostics.significance import (
    autocorrelation,
    blocks,
    independent_pairs,
    interval,
    permutation_test,
    shift_test,
)
from pluvial.metrics.retrieval import rank_matrix, ranks
from scipy.stats import binom

SEEDS = st.integers(0, 2**32 - 1)


def slow(rng: np.random.Generator, count: int, memory: float, dimensions: int = 4) -> np.ndarray:
    """An AR(1) series, float[count, dimensions], of unit variance."""
    noise = rng.normal(size=(count, dimensions)) * np.sqrt(1 - memory**2)
    series = np.empty_like(noise)
    series[0] = rng.normal(size=dimensions)
    for step in range(1, count):
        series[step] = memory * series[step - 1] + noise[step]
    return series


def scores(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return 1 / rank_matrix(left @ right.T)


@given(SEEDS)
def test_shifts_by_hand(seed: int) -> None:
    count = 6
    table = np.random.default_rng(seed).random((count, count))
    test = shift_test(table)
    for shift, found in enumerate(test.statistics):
        expected = np.mean([table[i, (i + shift) % count] for i in range(count)])
        assert found == pytest.approx(expected)
    assert test.p == pytest.approx((test.statistics >= test.statistics[0] - 1e-12).mean())


@given(SEEDS)
def test_rank_matrix_has_the_ranks_of_every_answer(seed: int) -> None:
    rng = np.random.default_rng(seed)
    similarity = rng.integers(0, 4, (5, 7)).astype(float)
    similarity[rng.random((5, 7)) < 0.2] = np.nan
    matrix = rank_matrix(similarity)
    for column in range(7):
        expected = ranks(similarity, np.full(5, column))
        np.testing.assert_array_equal(matrix[:, column], expected)


def test_true_pairs_are_found_however_slow_the_series() -> None:
    rng = np.random.default_rng(0)
    state = slow(rng, 200, 0.9, 8)
    left, right = (state + 0.5 * rng.normal(size=state.shape) for _ in range(2))
    test = shift_test(scores(left, right))
    assert test.p == test.smallest_p == 1 / 200


def test_series_that_have_nothing_in_common_are_rarely_taken_for_pairs() -> None:
    """At the nominal level by shifts; far too often by permutations that ignore the order."""
    rng = np.random.default_rng(1)
    trials, level = 400, 0.05
    by_shift = by_permutation = 0
    for _ in range(trials):
        table = scores(slow(rng, 100, 0.97), slow(rng, 100, 0.97))
        by_shift += shift_test(table).p <= level
        by_permutation += permutation_test(table, 200, 0).p <= level
    # No more than a binomial count at the nominal level reaches once in a thousand.
    assert by_shift <= binom.ppf(0.999, trials, level)
    assert by_permutation > 3 * trials * level


def test_the_strict_level_holds_too() -> None:
    rng = np.random.default_rng(2)
    false = sum(
        shift_test(scores(slow(rng, 150, 0.95), slow(rng, 150, 0.95))).p < 0.01 for _ in range(400)
    )
    assert false <= binom.ppf(0.999, 400, 0.01)


def test_what_is_all_equal_is_never_significant() -> None:
    constant = np.ones((50, 3))
    assert shift_test(scores(constant, constant)).p == 1
    assert permutation_test(scores(constant, constant), 99, 0).p == 1
    unknown = np.full((50, 3), np.nan)
    assert shift_test(scores(unknown, unknown)).p == 1


def test_permutations_find_independent_pairs() -> None:
    rows = np.random.default_rng(0).normal(size=(40, 5))
    test = permutation_test(scores(rows, rows), 199, 0)
    assert test.p == test.smallest_p == 1 / 200


def test_autocorrelation_of_an_ar1_series_falls_as_its_memory_says() -> None:
    series = slow(np.random.default_rng(0), 20_000, 0.8, 2)
    np.testing.assert_allclose(autocorrelation(series)[:5], 0.8 ** np.arange(5), atol=0.05)
    assert autocorrelation(np.ones((6, 2))).tolist() == [1, 0, 0, 0]


def test_independent_pairs_of_ar1_series() -> None:
    """Two AR(1) series with memories a and b: N (1 - ab) / (1 + ab) (Bartlett 1935)."""
    rng = np.random.default_rng(0)
    count, memory = 5000, 0.9
    worth = independent_pairs(*(slow(rng, count, memory, 30) for _ in range(2)))
    assert worth == pytest.approx(count * (1 - memory**2) / (1 + memory**2), rel=0.1)
    white = independent_pairs(*(rng.normal(size=(count, 30)) for _ in range(2)))
    assert white == pytest.approx(count, rel=0.05)


def test_blocks_are_storms_if_there_are_enough_of_them() -> None:
    storms = np.repeat([7, 9, 11, 20, 21], 2)
    assert blocks(storms, 10, 3.0).tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert blocks(storms[:4], 4, 1.2).tolist() == [0, 0, 1, 1]
    assert blocks(None, 5, 2.0).tolist() == [0, 0, 1, 1, 2]


def test_interval_covers_the_true_mean_as_often_as_it_says() -> None:
    """Records of a storm are alike: only by storms the interval is wide enough."""
    rng = np.random.default_rng(0)
    block, single = np.repeat(np.arange(40), 10), np.arange(400)
    covered = {"storms": 0, "records": 0}
    for trial in range(200):
        values = np.repeat(rng.normal(size=40), 10) + 0.1 * rng.normal(size=400)
        for name, groups in (("storms", block), ("records", single)):
            found = interval(values, groups, 400, trial)
            assert found is not None
            covered[name] += found[0] <= 0 <= found[1]
    assert covered["storms"] >= 0.88 * 200
    assert covered["records"] < 0.6 * 200


def test_no_interval_of_few_storms() -> None:
    assert interval(np.arange(8.0), np.repeat(np.arange(4), 2), 100, 0) is None
    assert interval(np.empty(0), np.empty(0, int), 100, 0) is None
