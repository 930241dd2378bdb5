"""ConvNeXt (Liu et al. 2022, https://arxiv.org/abs/2201.03545), for any grid and channel count.

The depthwise convolution is Keras' own DepthwiseConv2D: the grouped convolution of
``keras.applications`` goes through XLA on a CPU and takes several times as long.
"""

from __future__ import annotations

from typing import Any

from keras import layers

from pluvial.config.encoders import Size
from pluvial.models.layers import LayerScale

EPSILON = 1e-6


def stages(inputs: Any, size: Size, stem: int, layer_scale: float | None = None) -> list[Any]:
    """The feature maps after each stage, finest first.

    Args:
        inputs: float[B, rows, cols, C].
        size: widths and blocks.
        stem: side of the patches of the first convolution, in cells.
        layer_scale: first value of LayerScale; None for none.

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
            x = _block(x, width, layer_scale, name=f"stage{stage}_block{block}")
        maps.append(x)
    return maps


def _block(x: Any, width: int, layer_scale: float | None, name: str) -> Any:
    """Depthwise 7 x 7, norm, widen fourfold, GELU, narrow, add (Liu et al. 2022, figure 4)."""
    y = layers.DepthwiseConv2D(7, padding="same", name=f"{name}_depthwise")(x)
    y = layers.LayerNormalization(epsilon=EPSILON, name=f"{name}_norm")(y)
    y = layers.Dense(4 * width, activation="gelu", name=f"{name}_widen")(y)
    y = layers.Dense(width, name=f"{name}_narrow")(y)
    if layer_scale is not None:
        y = LayerScale(layer_scale, name=f"{name}_scale")(y)
    return layers.Add(name=f"{name}_add")([x, y])
