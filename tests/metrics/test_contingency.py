"""Contingency scores: by hand, and equal to the Bureau of Meteorology's."""

from __future__ import annotations

import numpy as np
import pytest
from depth_fields import KINDS, labelled, present, some_fields
from pluvial.metrics.contingency import STATISTICS, count
from scores.categorical import BinaryContingencyManager

THEIRS = {
    "csi": "critical_success_index",
    "pod": "probability_of_detection",
    "far": "false_alarm_ratio",
    "bias": "frequency_bias",
    "dice": "f1_score",
}


@pytest.mark.parametrize("threshold", [0.05, 0.1, 0.3])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", STATISTICS)
def test_equal_to_the_bureaus(name: str, kind: str, threshold: float) -> None:
    forecast, truth = some_fields(kind)
    here = present(forecast, truth)
    events = [np.where(here, field > threshold, np.nan) for field in (forecast, truth)]
    theirs = BinaryContingencyManager(*map(labelled, events)).transform()
    expected = float(getattr(theirs, THEIRS[name])())
    counts = count(forecast > threshold, truth > threshold, here).sum(axis=0)
    found = STATISTICS[name][0](counts)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_by_hand() -> None:
    """Six cells::

    forecast  1 1 0 0 1 0     hits 1, misses 2
    truth     1 0 1 0 0 1     false alarms 2, correct negatives 1
    """
    forecast = np.array([[[1, 1, 0], [0, 1, 0]]], dtype=bool)
    truth = np.array([[[1, 0, 1], [0, 0, 1]]], dtype=bool)
    (counts,) = count(forecast, truth)
    assert counts.tolist() == [1, 2, 2, 1]
    expected = {"csi": 1 / 5, "pod": 1 / 3, "far": 2 / 3, "bias": 1.0, "dice": 2 / 6}
    for name, value in expected.items():
        assert STATISTICS[name][0](counts) == pytest.approx(value, abs=1e-15)


@pytest.mark.parametrize("seed", range(3))
def test_a_perfect_prediction_has_a_dice_of_one(seed: int) -> None:
    _, truth = some_fields("random", seed)
    counts = count(truth > 0.1, truth > 0.1).sum(axis=0)
    scores = {name: float(statistic(counts)) for name, (statistic, _) in STATISTICS.items()}
    assert scores == {"csi": 1, "pod": 1, "far": 0, "bias": 1, "dice": 1}


def test_sums_first_and_one_division() -> None:
    """Two batches of unequal size: the score of all is not the mean of their scores."""
    truth = np.array([[1, 1, 1, 1], [1, 0, 0, 0]], dtype=bool)
    forecast = np.array([[1, 1, 1, 1], [0, 1, 1, 1]], dtype=bool)
    counts = count(forecast, truth)
    csi = STATISTICS["csi"][0]
    assert csi(counts).tolist() == [1, 0]
    assert csi(counts.sum(axis=0)) == 4 / 8


def test_what_is_missing_counts_nowhere() -> None:
    forecast, truth = some_fields("missing")
    here = present(forecast, truth)
    counts = count(forecast > 0.1, truth > 0.1, here)
    np.testing.assert_array_equal(counts.sum(axis=1), here.sum(axis=(1, 2)))
    assert counts[2].sum() == 0
