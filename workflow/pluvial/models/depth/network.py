"""The depth model: rain tower, terrain, decoder and heads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from pluvial.models.depth.decoders import DECODERS, SIZES, Size, block, conv, joined, norm
from pluvial.models.depth.layers import (
    Ordinal,
    Resize,
    RootDepth,
    Terrain,
    Upstream,
    paths_of,
    terrain_fields,
)
from pluvial.simulation.drainage import drainage_of

EXACT: dict[str, Any] = {"dtype": "float32"}
"""Heads are in float32, whatever the layers before them compute in."""
Tile = tuple[Any, Any, int]
"""First row and first column int32[], and the side, of a square of the depth grid."""


def stage_maps(tower: keras.Model) -> list[Any]:
    """The last map of each resolution in a tower, finest first.

    Norms are passed over: they belong to the stage that follows, and take the amount of rain away.
    """
    found: dict[tuple[int, int], Any] = {}
    for layer in tower.layers[1:]:
        output = layer.output
        is_map = isinstance(output, keras.KerasTensor) and len(output.shape) == 4
        if is_map and not isinstance(layer, layers.LayerNormalization):
            found[tuple(output.shape[1:3])] = output
    return [found[shape] for shape in sorted(found, reverse=True)]


@keras.saving.register_keras_serializable(package="pluvial")
class DepthNetwork(keras.Model):
    """From a window of rain to water depth and the exceedance of each threshold.

    Args:
        coarse: float[B, H, W, C] mm/h to the maps on the depth grid that ``fine`` is given, each
            float[B or 1, h, w, *].
        fine: those maps to [logits float32[B, h, w, T], root depth float32[B, h, w]].
        halo: how many cells around a cell ``fine`` looks at.
        facts: what the model was made for: thresholds, window, step, units and grids.
    """

    def __init__(
        self,
        coarse: keras.Model,
        fine: keras.Model,
        halo: int,
        facts: dict[str, Any],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.coarse, self.fine, self.halo, self.facts = coarse, fine, halo, facts
        self.built = True

    def call(self, inputs: Any, training: bool = False) -> dict[str, Any]:
        """``exceedance`` float32[B, h, w, T] (probability) and ``depth`` float32[B, h, w] (m)."""
        logits, root = self.raw(inputs, training=training)
        return {"exceedance": ops.sigmoid(logits), "depth": ops.square(root)}

    def raw(self, rain: Any, tile: Tile | None = None, *, training: bool = False) -> Any:
        """Logits float32[B, h, w, T] and root of the depth float32[B, h, w], m^(1/2).

        With a ``tile`` they are those of its cells alone, the same as if all had been computed.
        """
        maps = self.coarse(rain, training=training)
        if tile is None:
            return self.fine(maps, training=training)
        shape = maps[0].shape[1:3]
        firsts, sides, inner = zip(*map(self._span, tile[:2], (tile[2],) * 2, shape), strict=True)
        cut = [
            ops.slice(part, (0, *firsts, 0), (ops.shape(part)[0], *sides, part.shape[-1]))
            for part in maps
        ]
        return [
            part[:, inner[0] : inner[0] + tile[2], inner[1] : inner[1] + tile[2]]
            for part in self.fine(cut, training=training)
        ]

    def _span(self, first: Any, side: int, length: int) -> tuple[Any, int, Any]:
        """First cell and length of a side of a tile with its halo, and where in it the tile is."""
        whole = min(side + 2 * self.halo, length)
        start = ops.clip(ops.cast(first, "int32") - self.halo, 0, length - whole)
        return start, whole, first - start

    def get_config(self) -> dict[str, Any]:
        """The two parts, serialised, and the facts."""
        parts = {"coarse": self.coarse, "fine": self.fine}
        return {
            "name": self.name,
            "halo": self.halo,
            "facts": self.facts,
            **{k: keras.saving.serialize_keras_object(v) for k, v in parts.items()},
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DepthNetwork:
        """The inverse of :meth:`get_config`."""
        parts = {k: keras.saving.deserialize_keras_object(config[k]) for k in ("coarse", "fine")}
        return cls(**parts, halo=config["halo"], facts=config["facts"], name=config["name"])


def build_network(
    tower: keras.Model,
    elevation: NDArray[np.float32],
    facts: dict[str, Any],
    *,
    decoder: str,
    size: str,
    upstream: bool,
    seed: int,
    name: str = "depth",
) -> DepthNetwork:
    """A depth model on a rain tower, whose own weights are kept; all others are seeded.

    Args:
        tower: of the rain; its embedding is left aside.
        elevation: float32[h, w], m, NaN missing, on the depth grid.
        facts: see :class:`DepthNetwork`; ``thresholds`` and ``depth_grid`` are read.
        decoder: name of the decoder.
        size: its size.
        upstream: whether each cell is told of the rain upstream of it.
        seed: of the weights.
        name: of the model.
    """
    keras.utils.set_random_seed(seed)
    chosen = SIZES[size]
    cell = facts["depth_grid"]["cell"]
    coarse = _coarse(tower, elevation, cell, decoder, chosen, upstream=upstream)
    fine = _fine([tuple(part.shape) for part in coarse.outputs], chosen, len(facts["thresholds"]))
    return DepthNetwork(coarse, fine, 2 * chosen.blocks, facts, name=name)


def settle(network: DepthNetwork, elevation: NDArray[np.float32]) -> None:
    """Put a depth model onto another terrain of the same shape, which it was not trained on.

    Args:
        network: its terrain and flow paths are changed; a heightmap in its rain tower is not.
        elevation: float32[h, w], m, NaN missing.
    """
    cell = network.facts["depth_grid"]["cell"]
    drainage = drainage_of(elevation, cell)
    network.coarse.get_layer("terrain").fields.assign(terrain_fields(elevation, cell, drainage))
    for layer in network.coarse.layers:
        if isinstance(layer, Upstream):
            layer.targets.assign(paths_of(drainage, layer.levels))


def _coarse(
    tower: keras.Model,
    elevation: NDArray[np.float32],
    cell: float,
    decoder: str,
    size: Size,
    *,
    upstream: bool,
) -> keras.Model:
    """Rain to what ``fine`` is given: the decoded rain, the terrain, and what lies upstream."""
    grid = elevation.shape
    rain = tower.inputs[0]
    maps = stage_maps(tower)
    drainage = drainage_of(elevation, cell)
    fields = terrain_fields(elevation, cell, drainage)
    ground = Terrain(fields.shape, fields, name="terrain")(rain)
    terrain = _pyramid(ground, maps[0].shape[1], size)
    decoded = DECODERS[decoder](maps, terrain, size)
    decoded = Resize(grid, name="decoded_up")(conv(decoded, size.width, "decoded", side=1))
    outputs = [decoded, terrain[0]]
    if upstream:
        led = Upstream(grid, drainage.levels, drainage, name="upstream")
        # Missing rain is set to 0 here alone: beside it the tower tells that it is missing.
        fallen = ops.nan_to_num(rain)
        outputs.append(led(Resize(grid, **EXACT, name="rain_up")(fallen)))
    return keras.Model(rain, outputs, name="coarse")


def _pyramid(ground: Any, coarsest_rows: int, size: Size) -> list[Any]:
    """Maps of the terrain, finest first, down to the grid of the rain."""
    x = conv(conv(ground, 2 * size.width, "terrain_in", activation="gelu"), size.width, "terrain0")
    maps = [x]
    while maps[-1].shape[1] > coarsest_rows:
        k = len(maps)
        width = size.width * min(4, 2**k)
        y = norm(maps[-1], f"terrain{k}_norm")
        y = conv(y, width, f"terrain{k}_half", strides=2, activation="gelu")
        maps.append(conv(y, width, f"terrain{k}_conv"))
    return maps


def _fine(shapes: Sequence[tuple[Any, ...]], size: Size, thresholds: int) -> keras.Model:
    """What is left to do cell by cell, and the heads."""
    inputs = [
        keras.Input((None, None, shape[-1]), name=f"map{k}") for k, shape in enumerate(shapes)
    ]
    parts = list(inputs)
    for k, part in enumerate(inputs[2:], start=2):
        parts[k] = _discharge(part, inputs[1], 2 * size.width, f"upstream{k}")
    x = joined(parts, size.width, "fine")
    for number in range(size.blocks):
        x = block(x, size.width, f"fine_block{number}")
    x = norm(x, "head_norm")
    logits = layers.Conv2D(thresholds, 1, **EXACT, name="logits")(x)
    root = layers.Conv2D(1, 1, **EXACT, name="root")(x)
    outputs = [Ordinal(**EXACT, name="ordinal")(logits), RootDepth(**EXACT, name="depth")(root)]
    return keras.Model(inputs, outputs, name="fine")


def _discharge(upstream: Any, terrain: Any, width: int, name: str) -> Any:
    """What the rain upstream of each cell comes to in it.

    Sums that are linear in the rain, as those of a unit hydrograph, and of each cell its own: which
    hour's rain counts how much there follows from the ground (Rodriguez-Iturbe and Valdes 1979, the
    geomorphologic unit hydrograph). Only then are they compressed, as a channel's depth grows with
    its discharge far less than in proportion.
    """
    common = conv(upstream, 2 * width, f"{name}_common", side=1)
    weights = conv(terrain, 2 * width, f"{name}_ground", side=1, bias_initializer="ones")
    own = layers.Multiply(name=f"{name}_own")([common, weights])
    flow = conv(own, width, f"{name}_flow", side=1, activation="softplus")
    return conv(ops.log1p(flow), width, f"{name}_depth", side=1, activation="gelu")


@keras.saving.register_keras_serializable(package="pluvial")
class DepthTrainee(keras.Model):
    """A network in training, and the running mean of its weights, which is what is kept.

    Args:
        network: what is trained.
        average: of the same layers; no gradient reaches it.
        momentum: of the mean; with 0 it is the network's own weights.
    """

    def __init__(
        self, network: DepthNetwork, average: DepthNetwork, momentum: float, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.network, self.average, self.momentum = network, average, momentum
        # The optimizer of a model that is loaded is built on all that can be trained.
        self.average.trainable = False
        self.built = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        """What the mean predicts."""
        return self.average(inputs, training=training)

    def follow(self, step: Any) -> None:
        """Move the mean towards the weights, after ``step`` steps.

        In the first steps it forgets faster (Polyak averaging with warm-up, as in TensorFlow's
        ExponentialMovingAverage): what it began with is no model.
        """
        step = ops.cast(step, "float32")
        keep = ops.minimum(self.momentum, (1.0 + step) / (10.0 + step))
        trained = {id(weight) for weight in self.network.trainable_variables}
        for mean, new in zip(self.average.weights, self.network.weights, strict=True):
            if id(new) in trained:
                mean.assign(keep * mean + (1.0 - keep) * new)

    def get_config(self) -> dict[str, Any]:
        """Both networks, serialised."""
        parts = {"network": self.network, "average": self.average}
        return {
            "name": self.name,
            "momentum": self.momentum,
            **{k: keras.saving.serialize_keras_object(v) for k, v in parts.items()},
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DepthTrainee:
        """The inverse of :meth:`get_config`."""
        parts = {
            k: keras.saving.deserialize_keras_object(config[k]) for k in ("network", "average")
        }
        return cls(**parts, momentum=config["momentum"], name=config["name"])
