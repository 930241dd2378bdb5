"""The depth model's losses against Keras' own and closed forms."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from pluvial.models.depth import losses

SHAPE = (3, 4, 5, 2)
RNG = np.random.default_rng(3)
LOGITS = RNG.normal(0, 2, SHAPE).astype(np.float32)
WET = (RNG.random(SHAPE) < 0.3).astype(np.float32)
ALL = np.ones((*SHAPE[:3], 1), np.float32)
PERFECT = np.where(WET > 0, np.inf, -np.inf).astype(np.float32)
PROBABILITY = 1 / (1 + np.exp(-LOGITS.astype(np.float64)))


def value(loss: object) -> float:
    return float(keras.ops.convert_to_numpy(loss))


def test_cross_entropy_is_that_of_keras() -> None:
    expected = keras.losses.BinaryCrossentropy(from_logits=True)(WET, LOGITS)
    assert value(losses.cross_entropy(LOGITS, WET, ALL)) == pytest.approx(value(expected), rel=1e-6)


@pytest.mark.parametrize("power", [0.0, 1.0, 2.0])
def test_focal_is_that_of_keras(power: float) -> None:
    expected = keras.losses.BinaryFocalCrossentropy(gamma=power, from_logits=True)(WET, LOGITS)
    found = losses.focal(LOGITS, WET, ALL, power)
    assert value(found) == pytest.approx(value(expected), rel=1e-5)


def test_dice_is_that_of_keras_for_each_threshold() -> None:
    expected = np.mean(
        [
            value(keras.losses.Dice(axis=None)(WET[..., k], PROBABILITY[..., k].astype(np.float32)))
            for k in range(SHAPE[-1])
        ]
    )
    assert value(losses.dice(LOGITS, WET, ALL)) == pytest.approx(expected, rel=1e-5)


def test_a_perfect_prediction_costs_exactly_nothing() -> None:
    assert value(losses.cross_entropy(PERFECT, WET, ALL)) == 0
    assert value(losses.focal(PERFECT, WET, ALL, 2.0)) == 0
    assert value(losses.dice(PERFECT, WET, ALL)) == 0
    depth = RNG.integers(0, 30, SHAPE[:3]).astype(np.float32) ** 2
    assert value(losses.root_error(np.sqrt(depth), depth, ALL[..., 0], 0.1)) == 0
    assert value(losses.cell_error(np.sqrt(depth), depth, ALL[..., 0], np.ones((4, 5)))) == 0


def test_all_dry_is_defined_and_costs_nothing_if_predicted_dry() -> None:
    dry = np.zeros(SHAPE, np.float32)
    never = np.full(SHAPE, -np.inf, np.float32)
    assert value(losses.dice(never, dry, ALL)) == 0
    assert value(losses.cross_entropy(never, dry, ALL)) == 0
    # An even chance everywhere: ln 2 for each cell, and dice as bad as can be.
    even = np.zeros(SHAPE, np.float32)
    assert value(losses.cross_entropy(even, dry, ALL)) == pytest.approx(np.log(2))
    assert value(losses.dice(even, dry, ALL)) == pytest.approx(1, abs=1e-5)


def test_dice_of_half_a_hit() -> None:
    """Two cells wet, one of them found for certain: 1 - 2 * 1 / (1 + 2) = 1/3."""
    wet = np.zeros((1, 1, 4, 1), np.float32)
    wet[0, 0, :2] = 1
    logits = np.array([np.inf, -np.inf, -np.inf, -np.inf], np.float32).reshape(1, 1, 4, 1)
    found = value(losses.dice(logits, wet, np.ones((1, 1, 4, 1), np.float32)))
    assert found == pytest.approx(1 / 3, abs=1e-6)


def test_missing_cells_take_no_part() -> None:
    present = (RNG.random((*SHAPE[:3], 1)) < 0.5).astype(np.float32)
    spoilt = np.where(present > 0, LOGITS, 50.0).astype(np.float32)
    for loss in (losses.cross_entropy, losses.dice):
        assert value(loss(spoilt, WET, present)) == pytest.approx(value(loss(LOGITS, WET, present)))
    nothing = np.zeros_like(present)
    assert value(losses.cross_entropy(LOGITS, WET, nothing)) == 0
    assert value(losses.dice(LOGITS, WET, nothing)) == 0


def test_balance_weighs_wet_cells() -> None:
    balance = np.array([3.0, 1.0], np.float32)
    surprise = -np.log(np.where(WET > 0, PROBABILITY, 1 - PROBABILITY))
    expected = (np.where(WET > 0, balance, 1) * surprise).mean()
    found = value(losses.cross_entropy(LOGITS, WET, ALL, balance))
    assert found == pytest.approx(expected, rel=1e-5)


def test_the_error_of_the_mean_is_one_less_an_efficiency_of_zero() -> None:
    """A cell predicted at its mean has a Nash-Sutcliffe efficiency of 0: a loss of 1."""
    depth = RNG.gamma(1, 0.2, (500, 2, 3)).astype(np.float32)
    mean = np.broadcast_to(depth.mean(axis=0), depth.shape)
    present = np.ones_like(depth)
    found = losses.cell_error(np.sqrt(mean), depth, present, depth.var(axis=0))
    assert value(found) == pytest.approx(1, rel=1e-4)
