"""NetCDF classic: where its variables lie, read from its header.

Source: NetCDF User Guide, appendix B, file format specifications (CDF-1, CDF-2), and CDF-5
(http://cucis.ece.northwestern.edu/projects/PnetCDF/CDF-5.html). All numbers are big-endian; names
and values of attributes are filled up to a multiple of four bytes.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

from pluvial.sources.cf import Variable
from pluvial.sources.entries import Entry
from pluvial.sources.hdf5 import Attribute
from pluvial.sources.stored import Stored, opened

MAGIC = {b"CDF\x01": (4, 4), b"CDF\x02": (4, 8), b"CDF\x05": (8, 8)}
"""Bytes of a count and of an offset, by the start of the file."""
TYPES = dict(
    enumerate(("i1", "S1", ">i2", ">i4", ">f4", ">f8", "u1", ">u2", ">u4", ">i8", ">u8"), start=1)
)
"""NumPy's types of the external ones."""
CHARACTERS = 2
DIMENSIONS, VARIABLES, ATTRIBUTES = 10, 11, 12
"""Tags of lists."""
LONGEST_ATTRIBUTE = 1 << 20
"""Bytes of a name or attribute at most."""
MOST_NAMES = 1 << 16
"""Elements of a list at most."""
MOST_DIMENSIONS = 16
"""Dimensions of a variable at most."""


@dataclass(frozen=True)
class _Header:
    """The header, read from its start."""

    entry: Entry
    stream: IO[bytes]
    count_bytes: int
    offset_bytes: int

    def taken(self, size: int) -> bytes:
        """The next bytes."""
        found = self.stream.read(size)
        if len(found) < size:
            raise self.entry.fault("it ends in its header")
        return found

    def count(self, size: int = 0) -> int:
        """The next number, of ``size`` bytes or as long as a count."""
        return int.from_bytes(self.taken(size or self.count_bytes))

    def filled(self, size: int) -> bytes:
        """The next bytes, without what fills them up."""
        if size > LONGEST_ATTRIBUTE:
            raise self.entry.fault(f"{size} bytes are too many for its header")
        return self.taken(-(-size // 4) * 4)[:size]

    def name(self) -> str:
        """The next name."""
        return self.filled(self.count()).decode("utf-8", "replace")

    def length(self, tag: int) -> int:
        """How many elements the next list has."""
        found, number = self.count(4), self.count()
        if (found != tag and (found or number)) or number > MOST_NAMES:
            raise self.entry.fault("its header is damaged")
        return number

    def type(self) -> tuple[int, np.dtype[Any]]:
        """The next type of values."""
        number = self.count(4)
        if number not in TYPES:
            raise self.entry.fault(f"it has values of the type {number}, which NetCDF has not")
        return number, np.dtype(TYPES[number])

    def attributes(self) -> dict[str, Attribute]:
        """The next list of attributes."""
        found: dict[str, Attribute] = {}
        for _ in range(self.length(ATTRIBUTES)):
            name, (number, dtype) = self.name(), self.type()
            values = self.filled(self.count() * dtype.itemsize)
            if number == CHARACTERS:
                found[name] = values.decode("utf-8", "replace").strip("\0 \n\t")
            elif values:
                found[name] = np.frombuffer(values, dtype)
        return found


@dataclass(frozen=True)
class _Listed:
    """A variable as the header lists it."""

    name: str
    dimensions: tuple[int, ...]
    attributes: dict[str, Attribute]
    number: int
    dtype: np.dtype[Any]
    start: int

    def size(self, lengths: list[int]) -> int:
        """Bytes of it, or of a record of it, filled up to a multiple of four.

        What the header tells of it is not looked at: it is redundant, and overflows.
        """
        cells = math.prod(lengths[number] for number in self.dimensions if lengths[number])
        return -(-cells * self.dtype.itemsize // 4) * 4


def netcdf3(entry: Entry) -> dict[str, Variable]:
    """The variables of a NetCDF classic file, by name.

    Raises:
        PluvialError: if its header is damaged.
    """
    with opened(entry) as stream:
        header = _Header(entry, stream, *MAGIC[stream.read(4)])
        records = header.count()
        names, lengths = [], []
        for _ in range(header.length(DIMENSIONS)):
            names.append(header.name())
            lengths.append(header.count())
        header.attributes()
        listed = [_variable(header, lengths) for _ in range(header.length(VARIABLES))]
        end = stream.seek(0, io.SEEK_END)
    unlimited = {number for number, length in enumerate(lengths) if not length}
    recorded = [item for item in listed if unlimited & set(item.dimensions[:1])]
    if len(unlimited) > 1 or any(unlimited & set(item.dimensions[1:]) for item in listed):
        raise entry.fault("its header is damaged")
    # A record of one variable alone would not be filled up, but of those nothing tells the times.
    stride = sum(item.size(lengths) for item in recorded)
    if records == (1 << 8 * header.count_bytes) - 1:
        # It was written to a stream: as many records as there are.
        first = min((item.start for item in recorded), default=end)
        records = max(0, end - first) // max(1, stride)
    return {
        item.name: _placed(entry, item, names, [length or records for length in lengths], stride)
        if item in recorded
        else _placed(entry, item, names, lengths, None)
        for item in listed
    }


def _variable(header: _Header, lengths: list[int]) -> _Listed:
    name = header.name()
    number = header.count()
    if number > MOST_DIMENSIONS:
        raise header.entry.fault("its header is damaged")
    dimensions = tuple(header.count() for _ in range(number))
    attributes = header.attributes()
    number, dtype = header.type()
    header.count()
    start = header.count(header.offset_bytes)
    if any(dimension >= len(lengths) for dimension in dimensions):
        raise header.entry.fault("its header is damaged")
    return _Listed(name, dimensions, attributes, number, dtype, start)


def _placed(
    entry: Entry, item: _Listed, names: list[str], lengths: list[int], stride: int | None
) -> Variable:
    """The variable, with where its values lie; characters are no values."""
    shape = tuple(lengths[number] for number in item.dimensions)
    values = None
    if item.number != CHARACTERS:
        values = Stored.contiguous(entry, item.name, shape, item.dtype, item.start, stride)
    dimensions = tuple(names[number] for number in item.dimensions)
    return Variable(entry, item.name, dimensions, shape, item.attributes, values)
