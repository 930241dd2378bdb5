"""Judging a model after each epoch, on a fixed sample of the validation split."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pluvial.config.learning import PretrainConfig
from pluvial.dataset.catalogue import Catalogue
from pluvial.dataset.pipeline import Layout, physical
from pluvial.dataset.rows import records_at
from pluvial.metrics.geometry import collapse_of, describe_side
from pluvial.metrics.retrieval import make_gallery, retrieve
from pluvial.models.dual_encoder import DualEncoder
from pluvial.training.steps import IDS, contrastive_loss

EMBED = 128
"""Records that are embedded at a time."""


class Validation:
    """A sample of the validation split, evenly over its time, held packed in memory.

    Args:
        catalogue: of the split.
        features: of the manifest.
        layout: likewise.
        config: how many records, with which loss, tolerance and spacing.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        features: dict[str, Any],
        layout: Layout,
        config: PretrainConfig,
    ) -> None:
        self._config, self._layout = config, layout
        rows = np.flatnonzero(catalogue.drawable(dry_windows=config.dry_windows))
        rows = rows[np.argsort(catalogue.times[rows])]
        count = min(config.validation.records, rows.size)
        rows = rows[np.linspace(0, rows.size - 1, count).astype(np.int64)] if count else rows
        self.count = count
        if not count:
            return
        self._records = records_at(catalogue, rows, features)
        times, self._storms = catalogue.times[rows], catalogue.storms[rows].astype(np.int64)
        ids = (times, times, catalogue.rain_digests[rows], catalogue.depth_digests[rows])
        self._ids = {name: part.view(np.int64) for name, part in zip(IDS, ids, strict=True)}
        spacing, tolerance = config.validation.spacing_minutes, config.validation.tolerance_minutes
        self._gallery = make_gallery(times, spacing=60 * spacing, tolerance=60 * tolerance)

    def judge(self, model: DualEncoder) -> tuple[dict[str, float], dict[str, str]]:
        """What was found of the model, and how those of its towers that have collapsed have.

        The loss is over batches of the configured size. ``val_retrieval`` is the mean reciprocal
        rank, the mean of both directions.
        """
        if not self.count:
            return {}, {}
        rain, depth = self._embedded(model)
        loss, chance = self._loss(model, rain, depth)
        row = {"val_loss": loss, "val_chance_loss": chance}
        if self._gallery.candidates.size > 1 and self._gallery.queries.size:
            found = retrieve(rain, depth, self._gallery)
            row["val_retrieval"] = float(
                np.mean([way["mean_reciprocal_rank"] for way in found.values()])
            )
            row |= {f"val_{name}": way["R@10"] for name, way in found.items()}
            row["val_chance"] = min(1.0, 10 / self._gallery.candidates.size)
        shapes = {"rain": rain, "depth": depth}
        fallen = {
            name: collapse_of(describe_side(part, self._storms)) for name, part in shapes.items()
        }
        return row, {name: how for name, how in fallen.items() if how}

    def _embedded(self, model: DualEncoder) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        parts = []
        for start in range(0, self.count, EMBED):
            at = slice(start, start + EMBED)
            fields = {"rain": self._records.rain[at], "depth": self._records.depth[at, ..., None]}
            tensors = {name: tf.constant(codes) for name, codes in fields.items()}
            parts.append([part.numpy() for part in model(physical(tensors, self._layout))])
        left, right = zip(*parts, strict=True)
        return np.concatenate(left), np.concatenate(right)

    def _loss(
        self, model: DualEncoder, rain: NDArray[np.float32], depth: NDArray[np.float32]
    ) -> tuple[float, float]:
        """The mean loss, and that at chance, over batches at random, always the same ones."""
        order = np.random.default_rng(self._config.seed).permutation(self.count)
        size = min(self._config.batch, self.count)
        losses = []
        for start in range(0, self.count - size + 1, size):
            at = order[start : start + size]
            ids = {name: tf.constant(values[at]) for name, values in self._ids.items()}
            losses.append(contrastive_loss(model, rain[at], depth[at], ids, self._config.loss))
        loss, chance = np.mean(losses, axis=0)
        return float(loss), float(chance)
