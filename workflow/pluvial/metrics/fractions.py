"""Fractions skill score: is the right share of a neighbourhood flooded, if not the right cell?

Roberts and Lean 2008, Monthly Weather Review 136, 78-97. With the shares f of cells that are
predicted and o of cells that are flooded in each window of n x n cells::

    FSS = 1 - sum (f - o)^2 / (sum f^2 + sum o^2)

The sums run over all windows of all fields, so that fields without a flood weigh nothing (Faggian
et al. 2015, Mausam 66, 457-466, who also give the summed-area table). Only windows that lie wholly
in the grid and hold no missing cell count.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pluvial.metrics.contingency import ratio

UNDEFINED = "nothing is flooded or predicted so in any whole window"


def fractions(
    forecast: NDArray[np.bool_],
    truth: NDArray[np.bool_],
    scale: int,
    present: NDArray[np.bool_] | None = None,
) -> NDArray[np.int64]:
    """Both sums of each field of a series, int64[N, 2], times scale^4: they are exact.

    Args:
        forecast: whether it is predicted, bool[N, h, w].
        truth: whether it came, bool[N, h, w].
        scale: side of the windows, in cells.
        present: which cells are known in both, bool[N, h, w].
    """
    predicted, flooded = (_window_sums(field, scale) for field in (forecast, truth))
    if present is not None and not present.all():
        whole = _window_sums(present, scale) == scale**2
        predicted, flooded = predicted * whole, flooded * whole
    squares = [(predicted - flooded) ** 2, predicted**2 + flooded**2]
    return np.stack([part.sum(axis=(1, 2), dtype=np.int64) for part in squares], axis=-1)


def _window_sums(field: NDArray[np.bool_], scale: int) -> NDArray[np.int32]:
    """How many cells are true in each window that lies in the grid, int32[N, h', w']."""
    count, rows, cols = field.shape
    if scale > min(rows, cols):
        return np.zeros((count, 0, 0), np.int32)
    table = np.zeros((count, rows + 1, cols + 1), np.int32)
    field.cumsum(axis=1, dtype=np.int32).cumsum(axis=2, out=table[:, 1:, 1:])
    upper, lower = table[:, :-scale], table[:, scale:]
    return np.asarray(
        lower[..., scale:] - lower[..., :-scale] - upper[..., scale:] + upper[..., :-scale]
    )


def fractions_skill_score(sums: NDArray[np.generic]) -> NDArray[np.float64]:
    """The score of sums [..., 2], float64[...], 0 to 1 (best); NaN where nothing is flooded."""
    return 1 - ratio(sums[..., 0], sums[..., 1])
