"""Reading shards without TensorFlow."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from isal import igzip, isal_zlib

from pluvial.errors import PluvialError
from pluvial.files.deflating import GZIP
from pluvial.files.inflating import INFLATE_ERRORS
from pluvial.records.members import member_times, read_members
from pluvial.records.tfrecord import decode_example, read_frames
from pluvial.records.window import Records

REMAKE = "`snakemake repair` makes the shard again"
UNREADABLE: tuple[type[Exception], ...] = (*INFLATE_ERRORS, ValueError, KeyError, OSError)

Codes = np.ndarray[Any, np.dtype[np.uint16]]
Each = tuple[int, Codes, Codes]
Record = TypeVar("Record")


def each_record(path: Path, features: dict[str, Any]) -> Iterator[Each]:
    """The records of one shard, in order, one at a time: time, rain [H, W, C] and depth [h, w].

    Args:
        path: the ``.tfrecord.gz``.
        features: the manifest's ``features``, for the shapes.

    Raises:
        PluvialError: naming the shard and the record that cannot be read.
    """
    yield from _each(path, _framed(path), lambda data: _decoded(data, features))


def each_serialised(path: Path) -> Iterator[bytes]:
    """The records of one shard, in order, one at a time, as serialised Examples.

    Raises:
        PluvialError: naming the shard and the record that cannot be read.
    """
    yield from _each(path, _framed(path), bytes)


def _framed(path: Path) -> Iterator[bytes]:
    with igzip.open(path, "rb") as stream:
        yield from read_frames(stream)


def _decoded(data: bytes, features: dict[str, Any]) -> Each:
    example = decode_example(data)
    rain, depth = (
        np.frombuffer(bytes(example[name]), "<u2").reshape(features[name]["shape"])
        for name in ("rain", "depth")
    )
    return int(example["time"]), rain, depth


def _each(
    path: Path, framed: Iterator[bytes], taken: Callable[[bytes], Record]
) -> Iterator[Record]:
    """What is ``taken`` from each serialised Example that comes from the shard ``path``."""
    count = 0
    try:
        for data in framed:
            yield taken(data)
            count += 1
    except UNREADABLE as error:
        raise PluvialError(
            f"record {count} cannot be read ({error})", where=path, remedy=REMAKE
        ) from None
    if not count:
        raise PluvialError("the shard holds no record", where=path, remedy=REMAKE)


def read_rows(path: Path, rows: Sequence[int], features: dict[str, Any]) -> Records:
    """Some records of one shard, in the order of ``rows``, without reading the others.

    Args:
        path: the ``.tfrecord.gz``; the table of its records stands beside it.
        rows: their numbers.
        features: the manifest's ``features``, for the shapes.

    Raises:
        PluvialError: naming the shard and the record that cannot be read.
    """
    members = read_members(_table_of(path))

    def framed() -> Iterator[bytes]:
        with path.open("rb") as file:
            for row in rows:
                packed = os.pread(file.fileno(), members[row].size, members[row].start)
                yield from read_frames(io.BytesIO(isal_zlib.decompress(packed, GZIP)))

    return _gathered(_each(path, framed(), lambda data: _decoded(data, features)))


def read_shard(path: Path, features: dict[str, Any]) -> Records:
    """All records of one shard, in order; see :func:`each_record`."""
    return _gathered(each_record(path, features))


def _table_of(shard: Path) -> Path:
    """The table of a shard's records, which stands beside it."""
    return shard.with_name(f"{shard.name.partition('.')[0]}.parquet")


def _gathered(records: Iterator[Each]) -> Records:
    times, rain, depth = zip(*records, strict=True)
    return Records(np.array(times, np.int64), np.stack(rain), np.stack(depth))


def read_times(shards: Sequence[Path], times: Sequence[int], features: dict[str, Any]) -> Records:
    """The records of some times, in that order, wherever they lie; no other record is read.

    Args:
        shards: of any splits; the table of its records stands beside each.
        times: NOW of each, s since 1970-01-01T00:00Z.
        features: the manifest's ``features``, for the shapes.

    Raises:
        PluvialError: if a time is in no shard, or a record cannot be read.
    """
    places: dict[int, tuple[Path, int]] = {}
    for shard in shards:
        held = member_times(_table_of(shard))
        for row in np.flatnonzero(np.isin(held, times)).tolist():
            places[int(held[row])] = shard, row
    lost = [time for time in times if time not in places]
    if lost:
        raise PluvialError(
            f"{len(lost)} records are in no shard, the first at {lost[0]} s",
            where=shards[0].parent.parent if shards else "shards",
            remedy=REMAKE,
        )
    chosen = [read_rows(places[time][0], [places[time][1]], features) for time in times]
    return Records(
        np.array(times, dtype=np.int64),
        np.concatenate([one.rain for one in chosen]),
        np.concatenate([one.depth for one in chosen]),
    )
