"""Retrieval among the records of the page: what a rain window finds, and what a depth map finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pluvial.config.learning import RetrievalConfig
from pluvial.explorer.spaces import unit_vectors
from pluvial.metrics.retrieval import make_gallery, ranks

CURVE_POINTS = 120
"""Points of a recall curve at most."""


@dataclass(frozen=True)
class Pairs:
    """What is retrieved for each of n records; positions are those on the page.

    Attributes:
        split: the held-out split whose records with rain are the candidates.
        candidates: their positions, intp[N].
        answers: int32[n], the candidate within the tolerance of a record's time; -1 for a record
            that may not ask (of another split, without rain, or far from all candidates).
        best: for each direction int32[n, k], the most similar candidates, the first one first;
            -1 where there are fewer.
        ranks: for each direction float32[n], the rank of the answer from 1, ties counted against
            it; NaN for a record that may not ask.
    """

    split: str
    candidates: NDArray[np.intp]
    answers: NDArray[np.int32]
    best: dict[str, NDArray[np.int32]]
    ranks: dict[str, NDArray[np.float32]]

    def document(self, config: RetrievalConfig) -> dict[str, Any]:
        """What the page says of the retrieval on it, and its recall curves."""
        asked = self.answers >= 0
        return {
            "split": self.split,
            "candidates": int(self.candidates.size),
            "queries": int(asked.sum()),
            "tolerance_minutes": config.tolerance_minutes,
            "spacing_minutes": config.spacing_minutes,
            "curves": {
                name: recall_curve(found[asked], self.candidates.size)
                for name, found in self.ranks.items()
            },
        }


def find_pairs(
    table: pd.DataFrame,
    vectors: dict[str, NDArray[np.floating[Any]]],
    config: RetrievalConfig,
    count: int,
) -> Pairs | None:
    """Let every record ask the held-out candidates; None if there are no two of them.

    The candidates are thinned as for the retrieval report (``diagnostics.judge``), but from the
    records of the page.

    Args:
        table: ``time`` (s, ascending), ``split`` and ``rain_max_mm_h`` of n records.
        vectors: of ``rain`` and ``depth``, float[n, D].
        config: tolerance and spacing.
        count: how many of the best candidates to keep.
    """
    split = table["split"].to_numpy(str)
    held_out = "test" if (split == "test").any() else "val"
    pool = np.flatnonzero((split == held_out) & (table["rain_max_mm_h"].to_numpy() > 0))
    gallery = make_gallery(
        table["time"].to_numpy(np.int64)[pool],
        spacing=60 * config.spacing_minutes,
        tolerance=60 * config.tolerance_minutes,
    )
    if gallery.candidates.size < 2:
        return None
    candidates, queries = pool[gallery.candidates], pool[gallery.queries]
    answers = np.full(len(table), -1, dtype=np.int32)
    answers[queries] = candidates[gallery.answers]
    unit = {name: unit_vectors(values) for name, values in vectors.items()}
    best, places = {}, {}
    for direction, (left, right) in {
        "rain_to_depth": (unit["rain"], unit["depth"]),
        "depth_to_rain": (unit["depth"], unit["rain"]),
    }.items():
        alike = left @ right[candidates].T
        best[direction] = np.full((len(table), count), -1, dtype=np.int32)
        order = np.argsort(-alike, axis=1, kind="stable")[:, :count]
        best[direction][:, : order.shape[1]] = candidates[order]
        places[direction] = np.full(len(table), np.nan, dtype=np.float32)
        places[direction][queries] = ranks(alike[queries], gallery.answers)
    return Pairs(held_out, candidates, answers, best, places)


def recall_curve(found: NDArray[np.floating[Any]], candidates: int) -> list[list[float]]:
    """Points (k, share of ranks <= k), k from 1 to ``candidates`` in even steps of log k."""
    steps = np.unique(np.geomspace(1, candidates, CURVE_POINTS).round().astype(int))
    return [[int(k), round(float((found <= k).mean()), 5)] for k in steps]
