"""NIMROD, the Met Office's binary format, in which CEDA archives the UK's radar composites.

A file holds one field after another. A field is two big-endian Fortran records, a header of 512
bytes and the values row by row, each record between two words that bear its length::

    512 | header | 512 | n | values, n bytes | n

Source: Nimrod format for image and model field files (Met Office, Nimrod documentation paper 2,
version 1.7). The elements of the header are numbered here as there, from 1.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import IO, Any, Literal

import numpy as np
from numpy.typing import NDArray

from pluvial.errors import PluvialError
from pluvial.grids.grid import Grid
from pluvial.sources.entries import DAMAGED, Entry
from pluvial.sources.files import RainFiles
from pluvial.sources.source import Field

HEADER = struct.Struct(">31h73f8s24s24s51h")
"""Elements 1-31, 32-104, 105 (units), 106 (source), 107 (title), 108-158."""
WORD = struct.Struct(">I")
UNSET = -32767
"""What an element that nobody has set holds."""

MOST_CELLS = 1 << 26
MOST_FIELDS = 1 << 12

STORED = {(0, 4): ">f4", (1, 1): "i1", (1, 2): ">i2", (1, 4): ">i4", (2, 1): "u1"}
"""NumPy's type by elements 12 (kind) and 13 (bytes of a value)."""
UNITS = re.compile(r"(mm/hr?|mm)(?:\*(\d+(?:\.\d+)?))?", re.IGNORECASE)
"""A rate or an amount, and what the stored values are divided by."""

AVERAGED, MINIMUM, MAXIMUM = 128, 4096, 8192
"""Bits of element 31: what the values are of their period."""
IN_SECONDS = 32767
"""The period (element 26) that stands in seconds in the last element."""

NATIONAL_GRID = {
    28: (0,),
    43: (49.0,),
    44: (-2.0,),
    45: (400000.0, 400.0),
    46: (-100000.0, -100.0),
    47: (0.9996012717,),
}
"""Ellipsoid and true origin of the British National Grid; old files have km where m is due."""


class NimrodRain(RainFiles):
    """Met Office NIMROD files of rain rates or amounts."""

    format: Literal["nimrod"]
    """Met Office NIMROD fields: .dat, .dat.gz, or CEDA's daily .tar of them."""
    title: str = ""
    """Which fields are rain, where a file holds several kinds: their title in the header, such
    as `rainrate`."""

    def fields(self, entry: Entry) -> Iterator[Field]:
        """The fields of rain, in the order of the file.

        A rate without a period bears its validity time. A mean or an amount of a period is the
        rate from the start of the period: the validity time is its end.
        """
        records = list(_records(entry))
        titles = sorted({record.title for record in records})
        chosen = [record for record in records if record.title == (self.title or titles[0])]
        if not chosen or (len(titles) > 1 and not self.title):
            raise entry.fault(
                f"its fields have the titles {', '.join(map(repr, titles[:20]))}",
                remedy="Write the one of the rain as `title`",
            )
        if len({record.period for record in chosen}) > 1:
            minutes = sorted(record.period // 60 for record in chosen)
            raise entry.fault(
                f"its fields {chosen[0].title!r} cover from {minutes[0]} to {minutes[-1]} min",
                remedy="Give files of fields that all cover the same time",
            )
        for record in chosen:
            grid, divisor = record.grid(), record.divisor()
            yield Field(
                record.time() - record.period,
                grid,
                partial(_read, record, grid, divisor),
                f"#{record.number}" if len(records) > 1 else "",
            )


@dataclass(frozen=True)
class _Record:
    """A field's header.

    Attributes:
        entry, number: where it is from.
        elements: of the header; element 0 is none, so that they are numbered as in the source.
        start, size: where the values lie in the entry, in bytes.
    """

    entry: Entry
    number: int
    elements: tuple[Any, ...]
    start: int
    size: int

    @property
    def title(self) -> str:
        """Title of the field."""
        return _text(self.elements[107])

    @property
    def period(self) -> int:
        """The seconds that the values cover; 0 for a moment."""
        minutes: int = self.elements[26]
        seconds: int = self.elements[-1] if minutes == IN_SECONDS else minutes * 60
        return max(0, seconds)

    def fault(self, problem: str, remedy: str = DAMAGED) -> PluvialError:
        """Our error about this field."""
        return self.entry.fault(f"field {self.number}: {problem}", remedy)

    def time(self) -> int:
        """Validity time (elements 1-6), s since 1970-01-01T00:00Z."""
        year, month, day, hour, minute, second = self.elements[1:7]
        try:
            second = 0 if second == UNSET else second
            moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        except ValueError:
            raise self.fault(
                f"the validity time {year}-{month}-{day} {hour}:{minute}:{second} is impossible"
            ) from None
        return int(moment.timestamp())

    def grid(self) -> Grid:
        """Where the field lies (elements 16, 17, 24 and 34-37, centres of cells)."""
        rows, cols, corner = self.elements[16], self.elements[17], self.elements[24]
        y, height, x, width = self.elements[34:38]
        shifts = {self.elements[41], self.elements[42]} - {0.0, float(UNSET)}
        if corner not in range(4) or not np.isfinite([x, y]).all() or shifts:
            raise self.fault(f"its grid from ({x:g}, {y:g}), corner {corner}, cannot be placed")
        if not (0 < width < np.inf and abs(height - width) <= 1e-6 * width):
            raise self.fault(
                f"its cells of {width:g} x {height:g} are not square",
                remedy="Give fields on a grid of square cells",
            )
        from_bottom, from_right = corner % 2 == 1, corner >= 2
        south = y - height / 2 - (0 if from_bottom else (rows - 1) * height)
        west = x - width / 2 - ((cols - 1) * width if from_right else 0)
        return Grid(rows, cols, width, west, south, self._crs())

    def divisor(self) -> float:
        """What the stored values are divided by to become mm/h."""
        units, averaging = _text(self.elements[105]), self.elements[31]
        match = UNITS.fullmatch(units)
        if match is None or float(match[2] or 1) == 0:
            raise self.fault(
                f"{self.title!r} is in {units!r}, which is neither a rain rate nor an amount",
                remedy="Give fields in mm/h or mm, or name those of rain with `title`",
            )
        if averaging > 0 and averaging & (MINIMUM | MAXIMUM):
            raise self.fault(
                f"{self.title!r} is the least or the greatest of its period, not the rain in it",
                remedy="Write the title of the rain as `title`",
            )
        if self.elements[40] not in (0.0, float(UNSET)):
            raise self.fault(f"its values are shifted by {self.elements[40]:g}")
        return float(match[2] or 1) * self._hours(match[1])

    def _hours(self, unit: str) -> float:
        """The hours in which an amount fell; 1 for a rate."""
        if unit.lower() != "mm":
            return 1.0
        if not self.period:
            raise self.fault("it holds amounts in mm, but tells no period")
        return self.period / 3600

    def _crs(self) -> str:
        """EPSG:27700 where the header describes the National Grid, else empty."""
        if self.elements[15] != 0:
            return ""
        known = all(
            self.elements[number] == UNSET or np.isclose(self.elements[number], values).any()
            for number, values in NATIONAL_GRID.items()
        )
        return "EPSG:27700" if known else ""


def _text(characters: bytes) -> str:
    return characters.decode("latin-1").strip("\0 ")


def _records(entry: Entry) -> Iterator[_Record]:
    """The headers of all fields, with their lengths checked against what is there."""
    with entry.open() as stream:
        number = 0
        while lead := stream.read(WORD.size):
            if lead != WORD.pack(HEADER.size):
                raise entry.fault(
                    f"no header of {HEADER.size} bytes where field {number} should start",
                    remedy=DAMAGED if number else "Give a NIMROD file",
                )
            if number == MOST_FIELDS:
                raise entry.fault(f"it holds more than {MOST_FIELDS} fields")
            yield _record(entry, number, stream)
            number += 1
    if not number:
        raise entry.fault("it is empty")


def _record(entry: Entry, number: int, stream: IO[bytes]) -> _Record:
    """The header at the stream, which is left behind the field's values."""
    header = stream.read(HEADER.size)
    words = stream.read(2 * WORD.size)
    if len(header) + len(words) < HEADER.size + 2 * WORD.size:
        raise entry.fault(f"it ends in the header of field {number}")
    closing, size = words[: WORD.size], WORD.unpack(words[WORD.size :])[0]
    record = _Record(entry, number, (None, *HEADER.unpack(header)), stream.tell(), size)
    if closing != WORD.pack(HEADER.size):
        raise record.fault("its header is not closed by its length")
    rows, cols = record.elements[16:18]
    kind, width = record.elements[12:14]
    if (kind, width) not in STORED:
        raise record.fault(f"values of kind {kind} and {width} bytes are not known")
    if rows < 1 or cols < 1 or rows * cols > MOST_CELLS:
        raise record.fault(f"a grid of {rows} x {cols} cells is impossible")
    if size != rows * cols * width:
        raise record.fault(f"{rows} x {cols} values of {width} bytes do not fill {size} bytes")
    stream.seek(record.start + size)
    if stream.read(WORD.size) != words[WORD.size :]:
        raise record.fault("its values are cut off, or not closed by their length")
    return record


def _read(record: _Record, grid: Grid, divisor: float) -> NDArray[np.float32]:
    """The values, float32[rows, cols], mm/h, NaN where missing."""
    with record.entry.open() as stream:
        stream.seek(record.start)
        content = stream.read(record.size)
    if len(content) != record.size:
        raise record.fault("its values are cut off")
    kind, width, corner = (record.elements[number] for number in (12, 13, 24))
    stored = np.frombuffer(content, STORED[kind, width]).reshape(grid.shape)
    values = stored.astype(np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        values /= np.float32(divisor)
    missing = stored == record.elements[38 if kind == 0 else 25]
    # Negative rain is missing, whatever the header says; so is what is no number.
    values[missing | ~((values >= 0) & (values < np.inf))] = np.nan
    return np.ascontiguousarray(values[:: -1 if corner % 2 else 1, :: -1 if corner >= 2 else 1])
