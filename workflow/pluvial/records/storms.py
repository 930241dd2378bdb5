"""Storms: spells of rain, told apart by dry hours."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Storms:
    """Storms in order of time; number k (from 1) is at index k - 1.

    Attributes:
        start, last: times of their first and last wet step, int64[S], s since 1970-01-01T00:00Z.
    """

    start: NDArray[np.int64]
    last: NDArray[np.int64]

    def number(self, times: NDArray[np.int64]) -> NDArray[np.int32]:
        """The storm that began last at each time, int32[N]; 0 before the first."""
        return np.searchsorted(self.start, times, side="right").astype(np.int32)


def find_storms(
    parts: Iterable[tuple[NDArray[np.int64], NDArray[np.floating]]],
    *,
    wet_mm_h: float,
    dry_steps: float,
) -> Storms:
    """Find the storms of a series that comes in parts, in order of time.

    ::

        wet      .##..#......###.#.......#
        storms   |1    |     |2          |3       (dry_steps = 4)

    Args:
        parts: times int64[n] and areal mean rain float[n] in mm/h. A step that is missing (NaN)
            neither starts nor ends a storm: only steps known to be dry count.
        wet_mm_h: rain from which a step is wet.
        dry_steps: known dry steps that end a storm.
    """
    starts, lasts = [], []
    dry, last_wet, any_wet = 0, 0, False
    for times, rain in parts:
        wet = np.flatnonzero(rain >= wet_mm_h)
        known_dry = np.cumsum(rain < wet_mm_h)
        if wet.size:
            before = np.diff(known_dry[wet], prepend=0)
            before[0] = known_dry[wet[0]] + dry
            new = before >= dry_steps
            new[0] |= not any_wet
            first = wet[new]
            starts.append(times[first])
            ends = np.r_[last_wet, times[wet[:-1]]][new] if any_wet else times[wet[:-1]][new[1:]]
            lasts.append(ends)
            dry, last_wet, any_wet = 0, int(times[wet[-1]]), True
            dry += int(known_dry[-1] - known_dry[wet[-1]])
        elif known_dry.size:
            dry += int(known_dry[-1])
    if any_wet:
        lasts.append(np.array([last_wet]))
    joined = [np.concatenate([np.empty(0, np.int64), *found]) for found in (starts, lasts)]
    return Storms(*(part.astype(np.int64) for part in joined))
