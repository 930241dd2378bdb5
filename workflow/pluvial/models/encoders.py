"""The encoders by name: what turns a field into a feature map."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from pluvial.config.encoders import CONVNEXT, TowerConfig
from pluvial.models import convnext

RESNETS = {
    "50": keras.applications.ResNet50V2,
    "101": keras.applications.ResNet101V2,
    "152": keras.applications.ResNet152V2,
}


def _convnext(inputs: Any, config: TowerConfig) -> list[Any]:
    size = CONVNEXT[config.size]
    return convnext.stages(inputs, size, config.stem, config.layer_scale)


def _resnetv2(inputs: Any, config: TowerConfig) -> list[Any]:
    """ResNet with pre-activation (He et al. 2016, https://arxiv.org/abs/1603.05027), of Keras."""
    body = RESNETS[config.size](include_top=False, weights=None, input_tensor=inputs)
    return [body.output]


ARCHITECTURES: dict[str, Callable[[Any, TowerConfig], list[Any]]] = {
    "convnext": _convnext,
    "resnetv2": _resnetv2,
}


def feature_maps(inputs: Any, config: TowerConfig) -> list[Any]:
    """Feature maps of float[B, rows, cols, C], finest first; the last is what is embedded."""
    return ARCHITECTURES[config.architecture](inputs, config)
