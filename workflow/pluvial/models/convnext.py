"""ConvNeXt (Liu et al. 2022, https://arxiv.org/abs/2201.03545), for any grid and channel count.

The depthwise convolution is Keras' own DepthwiseConv2D: the grouped convolution of
``keras.applications`` goes through XLA on a CPU and takes several times as long. LayerScale is
left out: it slows short runs and is not needed at these depths.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
from keras import layers

EPSILON = 1e-6


@dataclass(frozen=True)
class Size:
    """Widths and numbers of blocks of the stages."""

    widths: tuple[int, ...]
    blocks: tuple[int, ...]


SIZES = {
    "atto": Size((16, 32, 64), (1, 1, 1)),
    "femto": Size((24, 48, 96), (1, 2, 1)),
    "pico": Size((24, 48, 96, 192), (1, 1, 2, 1)),
    "tiny": Size((96, 192, 384, 768), (3, 3, 9, 3)),
}


def stages(inputs: Any, size: Size, stem: int) -> list[Any]:
    """The feature maps after each stage, finest first.

    Args:
        inputs: float[B, rows, cols, C].
        size: widths and blocks.
        stem: side of the patches of the first convolution, in cells.

    Returns:
        float[B, rows / (stem 2^k), cols / (stem 2^k), widths[k]] for stage k (rounded up).
    """
    maps = []
    x = layers.Conv2D(size.widths[0], stem, stem, padding="same", name="stem")(inputs)
    x = layers.LayerNormalization(epsilon=EPSILON, name="stem_norm")(x)
    for stage, (width, blocks) in enumerate(zip(size.widths, size.blocks, strict=True)):
        if stage:
            x = layers.LayerNormalization(epsilon=EPSILON, name=f"down{stage}_norm")(x)
            x = layers.Conv2D(width, 2, 2, padding="same", name=f"down{stage}")(x)
        for block in range(blocks):
            x = _block(x, width, name=f"stage{stage}_block{block}")
        maps.append(x)
    return maps


def _block(x: Any, width: int, name: str) -> Any:
    """Depthwise 7 x 7, norm, widen fourfold, GELU, narrow, add (Liu et al. 2022, figure 4)."""
    y = layers.DepthwiseConv2D(7, padding="same", name=f"{name}_depthwise")(x)
    y = layers.LayerNormalization(epsilon=EPSILON, name=f"{name}_norm")(y)
    y = layers.Dense(4 * width, activation="gelu", name=f"{name}_widen")(y)
    y = layers.Dense(width, name=f"{name}_narrow")(y)
    return layers.Add(name=f"{name}_add")([x, y])


def embed(inputs: Any, size: Size, stem: int, embedding: int) -> Any:
    """float[B, rows, cols, C] to an embedding float[B, embedding], not normalised.

    The last feature map is flattened, not averaged: where it rains decides where it floods, and
    an average over the map forgets where.
    """
    x = stages(inputs, size, stem)[-1]
    x = layers.LayerNormalization(epsilon=EPSILON, name="head_norm")(x)
    return layers.Dense(embedding, name="embedding")(layers.Flatten(name="flatten")(x))


def tower(
    shape: tuple[int, ...], size: Size, *, stem: int, embedding: int, before: list[Any], name: str
) -> keras.Model:
    """A tower from physical values, float[B, *shape], to an embedding, float[B, embedding].

    Args:
        shape: (rows, cols, channels).
        size: widths and blocks.
        stem: side of the patches of the first convolution.
        embedding: dimensions.
        before: layers applied to the input first (normalisation, heightmap).
        name: of the model.
    """
    inputs = keras.Input(shape, name=name)
    x = inputs
    for layer in before:
        x = layer(x)
    return keras.Model(inputs, embed(x, size, stem, embedding), name=name)
