"""Depth without learning: by hand, by brute force, and equal to scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from pluvial.diagnostics.depth_baselines import (
    MISSING_DEPTH,
    AllDry,
    Climatology,
    Fitted,
    LookUp,
    Ridge,
    fit_look_up,
    fit_ridge,
    limit_of,
    mark,
)
from sklearn.linear_model import Ridge as TheirRidge

THRESHOLDS = [0.05, 0.1, 0.3]


def some_records(count: int = 300, seed: int = 0, noise: float = 0.02) -> Fitted:
    """Depth that is linear in the rain of some blocks, but for noise and where it would be negative."""
    rng = np.random.default_rng(seed)
    rain = rng.gamma(0.3, 4, (count, 6)).astype(np.float32)
    weights = np.random.default_rng(99).random((6, 10)) * 0.03
    water = np.maximum(rain @ weights - 0.05 + noise * rng.standard_normal((count, 10)), 0)
    return Fitted(rain, np.rint(1000 * water).astype(np.uint16))


def test_limits_are_exclusive() -> None:
    """Deeper than 0.1 m is 101 mm and more, whatever floating point makes of 0.1 / 0.001."""
    assert [limit_of(t) for t in (0.05, 0.1, 0.3, 0.0005)] == [50, 100, 300, 0]


def test_climatology_by_hand() -> None:
    depth = np.array([[0, 200], [100, 400], [101, MISSING_DEPTH]], np.uint16)
    rain = np.zeros((3, 1), np.float32)
    water, odds = Climatology(Fitted(rain, depth), THRESHOLDS).predict(rain[:1])
    np.testing.assert_allclose(water, [[0.067, 0.3]], atol=1e-6)
    np.testing.assert_allclose(odds[0], [[2 / 3, 1], [1 / 3, 1], [0, 0.5]], atol=1e-6)


def test_a_cell_that_is_never_known_has_no_prediction() -> None:
    train = some_records(60)
    train.depth[:, 3] = MISSING_DEPTH
    for method in (
        Climatology(train, THRESHOLDS),
        LookUp(train, THRESHOLDS, 3),
        Ridge(train, THRESHOLDS).with_penalty(1.0),
    ):
        water, odds = method.predict(train.rain[:4])
        assert np.isnan(water[:, 3]).all()
        assert np.isnan(odds[:, :, 3]).all()
        assert not np.isnan(np.delete(water, 3, axis=1)).any()


@pytest.mark.parametrize("neighbours", [1, 3, 500])
def test_look_up_by_brute_force(neighbours: int) -> None:
    train, asked = some_records(200), some_records(20, seed=1)
    train.depth[5, 2] = MISSING_DEPTH
    water, odds = LookUp(train, THRESHOLDS, neighbours).predict(asked.rain)
    for row, rain in enumerate(asked.rain):
        far = ((np.log1p(train.rain) - np.log1p(rain)) ** 2).sum(axis=1)
        nearest = train.depth[np.argsort(far)[:neighbours]].astype(float)
        nearest[nearest == MISSING_DEPTH] = np.nan
        np.testing.assert_allclose(water[row], np.nanmean(nearest, axis=0) / 1000, atol=1e-6)
        for number, threshold in enumerate(THRESHOLDS):
            over = np.where(np.isnan(nearest), np.nan, nearest > 1000 * threshold)
            np.testing.assert_allclose(odds[row, number], np.nanmean(over, axis=0), atol=1e-6)


@pytest.mark.parametrize("penalty", [0.1, 10.0, 1e4])
def test_ridge_equal_to_scikit_learns(penalty: float) -> None:
    train, asked = some_records(), some_records(20, seed=1)
    scale = train.rain.std(axis=0, dtype=np.float64).mean()
    theirs = TheirRidge(alpha=penalty).fit(train.rain / scale, train.depth / 1000)
    expected = theirs.predict(asked.rain / scale)
    water, _ = Ridge(train, THRESHOLDS).with_penalty(penalty).predict(asked.rain)
    np.testing.assert_allclose(water, np.maximum(expected, 0), atol=2e-4)


def test_ridge_floods_a_cell_as_often_as_in_training() -> None:
    train = some_records(400)
    _, odds = Ridge(train, THRESHOLDS).with_penalty(1.0).predict(train.rain)
    for number, threshold in enumerate(THRESHOLDS):
        often = (train.depth > limit_of(threshold)).mean(axis=0)
        np.testing.assert_allclose((odds[:, number] >= 0.5).mean(axis=0), often, atol=0.005)


def test_choices_are_made_where_nothing_was_fitted() -> None:
    """Noise is learned by heart by one neighbour, and by a ridge without a penalty."""
    train, val = some_records(200, noise=0.1), some_records(200, seed=2, noise=0.1)
    look_up = fit_look_up(train, val, THRESHOLDS, [1, 15])
    scores = {k: mark(LookUp(train, THRESHOLDS, k), val, THRESHOLDS).csi for k in (1, 15)}
    assert f"the {max(scores, key=lambda k: scores[k])} training" in look_up.described
    ridge = fit_ridge(train, val, THRESHOLDS, [1.0, 1e6])
    assert "penalty 1," in ridge.described
    # Without a validation split the choice is made on the last fifth, and all is fitted anew.
    alone = fit_ridge(train, None, THRESHOLDS, [1.0, 1e6])
    expected = Ridge(train, THRESHOLDS).with_penalty(1.0).predict(val.rain)[0]
    np.testing.assert_array_equal(alone.predict(val.rain)[0], expected)


def test_methods_know_something_and_all_dry_knows_nothing() -> None:
    train, asked = some_records(), some_records(100, seed=3)
    ridge = mark(Ridge(train, THRESHOLDS).with_penalty(1.0), asked, THRESHOLDS)
    look_up = mark(LookUp(train, THRESHOLDS, 5), asked, THRESHOLDS)
    climatology = mark(Climatology(train, THRESHOLDS), asked, THRESHOLDS)
    dry = mark(AllDry(10, THRESHOLDS), asked, THRESHOLDS)
    assert ridge.csi > look_up.csi > climatology.csi > dry.csi == 0
    assert ridge.brier < look_up.brier < climatology.brier < dry.brier
