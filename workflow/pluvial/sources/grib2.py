"""GRIB2, in which NOAA's MRMS and the weather services publish fields of rain.

GDAL reads the values. Before it sees a byte, the sections of each message are walked through, so
that it is not handed what is cut off or promises more values than are there.

Source: Manual on Codes, volume I.2, FM 92 GRIB edition 2 (WMO-No. 306). Octets are numbered from
1 in each section, as there.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import IO, Any, Literal

import numpy as np
from numpy.typing import NDArray

from pluvial.errors import PluvialError
from pluvial.grids.grid import Grid
from pluvial.sources.entries import DAMAGED, LARGEST_CONTENT, Entry
from pluvial.sources.files import RainFiles
from pluvial.sources.gdal import gdal_errors
from pluvial.sources.source import Field

MOST_CELLS = 1 << 26
MOST_FIELDS = 1 << 12
DEFLATE = 1032
"""The greatest ratio at which deflate, and so PNG, can pack."""
CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}
"""Numbers of a PNG's pixel, by its type of colour."""
GDAL_CACHE = 1 << 24
"""Bytes in which GDAL keeps blocks: the driver holds the whole field besides."""

LEAST_OCTETS = {1: 21, 2: 5, 3: 65, 4: 34, 5: 12, 6: 6, 7: 5}
"""Octets that a section has at the least, by its number."""
SCANNING = {0: (72, {0x00, 0x40}), 10: (60, {0x40}), 20: (65, {0x40}), 30: (65, {0x40})}
"""The octet of the scanning mode in section 3, and the modes that are read, by the template of the
grid: degrees, Mercator, polar stereographic, Lambert. All run from west to east by rows, from the
north (0x00) or from the south. GDAL misplaces grids that run to the west, and places projected
ones by their first point as if it were in the south."""

SIMPLE, COMPLEX, COMPLEX_DIFFERENCES, IEEE, JPEG2000, PNG = 0, 2, 3, 4, 40, 41
"""Templates of section 5 that are read. GDAL 3.10 writes beyond its memory at a damaged field of
template 42 (CCSDS)."""

RATES = {
    "mm/hr": 1.0,
    "mm/h": 1.0,
    "kg/(m^2 s)": 3600.0,
    "kg/(m^2*s)": 3600.0,
    "kg m-2 s-1": 3600.0,
}
"""What makes a rate mm/h, by its unit (GDAL's spelling)."""
AMOUNTS = ("mm", "kg/(m^2)", "kg/m^2", "kg m-2")
"""Units of amounts: a kg of water on a square metre stands 1 mm deep."""
INSTANT, PERIOD = 0, 8
"""Templates of section 4 that are read."""
MEAN, SUM = 0, 1
"""What the values are of their period (code table 4.10)."""
READ = {
    (INSTANT, None, False, False),
    (PERIOD, MEAN, False, True),
    (PERIOD, SUM, True, True),
}
"""What is read: template, process, whether an amount, whether of a period."""


class Grib2Rain(RainFiles):
    """GRIB2 files of rain rates or amounts, such as MRMS PrecipRate."""

    format: Literal["grib2"]
    """GRIB2 messages (.grib2, plain, .gz, or in a .tar): MRMS PrecipRate and the like."""

    def fields(self, entry: Entry) -> Iterator[Field]:
        """The fields, in the order of the file.

        A rate of a moment bears its valid time. A mean or an amount of a period is the rate from
        the start of the period.
        """
        with _opened(entry) as (dataset, messages):
            grid = _grid(entry, dataset)
            fields = [
                _field(entry, number, message, dataset.tags(number + 1), grid)
                for number, message in enumerate(messages)
            ]
        yield from fields[:1] if len(fields) == 1 else _numbered(fields)


def _numbered(fields: list[Field]) -> Iterator[Field]:
    for number, field in enumerate(fields):
        yield Field(field.time, field.grid, field.read, f"#{number}")


@dataclass(frozen=True)
class _Message:
    """What the sections say of a field.

    Attributes:
        reference: reference time, s since 1970-01-01T00:00Z.
        shape: rows and columns.
        place: section 3, as it stands.
        varies: whether its values differ, unless unpacking fails: GDAL then gives one for all.
    """

    reference: int
    shape: tuple[int, int]
    place: bytes
    varies: bool


@contextmanager
def _opened(entry: Entry) -> Iterator[tuple[Any, list[_Message]]]:
    """The file in GDAL (a rasterio dataset with one band a field), and what its sections say.

    What GDAL and rasterio raise meanwhile becomes our error.
    """
    import rasterio
    from rasterio.io import MemoryFile

    try:
        path = entry.plain_path()
        content = b"" if path else entry.content()
        with entry.open() if path else io.BytesIO(content) as stream:
            messages = list(_messages(entry, stream))
        # No index or notes from files beside it: they may be another's.
        options = {"driver": "GRIB", "USE_IDX": "NO"}
        with rasterio.Env(GDAL_CACHEMAX=GDAL_CACHE, GDAL_PAM_ENABLED="NO"):
            if path:
                with rasterio.open(path.absolute(), **options) as dataset:
                    yield _same(entry, dataset, messages), messages
            else:
                with MemoryFile(content) as memory, memory.open(**options) as dataset:
                    yield _same(entry, dataset, messages), messages
    except PluvialError:
        raise
    except gdal_errors() as error:
        raise entry.fault(f"GDAL cannot read it ({error})") from None


def _same(entry: Entry, dataset: Any, messages: list[_Message]) -> Any:
    """The dataset, if GDAL has found in it what the sections say."""
    if dataset.count != len(messages) or dataset.shape != messages[0].shape:
        raise entry.fault(
            f"it holds {len(messages)} fields of {messages[0].shape}, but GDAL finds "
            f"{dataset.count} of {dataset.shape}"
        )
    return dataset


def _messages(entry: Entry, stream: IO[bytes]) -> Iterator[_Message]:
    """The fields of all messages, with their sections checked against what is there."""
    first: _Message | None = None
    number = 0
    end = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    while head := stream.read(16):
        if head[:4] != b"GRIB" or len(head) < 16:
            raise entry.fault(
                f"no GRIB message where field {number} should start",
                remedy=DAMAGED if number else "Give a GRIB2 file",
            )
        if head[7] != 2:
            raise entry.fault(f"it is GRIB of edition {head[7]}", remedy="Give GRIB of edition 2")
        total = int.from_bytes(head[8:])
        if total - len(head) > min(LARGEST_CONTENT, end - stream.tell()):
            raise entry.fault(f"it ends in field {number}, a message of {total} octets")
        for message in _fields_of_message(entry, number, stream, total):
            first = first or message
            if message.place != first.place:
                raise entry.fault(
                    f"field {number} lies on another grid than field 0",
                    remedy="Split the file by grid",
                )
            number += 1
            if number > MOST_FIELDS:
                raise entry.fault(f"it holds more than {MOST_FIELDS} fields")
            yield message
    if not number:
        raise entry.fault("it holds no field")


def _fields_of_message(
    entry: Entry, number: int, stream: IO[bytes], total: int
) -> Iterator[_Message]:
    """The fields of one message of ``total`` octets, whose section 0 has been read."""
    left = total - 16
    sections: dict[int, _Section] = {}
    while left > 4:
        head = stream.read(5)
        size, kind = struct.unpack(">IB", head)
        if not LEAST_OCTETS.get(kind, total) <= size <= left - 4:
            raise entry.fault(f"field {number}: a section {kind} of {size} octets is impossible")
        sections[kind] = _Section(head + stream.read(size - 5))
        left -= size
        if kind == 7:
            yield _checked(entry, number, sections)
            number += 1
    if left != 4 or stream.read(4) != b"7777":
        raise entry.fault(f"the sections of field {number} do not fill its message")


@dataclass(frozen=True)
class _Section:
    """The octets of a section."""

    octets: bytes

    @property
    def size(self) -> int:
        """Their number."""
        return len(self.octets)

    def number(self, first: int, last: int) -> int:
        """The unsigned number in the octets ``first .. last``."""
        return int.from_bytes(self.octets[first - 1 : last])


def _checked(entry: Entry, number: int, sections: dict[int, _Section]) -> _Message:
    """What the sections say of a field that GDAL may read."""

    def fault(problem: str, remedy: str = DAMAGED) -> PluvialError:
        return entry.fault(f"field {number}: {problem}", remedy)

    missing = {1, 3, 4, 5, 6, 7} - set(sections)
    if missing:
        raise fault(f"section {min(missing)} is missing")
    time, place, values, bitmap = (sections[kind] for kind in (1, 3, 5, 6))
    template, points = place.number(13, 14), place.number(7, 10)
    cols, rows = place.number(31, 34), place.number(35, 38)
    octet, modes = SCANNING.get(template, (0, set()))
    if place.number(6, 6) or place.number(11, 11) or not octet:
        raise fault(
            f"grid template 3.{template} is not read",
            remedy="Regrid it to degrees, Mercator, polar stereographic or Lambert",
        )
    if place.number(octet, octet) not in modes:
        raise fault(
            f"scanning mode {place.number(octet, octet):#04x} is not read",
            remedy="Rewrite it by rows from the south-west corner (wgrib2 -new_grid)",
        )
    if not 0 < points == rows * cols <= MOST_CELLS:
        raise fault(f"a grid of {rows} x {cols} cells with {points} points is impossible")
    count, indicator = values.number(6, 9), bitmap.number(6, 6)
    mapped = indicator == 0 and count <= points <= 8 * (bitmap.size - 6)
    if not (mapped or (indicator == 255 and count == points)):
        raise fault(f"{count} values on {points} points do not fit bitmap {indicator}")
    packing = values.number(10, 11)
    if packing not in (SIMPLE, COMPLEX, COMPLEX_DIFFERENCES, IEEE, JPEG2000, PNG):
        raise fault(
            f"packing template 5.{packing} is not read",
            remedy="Pack it anew (grib_set -r -s packingType=grid_simple, or "
            "wgrib2 -set_grib_type simple)",
        )
    if not _holds(values, sections[7], count):
        raise fault(f"template 5.{packing}: {count} values are not all there, or damaged")
    try:
        year, (month, day, hour, minute, second) = time.number(13, 14), time.octets[14:19]
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        raise fault(
            f"the reference time {year}-{month}-{day} {hour}:{minute}:{second} is impossible"
        ) from None
    varies = packing == JPEG2000 and values.number(20, 20) > 0
    return _Message(int(moment.timestamp()), (rows, cols), place.octets, varies)


def _holds(values: _Section, data: _Section, count: int) -> bool:
    """Whether section 7 can hold ``count`` values packed as section 5 says."""
    template, bits = values.number(10, 11), values.number(20, 20)
    size = data.size - 5
    if template == IEEE:
        return count * {1: 4, 2: 8}.get(values.number(12, 12), size + 1) <= size
    if template == SIMPLE:
        return bits <= 32 and count * bits <= 8 * size
    if template == PNG and bits:
        return count * bits <= 8 * DEFLATE * size and _whole_png(data.octets[5:], count, bits)
    if template == JPEG2000 and bits:
        # Its first marker: the edges of the image, then its origin.
        east, south, west, north = (data.number(octet, octet + 3) for octet in (14, 18, 22, 26))
        whole = data.octets[5:9] == b"\xff\x4f\xff\x51"
        return whole and (east - west) * (south - north) == count
    # Complex packing has groups of any length: their size does not tell what they hold.
    return bits <= 32


def _whole_png(image: bytes, count: int, bits: int) -> bool:
    """Whether a PNG has ``count`` pixels of ``bits`` and its chunks pass their checks.

    GDAL says nothing of a PNG that it cannot unpack, and gives the lowest value for all.
    """
    chunk = 8
    if not image.startswith(b"\x89PNG\r\n\x1a\n") or image[12:16] != b"IHDR":
        return False
    width, height, depth, colour = struct.unpack(">IIBB", image[16:26].ljust(10, b"\0"))
    if width * height != count or depth * CHANNELS.get(colour, 0) != bits:
        return False
    while chunk < len(image):
        length = int.from_bytes(image[chunk : chunk + 4])
        body = memoryview(image)[chunk + 4 : chunk + 8 + length]
        check = image[chunk + 8 + length : chunk + 12 + length]
        if zlib.crc32(body).to_bytes(4) != check:
            return False
        if bytes(body[:4]) == b"IEND":
            return True
        chunk += length + 12
    return False


def _grid(entry: Entry, dataset: Any) -> Grid:
    """Where the fields lie.

    Corners in a message are rounded to a millionth of a degree, so that the cells of two files
    differ in the tenth digit: what rounding to that changes by no thousandth of a cell is rounded.
    """
    rows, cols = dataset.shape
    width, turn, west, lean, height, north = dataset.transform[:6]
    if turn or lean or not (0 < width < np.inf and abs(width + height) <= 1e-6 * width):
        raise entry.fault(
            f"its cells of {width:g} x {-height:g} are not square",
            remedy="Give fields on a grid of square cells",
        )
    if not np.isfinite([west, north]).all():
        raise entry.fault("its grid cannot be placed")
    cell = round(width, 6)
    corners = (round(west, 5), round(north, 5))
    shifts = [corners[0] - west, corners[1] - north]
    drift = abs(cell - width) * max(rows, cols)
    if cell > 0 and max(map(abs, shifts)) + drift < 1e-3 * width:
        width, (west, north) = cell, corners
    return Grid(rows, cols, width, west, north - rows * width, _crs(dataset.crs))


def _crs(crs: Any) -> str:
    """A code where the file names the datum that goes with it, else WKT; empty where none."""
    if not crs:
        return ""
    code = crs.to_epsg(confidence_threshold=100)
    return f"EPSG:{code}" if code else str(crs.to_wkt())


def _field(entry: Entry, number: int, message: _Message, tags: dict[str, str], grid: Grid) -> Field:
    """Field ``number``, whose band GDAL describes by ``tags``."""

    def fault(problem: str, remedy: str = DAMAGED) -> PluvialError:
        return entry.fault(f"field {number}: {problem}", remedy)

    element, unit = tags.get("GRIB_ELEMENT", ""), tags.get("GRIB_UNIT", "").strip("[]")
    if unit not in RATES and unit not in AMOUNTS:
        raise fault(
            f"{element!r} is in {unit!r}, which is neither a rain rate nor an amount",
            remedy="Give files of the rain alone (wgrib2 -match picks fields)",
        )
    try:
        template = int(tags["GRIB_PDS_PDTN"])
        start = message.reference + int(tags["GRIB_FORECAST_SECONDS"].split()[0])
        seconds = int(tags["GRIB_VALID_TIME"].split()[0]) - start
        listed = tags["GRIB_PDS_TEMPLATE_ASSEMBLED_VALUES"].split()
        # One period (octet 42), and what is made of it (octet 47): see template 4.8.
        process = int(listed[23]) if template == PERIOD and listed[21] == "1" else None
    except (KeyError, IndexError, ValueError):
        raise fault("what it says of its time cannot be read") from None
    amount = unit in AMOUNTS
    if (template, process, amount, seconds > 0) not in READ:
        raise fault(
            f"{element!r} in {unit!r} over {seconds} s (template 4.{template}, process {process}) "
            "is no rate of a moment, mean rate or amount of a period",
            remedy="Give rain rates, or amounts whose period the file tells",
        )
    factor = 3600 / seconds if amount else RATES[unit]
    return Field(start, grid, partial(_read, entry, number, factor))


def _read(entry: Entry, number: int, factor: float) -> NDArray[np.float32]:
    """Values of field ``number`` times ``factor``, float32[rows, cols], mm/h, NaN where missing."""
    with _opened(entry) as (dataset, messages):
        values: NDArray[np.float32] = dataset.read(number + 1, out_dtype="float32")
        missing = dataset.nodatavals[number]
    if messages[number].varies and values.min() == values.max():
        raise entry.fault(f"field {number}: its values cannot be unpacked")
    if missing is not None:
        values[values == np.float32(missing)] = np.nan
    with np.errstate(over="ignore"):
        values *= np.float32(factor)
    # MRMS has -1 where a value is missing and -3 outside of its radars: no rate is negative.
    values[~((values >= 0) & (values < np.inf))] = np.nan
    return values
