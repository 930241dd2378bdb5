"""Reading shards without TensorFlow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from isal import igzip
from numpy.typing import NDArray

from pluvial.errors import PluvialError
from pluvial.files.inflating import INFLATE_ERRORS
from pluvial.records.tfrecord import decode_example, read_frames
from pluvial.records.window import Records

Codes = NDArray[np.uint16]

REMAKE = "`snakemake repair` makes the shard again"
UNREADABLE: tuple[type[Exception], ...] = (*INFLATE_ERRORS, ValueError, KeyError, OSError)


def read_shard(path: Path, features: dict[str, Any]) -> Records:
    """The records of one shard, in order.

    Args:
        path: the ``.tfrecord.gz``.
        features: the manifest's ``features``, for the shapes.

    Raises:
        PluvialError: naming the shard and the record that cannot be read.
    """
    times, rain, depth = zip(*each_record(path, features), strict=True)
    return Records(np.array(times, np.int64), np.stack(rain), np.stack(depth))


def each_record(path: Path, features: dict[str, Any]) -> Iterator[tuple[int, Codes, Codes]]:
    """NOW, rain uint16[H, W, C] and depth uint16[h, w] of each record of a shard, one at a time.

    Arguments and errors are those of :func:`read_shard`; memory does not grow with the shard.
    """
    count = 0
    try:
        with igzip.open(path, "rb") as stream:
            for data in read_frames(stream):
                example = decode_example(data)
                rain, depth = (
                    np.frombuffer(bytes(example[name]), dtype="<u2").reshape(
                        features[name]["shape"]
                    )
                    for name in ("rain", "depth")
                )
                yield int(example["time"]), rain, depth
                count += 1
    except UNREADABLE as error:
        raise PluvialError(
            f"record {count} cannot be read ({error})",
            where=path,
            remedy=REMAKE,
        ) from None
    if not count:
        raise PluvialError("the shard holds no record", where=path, remedy=REMAKE)


def read_split(shards: Sequence[Path], features: dict[str, Any]) -> Records:
    """All records of the given shards, in order of time."""
    parts = [read_shard(path, features) for path in shards]
    times = np.concatenate([part.times for part in parts])
    order = np.argsort(times)
    return Records(
        times[order],
        np.concatenate([part.rain for part in parts])[order],
        np.concatenate([part.depth for part in parts])[order],
    )
