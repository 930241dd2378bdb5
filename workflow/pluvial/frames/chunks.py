"""Chunks of a packed HDF5 dataset, deflated and inflated by ISA-L instead of HDF5's zlib.

The chunks are what HDF5's own filters (shuffle, then deflate) make and read: any NetCDF4 tool opens
them. ISA-L deflates and inflates them a few times faster.
"""

from __future__ import annotations

import math
from pathlib import Path

import h5py
import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from pluvial.files.atomic import require_space
from pluvial.files.deflating import ZLIB, deflated
from pluvial.frames.variables import MISSING

CHUNK_BYTES = 1 << 18
"""Bytes of a chunk, about: several small frames, or a band of rows of a large one."""
OUR_FILTERS = (h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_DEFLATE)


def chunk_shape(steps: int, rows: int, cols: int) -> tuple[int, int, int]:
    """(steps, rows, columns) of a chunk of uint16."""
    frame = 2 * rows * cols
    if frame <= CHUNK_BYTES:
        return max(1, min(steps, CHUNK_BYTES // frame)), rows, cols
    return 1, max(1, min(rows, 4 * CHUNK_BYTES // (2 * cols))), cols


class ChunkWriter:
    """Writes consecutive frames into a dataset uint16[T, rows, cols]."""

    def __init__(self, dataset: h5py.Dataset) -> None:
        self._dataset = dataset
        self._folder = Path(dataset.file.filename).parent
        self._steps, self._rows, _ = dataset.chunks
        self._waiting: list[NDArray[np.uint16]] = []
        self._done = 0

    def add(self, codes: NDArray[np.uint16]) -> None:
        """Add the next frame, uint16[rows, cols]."""
        self._waiting.append(codes)
        if len(self._waiting) == self._steps:
            self.flush()

    def flush(self) -> None:
        """Write what waits; the rest of its chunk is missing."""
        if not self._waiting:
            return
        _, rows, cols = self._dataset.shape
        for top in range(0, rows, self._rows):
            part = np.full((self._steps, self._rows, cols), MISSING)
            for step, codes in enumerate(self._waiting):
                band = codes[top : top + self._rows]
                part[step, : band.shape[0]] = band
            shuffled = np.ascontiguousarray(part.reshape(-1).view(np.uint8).reshape(-1, 2).T)
            packed = deflated(shuffled.data, ZLIB)
            require_space(self._folder, len(packed))
            self._dataset.id.write_direct_chunk((self._done, top, 0), packed)
        self._done += len(self._waiting)
        self._waiting.clear()


class ChunkReader:
    """Reads ranges of steps and rows of a dataset uint16[T, rows, cols]."""

    def __init__(self, dataset: h5py.Dataset) -> None:
        self._dataset = dataset
        properties = dataset.id.get_create_plist()
        filters = tuple(properties.get_filter(n)[0] for n in range(properties.get_nfilters()))
        # A file that another tool has rewritten is left to HDF5.
        self._ours = filters == OUR_FILTERS and dataset.dtype == np.dtype("<u2")
        self._shape: tuple[int, int, int] = dataset.chunks or dataset.shape
        self._last: tuple[tuple[int, int, int], NDArray[np.uint16]] | None = None

    def read(self, first: int, last: int, top: int, bottom: int) -> NDArray[np.uint16]:
        """uint16[last - first, bottom - top, cols]."""
        if not self._ours:
            return np.asarray(self._dataset[first:last, top:bottom])
        steps, rows, cols = self._shape
        if steps == 1 and last == first + 1 and rows == bottom - top and not top:
            return self._chunk((first, 0, 0))
        out = np.empty((last - first, bottom - top, cols), dtype=np.uint16)
        for step in range(first - first % steps, last, steps):
            for row in range(top - top % rows, bottom, rows):
                chunk = self._chunk((step, row, 0))
                low, high = max(first, step), min(last, step + steps)
                upper, lower = max(top, row), min(bottom, row + rows)
                out[low - first : high - first, upper - top : lower - top] = chunk[
                    low - step : high - step, upper - row : lower - row
                ]
        return out

    def _chunk(self, offset: tuple[int, int, int]) -> NDArray[np.uint16]:
        if self._last is not None and self._last[0] == offset:
            return self._last[1]
        _, raw = self._dataset.id.read_direct_chunk(offset)
        size = 2 * math.prod(self._shape)
        shuffled = np.frombuffer(isal_zlib.decompress(raw, bufsize=size), dtype=np.uint8)
        if shuffled.size != size:
            raise OSError(f"the chunk at {offset} holds {shuffled.size} bytes instead of {size}")
        codes = np.left_shift(shuffled[size // 2 :], 8, dtype=np.uint16)
        codes |= shuffled[: size // 2]
        self._last = offset, codes.reshape(self._shape)
        return self._last[1]
