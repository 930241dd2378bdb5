"""A writer of NIMROD fields, byte by byte from the format's description."""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from typing import Any

import numpy as np

WHEN = datetime(2020, 2, 7, 0, 5, tzinfo=UTC)
KINDS = {">f4": (0, 4), "i1": (1, 1), ">i2": (1, 2), ">i4": (1, 4), "u1": (2, 1)}
COMPOSITE = {18: 2, 19: 213, 20: 5, 22: 0, 23: 11, 25: -1, 32: 9999.0, 38: -1.0, 39: 0.0, 40: 0.0}
"""What a header of CEDA's 1 km composite sets besides its time and grid."""


def nimrod(
    values: Any,
    elements: dict[int, Any] | None = None,
    *,
    kind: str = ">i2",
    units: str = "mm/h*32",
    title: str = "Rainfall rate Composite",
    when: datetime = WHEN,
    y: float = 1549500.0,
    x: float = -404500.0,
    cell: float = 1000.0,
) -> bytes:
    """One field, its values as stored; elements of the header by their number in the description."""
    stored = np.asarray(values).astype(kind)
    whole = {
        **dict(enumerate([when.year, when.month, when.day, when.hour, when.minute, 0], 1)),
        **dict(zip((12, 13), KINDS[kind], strict=True)),
        15: 0,
        16: stored.shape[0],
        17: stored.shape[1],
        24: 0,
        34: y,
        35: cell,
        36: x,
        37: cell,
        **COMPOSITE,
        **(elements or {}),
    }
    header = bytearray(struct.pack(">31h", *[-32767] * 31) + struct.pack(">73f", *[-32767.0] * 73))
    header += units.encode().ljust(8, b"\0") + b"Plr single site radars".ljust(24, b"\0")
    header += title.encode().ljust(24) + struct.pack(">51h", *[-32767] * 51)
    for number, value in whole.items():
        if number <= 31:
            struct.pack_into(">h", header, 2 * (number - 1), value)
        elif number <= 104:
            struct.pack_into(">f", header, 62 + 4 * (number - 32), value)
        else:
            struct.pack_into(">h", header, 410 + 2 * (number - 108), value)
    length, size = struct.pack(">I", 512), struct.pack(">I", stored.nbytes)
    return length + header + length + size + stored.tobytes() + size
