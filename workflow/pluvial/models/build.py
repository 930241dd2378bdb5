"""From the configuration and a dataset's manifest to a model."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from pluvial.config.learning import EncoderConfig
from pluvial.models.convnext import SIZES, tower
from pluvial.models.dual_encoder import DualEncoder
from pluvial.models.layers import AppendField, LogStandardise


def build_dual_encoder(
    config: EncoderConfig, manifest: dict[str, Any], elevation: NDArray[np.float32], seed: int
) -> DualEncoder:
    """A dual encoder with fresh weights, seeded.

    Args:
        config: the towers.
        manifest: of the dataset, for shapes and normalisation.
        elevation: float32[h, w], m, NaN missing, on the depth grid.
        seed: of the initial weights.
    """
    keras.utils.set_random_seed(seed)
    depth_shape = manifest["features"]["depth"]["shape"]
    before_depth: list[Any] = [_normalise(manifest, "depth")]
    if config.heightmap:
        before_depth.append(AppendField(tuple(depth_shape), elevation, name="heightmap"))
    rain = tower(
        tuple(manifest["features"]["rain"]["shape"]),
        SIZES[config.rain.size],
        stem=config.rain.stem,
        embedding=config.embedding,
        before=[_normalise(manifest, "rain")],
        name="rain",
    )
    depth = tower(
        (*depth_shape, 1),
        SIZES[config.depth.size],
        stem=config.depth.stem,
        embedding=config.embedding,
        before=before_depth,
        name="depth",
    )
    return DualEncoder(rain, depth, name="dual_encoder")


def _normalise(manifest: dict[str, Any], variable: str) -> LogStandardise:
    found = manifest["normalisation_of_train"][variable]
    return LogStandardise(
        found["reference"], found["mean"], found["std"], name=f"{variable}_normalised"
    )
