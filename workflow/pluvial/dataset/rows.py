"""Some records of a split, held packed in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pluvial.dataset.catalogue import Catalogue
from pluvial.records.reading import read_rows
from pluvial.records.window import Records


def records_at(catalogue: Catalogue, rows: NDArray[np.int64], features: dict[str, Any]) -> Records:
    """The records at ``rows`` of a catalogue, in that order."""
    starts = np.cumsum(catalogue.sizes) - catalogue.sizes
    shard = np.searchsorted(starts, rows, side="right") - 1
    where: list[NDArray[np.intp]] = []
    parts: list[Records] = []
    for number in np.unique(shard):
        chosen = np.flatnonzero(shard == number)
        path: Path = catalogue.shards[number]
        parts.append(read_rows(path, (rows[chosen] - starts[number]).tolist(), features))
        where.append(chosen)
    order = np.argsort(np.concatenate(where))
    return Records(
        np.concatenate([part.times for part in parts])[order],
        np.concatenate([part.rain for part in parts])[order],
        np.concatenate([part.depth for part in parts])[order],
    )
