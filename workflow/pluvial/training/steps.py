"""One training step, on one device or on several that act as one.

Several devices split a batch. Each embeds its part; the embeddings are gathered, so that the loss
is over the whole batch on every device, and the gradients are what one device would have found.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from pluvial.config.learning import LossConfig
from pluvial.models.dual_encoder import DualEncoder
from pluvial.models.losses import (
    clip_chance,
    clip_loss,
    false_negatives,
    siglip_chance,
    siglip_loss,
    similarities,
)
from pluvial.training.source import Source

IDS = ("time", "depth_time", "rain_id", "depth_id")


def strategy_for(devices: Sequence[str] | None = None) -> tf.distribute.Strategy:
    """How to use ``devices``; left out, all GPUs of this machine, else its processors."""
    if devices is None:
        devices = [device.name for device in tf.config.list_logical_devices("GPU")]
    if not devices:
        return tf.distribute.get_strategy()
    if len(devices) == 1:
        return tf.distribute.OneDeviceStrategy(devices[0])
    return tf.distribute.MirroredStrategy(list(devices))


class Stepper:
    """Trains ``model``, which was built and compiled in the scope of ``strategy``.

    Args:
        model: with its optimizer.
        strategy: the devices.
        loss: what is minimised.
        clip_norm: to which gradients are scaled down.
        source: of the pairs.
    """

    def __init__(
        self,
        model: DualEncoder,
        strategy: tf.distribute.Strategy,
        loss: LossConfig,
        clip_norm: float,
        source: Source,
    ) -> None:
        self._model, self._strategy, self._config = model, strategy, loss
        self._clip_norm, self._source = clip_norm, source

    @tf.function(reduce_retracing=True)
    def __call__(self, fields: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Take one step; what it found, float32[] each.

        ``fields`` are those of the source, distributed by the strategy.
        """
        found = self._strategy.run(self._on_one_device, args=(fields,))
        return {name: self._strategy.reduce("MEAN", value, None) for name, value in found.items()}

    def _on_one_device(self, fields: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        devices = self._strategy.num_replicas_in_sync
        ids = {name: _gathered(fields[name], devices) for name in IDS}
        with tf.GradientTape() as tape:
            left, right = self._model(self._source.inputs(fields), training=True)
            left, right = _gathered(left, devices), _gathered(right, devices)
            loss, chance = contrastive_loss(self._model, left, right, ids, self._config)
            # Every device differentiates the same loss: their gradients add up to it.
            share = loss / devices
        gradients = _added(tape.gradient(share, self._model.trainable_variables), devices)
        clipped, norm = tf.clip_by_global_norm(gradients, self._clip_norm)
        # The optimizer adds up what it is given by each device.
        self._model.optimizer.apply([gradient / devices for gradient in clipped])
        alike = similarities(left, right)
        true = tf.range(tf.shape(alike)[0], dtype=tf.int64)
        return {
            "loss": loss,
            "chance_loss": chance,
            "rain_to_depth": _share(tf.argmax(alike, axis=1) == true),
            "depth_to_rain": _share(tf.argmax(alike, axis=0) == true),
            "gradient_norm": norm,
        }


def contrastive_loss(
    model: DualEncoder, rain: Any, depth: Any, ids: dict[str, Any], config: LossConfig
) -> tuple[Any, Any]:
    """The loss of a batch of embeddings float[B, D], and that of one that tells nothing apart.

    Both are float32[]. ``ids`` are int64[B] by :data:`IDS`.
    """
    # How many a gathered batch holds is known only when it runs.
    pair = keras.ops.arange(keras.ops.shape(rain)[0])
    left_out = pair[:, None] == pair[None, :]
    if config.false_negative_minutes is not None:
        seconds = 60 * config.false_negative_minutes
        left_out = false_negatives(*(ids[name] for name in IDS), seconds=seconds)
    if config.kind == "siglip":
        loss = siglip_loss(rain, depth, model.scale, model.bias, left_out)
        return loss, siglip_chance(left_out)
    return clip_loss(rain, depth, model.scale, left_out), clip_chance(left_out)


def not_finite(model: DualEncoder) -> str:
    """Which weights are no longer numbers, in words."""
    for name, tower in (("rain", model.rain_tower), ("depth", model.depth_tower)):
        for variable in tower.trainable_variables:
            if not np.isfinite(keras.ops.convert_to_numpy(variable)).all():
                return f"weights of the {name} tower are not finite, first {variable.path}"
    return "all weights are finite still"


def _gathered(values: tf.Tensor, devices: int) -> tf.Tensor:
    if devices == 1:
        return values
    return tf.distribute.get_replica_context().all_gather(values, axis=0)


def _added(gradients: list[tf.Tensor], devices: int) -> list[tf.Tensor]:
    if devices == 1:
        return gradients
    context = tf.distribute.get_replica_context()
    return list(context.all_reduce(tf.distribute.ReduceOp.SUM, gradients))


def _share(hits: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.cast(hits, tf.float32))
