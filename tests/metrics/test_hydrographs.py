"""Hydrographs: by hand, and equal to the Bureau of Meteorology's."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from pluvial.metrics.hydrographs import find_peaks, kling_gupta, moment_sums, nash_sutcliffe
from scores.continuous import kge, nse


def some_courses(kind: str, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = np.convolve(rng.gamma(0.2, 1, 300), np.exp(-np.arange(40) / 8), "same")
    forecast = 0.8 * truth + 0.1 * rng.random(300)
    if kind == "far from zero":
        return forecast + 1e4, truth + 1e4
    if kind == "missing":
        forecast[rng.random(300) < 0.1] = np.nan
        truth[40:60] = np.nan
    if kind == "constant forecast":
        forecast[:] = 0.3
    if kind == "dry":
        forecast[:], truth[:] = 0, 0
    return forecast, truth


@pytest.mark.parametrize("kind", ["usual", "missing", "far from zero"])
def test_equal_to_the_bureaus(kind: str) -> None:
    forecast, truth = some_courses(kind)
    origin = float(np.nanmean(truth))
    sums = moment_sums(forecast, truth, origin).sum(axis=0)
    both = [xr.DataArray(values, dims="time") for values in (forecast, truth)]
    tolerance = 1e-8 if kind == "far from zero" else 1e-12  # the values have no more digits
    assert nash_sutcliffe(sums) == pytest.approx(float(nse(*both)), abs=tolerance)
    assert kling_gupta(sums, origin) == pytest.approx(float(kge(*both)), abs=tolerance)


def test_what_never_changes_has_no_efficiency() -> None:
    forecast, truth = some_courses("dry")
    sums = moment_sums(forecast, truth, 0.0).sum(axis=0)
    assert np.isnan(nash_sutcliffe(sums))
    assert np.isnan(kling_gupta(sums, 0.0))
    forecast, truth = some_courses("constant forecast")
    sums = moment_sums(forecast, truth, 0.1).sum(axis=0)
    assert np.isnan(kling_gupta(sums, 0.1))
    assert nash_sutcliffe(sums) <= 0


def test_by_hand() -> None:
    """Truth 1 2 3, forecast 2 2 4: squares of errors 2, of the truth about its mean 2."""
    sums = moment_sums(np.array([2.0, 2, 4]), np.array([1.0, 2, 3]), 2.0).sum(axis=0)
    assert nash_sutcliffe(sums) == 0
    r, spread, mean = 3**0.5 / 2, (8 / 3 / 2) ** 0.5, (8 / 3) / 2
    expected = 1 - ((r - 1) ** 2 + (spread - 1) ** 2 + (mean - 1) ** 2) ** 0.5
    assert kling_gupta(sums, 2.0) == pytest.approx(expected, abs=1e-15)


def test_a_perfect_course_has_an_efficiency_of_one() -> None:
    _, truth = some_courses("usual")
    sums = moment_sums(truth, truth, 0.4).sum(axis=0)
    assert nash_sutcliffe(sums) == 1
    assert kling_gupta(sums, 0.4) == pytest.approx(1, abs=1e-12)


def test_peaks_by_hand() -> None:
    """Four storms, of which the third has no flood and the fourth only falls::

    time      0   300 600 900 | 1200 1500 1800 | 2100 2400 | 2700 3000
    truth     0.1 0.9 0.4 0.2 | 0    0.6  0.6  | 0    0    | 0.5  0.4
    forecast  0.1 0.2 0.7 0.5 | 0    0    0    | 0.8  0    | 0.5  0.4
    """
    truth = np.array([0.1, 0.9, 0.4, 0.2, 0, 0.6, 0.6, 0, 0, 0.5, 0.4])
    forecast = np.array([0.1, 0.2, 0.7, 0.5, 0, 0, 0, 0.8, 0, 0.5, 0.4])
    storm = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2, 3, 3])
    peaks = find_peaks(300 * np.arange(11), forecast, truth, storm, 4, least=0.05)
    np.testing.assert_array_equal(peaks.true, [0.9, 0.6, np.nan, np.nan])
    np.testing.assert_array_equal(peaks.predicted, [0.7, 0, np.nan, np.nan])
    np.testing.assert_array_equal(peaks.late, [300, np.nan, np.nan, np.nan])
