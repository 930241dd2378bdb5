"""A writer of GRIB2 messages, octet by octet from WMO's manual on codes."""

from __future__ import annotations

import struct
import zlib
from datetime import UTC, datetime
from typing import Any

import numpy as np

WHEN = datetime(2019, 6, 10, 0, 2, tzinfo=UTC)
EPOCH = int(WHEN.timestamp())

PRECIP_RATE = (209, 6, 1)
"""Discipline, category and number of MRMS PrecipRate, in mm/h."""
QPE_01H = (209, 6, 2)
PRATE, APCP, TPRATE = (0, 1, 7), (0, 1, 8), (0, 1, 52)
TEMPERATURE = (0, 0, 0)
MICRO = 1_000_000


def section(number: int, body: bytes) -> bytes:
    return struct.pack(">IB", len(body) + 5, number) + body


def signed(value: int) -> int:
    """GRIB's signed numbers have their sign in the first bit."""
    return value if value >= 0 else (1 << 31) - value


def identity(discipline: int, when: tuple[int, ...]) -> bytes:
    centre, tables = (161, (255, 1)) if discipline == 209 else (7, (2, 1))
    return section(1, struct.pack(">HHBBBHBBBBBBB", centre, 0, *tables, 3, *when, 2, 7))


def place(
    rows: int,
    cols: int,
    *,
    cell: tuple[int, int] = (10_000, 10_000),
    first: tuple[int, int] = (54_995_000, 230_005_000),
    last: tuple[int, int] | None = None,
    scan: int = 0,
    shape_of_earth: int = 1,
    points: int | None = None,
    template: int = 0,
    source: int = 0,
    listed: int = 0,
) -> bytes:
    """Section 3: a grid in degrees, in millionths of them; first and last are centres of cells."""
    south = first[0] + cell[1] * (rows - 1) * (1 if scan & 0x40 else -1)
    la2, lo2 = last or (south, first[1] + cell[0] * (cols - 1))
    body = struct.pack(
        ">BIBBH", source, rows * cols if points is None else points, listed, 0, template
    )
    body += struct.pack(">BBIBIBI", shape_of_earth, 0, 6367470, 1, 6378160, 1, 6356775)
    body += struct.pack(">IIII", cols, rows, 0, 0xFFFFFFFF)
    body += struct.pack(">IIBIIIIB", signed(first[0]), signed(first[1]), 48,
                        signed(la2), signed(lo2), *cell, scan)  # fmt: skip
    return section(3, body)


def projected(template: int, *, cell_m: int = 3000, scan: int = 0x40) -> bytes:
    """Section 3: 2 x 3 cells of a Mercator, polar stereographic or Lambert grid on a sphere."""
    body = struct.pack(">BIBBH", 0, 6, 0, 0, template) + struct.pack(">BBIBIBI", 6, *[0] * 6)
    body += struct.pack(">IIIIB", 3, 2, 21 * MICRO, 237 * MICRO, 48)
    if template == 10:
        ends = (22 * MICRO, 238 * MICRO)
        body += struct.pack(">IIIB3I", 20 * MICRO, *ends, scan, 0, cell_m * 1000, cell_m * 1000)
    else:
        parallel = 60 * MICRO if template == 20 else 38 * MICRO
        sizes = (cell_m * 1000, cell_m * 1000)
        body += struct.pack(">IIIIBB", parallel, 262 * MICRO, *sizes, 0, scan)
    if template == 30:
        body += struct.pack(">4I", 38 * MICRO, 38 * MICRO, signed(-90 * MICRO), 0)
    return section(3, body)


def product(
    category: int,
    number: int,
    *,
    minutes: int = 0,
    period: tuple[int, datetime] | None = None,
    periods: int = 1,
) -> bytes:
    """Section 4: a moment, or with ``period`` what is made of the time up to its end."""
    template = 0 if period is None else 8
    body = struct.pack(">HHBBBBBHBBI", 0, template, category, number, 2, 0, 97, 0, 0, 0, minutes)
    body += struct.pack(">BBIBBI", 102, 0, 0, 255, 0, 0)
    if period is not None:
        process, end = period
        body += struct.pack(">HBBBBB", *end.timetuple()[:6])
        body += struct.pack(">BI", periods, 0)
        body += struct.pack(">BBBIBI", process, 2, 0, 0, 255, 0) * periods
    return section(4, body)


def png(stored: np.ndarray, *, width: int | None = None, colour: int = 0) -> bytes:
    rows, cols = stored.shape
    lines = b"".join(b"\0" + row.astype(">u2").tobytes() for row in stored)
    parts = {
        b"IHDR": struct.pack(">IIBBBBB", width or cols, rows, 16, colour, 0, 0, 0),
        b"IDAT": zlib.compress(lines),
        b"IEND": b"",
    }
    chunks = [
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in parts.items()
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def values(
    stored: np.ndarray,
    *,
    present: np.ndarray | None = None,
    lowest: float = -30.0,
    decimals: int = 1,
    template: int = 0,
    bits: int = 16,
    count: int | None = None,
    data: bytes | None = None,
) -> bytes:
    """Sections 5 to 7: each value is (lowest + stored) / 10 ** decimals."""
    kept = stored.ravel() if present is None else stored[present]
    if data is None:
        data = png(stored) if template == 41 else kept.astype(">u2").tobytes()
    numbers = struct.pack(">IHfHHBBB", kept.size if count is None else count, template,
                          lowest, 0, decimals, bits, 0, 255)  # fmt: skip
    bitmap = b"\xff" if present is None else b"\0" + np.packbits(present.ravel()).tobytes()
    return (
        section(5, numbers[: 15 + (template in (40, 41))]) + section(6, bitmap) + section(7, data)
    )


def message(*sections: bytes, kind: tuple[int, int, int] = PRECIP_RATE, edition: int = 2) -> bytes:
    body = b"".join(sections) + b"7777"
    return b"GRIB\0\0" + bytes([kind[0], edition]) + struct.pack(">Q", 16 + len(body)) + body


def grib(
    stored: Any,
    *,
    kind: tuple[int, int, int] = PRECIP_RATE,
    when: tuple[int, ...] = WHEN.timetuple()[:6],
    grid: dict[str, Any] | None = None,
    time: dict[str, Any] | None = None,
    packing: dict[str, Any] | None = None,
) -> bytes:
    """A message of one field, its values as stored."""
    stored = np.asarray(stored)
    return message(
        identity(kind[0], when),
        place(*stored.shape, **(grid or {})),
        product(*kind[1:], **(time or {})),
        values(stored, **(packing or {})),
        kind=kind,
    )
