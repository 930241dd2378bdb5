"""The head of a TIFF: what must be known of it before GDAL is let in.

Source: TIFF 6.0 (https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf), section 2, and the
BigTIFF proposal: a header of byte order, version and offset of the first directory, whose entries
of tag, type, count and value follow its number of entries.
"""

from __future__ import annotations

import struct
from typing import IO

SAMPLES_PER_PIXEL = 277
CLASSIC, BIG = 42, 43
MOST_ENTRIES = 4096


def bands(stream: IO[bytes]) -> int:
    """How many bands the first image of a TIFF claims to have; 1 where its head says nothing.

    GDAL makes an object for each of them before anything else can be asked of the file.
    """
    head = stream.read(16)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None or len(head) < 16:
        return 1
    (version,) = struct.unpack_from(f"{order}H", head, 2)
    big = version == BIG
    (offset,) = struct.unpack_from(f"{order}Q" if big else f"{order}I", head, 8 if big else 4)
    stream.seek(offset)
    number, entry = ("Q", 20) if big else ("H", 12)
    counted = stream.read(struct.calcsize(f"{order}{number}"))
    if len(counted) < struct.calcsize(f"{order}{number}"):
        return 1
    (count,) = struct.unpack(f"{order}{number}", counted)
    listed = stream.read(min(count, MOST_ENTRIES) * entry)
    for at in range(0, len(listed) - entry + 1, entry):
        (tag,) = struct.unpack_from(f"{order}H", listed, at)
        if tag == SAMPLES_PER_PIXEL:
            (samples,) = struct.unpack_from(f"{order}H", listed, at + (12 if big else 8))
            return int(samples)
    return 1
