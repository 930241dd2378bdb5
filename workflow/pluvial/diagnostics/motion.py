"""Which way the rain moves: the displacement at which a field suits the next one best."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

FIELDS = 7
"""Consecutive fields that a motion is taken from, at most."""
LEAST_OVERLAP = 0.25
"""Share of the field that two fields must have in common at a displacement that counts."""
LEAST_CORRELATION = 0.5
"""Below it no displacement is believed."""


def motion(fields: NDArray[np.floating]) -> tuple[float, float]:
    """Displacement per step of rain fields, (rows southward, columns eastward); NaN if none.

    The correlation of the overlap of two consecutive fields, normalised for each displacement
    (Padfield 2012, IEEE Trans. Image Process. 21, 2706-2718), is averaged over all neighbours
    and its highest place taken, refined by a parabola. NaN where there are fewer than two
    fields, where it does not rain, or where nothing correlates.

    Args:
        fields: consecutive rain rates, float[k, H, W].
    """
    seen = np.log1p(np.asarray(fields, dtype=np.float64))
    if len(seen) < 2 or min(seen.shape[1:]) < 3:
        return np.nan, np.nan
    surface = np.mean([_correlations(a, b) for a, b in pairwise(seen)], axis=0)
    at = np.unravel_index(int(surface.argmax()), surface.shape)
    if surface[at] < LEAST_CORRELATION:
        return np.nan, np.nan
    rows, cols = seen.shape[1:]
    south = int(at[0]) + _refined(surface[:, at[1]], int(at[0])) - (rows - 1)
    east = int(at[1]) + _refined(surface[at[0]], int(at[1])) - (cols - 1)
    return float(south), float(east)


def _correlations(before: NDArray[np.float64], after: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correlation of the overlap for each displacement, float64[2H - 1, 2W - 1].

    Entry [i, j] belongs to a displacement of i - (H - 1) rows and j - (W - 1) columns; 0 where
    the overlap is too small or either field is constant in it.
    """
    size = tuple(2 * n - 1 for n in before.shape)

    def correlate(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
        product = np.conj(np.fft.rfft2(left, size)) * np.fft.rfft2(right, size)
        return np.fft.fftshift(np.fft.irfft2(product, size))

    ones = np.ones_like(before)
    count = np.rint(correlate(ones, ones))
    first, second = correlate(before, ones), correlate(ones, after)
    spread = np.sqrt(
        np.maximum(correlate(before**2, ones) - first**2 / count, 0)
        * np.maximum(correlate(ones, after**2) - second**2 / count, 0)
    )
    known = (count >= LEAST_OVERLAP * before.size) & (spread > 1e-6 * before.size)
    covariance = correlate(before, after) - first * second / count
    return np.where(known, covariance / np.where(known, spread, 1), 0.0)


def _refined(along: NDArray[np.float64], at: int) -> float:
    """Offset of the top of the parabola through a maximum and its neighbours, -0.5 to 0.5."""
    if not 0 < at < along.size - 1:
        return 0.0
    left, middle, right = along[at - 1 : at + 2]
    curvature = left - 2 * middle + right
    return float(0.5 * (left - right) / curvature) if curvature < 0 else 0.0
