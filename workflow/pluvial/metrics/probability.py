"""Probabilities of exceedance: are they right as often as they say?

A split is summed up as a histogram: how many cells were given each probability, and how many of
them were flooded. Nothing else is needed for any of the scores here, nor for the contingency table
at any cut. Probabilities come in steps of 1/250, as predictions are stored.

::

    Brier score  BS = mean (p - o)^2                                            (Brier 1950)
                    = reliability - resolution + uncertainty                    (Murphy 1973)
    skill       BSS = 1 - BS / BS of the climatology
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pluvial.metrics.contingency import critical_success_index, ratio

STEPS = 250
"""Steps of a stored probability; 250 is certainty."""
MISSING_CODE = np.uint8(255)
BINS = 10
"""Classes of the reliability diagram."""

Histogram = NDArray[np.int64] | NDArray[np.float64]
"""[..., 251, 2]: cells by the code of their probability, dry and flooded ones."""


def histogram(
    codes: NDArray[np.uint8],
    truth: NDArray[np.bool_],
    present: NDArray[np.bool_] | None = None,
) -> NDArray[np.int64]:
    """Of each field of a series, int64[N, 251, 2].

    Args:
        codes: probability, uint8[N, ...], in steps of 1/250; 255 is missing.
        truth: whether it came, bool[N, ...].
        present: which cells count, bool[N, ...].
    """
    count = len(codes)
    here = codes != MISSING_CODE
    if present is not None:
        here &= present
    number = np.arange(count).reshape(-1, *[1] * (codes.ndim - 1))
    place = (number * (STEPS + 1) + codes) * 2 + truth
    size = count * (STEPS + 1) * 2
    found = np.bincount(place[here].ravel(), minlength=size)
    return found.reshape(count, STEPS + 1, 2).astype(np.int64)


def contingency_at(cells: Histogram, cut: int) -> Histogram:
    """Hits, misses, false alarms and correct negatives if a flood is predicted from ``cut`` on.

    Args:
        cells: histogram [..., 251, 2].
        cut: code of the least probability that counts as a prediction.

    Returns:
        [..., 4].
    """
    above, below = cells[..., cut:, :].sum(axis=-2), cells[..., :cut, :].sum(axis=-2)
    return np.stack([above[..., 1], below[..., 1], above[..., 0], below[..., 0]], axis=-1)


def best_cut(cells: Histogram) -> int | None:
    """The cut, 1 to 250, with the highest CSI on a histogram [251, 2]; None where none is flooded.

    Of equals the one nearest to even odds is taken.
    """
    cuts = np.arange(1, STEPS + 1)
    scores = np.array([critical_success_index(contingency_at(cells, cut)) for cut in cuts.tolist()])
    if not cells[:, 1].sum():
        return None
    best = cuts[np.isclose(scores, np.nanmax(scores), rtol=0, atol=1e-12)]
    return int(best[np.abs(best - STEPS // 2).argmin()])


def brier_score(cells: Histogram) -> NDArray[np.float64]:
    """Mean squared error of the probabilities of a histogram [..., 251, 2], float64[...]."""
    p = np.arange(STEPS + 1) / STEPS
    lost = (cells[..., 0] * p**2 + cells[..., 1] * (1 - p) ** 2).sum(axis=-1)
    return ratio(lost, cells.sum(axis=(-2, -1)))


def reliability(cells: Histogram) -> NDArray[np.float64]:
    """The reliability diagram of a histogram [..., 251, 2], float64[..., BINS, 3].

    Of each class of probabilities, in tenths and closed above: the number of cells, their mean
    probability and the share of them that was flooded; NaN where there is no cell.
    """
    p = np.arange(STEPS + 1) / STEPS
    edges = np.linspace(0, 1, BINS + 1)[1:-1]
    members = np.searchsorted(edges, p) == np.arange(BINS)[:, None]
    number = cells.sum(axis=-1) @ members.T
    mean = ratio((cells.sum(axis=-1) * p) @ members.T, number)
    return np.stack([number, mean, ratio(cells[..., 1] @ members.T, number)], axis=-1)
