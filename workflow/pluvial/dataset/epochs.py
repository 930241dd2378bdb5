"""The batches of an epoch, as drawn: tf.data from the shards to the model, all in its graph."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from pluvial.dataset.catalogue import Catalogue
from pluvial.dataset.draws import Draw
from pluvial.dataset.pipeline import AHEAD, Layout, cores, decode, serialised_records


def epoch_batches(
    draw: Draw,
    catalogue: Catalogue,
    layout: Layout,
    *,
    first: int = 0,
    workers: int | None = None,
) -> tf.data.Dataset:
    """The batches of an epoch from number ``first`` on.

    What the batches are does not depend on ``first`` nor on ``workers``.

    Args:
        draw: the epoch.
        catalogue: what was drawn from.
        layout: the features of the records.
        first: the batch to begin with.
        workers: threads that read and decode; left out, one for each core.

    Returns:
        What ``pipeline.decode`` gives of each batch, with its number ``batch`` int64[], and
        ``rain_id`` and ``depth_id`` int64[B], equal where the fields are.
    """
    workers = workers or cores()
    size = draw.rows.shape[1]
    times = tf.constant(catalogue.times[draw.rows])
    rain_ids = tf.constant(catalogue.rain_digests[draw.rows].view(np.int64))
    depth_ids = tf.constant(catalogue.depth_digests[draw.rows].view(np.int64))

    def finished(number: tf.Tensor, records: tf.Tensor) -> dict[str, tf.Tensor]:
        number = number[0]
        fields = decode(tf.ensure_shape(records, [size]), layout)
        drawn = tf.debugging.assert_equal(
            fields["time"], times[number], "the shards are not read in the order of the draw"
        )
        with tf.control_dependencies([drawn]):
            ids = {"rain_id": rain_ids[number], "depth_id": depth_ids[number]}
            return fields | ids | {"batch": tf.identity(number)}

    numbers = tf.data.Dataset.from_tensor_slices(draw.batches)
    return (
        tf.data.Dataset.zip(numbers, _records(draw, catalogue, workers))
        .filter(lambda number, _: number >= first)
        .group_by_window(
            key_func=lambda number, _: number,
            reduce_func=lambda _, batch: batch.batch(size),
            window_size=size,
        )
        .map(finished, num_parallel_calls=workers, deterministic=True)
        .prefetch(AHEAD)
    )


def _records(draw: Draw, catalogue: Catalogue, workers: int) -> tf.data.Dataset:
    """The serialised records of an epoch, one pass over the shards after the other."""
    paths = tf.constant([str(catalogue.shards[k]) for order in draw.passes for k in order])
    ends = tf.constant(np.cumsum([0, *map(len, draw.passes)]))

    def one(number: tf.Tensor) -> tf.data.Dataset:
        files = paths[ends[number] : ends[number + 1]]
        return serialised_records(tf.data.Dataset.from_tensor_slices(files), workers)

    return tf.data.Dataset.range(len(draw.passes)).flat_map(one)
