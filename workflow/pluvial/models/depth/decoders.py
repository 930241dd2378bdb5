"""The decoders: from feature maps of the rain, and of the terrain, to one map near the depth grid.

Both have one interface, :data:`Decode`, so that they can be compared on the same data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from keras import layers

from pluvial.models.depth.layers import Resize

EPSILON = 1e-6
WIDEST = 2
"""A map of the U-Net is at most this many times as wide as that on the depth grid."""
PYRAMID = 4
"""The pooling pyramid of DeepLabV3+ is this many times as wide."""


@dataclass(frozen=True)
class Size:
    """Width on the depth grid, and blocks at each resolution."""

    width: int
    blocks: int


SIZES = {
    "tiny": Size(16, 1),
    "small": Size(24, 1),
    "medium": Size(48, 2),
    "large": Size(96, 2),
    "full": Size(160, 2),
}

Decode: TypeAlias = Callable[[Sequence[Any], Sequence[Any], Size], Any]
"""(feature maps of the rain, finest first, float[B, r, c, C]; maps of the terrain, finest first,
float[1, r, c, C], the first on the depth grid; size) to float[B, r, c, C]."""


def conv(x: Any, width: int, name: str, side: int = 3, **kwargs: Any) -> Any:
    """A convolution that keeps the grid."""
    return layers.Conv2D(width, side, padding="same", name=name, **kwargs)(x)


def norm(x: Any, name: str) -> Any:
    """Layer normalisation over channels: no statistics of a batch, no state."""
    return layers.LayerNormalization(epsilon=EPSILON, name=name)(x)


def block(x: Any, width: int, name: str) -> Any:
    """Norm, 3 x 3, GELU, 3 x 3, add."""
    y = conv(norm(x, f"{name}_norm"), width, f"{name}_first", activation="gelu")
    return layers.Add(name=f"{name}_add")([x, conv(y, width, f"{name}_second")])


def joined(parts: Sequence[Any], width: int, name: str) -> Any:
    """A 1 x 1 convolution of several maps of one grid, as if they were concatenated.

    A map of the terrain, of which there is one for a whole batch, is so convolved but once.
    """
    terms = [conv(part, width, f"{name}_from{k}", side=1) for k, part in enumerate(parts)]
    return layers.Activation("gelu", name=f"{name}_joined")(layers.Add(name=f"{name}_add")(terms))


def terrain_at(maps: Sequence[Any], shape: tuple[int, int], name: str) -> Any:
    """The map of the terrain that comes next to a grid's, on that grid."""
    finer = [x for x in maps if x.shape[1] >= shape[0] and x.shape[2] >= shape[1]]
    return Resize(shape, name=name)(finer[-1] if finer else maps[0])


def unet(rain: Sequence[Any], terrain: Sequence[Any], size: Size) -> Any:
    """From the coarsest map of the rain up, a skip at each (Ronneberger et al. 2015, U-Net).

    Beyond the rain's own grid the skips are the terrain's. https://arxiv.org/abs/1505.04597
    """
    shapes = [tuple(x.shape[1:3]) for x in rain]
    finer = [tuple(x.shape[1:3]) for x in terrain[1:] if x.shape[1] > shapes[0][0]]
    x = rain[-1]
    for k, shape in reversed(list(enumerate([*finer, *shapes]))):
        level = k - len(finer)
        width = size.width * min(WIDEST, 2 ** (k + 1))
        parts = [terrain_at(terrain, shape, f"skip{k}_terrain")]
        if level >= 0:
            parts.append(rain[level])
        if x is not rain[max(level, 0)]:
            parts.append(Resize(shape, name=f"up{k}")(x))
        x = joined(parts, width, f"unet{k}")
        for number in range(size.blocks):
            x = block(x, width, f"unet{k}_block{number}")
    return x


def deeplabv3plus(rain: Sequence[Any], terrain: Sequence[Any], size: Size) -> Any:
    """Atrous spatial pyramid pooling, then one fine skip (Chen et al. 2018, DeepLabV3+).

    The coarsest map is looked at at the resolution of the one before it, at rates of 1, 2 and 3
    cells (the paper's 6, 12 and 18 are for maps of 33 cells) and as its mean.
    https://arxiv.org/abs/1802.02611
    """
    width = size.width * PYRAMID
    at = tuple(rain[-2].shape[1:3]) if len(rain) > 1 else tuple(rain[-1].shape[1:3])
    x = Resize(at, name="aspp_input")(rain[-1])
    scales = [conv(x, width, "aspp_point", side=1)]
    scales += [conv(x, width, f"aspp_rate{r}", dilation_rate=r) for r in (1, 2, 3)]
    mean = layers.GlobalAveragePooling2D(keepdims=True, name="aspp_mean")(x)
    scales.append(conv(mean, width, "aspp_image", side=1))
    pooled = layers.Activation("gelu", name="aspp_sum")(layers.Add(name="aspp_add")(scales))
    pooled = norm(conv(pooled, width, "aspp_out", side=1), "aspp_norm")
    fine = tuple(rain[0].shape[1:3])
    parts = [
        rain[0],
        terrain_at(terrain, fine, "low_terrain"),
        Resize(fine, name="aspp_up")(pooled),
    ]
    x = joined(parts, 2 * size.width, "decoder")
    for number in range(size.blocks):
        x = block(x, 2 * size.width, f"decoder_block{number}")
    return x


DECODERS: dict[str, Decode] = {"unet": unet, "deeplabv3plus": deeplabv3plus}
