"""Reading shards without TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from isal import igzip

from pluvial.errors import PluvialError
from pluvial.files.inflating import INFLATE_ERRORS
from pluvial.records.tfrecord import decode_example, read_frames
from pluvial.records.window import Records

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
    times: list[int] = []
    fields: dict[str, list[np.ndarray[Any, np.dtype[np.uint16]]]] = {"rain": [], "depth": []}
    try:
        with igzip.open(path, "rb") as stream:
            for data in read_frames(stream):
                example = decode_example(data)
                for name, values in fields.items():
                    flat = np.frombuffer(bytes(example[name]), dtype="<u2")
                    values.append(flat.reshape(features[name]["shape"]))
                times.append(int(example["time"]))
    except UNREADABLE as error:
        raise PluvialError(
            f"record {len(times)} cannot be read ({error})",
            where=path,
            remedy=REMAKE,
        ) from None
    if not times:
        raise PluvialError("the shard holds no record", where=path, remedy=REMAKE)
    return Records(np.array(times, np.int64), np.stack(fields["rain"]), np.stack(fields["depth"]))


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
