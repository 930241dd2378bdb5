"""A trained depth model on other ground: what was learned stays, the terrain is exchanged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pluvial.errors import PluvialError
from pluvial.models.depth.layers import Terrain, Upstream, paths_of, terrain_fields
from pluvial.models.depth.network import DepthNetwork
from pluvial.simulation.drainage import drainage_of


def put_on_terrain(
    network: DepthNetwork, elevation: NDArray[np.float32], where: str | Path
) -> None:
    """Exchange the terrain of ``network``, in place.

    Args:
        network: whose terrain and flow paths are weights, not learned.
        elevation: float32[h, w], m, NaN missing, on a grid like the model's own.
        where: its file, for messages.

    Raises:
        PluvialError: if the grid has another shape.
    """
    grid = network.facts["depth_grid"]
    if elevation.shape != (grid["rows"], grid["cols"]):
        raise PluvialError(
            f"the terrain has {elevation.shape[0]} x {elevation.shape[1]} cells, the model "
            f"{grid['rows']} x {grid['cols']}",
            where=where,
            remedy="A model is carried to grids of its own shape alone; train one for this place",
        )
    drainage = drainage_of(elevation, grid["cell"])
    for layer in network.coarse.layers:
        if isinstance(layer, Terrain):
            layer.fields.assign(terrain_fields(elevation, grid["cell"], drainage))
        elif isinstance(layer, Upstream):
            layer.targets.assign(paths_of(drainage, layer.levels))
