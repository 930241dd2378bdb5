"""Pairs of pictures for the training loop, and what judges the encoder after each epoch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pluvial.config.sanity import Pairs, SanityConfig
from pluvial.dataset.pipeline import made_ready
from pluvial.metrics.geometry import collapse_of, describe_side
from pluvial.models.dual_encoder import DualEncoder
from pluvial.pictures.album import Album
from pluvial.pictures.draws import PairDraw, draw_pairs
from pluvial.pictures.embeddings import SIDE
from pluvial.training.source import Fields
from pluvial.training.steps import contrastive_loss
from pluvial.training.views import views

EMBED = 64
"""Pictures that are embedded at a time."""
OF_VALIDATION = 1_000_003
"""Number of an epoch that no training reaches: the validation draws its pairs from it."""


@dataclass(frozen=True)
class PictureSource:
    """Pairs of the pictures of a split, which are held in memory.

    Attributes:
        album: of the split.
        pairs: what pairs have in common.
        config: batches, views and seed.
    """

    album: Album
    pairs: Pairs
    config: SanityConfig

    def batches(self, epoch: int, first: int) -> tf.data.Dataset:
        """The batches of an epoch from number ``first`` on.

        Besides what every source gives: ``pictures`` uint8[B, 2, S, S, 3] and ``numbers``
        float32[B, 2, 10], what their views are made from.
        """
        drawn = self.drawn(epoch)
        pixels = tf.constant(self.album.pixels)

        def pair(rows: tf.Tensor, ids: tf.Tensor, numbers: tf.Tensor) -> Fields:
            still = tf.zeros_like(ids)
            return {
                "pictures": tf.gather(pixels, rows),
                "numbers": numbers,
                "time": still,
                "depth_time": still,
                "rain_id": ids,
                "depth_id": ids,
            }

        parts = (drawn.rows[first:], drawn.ids[first:], drawn.numbers[first:])
        return made_ready(tf.data.Dataset.from_tensor_slices(parts).map(pair))

    def inputs(self, fields: Fields) -> tuple[tf.Tensor, tf.Tensor]:
        """A view of each picture of the pairs, float32[B, S, S, 3] twice."""
        pictures, numbers = fields["pictures"], fields["numbers"]
        left, right = (
            views(pictures[:, side], numbers[:, side], self.config.views) for side in (0, 1)
        )
        return left, right

    def told(self, epoch: int) -> dict[str, float]:
        """The share of the pairs of a batch that are no negatives of each other."""
        ids = self.drawn(epoch).ids
        same = (ids[:, :, None] == ids[:, None, :]).mean() - 1 / ids.shape[1]
        return {"same_id": float(same)}

    def drawn(self, epoch: int) -> PairDraw:
        """The pairs of an epoch."""
        return draw_pairs(
            self.album.kinds,
            self.pairs,
            batch=self.config.batch,
            steps=self.config.steps_per_epoch,
            seed=(self.config.seed, epoch),
        )


class PictureJudge:
    """Judges the encoder on the validation split, always by the same pairs.

    Args:
        album: of the validation split.
        pairs: what pairs have in common.
        config: batches, views and seed.
    """

    def __init__(self, album: Album, pairs: Pairs, config: SanityConfig) -> None:
        batch = min(config.batch, album.kinds.size)
        small = config.model_copy(update={"batch": batch, "steps_per_epoch": 8})
        self._album, self._pairs, self._loss = album, pairs, config.training().loss
        self._source = PictureSource(album, pairs, small)

    def judge(self, model: DualEncoder) -> tuple[dict[str, float], dict[str, str]]:
        """What was found of the model, and how its tower has collapsed if it has.

        ``val_retrieval`` is the mean average precision with which a picture finds its partners:
        with label pairs the others of its kind among all other pictures, with view pairs the
        second view of it among those of all pictures.
        """
        losses, found = [], []
        for fields in self._source.batches(OF_VALIDATION, 0):
            left, right = model(self._source.inputs(fields), training=False)
            ids = {name: fields[name] for name in ("time", "depth_time", "rain_id", "depth_id")}
            losses.append(contrastive_loss(model, left, right, ids, self._loss))
            if self._pairs == "views":
                found.append(precision(left.numpy() @ right.numpy().T, fields["rain_id"].numpy()))
        plain = embedded(model.rain_tower, self._album.pixels)
        if self._pairs == "labels":
            alike = plain @ plain.T
            np.fill_diagonal(alike, -np.inf)
            found.append(precision(alike, np.unique(self._album.kinds, return_inverse=True)[1]))
        loss, chance = np.mean(losses, axis=0)
        row = {
            "val_loss": float(loss),
            "val_chance_loss": float(chance),
            "val_retrieval": float(np.mean(found)),
        }
        how = collapse_of(describe_side(plain, None))
        return row, {SIDE: how} if how else {}


def precision(alike: NDArray[np.floating], ids: NDArray[np.int64]) -> float:
    """Mean average precision of rows that look for columns of their own id.

    Args:
        alike: how alike a row and a column are, float[n, n]; -inf takes a column out.
        ids: of rows and columns, int64[n].
    """
    order = np.argsort(-alike, axis=1, kind="stable")
    right = ids[order] == ids[:, None]
    right &= np.isfinite(np.take_along_axis(alike, order, axis=1))
    at = np.cumsum(right, axis=1) / np.arange(1, len(ids) + 1)
    partners = right.sum(axis=1)
    asking = partners > 0
    return float(((at * right).sum(axis=1)[asking] / partners[asking]).mean())


def embedded(tower: tf.Module, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Embeddings float32[n, D] of whole pictures uint8[n, S, S, 3], as they are."""
    parts = [
        tower(tf.cast(pixels[start : start + EMBED], tf.float32), training=False).numpy()
        for start in range(0, len(pixels), EMBED)
    ]
    return np.concatenate(parts)
