"""Which span of time belongs to which split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pluvial.config.data import SplitConfig

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Segment:
    """From ``start`` (s since 1970-01-01T00:00Z) to the next segment, all belongs to ``split``."""

    start: int
    split: str


def segments_by_time(first: int, last: int, shares: SplitConfig) -> list[Segment]:
    """One block per split, in order of time, over ``first..last``."""
    segments: list[Segment] = []
    passed = 0.0
    for split in SPLITS:
        share = getattr(shares, split)
        if share > 0:
            segments.append(Segment(first + round(passed * (last + 1 - first)), split))
        passed += share
    return segments


def segments_by_storm(
    first: int, starts: Sequence[int], shares: SplitConfig, seed: int
) -> list[Segment]:
    """Whole storms to each split: a storm holds from its start to the next one's.

    The shares are met as nearly as whole storms allow; which storm goes where is drawn with
    ``seed``. Neighbours in the same split are merged, so that no boundary lies between them.
    What precedes the first storm goes with it.
    """
    counts = np.floor(np.cumsum([0.0, *(getattr(shares, s) for s in SPLITS)]) * len(starts) + 0.5)
    drawn = np.repeat(np.arange(len(SPLITS)), np.diff(counts).astype(int))
    np.random.default_rng(seed).shuffle(drawn)
    segments: list[Segment] = []
    for number, (start, split) in enumerate(zip(starts, drawn, strict=True)):
        if not segments or segments[-1].split != SPLITS[split]:
            begins = min(first, start) if number == 0 else start
            segments.append(Segment(begins, SPLITS[split]))
    return segments or [Segment(first, SPLITS[0])]
