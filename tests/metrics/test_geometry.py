"""Shape of embeddings: closed forms, and points whose numbers can be worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pluvial.metrics.geometry import (
    alignment,
    along_one,
    describe_side,
    effective_rank,
    mean_cosine_between,
    modality_gap,
    spectrum,
    uniformity,
)
from scipy.spatial.distance import pdist
from scipy.stats import entropy

SEEDS = st.integers(0, 2**32 - 1)


def some_unit(seed: int, count: int = 20, dimensions: int = 6) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(count, dimensions))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_alignment_of_equal_opposite_and_orthogonal_vectors() -> None:
    rows = some_unit(0)
    assert alignment(rows, rows) == 0
    assert alignment(rows, -rows) == pytest.approx(4)
    eye = np.eye(6)
    assert alignment(eye[:3], eye[3:]) == pytest.approx(2)


def test_uniformity_of_known_points() -> None:
    assert uniformity(np.ones((5, 1))) == 0
    # All pairs at right angles: |x - x'|^2 = 2.
    assert uniformity(np.eye(7)) == pytest.approx(-4)
    # Two antipodes, one pair at distance 2.
    assert uniformity(np.array([[1.0, 0], [-1, 0]])) == pytest.approx(-8)


@given(SEEDS)
def test_uniformity_by_scipys_distances(seed: int) -> None:
    rows = some_unit(seed)
    expected = math.log(np.exp(-2 * pdist(rows, "sqeuclidean")).mean())
    assert uniformity(rows) == pytest.approx(expected)


def test_many_random_points_come_near_to_the_uniform_limit() -> None:
    """On the circle E exp(-2 |x - x'|^2) is exp(-4) I0(4) (Wang and Isola 2020, appendix)."""
    circle = some_unit(0, 2000, 2)
    assert uniformity(circle) == pytest.approx(-4 + math.log(np.i0(4.0)), abs=0.03)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_effective_rank_of_equal_orthogonal_directions_is_their_number(count: int) -> None:
    rows = np.kron(np.eye(count, 8), np.ones((4, 1)))
    assert effective_rank(spectrum(rows, centred=False)) == pytest.approx(count, rel=1e-4)


@given(SEEDS)
def test_effective_rank_by_scipys_entropy(seed: int) -> None:
    rows = np.random.default_rng(seed).normal(size=(12, 5)) * [1, 2, 3, 4, 0.1]
    values = np.linalg.svd(rows - rows.mean(axis=0), compute_uv=False)
    expected = np.exp(entropy(values))
    assert effective_rank(spectrum(rows, centred=True)) == pytest.approx(expected, rel=1e-4)


def test_rank_does_not_change_when_the_space_is_turned_or_scaled() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(30, 6)) * [1, 2, 3, 1, 1, 1]
    turn, _ = np.linalg.qr(rng.normal(size=(6, 6)))
    before = effective_rank(spectrum(rows, centred=True))
    assert effective_rank(spectrum(7 * rows @ turn, centred=True)) == pytest.approx(before)


def test_equal_rows_have_no_rank_about_their_mean_and_rank_one_about_the_origin() -> None:
    rows = np.tile(some_unit(0, 1, 200), (500, 1)).astype(np.float32)
    assert effective_rank(spectrum(rows, centred=True)) == 0
    assert effective_rank(spectrum(rows, centred=False)) == pytest.approx(1, abs=1e-3)


def test_variance_along_one_line() -> None:
    rows = np.zeros((100, 50))
    rows[:, 3] = np.linspace(-1, 1, 100)
    assert along_one(spectrum(rows, centred=True)) == pytest.approx(1)
    # A little noise in every dimension raises the effective rank, but hides no line.
    noisy = rows + 0.005 * np.random.default_rng(0).normal(size=rows.shape)
    assert effective_rank(spectrum(noisy, centred=True)) > 5
    assert along_one(spectrum(noisy, centred=True)) > 0.99
    assert along_one(spectrum(np.eye(4), centred=False)) == pytest.approx(1 / 4)
    assert along_one(np.zeros(3)) is None


def test_modality_gap_of_two_clouds_a_known_way_apart() -> None:
    rows = some_unit(0)
    assert modality_gap(rows, rows) == 0
    assert modality_gap(rows, np.add(rows, [3, 4, 0, 0, 0, 0])) == pytest.approx(5)


@given(SEEDS)
def test_mean_cosine_between_by_brute_force(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, groups = some_unit(seed, 12), rng.integers(0, 4, 12)
    groups[:2] = 0, 1
    cosines = [rows[i] @ rows[j] for i in range(12) for j in range(12) if groups[i] != groups[j]]
    assert mean_cosine_between(rows, groups) == pytest.approx(np.mean(cosines))


def test_mean_cosine_of_a_single_group_is_that_of_different_rows() -> None:
    rows = np.array([[1.0, 0], [1, 0], [0, 1]])
    assert mean_cosine_between(rows, np.zeros(3, int)) == pytest.approx(1 / 3)
    assert mean_cosine_between(rows, None) == pytest.approx(1 / 3)
    assert mean_cosine_between(rows[:1], None) is None


def test_rows_without_direction_are_counted_and_left_out() -> None:
    rows = some_unit(0, 40).astype(np.float32)
    rows[:15] = 0
    rows[15:18] = np.nan
    rows[18:20, 0] = np.inf
    found = describe_side(rows, None)
    assert found["without_direction"] == pytest.approx(0.5)
    assert found["uniformity"] == pytest.approx(uniformity(rows[20:]), abs=1e-5)


def test_dead_dimensions_are_counted() -> None:
    rows = np.random.default_rng(0).normal(size=(50, 6))
    rows[:, 2:4] = 0
    assert describe_side(rows, None)["dead_dimensions"] == 2


@pytest.mark.parametrize("count", [0, 1, 9])
def test_too_few_rows_have_no_shape(count: int) -> None:
    found = describe_side(some_unit(0, count), None)
    assert found["uniformity"] is found["effective_rank"] is found["mean_cosine"] is None
