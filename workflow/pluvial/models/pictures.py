"""The encoder of pictures: one tower for both sides of a pair."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from pluvial.config.encoders import TowerConfig
from pluvial.models.build import EXACT
from pluvial.models.dual_encoder import DualEncoder
from pluvial.models.encoders import feature_maps

LARGEST = 255.0
"""The largest value of a pixel."""


def build_picture_encoder(config: TowerConfig, side: int, embedding: int, seed: int) -> DualEncoder:
    """A dual encoder whose two towers are one, with fresh weights, seeded.

    Args:
        config: the architecture.
        side: of the pictures, in pixels.
        embedding: dimensions of the embedding.
        seed: of the initial weights.
    """
    keras.utils.set_random_seed(seed)
    tower = picture_tower(config, side, embedding)
    return DualEncoder(tower, tower, name="dual_encoder")


def picture_tower(config: TowerConfig, side: int, embedding: int) -> keras.Model:
    """A tower from RGB, float[B, S, S, 3] from 0 to 255, to unit vectors float32[B, D].

    The feature map is averaged over the picture, not flattened as that of a rain field is: what a
    photo shows does not depend on where in it.
    """
    inputs = keras.Input((side, side, 3), name="picture")
    scaled = layers.Rescaling(2 / LARGEST, -1.0, **EXACT, name="scaled")(inputs)
    return keras.Model(inputs, _embedded(feature_maps(scaled, config)[-1], embedding), name="tower")


def _embedded(features: Any, embedding: int) -> Any:
    """float[B, rows, cols, C] to unit vectors float32[B, D]."""
    x = layers.GlobalAveragePooling2D(name="average")(features)
    x = layers.BatchNormalization(momentum=0.9, name="head_norm")(x)
    x = layers.Dense(embedding, **EXACT, name="embedding")(x)
    return layers.UnitNormalization(**EXACT, name="unit")(x)
