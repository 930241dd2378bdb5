"""What the depth model is trained on: records of some storms, in an order of the seed alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pluvial.config.depth_model import DepthModelConfig
from pluvial.dataset.catalogue import Catalogue
from pluvial.dataset.draws import draw_epoch, open_batches
from pluvial.dataset.epochs import epoch_batches
from pluvial.dataset.pipeline import Layout, made_ready, physical
from pluvial.dataset.rows import records_at
from pluvial.errors import PluvialError
from pluvial.frames.variables import MISSING
from pluvial.records.window import Records

Fields = dict[str, tf.Tensor]
GIB = 1 << 30


def labelled(catalogue: Catalogue, config: DepthModelConfig) -> Catalogue:
    """The catalogue with only those records drawable whose depth is used.

    Whole storms are drawn: of the frames of one storm each tells what its neighbours would. A
    smaller share of the same seed is part of a larger one.
    """
    storms = np.unique(catalogue.storms)
    count = -(-config.label_share * storms.size // 100)
    chosen = np.random.default_rng(config.seed).permutation(storms)[:count]
    drawable = catalogue.drawable(dry_windows=config.dry_windows)
    return replace(catalogue, with_rain=drawable & np.isin(catalogue.storms, chosen))


def even_sample(catalogue: Catalogue, count: int) -> NDArray[np.int64]:
    """At most ``count`` drawable rows of a catalogue, evenly over their time, int64[n]."""
    rows = np.flatnonzero(catalogue.drawable(dry_windows=False))
    rows = rows[np.argsort(catalogue.times[rows], kind="stable")]
    if rows.size <= count:
        return rows
    return rows[np.linspace(0, rows.size - 1, count).astype(np.int64)]


@dataclass(frozen=True)
class DepthSource:
    """The labelled records of the training split.

    Attributes:
        catalogue: of them (see :func:`labelled`).
        layout: of their packed features.
        features: of the manifest.
        config: how they are drawn.
        held: all of them, in memory; None where they are streamed from the shards.
        chances: how likely each is to be drawn, float64[N]; None where each comes once in a pass.
    """

    catalogue: Catalogue
    layout: Layout
    features: dict[str, Any]
    config: DepthModelConfig
    held: Records | None
    chances: NDArray[np.float64] | None = None

    @classmethod
    def open(
        cls,
        catalogue: Catalogue,
        features: dict[str, Any],
        layout: Layout,
        config: DepthModelConfig,
    ) -> DepthSource:
        """Read the records, if they fit into the memory that is granted.

        Raises:
            PluvialError: if they do not, and yet are to be drawn by their rain.
        """
        rows = np.flatnonzero(catalogue.drawable(dry_windows=False))
        held = None
        if rows.size * layout.record_bytes <= config.memory_gb * GIB:
            held = records_at(catalogue, rows, features)
        if not config.favour_rain:
            return cls(catalogue, layout, features, config, held)
        if held is None:
            raise PluvialError(
                f"records are drawn by their rain, but {rows.size * layout.record_bytes / GIB:.1f} "
                f"GiB of them do not fit into {config.memory_gb:g} GiB",
                where="`depth_model.favour_rain`",
                remedy="Raise `depth_model.memory_gb`, or write 0 to stream them in an even order",
            )
        return cls(catalogue, layout, features, config, held, _chances(held, config.favour_rain))

    def batches(self, epoch: int, first: int) -> tf.data.Dataset:
        """The batches of an epoch from number ``first`` on.

        Each has ``time`` int64[B], ``rain`` uint16[B, H, W, C] and ``depth`` uint16[B, h, w, 1],
        packed, ``gain`` float32[B], and ``tile`` int32[B, 2], in every record the same.
        """
        drawn = (
            self._streamed(epoch, first) if self.held is None else self._from_memory(epoch, first)
        )
        tiles = self._tiles(epoch)[first:]
        numbers = tf.data.Dataset.from_tensor_slices(tiles)
        size = self.config.batch

        def with_tile(fields: Fields, tile: tf.Tensor) -> Fields:
            return fields | {"tile": tf.broadcast_to(tile, (size, 2))}

        return tf.data.Dataset.zip(drawn, numbers).map(with_tile)

    def told(self, epoch: int) -> dict[str, float]:
        """Nothing: one epoch's records are like another's."""
        del epoch
        return {}

    def inputs(self, fields: Fields) -> tuple[tf.Tensor, tf.Tensor]:
        """Rain float32[B, H, W, C] in mm/h and depth float32[B, h, w] in m, NaN where missing."""
        rain, depth = physical(fields, self.layout)
        return rain * fields["gain"][:, None, None, None], depth[..., 0]

    def _streamed(self, epoch: int, first: int) -> tf.data.Dataset:
        config = self.config
        draw = draw_epoch(
            self.catalogue,
            batch=config.batch,
            steps=config.steps_per_epoch,
            seed=[config.seed],
            epoch=epoch,
            dry_windows=False,
            storms_apart=False,
            opened=open_batches(config.batch, self.layout.record_bytes),
        )
        return epoch_batches(
            draw,
            self.catalogue,
            self.layout,
            seed=(config.seed, epoch),
            gain_noise=config.gain_noise,
            first=first,
        )

    def _from_memory(self, epoch: int, first: int) -> tf.data.Dataset:
        """Batches of the records in memory, each pass over them in an order of its own."""
        config = self.config
        times, rain, depth = self._tensors
        rows = _drawn(times.shape[0], config, epoch, self.chances)[first:]
        numbers = tf.range(first, first + len(rows), dtype=tf.int64)

        def gathered(row: tf.Tensor, number: tf.Tensor) -> Fields:
            key = tf.random.experimental.stateless_fold_in(
                tf.constant((config.seed, epoch), tf.int64), number
            )
            noise = tf.random.stateless_normal([config.batch], key)
            return {
                "time": tf.gather(times, row),
                "rain": tf.gather(rain, row),
                "depth": tf.gather(depth, row),
                "gain": tf.exp(config.gain_noise * noise),
            }

        return made_ready(tf.data.Dataset.from_tensor_slices((rows, numbers)).map(gathered))

    @cached_property
    def _tensors(self) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Times, rain and depth of the records in memory: once, not once for each epoch."""
        assert self.held is not None
        with tf.device("CPU"):
            return (
                tf.constant(self.held.times),
                tf.constant(self.held.rain),
                tf.constant(self.held.depth[..., None]),
            )

    def _tiles(self, epoch: int) -> NDArray[np.int32]:
        """First row and column of the tile of each step, int32[steps, 2]; without tiles, 0."""
        config = self.config
        if config.tile is None:
            return np.zeros((config.steps_per_epoch, 2), np.int32)
        ends = [max(0, length - config.tile) + 1 for length in self.layout.depth_shape]
        rng = np.random.default_rng((config.seed, epoch))
        return rng.integers(0, ends, (config.steps_per_epoch, 2), dtype=np.int32)


def _chances(records: Records, favour: float) -> NDArray[np.float64]:
    """How likely each record is to be drawn, float64[N], their sum 1: see ``favour_rain``."""
    rain = np.array([np.where(one == MISSING, 0, one).mean() for one in records.rain])
    even = np.full(rain.size, 1 / rain.size)
    return (1 - favour) * even + favour * (rain / rain.sum() if rain.any() else even)


def _drawn(
    count: int, config: DepthModelConfig, epoch: int, chances: NDArray[np.float64] | None
) -> NDArray[np.int64]:
    """Which of ``count`` records each batch of an epoch holds, int64[steps, B]."""
    wanted = config.batch * config.steps_per_epoch
    if chances is not None:
        rng = np.random.default_rng((config.seed, epoch))
        return rng.choice(count, wanted, p=chances).reshape(-1, config.batch)
    begin = epoch * wanted
    first, last = begin // count, (begin + wanted - 1) // count
    passes = [
        np.random.default_rng((config.seed, number)).permutation(count)
        for number in range(first, last + 1)
    ]
    at = begin - first * count
    return np.concatenate(passes)[at : at + wanted].reshape(-1, config.batch)
