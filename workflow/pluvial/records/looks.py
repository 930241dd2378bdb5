"""One look at all frames of a period: their digests and statistics, in flat memory.

Large frames are looked at band by band, and each band frame by frame: what is kept is a ring of
bands, a hash per frame and some counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xxhash
from numpy.typing import NDArray

from pluvial.frames.series import FrameSeries
from pluvial.frames.variables import MISSING
from pluvial.records.running import RunningMaxima, RunningMeans
from pluvial.records.window import Window

BAND_BYTES = 1 << 20
"""Bytes of a frame that are looked at in one pass."""
BLOCK_BYTES = 1 << 23
"""Bytes that are read at a time."""


@dataclass(frozen=True)
class RainLook:
    """What was seen of T consecutive rain frames.

    Attributes:
        mean_codes: mean over the present cells of each frame, float64[T], NaN if there is none.
        digests: for each length n, the digest of what the n frames that end at each frame are
            pooled to, bytes[T].
        largest: over the window that ends at each frame, the largest code of any cell that is
            never missing in it, int64[T].
        wet: cells that are wet in the window, int64[T].
        present: cells that are never missing in the window, int64[T].
    """

    mean_codes: NDArray[np.float64]
    digests: dict[int, list[bytes]]
    largest: NDArray[np.int64]
    wet: NDArray[np.int64]
    present: NDArray[np.int64]


@dataclass(frozen=True)
class DepthLook:
    """What was seen of N depth frames.

    Attributes:
        digests: bytes[N].
        largest: largest code of a present cell, int64[N].
        total: sum of the codes of the present cells, int64[N].
        flooded: cells above a code, int64[N].
        present: cells that are not missing, int64[N].
    """

    digests: list[bytes]
    largest: NDArray[np.int64]
    total: NDArray[np.int64]
    flooded: NDArray[np.int64]
    present: NDArray[np.int64]


def look_at_rain(rain: FrameSeries, first: int, last: int, *, window: Window, wet: int) -> RainLook:
    """Look at the frames first..last-1.

    Args:
        rain: packed frames.
        first: first step; steps outside the files are missing.
        last: step behind the last.
        window: the shape of a record.
        wet: code from which a cell is wet.
    """
    count, cols = last - first, rain.grid.cols
    total, present = np.zeros((2, count), dtype=np.int64)
    largest, wet_cells, whole_cells = np.zeros((3, count), dtype=np.int64)
    lengths = set(window.channels)
    hashes = {n: [xxhash.xxh3_128() for _ in range(count)] for n in lengths}
    for band in _bands(rain):
        shape = (band.stop - band.start, cols)
        if window.pooling == "max":
            maxima, means = RunningMaxima(lengths | {window.steps}, shape), None
        else:
            maxima, means = RunningMaxima({window.steps}, shape), RunningMeans(lengths, shape)
        for at, codes in enumerate(_frames(rain, first, last, band)):
            seen, here, _ = _count(codes)
            present[at] += seen
            total[at] += here
            found = maxima.push(codes)
            pooled = means.push(codes) if means else found
            for length, states in hashes.items():
                states[at].update(pooled[length].data)
            most = found[window.steps]
            seen, _, top = _count(most)
            whole_cells[at] += seen
            largest[at] = max(largest[at], top)
            if top >= wet:
                over = np.count_nonzero(most >= wet)
                wet_cells[at] += over - (codes.size - seen)
    return RainLook(
        np.where(present, total / np.maximum(present, 1), np.nan),
        {n: [state.digest() for state in states] for n, states in hashes.items()},
        largest,
        wet_cells,
        whole_cells,
    )


def look_at_depth(depth: FrameSeries, steps: NDArray[np.int64], *, flooded: int) -> DepthLook:
    """Look at the frames ``steps``, int64[N]; cells above the code ``flooded`` are counted."""
    largest, total, over, present = np.zeros((4, steps.size), dtype=np.int64)
    hashes = [xxhash.xxh3_128() for _ in steps]
    for band in _bands(depth):
        for at, codes in enumerate(_frames_at(depth, steps, band)):
            hashes[at].update(codes.data)
            seen, here, top = _count(codes)
            present[at] += seen
            total[at] += here
            largest[at] = max(largest[at], top)
            if top > flooded:
                over[at] += np.count_nonzero(codes > flooded) - (codes.size - seen)
    return DepthLook([state.digest() for state in hashes], largest, total, over, present)


def _bands(series: FrameSeries) -> Iterator[slice]:
    """Bands of rows, of about :data:`BAND_BYTES` each."""
    rows, cols = series.grid.shape
    height = max(1, BAND_BYTES // (2 * cols))
    for top in range(0, rows, height):
        yield slice(top, min(rows, top + height))


def _frames(
    series: FrameSeries, first: int, last: int, band: slice
) -> Iterator[NDArray[np.uint16]]:
    """The frames of a band, read in blocks."""
    steps = max(1, BLOCK_BYTES // (2 * (band.stop - band.start) * series.grid.cols))
    for start in range(first, last, steps):
        yield from series.read(start, min(last, start + steps), band)


def _frames_at(
    series: FrameSeries, steps: NDArray[np.int64], band: slice
) -> Iterator[NDArray[np.uint16]]:
    """The frames of a band at ``steps``; consecutive ones are read together."""
    for run in np.split(steps, np.flatnonzero(np.diff(steps) != 1) + 1):
        if run.size:
            yield from _frames(series, int(run[0]), int(run[-1]) + 1, band)


def _count(codes: NDArray[np.uint16]) -> tuple[int, int, int]:
    """Number, sum and largest of the present codes."""
    top = int(codes.max())
    if top == 0:
        return codes.size, 0, 0
    total = int(codes.sum(dtype=np.uint64))
    if top < MISSING:
        return codes.size, total, top
    missing = int(np.count_nonzero(codes == MISSING))
    present = codes[codes != MISSING]
    return codes.size - missing, total - missing * int(MISSING), int(present.max(initial=0))
