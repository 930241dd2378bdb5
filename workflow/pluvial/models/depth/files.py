"""Depth models on the disk.

``models.files``, which the encoders use, knows nothing of these classes: a change here retrains no
encoder.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras

from pluvial.errors import PluvialError
from pluvial.files.fingerprints import check_sidecar
from pluvial.models.depth.layers import Ordinal, Resize, RootDepth, Terrain, Upstream
from pluvial.models.depth.network import DepthNetwork, DepthTrainee
from pluvial.models.files import OURS

DEPTH = OURS | {
    f"pluvial>{kind.__name__}": kind
    for kind in (DepthNetwork, DepthTrainee, Ordinal, Resize, RootDepth, Terrain, Upstream)
}
"""The classes a depth model may hold; whatever else it names is refused."""


def load_depth(path: Path) -> Any:
    """Load a model whose bytes are those its sidecar names, or a training's checkpoint.

    Raises:
        PluvialError: if the sidecar is missing or names other bytes.
    """
    check_sidecar(path)
    return keras.saving.load_model(path, safe_mode=True, custom_objects=DEPTH)


def load_network(path: Path) -> DepthNetwork:
    """Load a depth model.

    Raises:
        PluvialError: likewise, and if the file holds another kind of model.
    """
    model = load_depth(path)
    if not isinstance(model, DepthNetwork):
        raise PluvialError(
            f"it is a {type(model).__name__}, no depth model",
            where=path,
            remedy="Name the `model.keras` of results/NAME/depth",
        )
    return model
