"""What a verdict is given on: vectors of the same records, by one or two encoders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Pairs:
    """Embedded records, in order of time where times are known.

    Attributes:
        sides: for each encoder (``rain`` and ``depth``, or one alone) its vectors, float[n, D];
            row i of each comes from record i. They need not be unit vectors; rows may be NaN.
        splits: ``train``, ``val`` or ``test`` of each record, str[n].
        times: int64[n], s since 1970-01-01T00:00Z, ascending; None where not known.
        groups: storm of each record, int64[n]; records of one storm are not independent. None
            where not known.
        labels: what a probe may ask for: float64[n] or float64[n, k] with NaN for unknown, or
            the name of a class, str[n].
    """

    sides: Mapping[str, NDArray[np.floating]]
    splits: NDArray[np.str_]
    times: NDArray[np.int64] | None = None
    groups: NDArray[np.int64] | None = None
    labels: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        return self.splits.size

    def take(self, rows: NDArray[np.intp]) -> Pairs:
        """The records at ``rows``, in that order."""
        return Pairs(
            {name: vectors[rows] for name, vectors in self.sides.items()},
            self.splits[rows],
            None if self.times is None else self.times[rows],
            None if self.groups is None else self.groups[rows],
            {name: values[rows] for name, values in self.labels.items()},
        )

    def split(self, name: str) -> Pairs:
        """The records of one split."""
        return self.take(np.flatnonzero(self.splits == name))


def unit(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    """Rows of unit length, float32[n, D]; NaN where a row is zero, or not finite."""
    wide = np.asarray(vectors, dtype=np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        length = np.linalg.norm(wide, axis=1, keepdims=True)
        known = np.isfinite(length) & (length > 0)
        return np.asarray(wide / np.where(known, length, np.nan), dtype=np.float32)


def usable(vectors: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Which rows have a direction, bool[n]."""
    return np.asarray(np.isfinite(unit(vectors)).all(axis=1))


def evenly(count: int, most: int) -> NDArray[np.intp]:
    """At most ``most`` of the positions 0..count-1, evenly, ascending, intp[min(count, most)]."""
    if count <= most:
        return np.arange(count, dtype=np.intp)
    return np.linspace(0, count - 1, most).round().astype(np.intp)
