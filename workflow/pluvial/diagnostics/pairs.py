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
