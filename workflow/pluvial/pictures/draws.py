"""Which pictures make a pair, and how each is varied: functions of the seed alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pluvial.config.sanity import Pairs

NUMBERS = 10
"""Uniform numbers that one view is made from."""


@dataclass(frozen=True)
class PairDraw:
    """The pairs of an epoch.

    Attributes:
        rows: the two pictures of each pair, intp[steps, B, 2].
        ids: int64[steps, B], equal where pairs must not be pushed apart.
        numbers: uniform in [0, 1), float32[steps, B, 2, NUMBERS]: what the views are made from.
    """

    rows: NDArray[np.intp]
    ids: NDArray[np.int64]
    numbers: NDArray[np.float32]


def draw_pairs(
    kinds: NDArray[np.str_], pairs: Pairs, *, batch: int, steps: int, seed: tuple[int, int]
) -> PairDraw:
    """Draw the pairs of one epoch.

    With ``labels`` a pair is of two different pictures of one kind, every kind as often in a batch
    (but for rounding), and its id is its kind: the other pictures of the kind are no negatives.
    With ``views`` a pair is one picture twice, no picture twice in a batch, and its id is its row.

    Args:
        kinds: of the pictures to draw from, str[n].
        pairs: which of the two.
        batch: pairs in a batch; with ``views`` no more than there are pictures.
        steps: batches.
        seed: of the run, and the number of the epoch.
    """
    rng = np.random.default_rng(seed)
    draw = _pairs_of_a_kind if pairs == "labels" else _pairs_of_views
    drawn = [draw(kinds, batch, rng) for _ in range(steps)]
    numbers = rng.random((steps, batch, 2, NUMBERS), dtype=np.float32)
    return PairDraw(
        np.stack([rows for rows, _ in drawn]), np.stack([ids for _, ids in drawn]), numbers
    )


Batch = tuple[NDArray[np.intp], NDArray[np.int64]]


def _pairs_of_a_kind(kinds: NDArray[np.str_], batch: int, rng: np.random.Generator) -> Batch:
    names, of_kind = np.unique(kinds, return_inverse=True)
    ids = rng.permutation(np.resize(rng.permutation(names.size), batch)).astype(np.int64)
    rows = np.empty((batch, 2), dtype=np.intp)
    for kind in range(names.size):
        members = np.flatnonzero(of_kind == kind)
        here = np.flatnonzero(ids == kind)
        one = rng.integers(members.size, size=here.size)
        other = (one + rng.integers(1, members.size, size=here.size)) % members.size
        rows[here] = np.stack([members[one], members[other]], axis=1)
    return rows, ids


def _pairs_of_views(kinds: NDArray[np.str_], batch: int, rng: np.random.Generator) -> Batch:
    rows = rng.permutation(kinds.size)[:batch]
    return np.stack([rows, rows], axis=1), rows.astype(np.int64)
