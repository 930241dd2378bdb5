"""Yes or no, cell by cell: how often a flood was predicted, and how often it came.

All counts are sums: over a whole split they are added up first and divided once, never averaged
over batches, in which a score has no meaning where nothing is flooded. With hits h, misses m, false
alarms f and correct negatives c (Wilks 2019, Statistical Methods in the Atmospheric Sciences, 4th
edition, chapter 9.2)::

                     flooded   dry            CSI  = h / (h + m + f)      (Schaefer 1990)
    predicted           h       f             POD  = h / (h + m)
    not predicted       m       c             FAR  = f / (h + f)
                                              bias = (h + f) / (h + m)
                                              Dice = 2h / (2h + m + f)

The intersection over union is the CSI, and Dice is the F1 score, 2 CSI / (1 + CSI).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

HITS, MISSES, FALSE_ALARMS, CORRECT_NEGATIVES = range(4)
Counts = NDArray[np.int64] | NDArray[np.float64]
"""[..., 4]: hits, misses, false alarms, correct negatives."""


def count(
    forecast: NDArray[np.bool_],
    truth: NDArray[np.bool_],
    present: NDArray[np.bool_] | None = None,
) -> NDArray[np.int64]:
    """Count each field of a series, int64[N, 4].

    Args:
        forecast: whether it is predicted, bool[N, ...].
        truth: whether it came, bool[N, ...].
        present: which cells count, bool[N, ...]; a cell missing in either is in no count.
    """
    axes = tuple(range(1, truth.ndim))
    here = np.ones_like(truth) if present is None else present
    wet, predicted = truth & here, forecast & here
    hits = (wet & predicted).sum(axis=axes)
    misses, false_alarms = wet.sum(axis=axes) - hits, predicted.sum(axis=axes) - hits
    correct = here.sum(axis=axes) - hits - misses - false_alarms
    return np.stack([hits, misses, false_alarms, correct], axis=-1).astype(np.int64)


def ratio(above: NDArray[np.generic], below: NDArray[np.generic]) -> NDArray[np.float64]:
    """``above`` / ``below``, float64[...], NaN where there is nothing to divide by."""
    over, under = np.asarray(above, np.float64), np.asarray(below, np.float64)
    shape = np.broadcast_shapes(over.shape, under.shape)
    found: NDArray[np.float64] = np.full(shape, np.nan)
    np.divide(over, under, out=found, where=under != 0)
    return found


def critical_success_index(counts: Counts) -> NDArray[np.float64]:
    """CSI, threat score or intersection over union, 0 to 1 (best), float64[...].

    NaN where nothing is flooded and nothing is predicted so.
    """
    return ratio(counts[..., HITS], counts[..., :CORRECT_NEGATIVES].sum(axis=-1))


def probability_of_detection(counts: Counts) -> NDArray[np.float64]:
    """Share of the flooded cells that were predicted, float64[...]; NaN where none is flooded."""
    return ratio(counts[..., HITS], counts[..., HITS] + counts[..., MISSES])


def false_alarm_ratio(counts: Counts) -> NDArray[np.float64]:
    """Share of the predicted cells that stayed dry, float64[...]; NaN where none is predicted."""
    return ratio(counts[..., FALSE_ALARMS], counts[..., HITS] + counts[..., FALSE_ALARMS])


def frequency_bias(counts: Counts) -> NDArray[np.float64]:
    """Predicted cells per flooded cell, float64[...], 1 is best; NaN where none is flooded."""
    predicted = counts[..., HITS] + counts[..., FALSE_ALARMS]
    return ratio(predicted, counts[..., HITS] + counts[..., MISSES])


def dice(counts: Counts) -> NDArray[np.float64]:
    """Dice coefficient or F1 score, 0 to 1 (best), float64[...]; NaN where the CSI is."""
    twice = 2 * counts[..., HITS]
    return ratio(twice, twice + counts[..., MISSES] + counts[..., FALSE_ALARMS])


Statistic = Callable[[Counts], NDArray[np.float64]]

STATISTICS: dict[str, tuple[Statistic, str]] = {
    "csi": (critical_success_index, "nothing is flooded and nothing is predicted so"),
    "pod": (probability_of_detection, "nothing is flooded"),
    "far": (false_alarm_ratio, "nothing is predicted to be flooded"),
    "bias": (frequency_bias, "nothing is flooded"),
    "dice": (dice, "nothing is flooded and nothing is predicted so"),
}
"""Each score by its name, and what it means where it is not defined."""
