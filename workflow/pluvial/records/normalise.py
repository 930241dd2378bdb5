"""Normalisation: moments of the training records, exact in integers and merged shard by shard."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pluvial.compiled import compiled
from pluvial.frames.variables import DEPTH, MISSING, RAIN

REFERENCE = {"rain": 1.0, "depth": 0.005}
"""x0 of the transform log(1 + x / x0): 1 mm/h, and a film of 5 mm, which is rain on the ground."""

SCALE = {"rain": RAIN.scale, "depth": DEPTH.scale}


@dataclass(frozen=True)
class Moments:
    """Of y = log(1 + x / x0) over present values: their number, sum, sum of squares; largest x."""

    count: int
    missing: int
    total: float
    squares: float
    largest: float

    def to_dict(self) -> dict[str, Any]:
        """As a JSON-like document; ``Moments(**document)`` is its inverse."""
        return asdict(self)


class Histogram:
    """How often each code occurs, exact however many values are added."""

    def __init__(self) -> None:
        self.counts = np.zeros(int(MISSING) + 1, dtype=np.int64)

    def add(self, codes: NDArray[np.uint16]) -> None:
        """Add packed values uint16[...]."""
        _count(np.ascontiguousarray(codes).reshape(-1), self.counts)

    def moments(self, variable: str) -> Moments:
        """Moments of the values added, which are of ``variable``."""
        return moments_of(self.counts, variable)


@compiled
def _count(codes: NDArray[np.uint16], counts: NDArray[np.int64]) -> None:
    # Most cells are dry: counting those apart keeps one counter from waiting for itself.
    zeros = 0
    for code in codes:
        if code == 0:
            zeros += 1
        else:
            counts[code] += 1
    counts[0] += zeros


def moments_of(histogram: NDArray[np.int64], variable: str) -> Moments:
    """Moments from the count of each code, int64[65536]."""
    values = np.arange(MISSING) * SCALE[variable]
    transformed = np.log1p(values / REFERENCE[variable])
    present = histogram[:MISSING]
    found = np.flatnonzero(present)
    return Moments(
        count=int(present.sum()),
        missing=int(histogram[MISSING]),
        total=float(present @ transformed),
        squares=float(present @ transformed**2),
        largest=float(values[found[-1]]) if found.size else 0.0,
    )


def normalisation(parts: Iterable[Moments], variable: str) -> dict[str, Any]:
    """The transform of ``variable``: (log(1 + x / reference) - mean) / std, missing as 0.

    A constant variable keeps std 1.
    """
    merged = list(parts)
    count = sum(part.count for part in merged)
    mean = sum(part.total for part in merged) / count if count else 0.0
    variance = sum(part.squares for part in merged) / count - mean**2 if count else 0.0
    std = sqrt(max(variance, 0.0))
    return {
        "transform": "(log(1 + x / reference) - mean) / std; missing is 0",
        "reference": REFERENCE[variable],
        "mean": mean,
        "std": std if std > 1e-6 else 1.0,
        "largest": max((part.largest for part in merged), default=0.0),
        "missing": sum(part.missing for part in merged),
    }
