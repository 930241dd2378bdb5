"""Arrays as they lie in a file: in one piece or in chunks, packed or not.

Only the header of an HDF5 or NetCDF file is read by a library. Where its arrays lie is then known,
and the bytes are read and unpacked here: no more of them than there are, nor than were asked for.
"""

from __future__ import annotations

import io
import math
import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import IO, Any, Self

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from pluvial.files.inflating import INFLATE_ERRORS
from pluvial.sources.entries import Entry

DEFLATE, SHUFFLE, FLETCHER32 = 1, 2, 3
"""HDF5's numbers of the filters that are undone."""
RATIO = 1032
"""The greatest ratio at which deflate can pack."""
MOST_CELLS = 1 << 26
PART_CELLS = 1 << 20
"""Cells that are decoded at a time."""
BLOCK_BYTES = 1 << 26
"""Bytes of several steps, packed in one chunk, that are kept until the next are asked for."""

Bounds = tuple[tuple[int, int], ...]
"""First index and index behind the last, by dimension."""


@dataclass(frozen=True)
class Piece:
    """Where a chunk lies in the file, and which filters it has not gone through (bits)."""

    start: int
    size: int
    skipped: int = 0


@dataclass(frozen=True, eq=False)
class Stored:
    """An array of a file.

    Attributes:
        entry: the file.
        name: of the array, for messages.
        shape: of the array.
        dtype: NumPy's type of what is stored, with its order of bytes.
        chunk: shape of the chunks.
        locate: finds a chunk by the index of its first element; None if it is not there.
        filters: HDF5's numbers of what its chunks have gone through, in order.
        values: the array itself, where it is small and lies in the header.
    """

    entry: Entry
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    chunk: tuple[int, ...]
    locate: Callable[[tuple[int, ...]], Piece | None]
    filters: tuple[int, ...] = ()
    values: NDArray[Any] | None = None

    @classmethod
    def contiguous(
        cls,
        entry: Entry,
        name: str,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        start: int | None,
        stride: int | None = None,
    ) -> Self:
        """An array in one piece, row by row.

        Args:
            entry: the file.
            name: of the array, for messages.
            shape: of the array.
            dtype: NumPy's type of what is stored.
            start: where it lies in the file; None if it was never written.
            stride: bytes from one step of its first dimension to the next, where something else
                lies in between.
        """
        strides = [dtype.itemsize]
        for size in shape[:0:-1]:
            strides.insert(0, strides[0] * size)
        if stride is not None:
            strides[0] = stride
        # A field is read at a time: only the last two dimensions are taken as a whole.
        apart = max(len(shape) - 2, 0 if stride is None else 1)
        chunk = (1,) * apart + shape[apart:]
        size = math.prod(chunk) * dtype.itemsize

        def locate(index: tuple[int, ...]) -> Piece | None:
            if start is None:
                return None
            return Piece(start + sum(map(operator.mul, index, strides)), size)

        return cls(entry, name, shape, dtype, chunk, locate)

    def read(self, bounds: Bounds | None = None) -> NDArray[Any]:
        """What is stored within ``bounds``, or all of it; not to be altered.

        Raises:
            PluvialError: if it is not all there, or cannot be unpacked.
        """
        bounds = tuple((0, size) for size in self.shape) if bounds is None else bounds
        if self.values is not None:
            return np.asarray(self.values[tuple(slice(*pair) for pair in bounds)])
        if not bounds or self.chunk[0] == 1:
            return self._read(bounds)
        (first, last), *others = bounds
        high = self.chunk[0]
        whole = first // high * high, min(-(-last // high) * high, self.shape[0])
        wide = whole, *others
        if self._cells(wide) * self.dtype.itemsize > BLOCK_BYTES:
            return self._read(bounds)
        return _kept(self, wide)[first - whole[0] : last - whole[0]]

    def _read(self, bounds: Bounds) -> NDArray[Any]:
        """Put the chunks that meet ``bounds`` together."""
        if self._cells(bounds) > MOST_CELLS or math.prod(self.chunk) > MOST_CELLS:
            raise self.entry.fault(f"{self.name} of {self.shape} cells is impossible")
        if (
            not set(self.filters) <= {DEFLATE, SHUFFLE, FLETCHER32}
            or self.filters.count(DEFLATE) > 1
        ):
            raise self.entry.fault(
                f"{self.name} is packed by HDF5's filters {self.filters}",
                remedy="Pack it by deflate alone (h5repack -f GZIP=1, or nccopy -d 1)",
            )
        with opened(self.entry) as stream:
            self._check(bounds, stream.seek(0, io.SEEK_END))
            values = np.empty([last - first for first, last in bounds], self.dtype)
            for index in self._chunks(bounds):
                piece = self._piece(index)
                stream.seek(piece.start)
                chunk = self._unpacked(index, piece, stream.read(piece.size))
                source, target = [], []
                for at, size, (first, last) in zip(index, self.chunk, bounds, strict=True):
                    low, high = max(at, first), min(at + size, last)
                    source.append(slice(low - at, high - at))
                    target.append(slice(low - first, high - first))
                values[tuple(target)] = chunk[tuple(source)]
        return values

    def _check(self, bounds: Bounds, end: int) -> None:
        """Refuse chunks that do not lie before ``end``, or cannot hold what they promise."""
        packed = promised = 0
        count = math.prod(
            -(-last // size) - first // size
            for size, (first, last) in zip(self.chunk, bounds, strict=True)
        )
        if count > end:
            raise self.entry.fault(f"it is too short for the {count} chunks of {self.name}")
        for index in self._chunks(bounds):
            piece = self._piece(index)
            if piece.start + piece.size > end:
                raise self.entry.fault(f"it ends before chunk {index} of {self.name}")
            packed += piece.size
            promised += math.prod(self.chunk) * self.dtype.itemsize
        if promised > (RATIO if DEFLATE in self.filters else 1) * packed:
            raise self.entry.fault(
                f"{packed} bytes cannot hold the {promised} that {self.name} promises"
            )

    def _cells(self, bounds: Bounds) -> int:
        return math.prod(last - first for first, last in bounds)

    def _chunks(self, bounds: Bounds) -> Iterator[tuple[int, ...]]:
        """The first elements of the chunks that meet ``bounds``."""
        ranges = [
            range(first // size * size, last, size)
            for size, (first, last) in zip(self.chunk, bounds, strict=True)
        ]
        for numbers in np.ndindex(*map(len, ranges)):
            yield tuple(found[number] for found, number in zip(ranges, numbers, strict=True))

    def _piece(self, index: tuple[int, ...]) -> Piece:
        piece = self.locate(index)
        if piece is None:
            raise self.entry.fault(
                f"chunk {index} of {self.name} is not in it: it was never written",
                remedy="Give a file with all its values",
            )
        return piece

    def _unpacked(self, index: tuple[int, ...], piece: Piece, packed: bytes) -> NDArray[Any]:
        """The values of a chunk."""
        size = math.prod(self.chunk) * self.dtype.itemsize
        # Each sum is four bytes that follow what it is the sum of.
        most = size + 4 * self.filters.count(FLETCHER32)
        for number, kind in reversed(list(enumerate(self.filters))):
            if piece.skipped >> number & 1:
                continue
            if kind == DEFLATE:
                packed = self._inflated(index, packed, most)
            elif kind == SHUFFLE:
                width = self.dtype.itemsize
                whole = len(packed) // width * width
                lanes = np.frombuffer(packed, np.uint8, whole).reshape(width, -1)
                packed = lanes.T.tobytes() + packed[whole:]
            else:
                packed = packed[:-4]
        if len(packed) < size:
            raise self.entry.fault(
                f"chunk {index} of {self.name} has {len(packed)} bytes, not {size}"
            )
        return np.frombuffer(packed, self.dtype, math.prod(self.chunk)).reshape(self.chunk)

    def _inflated(self, index: tuple[int, ...], packed: bytes, most: int) -> bytes:
        inflater = isal_zlib.decompressobj()
        try:
            inflated: bytes = inflater.decompress(packed, most + 1)
        except INFLATE_ERRORS as error:
            raise self.entry.fault(
                f"chunk {index} of {self.name} cannot be inflated ({error})"
            ) from None
        if len(inflated) > most or not inflater.eof:
            raise self.entry.fault(f"chunk {index} of {self.name} is cut off or too long")
        return inflated


@lru_cache(maxsize=1)
def _kept(stored: Stored, bounds: Bounds) -> NDArray[Any]:
    """Several steps that lie in one chunk: the next step is likely to be asked for next."""
    values = stored._read(bounds)
    values.setflags(write=False)
    return values


@contextmanager
def opened(entry: Entry) -> Iterator[IO[bytes]]:
    """The bytes of a file, in which seeking is cheap."""
    if entry.plain_path():
        with entry.open() as stream:
            yield stream
    else:
        yield io.BytesIO(content(entry))


def content(entry: Entry) -> bytes:
    """All bytes of a file; the last file's are kept, as it may hold many fields."""
    status = entry.path.stat()
    return _content(entry, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=1)
def _content(entry: Entry, modified: int, size: int) -> bytes:
    del modified, size
    return entry.content()


def converted(
    stored: NDArray[Any], convert: Callable[[NDArray[Any]], NDArray[np.floating]]
) -> NDArray[np.float32]:
    """Convert a field some rows at a time: float32[rows, cols].

    Args:
        stored: the field, [rows, cols].
        convert: makes the values of rows as they are stored.
    """
    rows, cols = stored.shape
    values = np.empty((rows, cols), np.float32)
    step = max(1, PART_CELLS // max(1, cols))
    # No data may be stored as what overflows in float32.
    with np.errstate(over="ignore", invalid="ignore"):
        for first in range(0, rows, step):
            values[first : first + step] = convert(stored[first : first + step])
    return values


def rates(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Rates without what no rate is: infinite and negative ones are missing, in place.

    What packing has made of zero is zero.
    """
    values[~((values > -1e-6) & (values < np.inf))] = np.nan
    values[values < 0] = 0
    return values
