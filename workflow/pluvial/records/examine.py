"""Examining a shard: every record against what was planned and what was written.

TensorFlow reads an empty shard, one cut between two records, or one with records left out, doubled
or exchanged, without a word.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xxhash
from isal import isal_zlib
from numpy.typing import NDArray

from pluvial.files.deflating import GZIP
from pluvial.files.fingerprints import file_sha256
from pluvial.files.inflating import INFLATE_ERRORS
from pluvial.grids.time_axis import iso
from pluvial.records.digest import record_digest
from pluvial.records.members import Member
from pluvial.records.tfrecord import decode_example, read_frames


@dataclass(frozen=True)
class Finding:
    """What is wrong with a shard.

    Attributes:
        shard: its file.
        record: the row of the record at fault; None where it is the file as a whole.
        problem: what is wrong.
    """

    shard: str
    record: int | None
    problem: str

    def __str__(self) -> str:
        at = "" if self.record is None else f", record {self.record}"
        return f"{self.shard}{at}: {self.problem}"


@dataclass(frozen=True)
class Record:
    """A record as read back: NOW, rain uint16[H, W, C] and depth uint16[h, w]."""

    time: int
    rain: NDArray[np.uint16]
    depth: NDArray[np.uint16]


class DamagedError(ValueError):
    """A record cannot be read back."""


def examine(
    path: Path, members: Sequence[Member], planned: Mapping[int, int], features: dict[str, Any]
) -> Iterator[Record | Finding]:
    """Read every record of a shard back, in order: it, or what is wrong with it.

    Args:
        path: the ``.tfrecord.gz``.
        members: what was written, in order.
        planned: digest of each record by its time, as the index found it in the frames.
        features: the manifest's ``features``, for the shapes.
    """
    name = f"{path.parent.name}/{path.name}"
    if not path.exists():
        yield Finding(name, None, "the shard is missing")
        return
    times = [member.time for member in members]
    if len(planned) != len(times) or set(times) != set(planned):
        yield Finding(name, None, f"it lists {len(times)} records, the plan {len(planned)}")
    by_digest = {member.digest: row for row, member in enumerate(members)}
    with path.open("rb") as file:
        for row, member in enumerate(members):
            file.seek(member.start)
            packed = file.read(member.size)
            if not packed:
                after = len(members) - row - 1
                also = f" (and {after} after it)" if after else ""
                yield Finding(name, row, f"it is missing{also}: the file ends there")
                break
            try:
                _check_bytes(packed, member, by_digest)
                yield _read_back(packed, member, planned.get(member.time), features)
            except DamagedError as error:
                yield Finding(name, row, str(error))
        end = members[-1].start + members[-1].size if members else 0
        surplus = file.seek(0, io.SEEK_END) - end
    if surplus > 0:
        yield Finding(name, None, f"{surplus} bytes follow its last record")


def _check_bytes(packed: bytes, member: Member, rows: Mapping[int, int]) -> None:
    """Refuse bytes that are not those written for this row."""
    if len(packed) < member.size:
        raise DamagedError(f"it is cut off after {len(packed)} bytes: the file ends there")
    digest = xxhash.xxh3_64_intdigest(packed)
    if digest == member.digest:
        return
    if digest in rows:
        raise DamagedError(f"record {rows[digest]} stands in its place")
    raise DamagedError(f"its bytes are not those that were written{_inflate_problem(packed)}")


def _inflate_problem(packed: bytes) -> str:
    try:
        isal_zlib.decompress(packed, GZIP)
    except INFLATE_ERRORS as error:
        return f" ({error})"
    return ""


def _read_back(
    packed: bytes, member: Member, planned: int | None, features: dict[str, Any]
) -> Record:
    """Decode one gzip member and compare what it holds with the plan."""
    size = 2 * sum(int(np.prod(features[key]["shape"])) for key in ("rain", "depth"))
    try:
        framed = isal_zlib.decompress(packed, GZIP, size + (1 << 10))
        (example,) = read_frames(io.BytesIO(framed))
        found = decode_example(example)
        record = Record(int(found["time"]), *(_array(found, key, features) for key in PARTS))
    except UNREADABLE as error:
        raise DamagedError(f"it cannot be decoded ({error})") from None
    if record.time != member.time:
        raise DamagedError(f"it is of {iso(record.time)}, not of {iso(member.time)}")
    if planned is None:
        raise DamagedError(f"it is of {iso(record.time)}, which is not planned here")
    if record_digest(record.rain, record.depth) != planned:
        raise DamagedError("its values are not those that the index found in the frames")
    return record


PARTS = ("rain", "depth")
UNREADABLE: tuple[type[Exception], ...] = (*INFLATE_ERRORS, ValueError, KeyError)


def _array(found: Mapping[str, memoryview | int], key: str, features: dict[str, Any]) -> Any:
    content = found[key]
    if isinstance(content, int):
        raise ValueError(f"{key} holds no bytes")
    return np.frombuffer(content, dtype="<u2").reshape(features[key]["shape"])


def examine_file(path: Path, size: int, sha256: str) -> Finding | None:
    """Whether a shard's bytes as a whole are those of the manifest."""
    name = f"{path.parent.name}/{path.name}"
    if not path.exists():
        return Finding(name, None, "the shard is missing")
    found = path.stat().st_size
    if found != size:
        return Finding(name, None, f"it has {found} bytes, the manifest says {size}")
    if file_sha256(path) != sha256:
        return Finding(name, None, "its bytes are not those the manifest names")
    return None
