"""Which records are judged: held-out candidates and queries, and training ones beside them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pluvial.config.learning import RetrievalConfig
from pluvial.metrics.retrieval import Gallery, make_gallery
from pluvial.metrics.vectors import evenly

HELD_OUT, TRAIN = "test", "train"


@dataclass(frozen=True)
class Choice:
    """What is judged of a table of records.

    Attributes:
        rows: the rows of the table, ascending, intp[n].
        held_out: asks among the chosen rows of the held-out split, by their position there.
        train: the same among those of the training split; no candidates if there is none.
        thinned: what was sampled because there was too much of it, in words.
    """

    rows: NDArray[np.intp]
    held_out: Gallery
    train: Gallery
    thinned: list[str]


def choose(
    splits: NDArray[np.str_],
    times: NDArray[np.int64] | None,
    config: RetrievalConfig,
    most: int,
) -> Choice:
    """Choose what is judged of the records, so that no more is read than can be held.

    Args:
        splits: str[n].
        times: int64[n], ascending; None where not known: then all rows of a split are candidates,
            each of which asks for its own partner.
        config: spacing and tolerance.
        most: records of a split, at most; half as many candidates and half as many queries.
    """
    parts: list[NDArray[np.intp]] = []
    galleries: list[Gallery] = []
    words: list[str] = []
    for split in (HELD_OUT, TRAIN):
        rows = np.flatnonzero(splits == split)
        whole = _gallery(None if times is None else times[rows], rows.size, config)
        gallery = thin(whole, most // 2, most // 2)
        used = np.union1d(gallery.candidates, gallery.queries).astype(np.intp)
        if split == TRAIN:
            rest = np.setdiff1d(np.arange(rows.size), used)
            used = np.union1d(used, rest[evenly(rest.size, most - used.size)]).astype(np.intp)
        words += _words(split, whole, gallery, rows.size, used.size)
        parts.append(rows[used])
        galleries.append(_within(gallery, used))
    return Choice(np.sort(np.concatenate(parts)), galleries[0], galleries[1], words)


def _words(split: str, whole: Gallery, gallery: Gallery, rows: int, used: int) -> list[str]:
    """What was sampled of a split."""
    words = []
    if gallery.candidates.size < whole.candidates.size or gallery.queries.size < whole.queries.size:
        words.append(
            f"{split}: {gallery.candidates.size} of {whole.candidates.size} candidates and "
            f"{gallery.queries.size} of {whole.queries.size} queries, evenly over time"
        )
    if split == TRAIN and used < rows:
        words.append(f"{split}: {used} of {rows} records for statistics and probes, evenly")
    return words


def _gallery(times: NDArray[np.int64] | None, count: int, config: RetrievalConfig) -> Gallery:
    if times is None:
        every = np.arange(count, dtype=np.intp)
        return Gallery(every, every, every)
    return make_gallery(
        times, spacing=60 * config.spacing_minutes, tolerance=60 * config.tolerance_minutes
    )


def thin(gallery: Gallery, candidates: int, queries: int) -> Gallery:
    """At most so many candidates and so many of their queries, evenly."""
    kept = evenly(gallery.candidates.size, candidates)
    asking = np.flatnonzero(np.isin(gallery.answers, kept))
    asking = asking[evenly(asking.size, queries)]
    return Gallery(
        gallery.candidates[kept],
        gallery.queries[asking],
        np.searchsorted(kept, gallery.answers[asking]).astype(np.intp),
    )


def _within(gallery: Gallery, rows: NDArray[np.intp]) -> Gallery:
    """The same gallery by positions in ``rows``, which hold all of it."""
    return Gallery(
        np.searchsorted(rows, gallery.candidates).astype(np.intp),
        np.searchsorted(rows, gallery.queries).astype(np.intp),
        gallery.answers,
    )
