"""The batches of an epoch, as drawn: tf.data from the shards to the model."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from pluvial.dataset.catalogue import Catalogue
from pluvial.dataset.draws import Draw
from pluvial.dataset.pipeline import Layout, cores, decode, made_ready, serialised_records


def epoch_batches(
    draw: Draw,
    catalogue: Catalogue,
    layout: Layout,
    *,
    seed: tuple[int, int],
    gain_noise: float = 0.0,
    torn: bool = False,
    first: int = 0,
    workers: int | None = None,
) -> tf.data.Dataset:
    """The batches of an epoch from number ``first`` on.

    What they are does not depend on ``first`` nor on ``workers``.

    Args:
        draw: the epoch.
        catalogue: what was drawn from.
        layout: the features of the records.
        seed: of the noise and of the torn pairs in this epoch.
        gain_noise: standard deviation of the logarithm of ``gain``.
        torn: whether each rain is given the depth of a record of its batch at random, drawn anew
            each time: the control from which nothing can be learned.
        first: the batch to begin with.
        workers: threads that read and decode; left out, one for each core.

    Returns:
        What ``pipeline.decode`` gives, of a batch each, and ``rain_id`` and ``depth_id`` int64[B],
        equal where the fields are; ``depth_time`` int64[B], NOW of the record that the depth is
        of; ``gain`` float32[B], what the rain is to be multiplied by.
    """
    workers = workers or cores()
    size = draw.rows.shape[1]
    finish = _finisher(draw, catalogue)
    varied = _variation(seed, gain_noise, torn=torn)
    numbers = tf.data.Dataset.from_tensor_slices(draw.batches)
    return made_ready(
        tf.data.Dataset.zip(numbers, _records(draw, catalogue, workers))
        # Records that belong to no batch have the number -1.
        .filter(lambda number, _: number >= first)
        .map(
            lambda number, record: (number, decode(record, layout)),
            num_parallel_calls=workers,
            deterministic=True,
        )
        .group_by_window(
            key_func=lambda number, _: number,
            reduce_func=lambda _, batch: batch.batch(size),
            window_size=size,
        )
        .map(
            lambda number, fields: varied(finish(number[0], fields), number[0]),
            num_parallel_calls=workers,
            deterministic=True,
        )
    )


Fields = dict[str, tf.Tensor]


def _finisher(draw: Draw, catalogue: Catalogue) -> Callable[[tf.Tensor, Fields], Fields]:
    """What adds to a batch what the catalogue knows, and holds it to what was drawn."""
    times = tf.constant(catalogue.times[draw.rows])
    rain_ids = tf.constant(catalogue.rain_digests[draw.rows].view(np.int64))
    depth_ids = tf.constant(catalogue.depth_digests[draw.rows].view(np.int64))
    size = draw.rows.shape[1]

    def finish(number: tf.Tensor, batch: Fields) -> Fields:
        fields = {name: tf.ensure_shape(of, [size, *of.shape[1:]]) for name, of in batch.items()}
        drawn = tf.debugging.assert_equal(
            fields["time"], times[number], "the shards are not read in the order of the draw"
        )
        with tf.control_dependencies([drawn]):
            depth_time = tf.identity(fields["time"])
        ids = {"rain_id": rain_ids[number], "depth_id": depth_ids[number]}
        return fields | ids | {"depth_time": depth_time}

    return finish


def _variation(
    seed: tuple[int, int], gain_noise: float, *, torn: bool
) -> Callable[[Fields, tf.Tensor], Fields]:
    """What is done to a batch at random, by a function of ``seed`` and its number."""

    def vary(fields: Fields, number: tf.Tensor) -> Fields:
        key = tf.random.experimental.stateless_fold_in(tf.constant(seed, tf.int64), number)
        count = tf.shape(fields["time"])[0]
        fields["gain"] = tf.exp(gain_noise * tf.random.stateless_normal([count], key))
        if torn:
            order = tf.random.experimental.stateless_shuffle(tf.range(count), key)
            for name in ("depth", "depth_id", "depth_time"):
                fields[name] = tf.gather(fields[name], order)
        return fields

    return vary


def _records(draw: Draw, catalogue: Catalogue, workers: int) -> tf.data.Dataset:
    """The serialised records of an epoch, one pass over the shards after the other."""
    paths = tf.constant([str(catalogue.shards[k]) for order in draw.passes for k in order])
    ends = tf.constant(np.cumsum([0, *map(len, draw.passes)]))

    def one(number: tf.Tensor) -> tf.data.Dataset:
        files = paths[ends[number] : ends[number + 1]]
        return serialised_records(tf.data.Dataset.from_tensor_slices(files), workers)

    return tf.data.Dataset.range(len(draw.passes)).flat_map(one)
