"""What a training draws its pairs from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import tensorflow as tf

from pluvial.config.learning import PretrainConfig
from pluvial.dataset.catalogue import Catalogue
from pluvial.dataset.draws import Draw, draw_epoch, open_batches, same_storm
from pluvial.dataset.epochs import epoch_batches
from pluvial.dataset.pipeline import Layout, physical

Fields = dict[str, tf.Tensor]


class Source(Protocol):
    """Where pairs come from, epoch by epoch, in an order of the seed alone."""

    def batches(self, epoch: int, first: int) -> tf.data.Dataset:
        """The batches of an epoch from number ``first`` on, as dictionaries.

        Each has ``time`` and ``depth_time``, ``rain_id`` and ``depth_id`` int64[B] (see
        ``losses.false_negatives``), and what :meth:`inputs` needs.
        """
        ...

    def inputs(self, fields: Fields) -> tuple[tf.Tensor, tf.Tensor]:
        """What the two towers are given of a batch; part of the training step."""
        ...

    def told(self, epoch: int) -> dict[str, float]:
        """What the history shall say of the pairs of an epoch."""
        ...


@dataclass(frozen=True)
class RecordSource:
    """The records of a split.

    Attributes:
        catalogue: of the split.
        layout: of its packed features.
        config: how they are drawn.
        torn: whether rain and depth are torn apart, for the control.
    """

    catalogue: Catalogue
    layout: Layout
    config: PretrainConfig
    torn: bool

    def batches(self, epoch: int, first: int) -> tf.data.Dataset:
        """The batches of an epoch from number ``first`` on."""
        return epoch_batches(
            self._draw(epoch),
            self.catalogue,
            self.layout,
            seed=(self.config.seed, epoch),
            gain_noise=self.config.gain_noise,
            torn=self.torn,
            first=first,
        )

    def inputs(self, fields: Fields) -> tuple[tf.Tensor, tf.Tensor]:
        """Rain in mm/h, float32[B, H, W, C], and depth in m, float32[B, h, w, 1]."""
        rain, depth = physical(fields, self.layout)
        return rain * fields["gain"][:, None, None, None], depth

    def told(self, epoch: int) -> dict[str, float]:
        """The share of the pairs of a batch that are of one storm."""
        return {"same_storm": same_storm(self._draw(epoch), self.catalogue)}

    def _draw(self, epoch: int) -> Draw:
        config = self.config
        return draw_epoch(
            self.catalogue,
            batch=config.batch,
            steps=config.steps_per_epoch,
            seed=[config.seed],
            epoch=epoch,
            dry_windows=config.dry_windows,
            storms_apart=config.storms_apart,
            opened=open_batches(config.batch, self.layout.record_bytes),
        )
