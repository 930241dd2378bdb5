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
    first: int, starts: Sequence[int], shares: SplitConfig, seed: int, *, least: int
) -> list[Segment]:
    """Groups of whole storms to each split, drawn with ``seed``.

    A storm holds from its start to the next one's; what precedes the first storm goes with it.
    Storms are gathered into groups that start at least ``least`` seconds apart, because each
    boundary between two splits costs the purge. The shares are met as nearly as whole groups
    allow. Neighbours in the same split are merged, so that no boundary lies between them.

    Args:
        first: time of the first complete candidate.
        starts: time of each storm, ascending.
        shares: of the groups.
        seed: of the draw.
        least: shortest group.
    """
    groups = [first]
    for start in starts:
        if start - groups[-1] >= least:
            groups.append(start)
    counts = np.floor(np.cumsum([0.0, *(getattr(shares, s) for s in SPLITS)]) * len(groups) + 0.5)
    drawn = np.repeat(np.arange(len(SPLITS)), np.diff(counts).astype(int))
    np.random.default_rng(seed).shuffle(drawn)
    segments: list[Segment] = []
    for start, split in zip(groups, drawn, strict=True):
        if not segments or segments[-1].split != SPLITS[split]:
            segments.append(Segment(start, SPLITS[split]))
    return segments
