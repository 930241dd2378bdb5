"""From the configuration and a dataset's manifest to a model."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from pluvial.config.encoders import EncoderConfig, TowerConfig
from pluvial.grids.grid import Grid
from pluvial.grids.warp import Warp
from pluvial.models.dual_encoder import DualEncoder
from pluvial.models.encoders import feature_maps
from pluvial.models.layers import AppendField, LogStandardise

EPSILON = 1e-6
EXACT = {"dtype": "float32"}
"""What comes first and last in a tower is in float32, whatever the layers between compute in."""


def build_dual_encoder(
    config: EncoderConfig,
    manifest: dict[str, Any],
    elevation: NDArray[np.float32],
    seed: int,
    *,
    biased: bool = False,
) -> DualEncoder:
    """A dual encoder with fresh weights, seeded.

    Args:
        config: the towers.
        manifest: of the dataset, for shapes and normalisation.
        elevation: float32[h, w], m, NaN missing, on the depth grid.
        seed: of the initial weights.
        biased: whether its loss is SigLIP's.
    """
    keras.utils.set_random_seed(seed)
    rain_shape = tuple(manifest["features"]["rain"]["shape"])
    depth_shape = tuple(manifest["features"]["depth"]["shape"])
    before_rain: list[Any] = [_normalise(manifest, "rain")]
    before_depth: list[Any] = [_normalise(manifest, "depth")]
    if config.heightmap in ("depth", "both"):
        before_depth.append(AppendField(depth_shape, elevation, **EXACT, name="heightmap"))
    if config.heightmap in ("rain", "both"):
        ground, radar = (Grid(**manifest[f"{name}_grid"]) for name in ("depth", "rain"))
        coarse = Warp(ground, radar, "average")(elevation)
        before_rain.append(AppendField(rain_shape[:2], coarse, **EXACT, name="heightmap"))
    rain = tower(rain_shape, config.rain, config, before_rain, "rain")
    depth = tower((*depth_shape, 1), config.depth, config, before_depth, "depth")
    return DualEncoder(rain, depth, biased=biased, name="dual_encoder")


def tower(
    shape: tuple[int, ...], size: TowerConfig, config: EncoderConfig, before: list[Any], name: str
) -> keras.Model:
    """A tower from physical values, float[B, *shape], to an embedding, float[B, D].

    Args:
        shape: (rows, cols, channels).
        size: its architecture.
        config: its embedding.
        before: layers applied to the input first (normalisation, heightmap).
        name: of the model.
    """
    inputs = keras.Input(shape, name=name)
    x = inputs
    for layer in before:
        x = layer(x)
    return keras.Model(inputs, _embedded(feature_maps(x, size)[-1], config), name=name)


def _embedded(features: Any, config: EncoderConfig) -> Any:
    """float[B, rows, cols, C] to an embedding float32[B, D], as it is compared.

    The map is flattened, not averaged: where it rains decides where it floods, and an average
    over the map forgets where.
    """
    x = layers.LayerNormalization(epsilon=EPSILON, name="head_norm")(features)
    x = layers.Flatten(name="flatten")(x)
    if config.projection is not None:
        x = layers.Dense(config.projection, activation="gelu", name="projection")(x)
    activation = "relu" if config.activation == "relu" else None
    x = layers.Dense(config.embedding, activation, **EXACT, name="embedding")(x)
    return layers.UnitNormalization(**EXACT, name="unit")(x) if config.unit else x


def _normalise(manifest: dict[str, Any], variable: str) -> LogStandardise:
    found = manifest["normalisation_of_train"][variable]
    return LogStandardise(
        found["reference"], found["mean"], found["std"], **EXACT, name=f"{variable}_normalised"
    )
