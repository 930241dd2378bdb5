"""What retrieval without any learning achieves: the bar a trained model has to clear.

Each baseline turns rain windows and depth maps into vectors whose inner product says how well
they go together. All statistics come from the training records.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pluvial.diagnostics.maps import Maps
from pluvial.metrics.retrieval import rank_matrix
from pluvial.metrics.vectors import evenly

TRIALS = 400
"""Training records among which the best span of rain is chosen."""


class Vectors(NamedTuple):
    """Vectors float[n, D] of rain windows and depth maps, one row per record."""

    rain: NDArray[np.floating]
    depth: NDArray[np.floating]


def baselines(train: Maps, held_out: Maps) -> dict[str, Vectors]:
    """All baselines of the held-out records, by name."""
    hours = train.hours
    found = {"volume match": volume_vectors(train, held_out)}
    for span in np.cumsum(hours[::-1])[[-1, len(hours) // 2]]:
        since = len(hours) - int((np.cumsum(hours[::-1]) <= span + 1e-9).sum())
        name = f"pixel correlation {span:.2g} h"
        found[name] = pixel_vectors(train, held_out, since, len(hours))
    first, last = best_channels(train)
    edges = np.r_[np.cumsum(hours[::-1])[::-1], 0]
    name = f"lagged pixel correlation {edges[last]:.2g}-{edges[first]:.2g} h"
    found[name] = pixel_vectors(train, held_out, first, last)
    return found


def volume_vectors(train: Maps, held_out: Maps) -> Vectors:
    """Match by volume: the mean depth that the mean rain foretells against the true mean depth.

    The forecast is a least-squares fit of log depth on log rain of the training records. With
    (2a, -1) . (b, b^2) = a^2 - (a - b)^2 the order of inner products is that of distances.
    """

    def features(maps: Maps) -> NDArray[np.float64]:
        spans = [maps.rain_since(h).mean(axis=(1, 2)) for h in np.cumsum(maps.hours[::-1])]
        columns = np.stack([np.ones(len(maps.depth)), *spans], axis=1)
        return np.asarray(np.log1p(columns), dtype=np.float64)

    def volume(maps: Maps) -> NDArray[np.float64]:
        mean = maps.depth.mean(axis=(1, 2), dtype=np.float64)
        return np.asarray(np.log1p(1000 * mean), dtype=np.float64)

    weights, *_ = np.linalg.lstsq(features(train), volume(train), rcond=None)
    forecast, true = features(held_out) @ weights, volume(held_out)
    return Vectors(
        np.stack([2 * forecast, -np.ones_like(forecast)], axis=1),
        np.stack([true, true**2], axis=1),
    )


def pixel_vectors(train: Maps, held_out: Maps, first: int, last: int) -> Vectors:
    """Match by pattern: correlation of the rain of some channels with the depth, cell by cell.

    Both are taken as logarithms and standardised per cell over the training records.

    Args:
        train: for the statistics.
        held_out: the records to be matched.
        first: the oldest channel that counts.
        last: the one after the newest. If that is not the end, the rain that counts ended some
            time before NOW: the correlation is lagged.
    """
    return Vectors(
        _patterns(np.log1p(train.rain(first, last)), np.log1p(held_out.rain(first, last))),
        _patterns(np.log1p(10 * train.depth), np.log1p(10 * held_out.depth)),
    )


def _patterns(before: NDArray[np.float32], after: NDArray[np.float32]) -> NDArray[np.float32]:
    """Maps float32[n, h, w] standardised by those ``before``, as unit vectors float32[n, h w]."""
    spread = before.std(axis=0)
    standard = (after - before.mean(axis=0)) / np.where(spread > 0, spread, np.inf)
    flat = standard.reshape(len(standard), -1)
    flat -= flat.mean(axis=1, keepdims=True)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    return np.asarray(flat / np.where(length > 0, length, np.inf), dtype=np.float32)


def best_channels(train: Maps) -> tuple[int, int]:
    """The channels first..last-1 by whose rain the training records are matched best.

    All runs of channels are tried on a sample of the training records, so that neither the span
    of the rain nor its lag before the depth is chosen on what it is judged by. Best is the mean
    reciprocal rank over both directions.
    """
    sample = train.take(evenly(len(train.depth), TRIALS))
    count = len(train.hours)
    runs = [(first, last) for first in range(count) for last in range(first + 1, count + 1)]
    water = _patterns(np.log1p(10 * sample.depth), np.log1p(10 * sample.depth))

    def score(run: tuple[int, int]) -> float:
        fallen = np.log1p(sample.rain(*run))
        alike = _patterns(fallen, fallen) @ water.T
        ways = [rank_matrix(alike), rank_matrix(alike.T)]
        return float(np.mean([1 / way.diagonal() for way in ways]))

    return max(runs, key=score)
