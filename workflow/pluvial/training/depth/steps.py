"""One step of the depth model, on one device or on several that share a batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pluvial.config.depth_model import DepthModelConfig
from pluvial.dataset.pipeline import Layout
from pluvial.frames.variables import MISSING
from pluvial.models.depth import losses
from pluvial.models.depth.network import DepthTrainee
from pluvial.records.window import Records
from pluvial.training.depth.source import DepthSource, Fields

LEAST_SPREAD_M = 0.02
"""A cell's depth is taken to vary at least this much, in m: slopes are wet by mere films."""


@dataclass(frozen=True)
class Statistics:
    """What the loss knows of the training split.

    Attributes:
        wet: share of the cells that exceed each threshold, float64[T].
        balance: weight of wet cells, float32[T].
        root_variance: of the root of the depth, m.
        cell_variances: of each cell's depth, float32[h, w], m2.
        records: how many it was found from.
    """

    wet: NDArray[np.float64]
    balance: NDArray[np.float32]
    root_variance: float
    cell_variances: NDArray[np.float32]
    records: int

    @classmethod
    def of(cls, records: Records, layout: Layout, config: DepthModelConfig) -> Statistics:
        """Those of some training records."""
        depth = np.where(
            records.depth == MISSING, np.nan, records.depth * np.float32(layout.depth_scale)
        )
        present = np.isfinite(depth)
        count = max(1, int(present.sum()))
        wet = np.array([(depth > threshold).sum() / count for threshold in config.thresholds])
        # A threshold that no cell exceeds tells nothing of how much wet cells should weigh.
        odds = np.where(wet > 0, (1 - wet) / np.maximum(wet, 1e-12), 1.0)
        seen = present.any(axis=0)
        filled = np.where(seen, depth, 0.0)
        variances = np.maximum(np.nanvar(filled, axis=0), LEAST_SPREAD_M**2)
        roots = np.sqrt(depth[present], dtype=np.float64)
        return cls(
            wet,
            (odds**config.loss.class_balance).astype(np.float32),
            max(float(roots.var()), 1e-6) if roots.size else 1.0,
            variances.astype(np.float32),
            len(depth),
        )


def depth_losses(
    logits: tf.Tensor,
    root: tf.Tensor,
    depth: tf.Tensor,
    variances: Any,
    known: Statistics,
    config: DepthModelConfig,
) -> dict[str, tf.Tensor]:
    """The loss and its parts, unweighted, float32[] each.

    Args:
        logits: float32[B, h, w, T].
        root: float32[B, h, w], m^(1/2).
        depth: float32[B, h, w], m, NaN where missing.
        variances: of these cells, float32[h, w], m2.
        known: of the training split.
        config: thresholds and weights.
    """
    present = tf.cast(tf.math.is_finite(depth), tf.float32)
    depth = tf.where(present > 0, depth, 0.0)
    wet = tf.cast(depth[..., None] > tf.constant(config.thresholds, tf.float32), tf.float32)
    there = present[..., None]
    loss = config.loss
    terms: dict[str, Callable[[], Any]] = {
        "cross_entropy": lambda: losses.cross_entropy(logits, wet, there, known.balance),
        "dice": lambda: losses.dice(logits, wet, there),
        "focal": lambda: losses.focal(logits, wet, there, loss.focal_power, known.balance),
        "depth": lambda: losses.root_error(root, depth, present, known.root_variance),
        "cells": lambda: losses.cell_error(root, depth, present, variances),
    }
    parts = {name: term() for name, term in terms.items() if getattr(loss, name)}
    total = tf.add_n([getattr(loss, name) * part for name, part in parts.items()])
    return {"loss": total, **{f"loss_{name}": part for name, part in parts.items()}}


class DepthStepper:
    """Trains a network, which was built and compiled in the scope of ``strategy``.

    Args:
        model: with its optimizer.
        strategy: the devices.
        source: of the records.
        known: what the loss knows of the training split.
    """

    def __init__(
        self,
        model: DepthTrainee,
        strategy: tf.distribute.Strategy,
        source: DepthSource,
        known: Statistics,
    ) -> None:
        self._model, self._strategy, self._source, self._known = model, strategy, source, known
        self._variances = tf.constant(known.cell_variances)

    @tf.function(reduce_retracing=True)
    def __call__(self, fields: Fields) -> dict[str, tf.Tensor]:
        """Take one step; what it found, float32[] each."""
        found = self._strategy.run(self._on_one_device, args=(fields,))
        self._model.follow(self._model.optimizer.iterations)
        return {name: self._strategy.reduce("MEAN", value, None) for name, value in found.items()}

    def _on_one_device(self, fields: Fields) -> dict[str, tf.Tensor]:
        devices = self._strategy.num_replicas_in_sync
        config, network = self._source.config, self._model.network
        rain, depth = self._source.inputs(fields)
        tile, variances = None, self._variances
        if config.tile is not None:
            row, col = fields["tile"][0, 0], fields["tile"][0, 1]
            tile = row, col, config.tile
            here = slice(row, row + config.tile), slice(col, col + config.tile)
            depth, variances = depth[:, here[0], here[1]], variances[here[0], here[1]]
        with tf.GradientTape() as tape:
            logits, root = network.raw(rain, tile, training=True)
            found = depth_losses(logits, root, depth, variances, self._known, config)
            share = found["loss"] / devices
        gradients = tape.gradient(share, network.trainable_variables)
        if devices > 1:
            context = tf.distribute.get_replica_context()
            gradients = context.all_reduce(tf.distribute.ReduceOp.SUM, gradients)
        clipped, norm = tf.clip_by_global_norm(gradients, config.clip_norm)
        # The optimizer adds up what it is given by each device.
        self._model.optimizer.apply([gradient / devices for gradient in clipped])
        return {**found, "gradient_norm": norm}
