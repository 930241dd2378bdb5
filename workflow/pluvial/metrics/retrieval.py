"""Retrieval: does the rain find its depth map among those of other hours, and back?

A query is right at k if one of its k best candidates lies within the tolerance of the true time.
Ties never win: a candidate as similar as the true one counts as better, so that a constant
encoder scores nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

RANKS = (1, 5, 10)


@dataclass(frozen=True)
class Gallery:
    """Which records are asked for, and which ask.

    Attributes:
        candidates: their positions, intp[N]; any two are at least the spacing apart.
        queries: positions, intp[Q], of the records with a candidate within the tolerance.
        answers: for each query the position in ``candidates`` of its true one, intp[Q].
    """

    candidates: NDArray[np.intp]
    queries: NDArray[np.intp]
    answers: NDArray[np.intp]


def make_gallery(times: NDArray[np.int64], *, spacing: float, tolerance: float) -> Gallery:
    """Thin ``times`` (int64[n], s, ascending) to candidates, and find who may ask for them.

    Args:
        times: NOW of each record.
        spacing: least time between candidates, s.
        tolerance: how far the true time of a hit may be, s; less than ``spacing``. A query
            between two candidates has the nearer for its answer.
    """
    chosen: list[int] = []
    for position, time in enumerate(times):
        if not chosen or time - times[chosen[-1]] >= spacing:
            chosen.append(position)
    candidates = np.array(chosen, dtype=np.intp)
    if not candidates.size:
        return Gallery(candidates, candidates, candidates)
    after = np.searchsorted(times[candidates], times).clip(1, max(1, candidates.size - 1))
    two = np.stack([after - 1, np.minimum(after, candidates.size - 1)])
    distance = np.abs(times - times[candidates][two])
    nearest = two[distance.argmin(axis=0), np.arange(times.size)]
    near = distance.min(axis=0) <= tolerance
    return Gallery(candidates, np.flatnonzero(near), nearest[near])


def ranks(similarity: NDArray[np.floating], answers: NDArray[np.intp]) -> NDArray[np.intp]:
    """Rank of each query's answer, intp[Q], from 1; ties, and NaN, count against it.

    Args:
        similarity: float[Q, N], larger is more alike.
        answers: intp[Q], columns of the true ones.
    """
    true = similarity[np.arange(answers.size), answers]
    return np.asarray(np.count_nonzero(~(similarity < true[:, None]), axis=1))


def rank_matrix(similarity: NDArray[np.floating]) -> NDArray[np.intp]:
    """Rank of every candidate for every query, intp[Q, N], as :func:`ranks` counts.

    Args:
        similarity: float[Q, N], larger is more alike; NaN has the last rank.
    """
    count = similarity.shape[1]
    found = np.empty(similarity.shape, dtype=np.intp)
    for row, values in enumerate(similarity):
        found[row] = count - np.searchsorted(np.sort(values), values, side="left")
    found[np.isnan(similarity)] = count
    return found


def summarise(found: NDArray[np.intp], candidates: int) -> dict[str, Any]:
    """Recall at 1, 5 and 10, median rank, mean reciprocal rank, and recall over chance k / N."""
    recall = {f"R@{k}": float((found <= k).mean()) for k in RANKS}
    return {
        **recall,
        "median_rank": float(np.median(found)),
        "mean_reciprocal_rank": float((1 / found).mean()),
        **{f"R@{k}_over_chance": recall[f"R@{k}"] / min(1.0, k / candidates) for k in RANKS},
    }


def retrieve(
    rain: NDArray[np.floating], depth: NDArray[np.floating], gallery: Gallery
) -> dict[str, Any]:
    """Both directions, by inner product of vectors float[n, D], one row per record."""
    directions = {"rain_to_depth": (rain, depth), "depth_to_rain": (depth, rain)}
    return {
        name: summarise(
            ranks(left[gallery.queries] @ right[gallery.candidates].T, gallery.answers),
            gallery.candidates.size,
        )
        for name, (left, right) in directions.items()
    }
