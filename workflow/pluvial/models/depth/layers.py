"""Layers of the depth model: terrain, flow paths, and outputs that cannot contradict themselves."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from pluvial.simulation.drainage import Drainage

SMOOTHED_CELLS = 9
"""Side of the square whose mean a cell's height is compared with."""
HEAVY_MM_H = 10.0
"""Rain is given in multiples of this rate: numbers near 1, and still linear in the rain."""
TERRAIN = ("elevation", "slope", "drained", "above_drainage", "above_around", "pit")
"""The fields of :func:`terrain_fields`, in order."""


def terrain_fields(
    elevation: NDArray[np.floating], cell: float, drainage: Drainage
) -> NDArray[np.float32]:
    """What a flood depends on, standardised, float32[rows, cols, len(TERRAIN)]; missing cells 0.

    Elevation; slope; cells drained (its logarithm); height above the nearest drainage; height above
    the mean of the surrounding square; depth of the pit that a cell lies in.

    Args:
        elevation: float[rows, cols], m, NaN missing.
        cell: side of a cell, in the unit of the heights, or any other: slopes are standardised.
        drainage: of the elevation.
    """
    height = np.asarray(elevation, dtype=np.float64)
    level = np.where(np.isnan(height), np.nanmean(height), height)
    half = SMOOTHED_CELLS // 2
    windows = np.lib.stride_tricks.sliding_window_view(
        np.pad(level, half, mode="edge"), (SMOOTHED_CELLS, SMOOTHED_CELLS)
    )
    along = [np.gradient(np.pad(level, 1, mode="edge"), cell, axis=axis) for axis in (0, 1)]
    fields = [
        level,
        np.hypot(*along)[1:-1, 1:-1],
        np.log(drainage.drained_cells()),
        np.log1p(np.maximum(drainage.height_above_drainage(level), 0.0)),
        level - windows.mean(axis=(2, 3)),
        np.log1p(np.maximum(np.nan_to_num(drainage.filled, nan=0.0) - level, 0.0)),
    ]
    standard = [
        np.where(np.isnan(height), 0.0, (field - field.mean()) / (field.std() or 1.0))
        for field in fields
    ]
    return np.stack(standard, axis=-1).astype(np.float32)


@keras.saving.register_keras_serializable(package="pluvial")
class Terrain(keras.layers.Layer):
    """The fields of a terrain, a part of the model; given any input, it returns them.

    Args:
        shape: (rows, cols, fields).
        fields: float32[rows, cols, fields]; left out when a saved model is loaded.
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        fields: NDArray[np.float32] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.fields_shape = tuple(shape)
        first = np.zeros(self.fields_shape, np.float32) if fields is None else fields
        initial = keras.initializers.Constant(first)
        self.fields = self.add_weight(self.fields_shape, initial, trainable=False, name="fields")

    def call(self, inputs: Any) -> Any:
        """float[1, rows, cols, fields], whatever the batch: the ground is the same for all."""
        del inputs
        return ops.cast(self.fields, self.compute_dtype)[None]

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments but the fields themselves, which are a weight."""
        return super().get_config() | {"shape": self.fields_shape}


def paths_of(drainage: Drainage, levels: int) -> NDArray[np.int64]:
    """Where 1, 2, 4, ... steps lead from each cell, int64[levels, cells].

    Paths that are covered sooner lead nowhere from then on; of longer ones the end is left out.
    """
    nowhere = np.full(drainage.downstream.size, drainage.downstream.size)
    known = drainage.doublings()[:levels]
    return np.stack([*known, *[nowhere] * (levels - len(known))])


@keras.saving.register_keras_serializable(package="pluvial")
class Upstream(keras.layers.Layer):
    """Means over what lies upstream of each cell: within 1, 2, 4, ... cells along the flow paths.

    The sum over all cells less than 2^k steps upstream follows from that over 2^(k-1) by adding to
    each cell what the cells 2^(k-1) steps upstream of it hold: a few gathers, however long a river.
    How far the rain of which hour has come is what a unit hydrograph tells (Sherman 1932): its
    weights are learned by what comes after this layer, which therefore is given rates, linear in
    the rain, as multiples of :data:`HEAVY_MM_H`.

    Args:
        shape: (rows, cols).
        levels: doublings.
        drainage: the flow paths; left out when a saved model is loaded.
    """

    def __init__(
        self, shape: tuple[int, int], levels: int, drainage: Drainage | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.grid_shape, self.levels = tuple(shape), levels
        cells = shape[0] * shape[1]
        targets = np.full((levels, cells), cells)
        if drainage is not None:
            targets = paths_of(drainage, levels)
        self.targets = self.add_weight(
            (levels, cells), keras.initializers.Constant(targets), "int32", trainable=False,
            name="targets",
        )  # fmt: skip

    def call(self, inputs: Any) -> Any:
        """float[B, rows, cols, C] to float[B, rows, cols, (levels + 1) C], nearest first."""
        channels = inputs.shape[-1]
        rows, cols = self.grid_shape
        cells = rows * cols
        flat = ops.reshape(ops.cast(inputs, "float32"), (-1, cells, channels))
        # Cells first, that one row is led to another at once; a last column counts the cells.
        total = ops.reshape(ops.transpose(flat, (1, 0, 2)), (cells, -1))
        total = ops.concatenate([total, ops.ones((cells, 1))], axis=1)
        means = []
        for level in range(self.levels + 1):
            if level:
                led = ops.segment_sum(total, self.targets[level - 1], num_segments=cells + 1)
                total = total + led[:cells]
            mean = total[:, :-1] / (HEAVY_MM_H * total[:, -1:])
            means.append(ops.reshape(mean, (cells, -1, channels)))
        joined = ops.transpose(ops.concatenate(means, axis=-1), (1, 0, 2))
        joined = ops.reshape(joined, (-1, rows, cols, channels * (self.levels + 1)))
        return ops.cast(joined, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments but the flow paths themselves, which are a weight."""
        return super().get_config() | {"shape": self.grid_shape, "levels": self.levels}


@keras.saving.register_keras_serializable(package="pluvial")
class Resize(keras.layers.Layer):
    """Bilinear interpolation to a grid of another shape over the same rectangle.

    Args:
        shape: (rows, cols) of the result.
    """

    def __init__(self, shape: tuple[int, int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.grid_shape = tuple(shape)

    def call(self, inputs: Any) -> Any:
        """float[B, r, c, C] to float[B, rows, cols, C]."""
        if tuple(inputs.shape[1:3]) == self.grid_shape:
            return inputs
        return ops.image.resize(inputs, self.grid_shape, interpolation="bilinear")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {"shape": self.grid_shape}


@keras.saving.register_keras_serializable(package="pluvial")
class Ordinal(keras.layers.Layer):
    """Logits that do not rise from one threshold to the next: z_k = z_(k-1) - softplus(x_k)."""

    def call(self, inputs: Any) -> Any:
        """float[..., K] to float[..., K]."""
        falls = ops.concatenate([inputs[..., :1], -ops.softplus(inputs[..., 1:])], axis=-1)
        return ops.cumsum(falls, axis=-1)


@keras.saving.register_keras_serializable(package="pluvial")
class RootDepth(keras.layers.Layer):
    """The root of a depth, never negative: softplus(x + first), of which the depth is the square.

    Args:
        first: where it starts; -3 is a depth of 2 mm.
    """

    def __init__(self, first: float = -3.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.first = first

    def call(self, inputs: Any) -> Any:
        """float[..., 1] to m^(1/2), float[...]."""
        return ops.softplus(inputs[..., 0] + self.first)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {"first": self.first}
