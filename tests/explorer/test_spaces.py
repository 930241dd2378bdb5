"""Sampling by storm, axes in small integers, and neighbours, each against another library."""

from __future__ import annotations

import numpy as np
import pytest
from explored import Run
from hypothesis import given
from hypothesis import strategies as st
from pluvial.config.learning import RetrievalConfig
from pluvial.explorer.pairs import find_pairs, recall_curve
from pluvial.explorer.records import LEAST_OF_A_STORM, read_sample, sample_storms
from pluvial.explorer.spaces import LIMIT, nearest_storms, pack_map, pack_space, quantise
from pluvial.figures.records import space_of
from scipy.spatial.distance import cdist
from sklearn.metrics import top_k_accuracy_score


@given(st.lists(st.integers(1, 60), min_size=1, max_size=20), st.integers(1, 400))
def test_a_sample_keeps_every_storm_in_proportion(sizes: list[int], most: int) -> None:
    storm = np.repeat(np.arange(len(sizes)), sizes)
    rows = sample_storms(storm, most)
    assert rows.size == min(storm.size, most)
    assert (np.diff(rows) > 0).all()
    kept = np.bincount(storm[rows], minlength=len(sizes))
    if storm.size > most >= LEAST_OF_A_STORM * len(sizes):
        least = np.minimum(sizes, LEAST_OF_A_STORM)
        assert (kept >= least).all()
        spare, rest = most - least.sum(), np.asarray(sizes) - least
        np.testing.assert_array_less(np.abs(kept - least - rest * spare / rest.sum()), 1 + 1e-9)


def test_a_sampled_storm_is_seen_from_its_first_to_its_last_record() -> None:
    storm = np.repeat([0, 1], [1000, 100])
    rows = sample_storms(storm, 110)
    for number, (first, last) in enumerate([(0, 999), (1000, 1099)]):
        own = rows[storm[rows] == number]
        assert own[[0, -1]].tolist() == [first, last]
        assert np.ptp(np.diff(own)) <= 1


def test_a_table_in_any_order_is_read_in_order_of_time(run: Run) -> None:
    table, projected = read_sample(run.files.umap, 100)
    assert projected == 240
    assert len(table) == 100
    assert table["time"].is_monotonic_increasing
    assert set(table["storm"]) == set(run.table["storm"])


@given(st.lists(st.floats(-3.0, 3.0), min_size=1))
def test_codes_hold_values_to_half_a_step(values: list[float]) -> None:
    codes = quantise(np.array(values)).astype(float)
    back = LIMIT * (2 * codes / 255 - 1)
    np.testing.assert_allclose(back, values, atol=LIMIT / 255 + 1e-12)


def test_what_lies_beyond_the_limit_is_drawn_there_and_a_turned_axis_is_exact() -> None:
    assert quantise(np.array([-9.0, -LIMIT, LIMIT, 9.0])).tolist() == [0, 0, 255, 255]
    values = np.linspace(-2.9, 2.9, 1000)  # none is 0, which lies between two codes
    np.testing.assert_array_equal(quantise(-values), 255 - quantise(values))


def test_the_map_keeps_its_proportions() -> None:
    flat = np.array([[0.0, 10.0], [4.0, 10.0], [4.0, 12.0]])
    packed = pack_map(flat).astype(float)
    distances, expected = cdist(packed, packed), cdist(flat, flat)
    np.testing.assert_allclose(distances / distances[0, 1], expected / expected[0, 1], atol=1e-4)
    assert pack_map(np.ones((3, 2))).tolist() == [[32768, 32768]] * 3


def test_neighbours_are_the_nearest_of_the_nearest_other_storms(run: Run) -> None:
    vectors, storm = run.vectors("rain"), run.table["storm"].to_numpy()
    found = nearest_storms(vectors, storm, 4)
    away = cdist(vectors, vectors, "cosine")
    for row in range(len(storm)):
        others = {
            int(number): float(away[row][storm == number].min())
            for number in np.unique(storm)
            if number != storm[row]
        }
        expected = sorted(others.values())[:4]
        np.testing.assert_allclose(away[row, found[row]], expected, atol=1e-5)
        assert len(set(storm[found[row]])) == 4


def test_a_lone_storm_has_no_neighbours_and_two_have_one() -> None:
    vectors = np.eye(4)
    assert (nearest_storms(vectors, np.zeros(4, int), 2) == -1).all()
    two = nearest_storms(vectors + 0.1, np.array([0, 0, 1, 1]), 2)
    assert (two[:, 0] >= 0).all()
    assert (two[:, 1] == -1).all()


def test_axes_are_the_standardised_vectors(run: Run) -> None:
    packed = pack_space(
        space_of(run.table, "rain", run.files.umap),
        run.table["flooded_fraction"].to_numpy(),
        run.table["storm"].to_numpy(),
        2,
    )
    vectors = run.vectors("rain")
    for axis, (dimension, flipped) in enumerate(
        zip(packed.dimensions, packed.flipped, strict=True)
    ):
        one = vectors[:, dimension]
        standard = (one - one.mean()) / one.std() * (-1 if flipped else 1)
        np.testing.assert_array_equal(packed.axes[axis], quantise(standard))


def test_ranks_and_curves_are_those_of_scikit_learn(run: Run) -> None:
    vectors = {space: run.vectors(space) for space in ("rain", "depth")}
    pairs = find_pairs(run.table, vectors, RetrievalConfig(), 6)
    assert pairs is not None
    asked = np.flatnonzero(pairs.answers >= 0)
    assert (run.table["split"].to_numpy()[asked] == "test").all()
    times = run.table["time"].to_numpy()
    assert (np.abs(times[pairs.answers[asked]] - times[asked]) <= 900).all()
    assert (np.diff(times[pairs.candidates]) >= 3600).all()
    alike = vectors["rain"][asked] @ vectors["depth"][pairs.candidates].T
    truth = np.searchsorted(pairs.candidates, pairs.answers[asked])
    for k, share in recall_curve(pairs.ranks["rain_to_depth"][asked], pairs.candidates.size):
        expected = top_k_accuracy_score(truth, alike, k=int(k), labels=np.arange(alike.shape[1]))
        assert share == pytest.approx(expected, abs=1e-5)
    best = pairs.best["rain_to_depth"][asked]
    np.testing.assert_array_equal(best, pairs.candidates[np.argsort(-alike, axis=1)[:, :6]])


def test_without_two_candidates_nothing_is_retrieved(run: Run) -> None:
    table = run.table.assign(rain_max_mm_h=0.0)
    vectors = {space: run.vectors(space) for space in ("rain", "depth")}
    assert find_pairs(table, vectors, RetrievalConfig(), 6) is None
