"""Thumbnails: rain channels and depth map of each record in classes of four bits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pluvial.errors import PluvialError
from pluvial.figures.style import DEPTH_CLASSES, RAIN_CLASSES
from pluvial.frames.variables import DEPTH, RAIN, unpack
from pluvial.records.reading import REMAKE, each_record

LARGEST = 32
"""Pixels of a thumbnail's longer side at most."""

MISSING_CLASS = 15
"""Stands for a pixel none of whose cells has a value; 0 is dry, 1 and up are classes."""


@dataclass(frozen=True)
class Thumbnails:
    """Thumbnails of n records.

    Attributes:
        rain: uint8[n, C, h, w], classes of the rain rate, channels oldest first.
        depth: uint8[n, h', w'], classes of the depth.
        predicted: uint8[n, h', w'], classes of the predicted depth; None without predictions.
    """

    rain: NDArray[np.uint8]
    depth: NDArray[np.uint8]
    predicted: NDArray[np.uint8] | None = None

    @property
    def any_missing(self) -> bool:
        """Whether a pixel of rain or depth anywhere has no value."""
        return bool((self.rain == MISSING_CLASS).any() or (self.depth == MISSING_CLASS).any())

    def blocks(self, per: int) -> Iterator[NDArray[np.uint8]]:
        """Two pixels in a byte, the first in its upper half; uint8[records, bytes] per block.

        A record is its rain channels, row by row, then its depth map, then the predicted one if
        there are any; an odd number of pixels is filled up with one of class 0.
        """
        kinds = [kind for kind in (self.rain, self.depth, self.predicted) if kind is not None]
        for first in range(0, len(self.depth), per):
            parts = [kind[first : first + per] for kind in kinds]
            flat = np.concatenate([part.reshape(len(part), -1) for part in parts], axis=1)
            flat = np.pad(flat, ((0, 0), (0, flat.shape[1] % 2)))
            yield flat[:, 0::2] << 4 | flat[:, 1::2]


def read_thumbnails(
    shards: Sequence[Path],
    features: dict[str, Any],
    times: NDArray[np.int64],
    look: Callable[[int, NDArray[np.float32]], None] | None = None,
) -> Thumbnails:
    """Thumbnails of the records at ``times``, read from the shards one record at a time.

    Args:
        shards: of all splits.
        features: the manifest's ``features``.
        times: NOW of each record, int64[n], ascending and distinct.
        look: called with the number of each record and its depth, float32[h, w] in m, NaN where
            missing, as it is read.

    Raises:
        PluvialError: if a time is in no shard.
    """
    rows, cols, channels = features["rain"]["shape"]
    rain = np.zeros((times.size, channels, *thumbnail_shape(rows, cols)), dtype=np.uint8)
    depth = np.zeros((times.size, *thumbnail_shape(*features["depth"]["shape"])), dtype=np.uint8)
    found = np.zeros(times.size, dtype=bool)
    for shard in shards:
        for time, rain_codes, depth_codes in each_record(shard, features):
            row = int(np.searchsorted(times, time))
            if row == times.size or times[row] != time:
                continue
            rain[row] = classify(
                shrink(np.moveaxis(unpack(rain_codes, RAIN), -1, 0)), RAIN_CLASSES.edges
            )
            metres = unpack(depth_codes, DEPTH)
            depth[row] = classify(shrink(metres), DEPTH_CLASSES.edges)
            if look:
                look(row, metres)
            found[row] = True
    if not found.all():
        raise PluvialError(
            f"{np.count_nonzero(~found)} records of the projection are in no shard, the first "
            f"at {times[np.argmin(found)]} s",
            where=shards[0].parent.parent if shards else "shards",
            remedy=REMAKE,
        )
    return Thumbnails(rain, depth)


def thumbnail_shape(rows: int, cols: int) -> tuple[int, int]:
    """Rows and columns of a thumbnail: the grid's own, or :data:`LARGEST` for its longer side."""
    scale = min(1.0, LARGEST / max(rows, cols))
    return max(1, round(rows * scale)), max(1, round(cols * scale))


def shrink(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Fields float32[..., rows, cols] in a thumbnail's size.

    Each pixel is the mean of the cells in it that have a value, and NaN where none has.
    """
    rows, cols = values.shape[-2:]
    height, width = thumbnail_shape(rows, cols)
    if (height, width) == (rows, cols):
        return values
    known = ~np.isnan(values)
    sums = [np.where(known, values, 0).astype(np.float64), known.astype(np.float64)]
    for axis, cells, pixels in ((-2, rows, height), (-1, cols, width)):
        edges = np.arange(pixels) * cells // pixels
        sums = [np.add.reduceat(part, edges, axis=axis) for part in sums]
    total, count = sums
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return np.asarray(mean, dtype=np.float32)


def classify(values: NDArray[np.float32], edges: Sequence[float]) -> NDArray[np.uint8]:
    """Class of each value: 0 below the first of ``edges``, and :data:`MISSING_CLASS` for NaN."""
    classes = np.digitize(values, np.asarray(edges, dtype=np.float32))
    return np.where(np.isnan(values), MISSING_CLASS, classes).astype(np.uint8)
