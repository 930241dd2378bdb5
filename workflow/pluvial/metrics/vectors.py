"""Vectors of an encoder, a row per record: their directions, and samples of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


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
