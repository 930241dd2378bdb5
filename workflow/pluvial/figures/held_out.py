"""What the figures of retrieval show: the held-out records with rain, and how alike they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pluvial.config.learning import RetrievalConfig, VerdictConfig
from pluvial.diagnostics.choice import HELD_OUT, choose
from pluvial.diagnostics.judge import read_pairs
from pluvial.diagnostics.labels import read_records
from pluvial.errors import PluvialError
from pluvial.metrics.retrieval import Gallery
from pluvial.metrics.vectors import unit


@dataclass(frozen=True)
class HeldOut:
    """The records that the verdict asks, and their vectors.

    Attributes:
        records: ``time``, ``storm`` and the index's statistics, in order of time.
        gallery: who asks for whom among them.
        sides: unit vectors of each run, ``rain`` and ``depth``, float32[n, D].
    """

    records: pd.DataFrame
    gallery: Gallery
    sides: Mapping[str, Mapping[str, NDArray[np.float32]]]

    def similarity(self, run: str, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """Cosine of the rain of ``rows`` and the depth of every candidate, float32[rows, N]."""
        sides = self.sides[run]
        return np.asarray(sides["rain"][rows] @ sides["depth"][self.gallery.candidates].T)


def read_held_out(
    embeddings: Mapping[str, Path],
    plan: Sequence[Path],
    index: Sequence[Path],
    retrieval: RetrievalConfig,
    verdict: VerdictConfig,
) -> HeldOut:
    """The same records, candidates and queries as the verdict's.

    Args:
        embeddings: parquet file of each run.
        plan: the plans of all editions.
        index: the index files of all periods.
        retrieval: tolerance and spacing.
        verdict: how many records at most.
    """
    records = read_records(plan, index)
    splits, times = records["split"].to_numpy(str), records["time"].to_numpy(np.int64)
    choice = choose(splits, times, retrieval, verdict.max_records)
    if choice.held_out.candidates.size < 2:
        raise PluvialError(
            f"the test split leaves {choice.held_out.candidates.size} candidates with rain",
            where=next(iter(embeddings.values())),
            remedy="Give `records.split.test` a larger share, or lengthen `time`",
        )
    chosen = records.iloc[choice.rows]
    chosen = chosen[chosen["split"] == HELD_OUT].reset_index(drop=True)
    sides = {
        run: {side: unit(vectors) for side, vectors in read_pairs(path, chosen, {}).sides.items()}
        for run, path in embeddings.items()
    }
    return HeldOut(chosen, choice.held_out, sides)
