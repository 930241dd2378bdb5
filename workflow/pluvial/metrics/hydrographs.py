"""A gauge's course in time: efficiency, and the height and the hour of its peak.

With the predicted f and the true o, their means, standard deviations and correlation r::

    NSE = 1 - sum (f - o)^2 / sum (o - mean o)^2             (Nash and Sutcliffe 1970)
    KGE = 1 - sqrt((r - 1)^2 + (sd f / sd o - 1)^2 + (mean f / mean o - 1)^2)
                                                             (Gupta et al. 2009)

1 is perfect; a NSE of 0 is as good as the mean, of the truth itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pluvial.metrics.contingency import ratio

NUMBER, TRUE, PREDICTED, TRUE_SQUARE, PREDICTED_SQUARE, PRODUCT = range(6)


def moment_sums(
    forecast: NDArray[np.floating], truth: NDArray[np.floating], origin: float
) -> NDArray[np.float64]:
    """The moments of each time, to be summed, float64[N, 6]; zeros where either is missing.

    Args:
        forecast: float[N], NaN where missing.
        truth: float[N], NaN where missing.
        origin: what both are measured from. Near their mean, no digits are lost.
    """
    f, o = (np.asarray(values, np.float64) - origin for values in (forecast, truth))
    moments = np.stack([np.ones_like(o), o, f, o**2, f**2, o * f], axis=-1)
    moments[np.isnan(moments).any(axis=-1)] = 0
    return moments


def nash_sutcliffe(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """NSE of sums [..., 6], float64[...]; NaN where the truth never changes."""
    n, o, _, oo, ff, of = np.moveaxis(sums, -1, 0)
    spread = oo - ratio(o**2, n)
    return 1 - ratio(ff - 2 * of + oo, _positive(spread, oo))


def kling_gupta(sums: NDArray[np.float64], origin: float) -> NDArray[np.float64]:
    """KGE of sums [..., 6] about ``origin``, float64[...]; NaN where either never changes."""
    n, o, f, oo, ff, of = np.moveaxis(sums, -1, 0)
    true = _positive(oo - ratio(o**2, n), oo)
    predicted = _positive(ff - ratio(f**2, n), ff)
    together = of - ratio(o * f, n)
    r = ratio(together, np.sqrt(true * predicted))
    means = ratio(origin + ratio(f, n), origin + ratio(o, n))
    spreads = np.sqrt(ratio(predicted, true))
    return np.asarray(1 - np.sqrt((r - 1) ** 2 + (spreads - 1) ** 2 + (means - 1) ** 2))


def _positive(spread: NDArray[np.float64], square: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums of squares about the mean, 0 where they are nothing but rounding of ``square``."""
    return np.where(spread > 1e-12 * square, spread, 0.0)


@dataclass(frozen=True)
class Peaks:
    """The peaks of S storms at a gauge; NaN where a storm has none.

    Attributes:
        true, predicted: height, float64[S], m.
        late: how much later the predicted one comes, float64[S], s; NaN too where no peak is
            predicted.
    """

    true: NDArray[np.float64]
    predicted: NDArray[np.float64]
    late: NDArray[np.float64]


def find_peaks(
    times: NDArray[np.int64],
    forecast: NDArray[np.floating],
    truth: NDArray[np.floating],
    storm: NDArray[np.intp],
    storms: int,
    least: float,
) -> Peaks:
    """The highest water of each storm, true and predicted; of equals the first.

    A storm in which the water is highest at its first record has no peak of its own: what is seen
    there is the fall from the peak of the one before.

    Args:
        times: int64[N], ascending.
        forecast: float[N], m; NaN where missing.
        truth: float[N], m; NaN where missing.
        storm: the storm of each time, intp[N], from 0.
        storms: how many there are.
        least: a storm has a peak where it rises above this, m.
    """
    found = np.full((3, storms), np.nan)
    for number in range(storms):
        rows = np.flatnonzero((storm == number) & ~np.isnan(forecast) & ~np.isnan(truth))
        if rows.size and truth[rows].max() > least and truth[rows].argmax() > 0:
            highest = rows[truth[rows].argmax()], rows[forecast[rows].argmax()]
            found[:2, number] = truth[highest[0]], forecast[highest[1]]
            if forecast[highest[1]] > least:
                found[2, number] = times[highest[1]] - times[highest[0]]
    return Peaks(*found)
