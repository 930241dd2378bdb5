"""tf.data pipelines over the shards. Nothing leaves the graph; every order is a seeded one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from pluvial.frames.variables import MISSING

INTERLEAVED_SHARDS = 16
"""Shards read side by side: a batch then has few records of any one of them, and of any hour."""
SHUFFLE_RECORDS = 4096
SHUFFLE_BYTES = 1 << 29


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


def shard_records(shards: Sequence[Path], layout: Layout) -> tf.data.Dataset:
    """Elements (time int64, rain uint16[H, W, C], depth uint16[h, w]) in a fixed order.

    Several shards are read side by side, which mixes them and keeps both cores inflating.
    """
    files = tf.data.Dataset.from_tensor_slices([str(path) for path in shards])
    serialised = files.interleave(
        lambda file: tf.data.TFRecordDataset(file, compression_type="GZIP"),
        cycle_length=INTERLEAVED_SHARDS,
        num_parallel_calls=tf.data.AUTOTUNE,
        deterministic=True,
    )

    def parse(record: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        features = tf.io.parse_single_example(
            record,
            {
                "time": tf.io.FixedLenFeature([], tf.int64),
                "rain": tf.io.FixedLenFeature([], tf.string),
                "depth": tf.io.FixedLenFeature([], tf.string),
            },
        )
        rain = tf.reshape(tf.io.decode_raw(features["rain"], tf.uint16), layout.rain_shape)
        depth = tf.reshape(tf.io.decode_raw(features["depth"], tf.uint16), layout.depth_shape)
        return features["time"], rain, depth

    return serialised.map(parse, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)


def training_pairs(
    shards: Sequence[tuple[Path, int]],
    layout: Layout,
    *,
    batch: int,
    steps: int,
    seed: int,
    dry_windows: bool,
) -> tf.data.Dataset:
    """One virtual epoch: ``steps`` batches (rain [B, H, W, C] mm/h, depth [B, h, w, 1] m).

    float32, NaN where missing. The order is a function of ``seed`` alone, so that an epoch can be
    drawn again. An epoch reads the fewest shards that fill it, drawn anew each time, and those to
    their ends: over the epochs every record has the same chance.

    Args:
        shards: the training shards, with the number of records in each.
        layout: their features.
        batch: pairs in a batch.
        steps: batches.
        seed: of this epoch's order.
        dry_windows: whether windows without any rain are drawn too.
    """
    order = np.random.default_rng(seed).permutation(len(shards))
    filled = np.cumsum([shards[number][1] for number in order])
    enough = int(np.searchsorted(filled, steps * batch)) + 1
    records = shard_records([shards[number][0] for number in order[:enough]], layout)
    if not dry_windows:
        records = records.filter(_has_rain)
    buffer = max(batch, min(SHUFFLE_RECORDS, SHUFFLE_BYTES // layout.record_bytes))
    records = records.shuffle(buffer, seed=seed, reshuffle_each_iteration=True).repeat()
    batches = records.batch(batch, drop_remainder=True).take(steps)
    return _physical(batches, layout).prefetch(tf.data.AUTOTUNE)


def shuffled_pairs(
    shards: Sequence[tuple[Path, int]],
    layout: Layout,
    *,
    batch: int,
    steps: int,
    seed: int,
    dry_windows: bool,
) -> tf.data.Dataset:
    """As :func:`training_pairs`, but each rain is given the depth of another record.

    Two independent orders are zipped: nothing can be learned from such pairs.
    """
    one, other = (
        training_pairs(
            shards, layout, batch=batch, steps=steps, seed=seed + shift, dry_windows=dry_windows
        )
        for shift in (0, 1_000_003)
    )
    return tf.data.Dataset.zip(one, other).map(lambda a, b: (a[0], b[1]))


def evaluation_batches(shards: Sequence[Path], layout: Layout, *, batch: int) -> tf.data.Dataset:
    """All records, once: batches (time int64[B], rain [B, H, W, C] mm/h, depth [B, h, w, 1] m)."""
    batches = shard_records(shards, layout).batch(batch)
    return batches.map(
        lambda time, rain, depth: (time, *_to_values(rain, depth, layout)),
        num_parallel_calls=tf.data.AUTOTUNE,
    ).prefetch(tf.data.AUTOTUNE)


def _has_rain(_: tf.Tensor, rain: tf.Tensor, depth: tf.Tensor) -> tf.Tensor:
    del depth
    return tf.reduce_any((rain != 0) & (rain != int(MISSING)))


def _physical(batches: tf.data.Dataset, layout: Layout) -> tf.data.Dataset:
    return batches.map(
        lambda _, rain, depth: _to_values(rain, depth, layout),
        num_parallel_calls=tf.data.AUTOTUNE,
        deterministic=True,
    )


def _to_values(rain: tf.Tensor, depth: tf.Tensor, layout: Layout) -> tuple[tf.Tensor, tf.Tensor]:
    water = tf.expand_dims(_unpack(depth, layout.depth_scale), -1)
    return _unpack(rain, layout.rain_scale), water


def _unpack(codes: tf.Tensor, scale: float) -> tf.Tensor:
    values = tf.cast(codes, tf.float32) * scale
    return tf.where(codes == int(MISSING), tf.constant(float("nan")), values)
