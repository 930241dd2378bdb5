"""Which records the page shows, and what is known of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pluvial.diagnostics.projection import SPACES, STATISTICS
from pluvial.figures.records import read_table

MOST_RECORDS = 20_000
"""Records on a page; beyond it each doubling adds as much again to its size and its answers."""

LEAST_OF_A_STORM = 8
"""Records that a storm keeps in a sample, or all that it has."""


def read_sample(path: Path, most: int) -> tuple[pd.DataFrame, int]:
    """At most ``most`` records of ``path`` in order of time, and how many there are.

    Args:
        path: parquet file as ``diagnostics.projection.make_projection`` writes it.
        most: a larger table is sampled, see :func:`sample_storms`.
    """
    columns = ["time", "split", "storm", *STATISTICS]
    columns += [space + end for space in SPACES for end in ("", "_x", "_y")]
    table = read_table(path, columns).sort_values("time", ignore_index=True)
    rows = sample_storms(table["storm"].to_numpy(), most)
    return table.iloc[rows].reset_index(drop=True), len(table)


def sample_storms(storm: NDArray[np.integer], most: int) -> NDArray[np.intp]:
    """Rows of at most ``most`` records, stratified by storm, intp[m], ascending.

    Each storm keeps :data:`LEAST_OF_A_STORM` records (fewer if all storms' least exceed
    ``most``) and a share of the rest in proportion to its records, by largest remainders; within
    a storm they lie evenly over its records.

    Args:
        storm: number of each record's storm, [n], records in order of time.
        most: at least 1.
    """
    if storm.size <= most:
        return np.arange(storm.size)
    _, member, counts = np.unique(storm, return_inverse=True, return_counts=True)
    least = np.minimum(counts, min(LEAST_OF_A_STORM, most // counts.size))
    share = (counts - least) * ((most - least.sum()) / (counts - least).sum())
    kept = least + np.floor(share).astype(np.intp)
    spare = most - kept.sum()
    kept[np.argsort(-(share % 1), kind="stable")[:spare]] += 1
    rows = []
    for number in np.flatnonzero(kept):
        own = np.flatnonzero(member == number)
        rows.append(own[np.linspace(0, own.size - 1, kept[number]).round().astype(np.intp)])
    return np.sort(np.concatenate(rows))
