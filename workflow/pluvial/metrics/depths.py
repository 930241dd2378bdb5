"""How far the depth is off, in metres.

::

    RMSE = sqrt(sum (f - o)^2 / n)      MAE = sum |f - o| / n      mean error = sum (f - o) / n

over the n cells that count; wet cells are those whose true depth is above a threshold.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pluvial.metrics.contingency import ratio

NUMBER, ERROR, ABSOLUTE, SQUARE = range(4)


def error_sums(
    forecast: NDArray[np.floating], truth: NDArray[np.floating], counted: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Number, error, absolute and squared error of each field, summed: float64[N, 4].

    Args:
        forecast: depth, float[N, ...], m.
        truth: depth, float[N, ...], m.
        counted: which cells count, bool[N, ...]; both are known there.
    """
    axes = tuple(range(1, truth.ndim))
    error = np.where(counted, np.asarray(forecast, np.float64) - truth, 0.0)
    sums = [counted.sum(axis=axes), *(e.sum(axis=axes) for e in (error, np.abs(error), error**2))]
    return np.stack(sums, axis=-1).astype(np.float64)


def root_mean_square_error(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """RMSE in m of sums [..., 4], float64[...]; NaN over no cell."""
    return np.asarray(np.sqrt(ratio(sums[..., SQUARE], sums[..., NUMBER])))


def mean_absolute_error(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """MAE in m of sums [..., 4], float64[...]; NaN over no cell."""
    return ratio(sums[..., ABSOLUTE], sums[..., NUMBER])


def mean_error(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean error in m of sums [..., 4], float64[...], positive where too deep; NaN over no cell."""
    return ratio(sums[..., ERROR], sums[..., NUMBER])
