"""Parameters and arithmetic of a tower, counted from its configuration: no network is built."""

from __future__ import annotations

from dataclasses import dataclass

from pluvial.config.encoders import CONVNEXT, EncoderConfig, TowerConfig

Shape = tuple[int, int, int]
"""Rows, columns and channels."""
KERNEL = 7
"""Side of a ConvNeXt's depthwise convolution, in cells."""
RESNETS = {
    "50": (23_564_800, 6.97e9, 2048),
    "101": (42_626_560, 14.4e9, 2048),
    "152": (58_331_648, 21.9e9, 2048),
}
"""ResNet50V2, 101 and 152 without their top: parameters (Keras, RGB input), operations of a
forward pass over 224 x 224 cells (He et al. 2016, table 1: 3.5, 7.2 and 10.9 G multiply-adds), and
channels of the last map."""
RESNET_STRIDE = 32


@dataclass(frozen=True)
class Cost:
    """Of one tower.

    Attributes:
        parameters: trainable ones.
        flops: operations of a forward pass over one field (a multiply-add is two).
    """

    parameters: int
    flops: float

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.parameters + other.parameters, self.flops + other.flops)


def pair_cost(
    config: EncoderConfig,
    rain: Shape,
    depth: tuple[int, int],
) -> tuple[Cost, Cost]:
    """The rain and the depth tower.

    Args:
        config: the towers.
        rain: rows, columns and channels of the rain.
        depth: rows and columns of the depth.
    """
    more = {
        side: config.heightmap in (side, "both")  # the heightmap is a further channel
        for side in ("rain", "depth")
    }
    rows, cols, channels = rain
    return (
        tower_cost(config.rain, config, (rows, cols, channels + more["rain"])),
        tower_cost(config.depth, config, (*depth, 1 + more["depth"])),
    )


def tower_cost(size: TowerConfig, config: EncoderConfig, shape: Shape) -> Cost:
    """One tower over fields of ``shape`` (rows, columns, channels)."""
    body, (rows, cols, width) = (
        _resnet(size.size, shape) if size.architecture == "resnetv2" else _convnext(size, shape)
    )
    wide = rows * cols * width
    head = Cost(2 * width, 0)  # the norm before it
    if config.projection is not None:
        head += _dense(wide, config.projection)
        wide = config.projection
    return body + head + _dense(wide, config.embedding)


def _convnext(
    config: TowerConfig, shape: tuple[int, int, int]
) -> tuple[Cost, tuple[int, int, int]]:
    """Its cost, and the shape of its last map; the layers are those of models/convnext.py."""
    rows, cols, channels = shape
    size = CONVNEXT[config.size]
    total = Cost(0, 0)
    for stage, (width, blocks) in enumerate(zip(size.widths, size.blocks, strict=True)):
        side = config.stem if stage == 0 else 2
        rows, cols = -(-rows // side), -(-cols // side)
        total += _convolution(side, channels, width, rows * cols)
        total += Cost(2 * (width if stage == 0 else channels), 0)
        total += _blocks(blocks, width, rows * cols, scaled=config.layer_scale is not None)
        channels = width
    return total, (rows, cols, channels)


def _blocks(blocks: int, width: int, cells: int, *, scaled: bool) -> Cost:
    """Depthwise 7 x 7, norm, widen fourfold, narrow."""
    inner = 4 * width
    parameters = (KERNEL**2 + 1) * width + 2 * width + (width + 1) * inner + (inner + 1) * width
    flops = 2.0 * cells * (KERNEL**2 * width + 2 * width * inner)
    return Cost(blocks * (parameters + scaled * width), blocks * flops)


def _convolution(side: int, channels: int, width: int, cells: int) -> Cost:
    weights = side**2 * channels * width
    return Cost(weights + width, 2.0 * weights * cells)


def _dense(inputs: int, outputs: int) -> Cost:
    return Cost((inputs + 1) * outputs, 2.0 * inputs * outputs)


def _resnet(size: str, shape: Shape) -> tuple[Cost, Shape]:
    parameters, flops, width = RESNETS[size]
    rows, cols, _ = shape
    last = (-(-rows // RESNET_STRIDE), -(-cols // RESNET_STRIDE), width)
    return Cost(parameters, flops * rows * cols / 224**2), last
