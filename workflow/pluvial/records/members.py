"""The file of a shard: one gzip member per record, in the planned order.

Members one after the other are one gzip file (RFC 1952, section 2.2), which TensorFlow, zlib and
every other reader inflate as a whole. They can be made in any order, so that a shard's memory does
not grow with its records, and a damaged one can be named.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import xxhash
from numpy.typing import NDArray

from pluvial.errors import PluvialError
from pluvial.files.deflating import GZIP, deflated
from pluvial.records.tfrecord import (
    FRAME_HEAD,
    FRAME_TAIL,
    example_parts,
    frame_in_place,
    int64_bytes,
)

MEMBERS = pa.schema(
    [
        pa.field("time", pa.int64(), metadata={"unit": "s since 1970-01-01T00:00Z, NOW"}),
        pa.field("start", pa.int64(), metadata={"unit": "byte of the file"}),
        pa.field("size", pa.int64(), metadata={"unit": "bytes"}),
        pa.field("digest", pa.uint64(), metadata={"of": "XXH3-64 of the gzip member"}),
    ]
)
HELD_BYTES = 1 << 28
"""Members held in memory until the shard is put together; the rest goes through a file."""
BUFFER = 1 << 20
"""Bytes that are written at once: half the time of a member at a time."""


class Encoder:
    """Frames records of one shape as TFRecord, in a buffer that serves for all of them."""

    def __init__(self) -> None:
        self._buffers: dict[tuple[int, ...], tuple[bytearray, dict[str, slice]]] = {}

    def framed(self, time: int, rain: NDArray[np.uint16], depth: NDArray[np.uint16]) -> bytearray:
        """The framed ``tf.train.Example`` of a record; the next call overwrites it.

        Args:
            time: NOW, s since 1970-01-01T00:00Z.
            rain: uint16[H, W, C], 1/32 mm/h, channels oldest first, 65535 missing.
            depth: uint16[h, w], mm, 65535 missing.
        """
        # Only the length of the time, 1 to 10 bytes of a varint, moves anything.
        tail = int64_bytes(time)
        key = len(tail), rain.size, depth.size
        if key not in self._buffers:
            self._buffers[key] = _template(time, 2 * rain.size, 2 * depth.size)
        buffer, places = self._buffers[key]
        target = np.frombuffer(buffer, dtype=np.uint8)
        for name, values in (("rain", rain), ("depth", depth)):
            flat = np.ascontiguousarray(values, dtype="<u2").reshape(-1)
            target[places[name]] = flat.view(np.uint8)
        del target
        buffer[places["time"]] = tail
        frame_in_place(buffer)
        return buffer


def _template(time: int, rain: int, depth: int) -> tuple[bytearray, dict[str, slice]]:
    """A frame with ``rain`` and ``depth`` bytes of values, and where its three values lie."""
    values = {"depth": bytes(depth), "rain": bytes(rain)}
    parts = example_parts({**values, "time": time})
    ends = np.cumsum([len(part) for part in parts]) + FRAME_HEAD
    places = {
        name: slice(int(end) - len(value), int(end))
        for name, value in values.items()
        for part, end in zip(parts, ends, strict=True)
        if part is value
    }
    # Names are sorted: the time is the last value.
    places["time"] = slice(int(ends[-1]) - len(parts[-1]), int(ends[-1]))
    return bytearray(bytes(FRAME_HEAD) + b"".join(parts) + bytes(FRAME_TAIL)), places


@dataclass(frozen=True)
class Member:
    """One record in the file of a shard.

    Attributes:
        time: NOW, s since 1970-01-01T00:00Z.
        start, size: where its gzip member lies in the file.
        digest: XXH3 with 64 bits of the bytes of its gzip member.
    """

    time: int
    start: int
    size: int
    digest: int


@dataclass
class Spill:
    """The members of a shard as they are made: held, and beyond a bound in a temporary file."""

    _file: IO[bytes]
    _room: int
    _at: dict[int, Member] = field(default_factory=dict)
    _held: dict[int, bytes] = field(default_factory=dict)
    _end: int = 0
    _encoder: Encoder = field(default_factory=Encoder)

    def add(self, row: int, time: int, rain: NDArray[np.uint16], depth: NDArray[np.uint16]) -> None:
        """Add the record of a row; its bytes depend on nothing else (see :class:`Encoder`)."""
        framed = self._encoder.framed(time, rain, depth)
        packed = deflated(framed, GZIP)
        self._at[row] = Member(time, self._end, len(packed), xxhash.xxh3_64_intdigest(packed))
        if len(packed) <= self._room:
            self._held[row] = packed
            self._room -= len(packed)
        else:
            self._file.write(packed)
            self._end += len(packed)

    def assemble(self, path: Path) -> tuple[list[Member], str]:
        """Write all members to ``path`` in the order of their rows: they, and its SHA-256."""
        members: list[Member] = []
        sha, start = hashlib.sha256(), 0
        self._file.flush()
        with path.open("wb", buffering=BUFFER) as out:
            for row in range(len(self._at)):
                spilled = self._at[row]
                packed = self._held.pop(row, b"") or os.pread(
                    self._file.fileno(), spilled.size, spilled.start
                )
                out.write(packed)
                sha.update(packed)
                members.append(Member(spilled.time, start, spilled.size, spilled.digest))
                start += spilled.size
        return members, sha.hexdigest()


@contextmanager
def spill(folder: Path, held: int = HELD_BYTES) -> Iterator[Spill]:
    """A spill, beyond ``held`` bytes in an unnamed file of ``folder``: it goes with the process."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as file:
        yield Spill(file, held)


def members_table(members: Sequence[Member]) -> pa.Table:
    """The members as a table, a row each."""
    return pa.Table.from_pylist([asdict(member) for member in members], schema=MEMBERS)


def read_members(path: Path) -> list[Member]:
    """The members that :func:`members_table` described, from its parquet file.

    Raises:
        PluvialError: if the file is missing or damaged.
    """
    try:
        return [Member(**row) for row in _read(path, MEMBERS.names).to_pylist()]
    except TypeError as error:
        raise _unreadable(path, error) from None


def member_times(path: Path) -> NDArray[np.int64]:
    """NOW of the members that :func:`members_table` described, int64[N], from its parquet file.

    Raises:
        PluvialError: if the file is missing or damaged.
    """
    return np.asarray(_read(path, ["time"])["time"].to_numpy(), dtype=np.int64)


def _read(path: Path, columns: list[str]) -> pa.Table:
    try:
        return pq.read_table(path, columns=columns)
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> PluvialError:
    return PluvialError(
        f"the table of the shard's records cannot be read ({error})",
        where=path,
        remedy="Delete it and run the workflow again: only its shard is remade",
    )
