"""From finished towers to embeddings: one row per record."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from numpy.typing import NDArray

from pluvial.dataset.pipeline import Layout, as_read, evaluation_batches, physical
from pluvial.files.atomic import atomic_path
from pluvial.jobs import progress
from pluvial.models.files import load_model
from pluvial.records.manifest import read_manifest, whole_shards

BATCH = 256


def make_embeddings(
    manifest_path: Path, rain_tower: Path, depth_tower: Path, splits: list[str], path: Path
) -> None:
    """Write the embeddings of all records of ``splits`` to the parquet file ``path``."""
    table = embed_records(manifest_path, rain_tower, depth_tower, splits)
    with atomic_path(path) as temporary:
        table.to_parquet(temporary, index=False)


def embed_records(
    manifest_path: Path, rain_tower: Path, depth_tower: Path, splits: list[str]
) -> pd.DataFrame:
    """Embed all records of ``splits`` with both towers.

    Returns:
        One row per record in order of time: ``time`` (int64), ``split``, ``rain`` and ``depth``
        (float32[D]).
    """
    manifest = read_manifest(manifest_path)
    layout = Layout.of(manifest)
    rain, depth = load_model(rain_tower), load_model(depth_tower)
    parts = []
    for split in splits:
        shards = whole_shards(manifest_path, split)
        if not shards:
            continue
        batches = evaluation_batches(shards, layout, batch=BATCH)
        total = -(-manifest["splits"][split]["records"] // BATCH)
        for times, left, right in _embedded(
            progress(as_read(batches), f"{split} batches", total), layout, rain, depth
        ):
            parts.append(
                pd.DataFrame(
                    {"time": times, "split": split, "rain": list(left), "depth": list(right)}
                )
            )
    return pd.concat(parts, ignore_index=True).sort_values("time", ignore_index=True)


Embedded = tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]


def _embedded(
    batches: Iterator[dict[str, tf.Tensor]], layout: Layout, rain: keras.Model, depth: keras.Model
) -> Iterator[Embedded]:
    """(times int64[B], rain float32[B, D], depth float32[B, D]) of each batch."""

    @tf.function(reduce_retracing=True)
    def both(fields: dict[str, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        rates, water = physical(fields, layout)
        return rain(rates, training=False), depth(water, training=False)

    for fields in batches:
        left, right = both(fields)
        yield fields["time"].numpy(), left.numpy(), right.numpy()
