"""Fractions skill score: by hand, and equal to the Bureau of Meteorology's."""

from __future__ import annotations

import numpy as np
import pytest
from depth_fields import SHAPE, labelled, some_fields
from pluvial.metrics.fractions import fractions, fractions_skill_score
from scores.spatial import fss_2d

SCALES = (1, 3, 5, 9)


def theirs(forecast: np.ndarray, truth: np.ndarray, scale: int, threshold: float = 0.1) -> float:
    found = fss_2d(
        labelled(forecast),
        labelled(truth),
        event_threshold=threshold,
        window_size=(scale, scale),
        spatial_dims=("y", "x"),
        reduce_dims="all",
    )
    return float(found)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("kind", ["random", "all wet", "predicted dry"])
def test_equal_to_the_bureaus(kind: str, scale: int) -> None:
    forecast, truth = some_fields(kind)
    sums = fractions(forecast > 0.1, truth > 0.1, scale).sum(axis=0)
    found = fractions_skill_score(sums)
    np.testing.assert_allclose(found, theirs(forecast, truth, scale), rtol=0, atol=1e-12)


@pytest.mark.parametrize("scale", SCALES)
def test_all_dry_is_not_defined(scale: int) -> None:
    """Theirs is 0 there, as if all were wrong."""
    forecast, truth = some_fields("all dry")
    assert np.isnan(fractions_skill_score(fractions(forecast > 0.1, truth > 0.1, scale)[0]))
    assert theirs(forecast, truth, scale) == 0


@pytest.mark.parametrize("scale", [1, 3, 5])
def test_a_missing_column_parts_the_field(scale: int) -> None:
    """Windows that hold a missing cell do not count: what is left are both halves by themselves."""
    forecast, truth = some_fields("random")
    forecast, truth = forecast[..., :13], truth[..., :13]
    here = np.ones(forecast.shape, dtype=bool)
    here[:, :, 6] = False
    sums = fractions(forecast > 0.1, truth > 0.1, scale, here).sum(axis=0)
    halves = [np.concatenate([f[..., :6], f[..., 7:]]) for f in (forecast, truth)]
    found = fractions_skill_score(sums)
    np.testing.assert_allclose(found, theirs(halves[0], halves[1], scale), rtol=0, atol=1e-12)


def test_a_missing_field_adds_nothing() -> None:
    forecast, truth = some_fields("random")
    here = np.ones(SHAPE, dtype=bool)
    here[2] = False
    sums = fractions(forecast > 0.1, truth > 0.1, 3, here)
    assert sums[2].tolist() == [0, 0]
    rest = [0, 1, 3, 4]
    np.testing.assert_allclose(
        fractions_skill_score(sums.sum(axis=0)),
        theirs(forecast[rest], truth[rest], 3),
        rtol=0,
        atol=1e-12,
    )


def test_by_hand() -> None:
    """One cell off by one::

    truth     . X .     forecast  . . X     scale 1: 1 - 2 / 2 = 0
              . . .               . . .     scale 3: the one window holds both: 1
              . . .               . . .
    """
    truth, forecast = np.zeros((2, 1, 3, 3), dtype=bool)
    truth[0, 0, 1] = forecast[0, 0, 2] = True
    scores = [float(fractions_skill_score(fractions(forecast, truth, n)[0])) for n in (1, 3)]
    assert scores == [0, 1]
    assert fractions(forecast, truth, 2)[0].tolist() == [1, 3]  # windows: truth 1 1, forecast 0 1
    assert fractions(forecast, truth, 5)[0].tolist() == [0, 0]  # none is whole
