"""From shards to batches, by tf.data; from packed codes to physical values, on the device.

One thing is not done in TensorFlow's graph: shards are inflated and taken apart by the project's
own reader, in Python's threads, some at a time. ISA-L needs less than half of the time that
TensorFlow's zlib does (`benchmarks/shards.py`); what is damaged is told by shard and record.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pluvial.dataset.draws import SHARDS_SIDE_BY_SIDE
from pluvial.errors import PluvialError
from pluvial.frames.variables import MISSING
from pluvial.records.reading import each_serialised

FEATURES = {
    "time": tf.io.FixedLenFeature([], tf.int64),
    "rain": tf.io.FixedLenFeature([], tf.string),
    "depth": tf.io.FixedLenFeature([], tf.string),
}
AHEAD = 2
"""Batches that wait, ready, for the model."""
HANDFUL_BYTES = 3 << 19
"""Bytes of records that come from Python at once: each time costs as much as a small record."""
FAULT = re.compile(r"(?m)PluvialError: (?P<where>.+?): (?P<problem>.+)\. (?P<remedy>`.+)$")
"""What the reader of shards said, within TensorFlow's words."""
Batch = TypeVar("Batch")


@dataclass(frozen=True)
class Layout:
    """Shapes and scales of the features, as the manifest names them."""

    rain_shape: tuple[int, ...]
    depth_shape: tuple[int, ...]
    rain_scale: float
    depth_scale: float

    @property
    def record_bytes(self) -> int:
        """Bytes of a record in memory, packed."""
        return 2 * int(np.prod(self.rain_shape) + np.prod(self.depth_shape))

    @classmethod
    def of(cls, manifest: dict[str, Any]) -> Layout:
        """The layout of a dataset."""
        rain, depth = manifest["features"]["rain"], manifest["features"]["depth"]
        return cls(tuple(rain["shape"]), tuple(depth["shape"]), rain["scale"], depth["scale"])


def serialised_records(shards: tf.data.Dataset, workers: int) -> tf.data.Dataset:
    """The records of shards (a dataset of paths) as serialised Examples, in a fixed order.

    Several shards are read side by side, a record of each in turn (see ``draws.interleaved``),
    which mixes them and keeps several cores inflating; how many does not alter the order.
    """
    return shards.interleave(
        lambda path: tf.data.Dataset.from_generator(
            _handfuls, args=(path,), output_signature=tf.TensorSpec([None], tf.string)
        ).unbatch(),
        cycle_length=SHARDS_SIDE_BY_SIDE,
        block_length=1,
        num_parallel_calls=min(workers, SHARDS_SIDE_BY_SIDE),
        deterministic=True,
    )


def _handfuls(path: bytes) -> Iterator[NDArray[np.object_]]:
    """The records of a shard, ``HANDFUL_BYTES`` of them at a time."""
    records: list[bytes] = []
    size = 0
    for record in each_serialised(Path(path.decode())):
        records.append(record)
        size += len(record)
        if size >= HANDFUL_BYTES:
            yield np.array(records, dtype=object)
            records, size = [], 0
    if records:
        yield np.array(records, dtype=object)


def decode(record: tf.Tensor, layout: Layout) -> dict[str, tf.Tensor]:
    """A serialised Example, a scalar, as fields.

    One at a time: their buffers are small enough to be used again, where those of a batch are
    pages that the system clears each time.

    Returns:
        ``time`` int64[]; ``rain`` uint16[H, W, C] and ``depth`` uint16[h, w, 1], packed.
    """
    features = tf.io.parse_single_example(record, FEATURES)
    return {
        "time": features["time"],
        "rain": _codes(features["rain"], layout.rain_shape),
        "depth": _codes(features["depth"], (*layout.depth_shape, 1)),
    }


def _codes(content: tf.Tensor, shape: tuple[int, ...]) -> tf.Tensor:
    return tf.reshape(tf.io.decode_raw(content, tf.uint16), shape)


def physical(fields: dict[str, tf.Tensor], layout: Layout) -> tuple[tf.Tensor, tf.Tensor]:
    """Rain in mm/h and depth in m, float32, NaN where missing, of the packed fields of a batch.

    It belongs into the model's step: half the bytes then travel to the device, which does it
    faster.
    """
    return _values(fields["rain"], layout.rain_scale), _values(fields["depth"], layout.depth_scale)


def _values(codes: tf.Tensor, scale: float) -> tf.Tensor:
    # There is no kernel that compares uint16 on a GPU.
    numbers = tf.cast(codes, tf.float32)
    return tf.where(numbers == float(MISSING), float("nan"), numbers * scale)


def evaluation_batches(shards: Sequence[Path], layout: Layout, *, batch: int) -> tf.data.Dataset:
    """All records, once, in batches of what :func:`decode` gives."""
    paths = tf.data.Dataset.from_tensor_slices([str(path) for path in shards])
    records = serialised_records(paths, cores()).map(
        lambda record: decode(record, layout), num_parallel_calls=cores(), deterministic=True
    )
    return made_ready(records.batch(batch))


def made_ready(batches: tf.data.Dataset) -> tf.data.Dataset:
    """Batches that are made while the model works.

    How many threads do it is said at every step, so tf.data's own tuner has nothing to tune. Its
    thread would also hold up the closing of some iterators: where the cores are busy it can miss
    that it is to end, and it sleeps twice as long each time, at last as long as the whole epoch.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return batches.prefetch(AHEAD).with_options(options)


def as_read(batches: Iterable[Batch]) -> Iterator[Batch]:
    """The batches as they come.

    Raises:
        PluvialError: naming the shard and the record that cannot be read, as the reader did before
            TensorFlow made an error of its own of it.
    """
    try:
        yield from batches
    except tf.errors.InvalidArgumentError as error:
        fault = FAULT.search(error.message)
        if fault is None:
            raise
        raise PluvialError(**fault.groupdict()) from None


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0))
