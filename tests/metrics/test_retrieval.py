"""Retrieval: ranks by brute force, ties that never win, and galleries that keep their distance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pluvial.diagnostics.baselines import baselines, best_channels, pixel_vectors, volume_vectors
from pluvial.diagnostics.maps import Maps
from pluvial.metrics.retrieval import make_gallery, ranks, retrieve, summarise

HOUR = 3600


@given(st.sets(st.integers(0, 400), min_size=1), st.sampled_from([0, 600, 900]))
def test_gallery(steps: set[int], tolerance: int) -> None:
    times = np.array(sorted(steps)) * 300
    gallery = make_gallery(times, spacing=HOUR, tolerance=tolerance)
    chosen = times[gallery.candidates]
    assert (np.diff(chosen) >= HOUR).all()
    for position, time in enumerate(times):
        near = np.flatnonzero(np.abs(chosen - time) <= tolerance)
        asked = np.flatnonzero(gallery.queries == position)
        assert asked.size == (near.size > 0)
        if asked.size:
            assert near.tolist() == [gallery.answers[asked[0]]]


@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_ranks_by_brute_force(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    similarity = rng.integers(0, 4, (7, count)).astype(float)  # many ties
    answers = rng.integers(0, count, 7)
    for row, rank in enumerate(ranks(similarity, answers)):
        true = similarity[row, answers[row]]
        others = [s for column, s in enumerate(similarity[row]) if column != answers[row]]
        assert rank == 1 + sum(other >= true for other in others)


def test_a_constant_encoder_scores_nothing() -> None:
    times = np.arange(240) * 300
    gallery = make_gallery(times, spacing=HOUR, tolerance=900)
    constant = np.ones((240, 8)) / np.sqrt(8)
    found = retrieve(constant, constant, gallery)["rain_to_depth"]
    assert found["R@1"] == found["R@10"] == 0
    assert found["median_rank"] == gallery.candidates.size == 20


def test_what_is_not_a_number_never_wins() -> None:
    similarity = np.full((2, 5), np.nan)
    assert ranks(similarity, np.array([0, 3])).tolist() == [5, 5]


def test_a_perfect_encoder_scores_all_and_a_random_one_chance() -> None:
    times = np.arange(12 * 200) * 300
    rng = np.random.default_rng(0)
    gallery = make_gallery(times, spacing=HOUR, tolerance=0)
    vectors = rng.standard_normal((times.size, 32))
    perfect = retrieve(vectors, vectors, gallery)
    assert perfect["depth_to_rain"]["R@1"] == 1
    assert perfect["rain_to_depth"]["R@1_over_chance"] == pytest.approx(200)
    chance = retrieve(vectors, rng.standard_normal((times.size, 32)), gallery)
    assert chance["rain_to_depth"]["R@10"] == pytest.approx(10 / 200, abs=0.05)


def test_summary_by_hand() -> None:
    found = summarise(np.array([1, 2, 5, 20]), candidates=50)
    assert found["R@1"] == 0.25
    assert found["R@5"] == found["R@10"] == 0.75
    assert found["median_rank"] == 3.5
    assert found["mean_reciprocal_rank"] == pytest.approx((1 + 0.5 + 0.2 + 0.05) / 4)
    assert found["R@1_over_chance"] == pytest.approx(12.5)


def some_maps(seed: int, count: int, lag: int = 0) -> Maps:
    """Maps whose depth is the rain of one of three channels, cell by cell."""
    rng = np.random.default_rng(seed)
    channels = rng.gamma(0.5, 4, (count, 6, 6, 3)).astype(np.float32)
    cells = np.arange(6)
    return Maps(channels, channels[..., 2 - lag] / 100, np.array([5.0, 2.0, 1.0]), cells, cells)


def test_rain_since_takes_whole_channels() -> None:
    maps = some_maps(0, 4)
    np.testing.assert_allclose(maps.rain_since(1), maps.channels[..., 2], rtol=1e-6)
    np.testing.assert_array_equal(maps.rain_since(0.5), 0)
    two = 2 * maps.channels[..., 1] + maps.channels[..., 2]
    np.testing.assert_allclose(maps.rain_since(3), two, rtol=1e-5)
    np.testing.assert_allclose(maps.rain_since(4), two, rtol=1e-5)


def test_rain_is_carried_onto_the_grid_of_the_depth() -> None:
    coarse = np.arange(4, dtype=np.float32).reshape(1, 2, 2, 1)
    place = np.array([0, 0, 1, 1])
    maps = Maps(coarse, np.zeros((1, 4, 4), np.float32), np.ones(1), place, place)
    np.testing.assert_array_equal(maps.rain(0, 1)[0], np.kron(coarse[0, ..., 0], np.ones((2, 2))))


@pytest.mark.parametrize("lag", [0, 1, 2])
def test_the_lag_is_found_on_the_training_records(lag: int) -> None:
    train, held_out = some_maps(1, 300, lag), some_maps(2, 60, lag)
    assert best_channels(train) == (2 - lag, 3 - lag)
    gallery = make_gallery(np.arange(60) * HOUR, spacing=HOUR, tolerance=0)
    found = {name: retrieve(*both, gallery) for name, both in baselines(train, held_out).items()}
    (lagged,) = [name for name in found if name.startswith("lagged")]
    assert lagged == f"lagged pixel correlation {('0-1', '1-3', '3-8')[lag]} h"
    for way in ("rain_to_depth", "depth_to_rain"):
        assert found[lagged][way]["R@1"] > 0.95
        assert found["volume match"][way]["R@1"] < 0.5


def test_baselines_find_what_they_look_for() -> None:
    train, held_out = some_maps(1, 300), some_maps(2, 60)
    gallery = make_gallery(np.arange(60) * HOUR, spacing=HOUR, tolerance=0)
    by_pixel = retrieve(*pixel_vectors(train, held_out, 2, 3), gallery)
    assert by_pixel["rain_to_depth"]["R@1"] > 0.95
    assert by_pixel["depth_to_rain"]["R@1"] > 0.95
    by_volume = retrieve(*volume_vectors(train, held_out), gallery)
    assert by_volume["rain_to_depth"]["R@10_over_chance"] > 2


def test_volume_order_is_that_of_distances() -> None:
    train, held_out = some_maps(1, 300), some_maps(2, 20)
    forecast, true = volume_vectors(train, held_out)
    similarity = forecast @ true.T
    distance = (forecast[:, :1] / 2 - true[:, 0]) ** 2
    np.testing.assert_array_equal(similarity.argsort(1)[:, ::-1], distance.argsort(1))
