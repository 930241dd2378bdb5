"""A space as the page holds it: axes and map in small integers, and the nearest storms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pluvial.figures.parallel import coordinates
from pluvial.figures.records import Space

LIMIT = 3.0
"""The axes reach from -LIMIT to LIMIT standard deviations; what lies beyond is drawn there."""

MARGIN = 0.03
"""Share of the map's side that stays empty on each side."""

LEAST_LENGTH = 1e-12
PART = 1024
"""Queries whose similarities are in memory together."""


@dataclass(frozen=True)
class PackedSpace:
    """A space in small integers.

    Attributes:
        axes: uint8[K, n], standardised values in the order of :func:`figures.parallel.coordinates`;
            code q stands for LIMIT * (2 q / 255 - 1) standard deviations.
        flat: uint16[n, 2], the map within a square of 65536, y upwards.
        dimensions: the dimension, from 0, of each axis.
        flipped: whether an axis points down.
        constant: dimensions left out because they do not vary.
        near: int32[n, k], see :func:`nearest_storms`.
    """

    axes: NDArray[np.uint8]
    flat: NDArray[np.uint16]
    dimensions: list[int]
    flipped: list[bool]
    constant: int
    near: NDArray[np.int32]

    def document(self) -> dict[str, Any]:
        """What the page's script needs to know besides the arrays."""
        return {
            "dimensions": self.dimensions,
            "flipped": self.flipped,
            "constant": self.constant,
            "limit": LIMIT,
        }


def pack_space(
    space: Space, label: NDArray[np.float64], storm: NDArray[np.integer], near: int
) -> PackedSpace:
    """Order, quantise and search one space.

    Args:
        space: vectors float64[n, D] and their map.
        label: float64[n], the quantity that shall grow upwards on the axes.
        storm: [n], the storm of each record, ascending.
        near: how many other storms to find for each record.
    """
    found = coordinates(space.vectors, label)
    return PackedSpace(
        axes=quantise(found.values).T,
        flat=pack_map(space.flat),
        dimensions=found.dimensions.tolist(),
        flipped=(found.signs < 0).tolist(),
        constant=found.constant,
        near=nearest_storms(space.vectors, storm, near),
    )


def quantise(standard: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    """Standardised values as codes 0 to 255, see :class:`PackedSpace`."""
    codes = np.rint((standard / LIMIT + 1) * 127.5)
    return np.asarray(np.clip(codes, 0, 255), dtype=np.uint8)


def pack_map(flat: NDArray[np.floating[Any]]) -> NDArray[np.uint16]:
    """The map float[n, 2] in a square of 65536, uint16[n, 2], centred and to one scale."""
    low, high = flat.min(axis=0), flat.max(axis=0)
    side = float((high - low).max()) or 1.0
    unit = 0.5 + (flat - (low + high) / 2) * ((1 - 2 * MARGIN) / side)
    return np.asarray(np.rint(unit * 65535), dtype=np.uint16)


def unit_vectors(vectors: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Vectors float[n, D] of length 1; one of no length stays as it is."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, LEAST_LENGTH), dtype=np.float32)


def nearest_storms(
    vectors: NDArray[np.floating[Any]], storm: NDArray[np.integer], count: int
) -> NDArray[np.int32]:
    """For each record the nearest record, by cosine, in each of its nearest other storms.

    Consecutive records are alike: the nearest ones of all would be six moments of one storm.

    Args:
        vectors: float[n, D].
        storm: [n], ascending.
        count: storms per record.

    Returns:
        Positions int32[n, count], nearest first; -1 where there are fewer other storms.
    """
    unit = unit_vectors(vectors)
    starts = np.flatnonzero(np.r_[True, np.diff(storm) != 0])
    own = np.searchsorted(starts, np.arange(storm.size), side="right") - 1
    found = np.full((storm.size, count), -1, dtype=np.int32)
    kept = min(count, starts.size - 1)
    for first in range(0, storm.size if kept else 0, PART):
        part = np.arange(first, min(first + PART, storm.size))
        alike = unit[part] @ unit.T
        best = np.maximum.reduceat(alike, starts, axis=1)
        best[np.arange(part.size), own[part]] = -np.inf
        for rank, storms in enumerate(np.argsort(-best, axis=1, kind="stable")[:, :kept].T):
            for row, number in enumerate(storms):
                last = starts[number + 1] if number + 1 < starts.size else storm.size
                inside = alike[row, starts[number] : last]
                found[part[row], rank] = starts[number] + int(inside.argmax())
    return found
