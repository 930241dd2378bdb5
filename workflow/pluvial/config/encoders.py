"""Keys of the encoders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

from pydantic import Field, PositiveInt, model_validator

from pluvial.config.base import Section


@dataclass(frozen=True)
class Size:
    """Widths and numbers of blocks of the stages of a ConvNeXt."""

    widths: tuple[int, ...]
    blocks: tuple[int, ...]


CONVNEXT = {
    "quecto": Size((16, 32, 64), (1, 1, 1)),
    "ronto": Size((24, 48, 96), (1, 2, 1)),
    "yocto": Size((24, 48, 96, 192), (1, 1, 2, 1)),
    "zepto": Size((32, 64, 128, 256), (2, 2, 4, 2)),
    "atto": Size((40, 80, 160, 320), (2, 2, 6, 2)),
    "femto": Size((48, 96, 192, 384), (2, 2, 6, 2)),
    "pico": Size((64, 128, 256, 512), (2, 2, 6, 2)),
    "nano": Size((80, 160, 320, 640), (2, 2, 8, 2)),
    "tiny": Size((96, 192, 384, 768), (3, 3, 9, 3)),
    "small": Size((96, 192, 384, 768), (3, 3, 27, 3)),
    "base": Size((128, 256, 512, 1024), (3, 3, 27, 3)),
    "large": Size((192, 384, 768, 1536), (3, 3, 27, 3)),
}
"""From ``tiny`` on those of the paper, from ``zepto`` to ``nano`` those of PyTorch Image Models
(https://github.com/huggingface/pytorch-image-models), and below ones for a few cores."""

SIZES = {"convnext": tuple(CONVNEXT), "resnetv2": ("50", "101", "152")}


class TowerConfig(Section):
    """One tower."""

    architecture: Literal["convnext", "resnetv2"] = "convnext"
    """Its kind; ResNetV2 is that of Keras."""
    size: str = "yocto"
    """Its widths and depths. ConvNeXt: `quecto` (0.06 M parameters), `ronto`, `yocto`, `zepto`,
    `atto`, `femto`, `pico`, `nano`, `tiny` (28 M), `small`, `base`, `large` (196 M); ResNetV2:
    `50` (24 M), `101`, `152`."""
    stem: PositiveInt = 4
    """Cells per side that the first convolution of a ConvNeXt turns into one."""
    layer_scale: float | None = Field(None, gt=0, le=1)
    """First value of a ConvNeXt's LayerScale, such as 1e-6; left out, there is none: it slows
    short runs."""

    @model_validator(mode="after")
    def _size_is_known(self) -> Self:
        if self.size not in SIZES[self.architecture]:
            known = ", ".join(SIZES[self.architecture])
            raise ValueError(f"`size` {self.size!r} is none of {self.architecture}'s: {known}")
        others = {"stem", "layer_scale"} & self.altered()
        if self.architecture == "resnetv2" and others:
            raise ValueError(f"`{min(others)}` is for `architecture: convnext`")
        return self


class EncoderConfig(Section):
    """The two towers."""

    rain: TowerConfig = TowerConfig(stem=2)
    """The rain tower."""
    depth: TowerConfig = TowerConfig(stem=4)
    """The depth tower."""
    embedding: PositiveInt = 200
    """Dimensions of the embedding."""
    heightmap: Literal["depth", "rain", "both", "none"] = "depth"
    """Which tower is given the heightmap as a further channel."""
    projection: PositiveInt | None = None
    """Width of a hidden layer between the tower and its embedding; left out, there is none."""
    activation: Literal["none", "relu"] = "none"
    """Of the embedding; `relu` is what lets a tower die, and here to show it."""
    unit: bool = True
    """Compare embeddings by their direction alone, as CLIP does; without it by inner products."""
