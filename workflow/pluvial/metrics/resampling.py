"""Intervals for sums over storms: whole storms are drawn, whose records are not independent.

Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapters 8 and 13 (percentiles).
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray


def draw_weights(groups: int, draws: int, seed: int) -> NDArray[np.float64]:
    """How often each group is drawn, float64[1 + draws, groups]; in row 0 each counts once."""
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(groups, np.full(groups, 1 / groups), draws)
    return np.concatenate([np.ones((1, groups)), drawn])


def drawn_sums(weights: NDArray[np.float64], sums: NDArray[np.generic]) -> NDArray[np.float64]:
    """Sums [groups, ...] over what each draw holds, float64[1 + draws, ...]."""
    return np.tensordot(weights, np.asarray(sums, np.float64), axes=1)


Values = TypeVar("Values", np.int64, np.float64)


def sum_by_group(values: NDArray[Values], group: NDArray[np.intp], groups: int) -> NDArray[Values]:
    """Sums of ``values`` [N, ...] over the members of each group, [groups, ...]."""
    total = np.zeros((groups, *values.shape[1:]), values.dtype)
    np.add.at(total, group, values)
    return total


def interval(
    values: NDArray[np.float64], groups: int, *, least: int, confidence: float
) -> tuple[float, float] | None:
    """The percentile interval of a statistic of all draws, float64[1 + draws].

    None with fewer than ``least`` groups, whose draws are too few to tell, or where more draws
    than lie beyond the interval leave the statistic undefined.
    """
    drawn = values[1:]
    known = np.isfinite(drawn)
    if groups < least or known.mean() < confidence:
        return None
    tail = 50 * (1 - confidence)
    low, high = np.percentile(drawn[known], [tail, 100 - tail])
    return float(low), float(high)
