"""Layers that keep in the model what the data needs: normalisation and heightmap."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import ArrayLike


@keras.saving.register_keras_serializable(package="pluvial")
class LogStandardise(keras.layers.Layer):
    """y = (log(1 + x / reference) - mean) / std; where x is NaN (missing), y is 0.

    Dry ground (x = 0) becomes -mean / std: missing and dry stay two different things.

    Args:
        reference: in the unit of x.
        mean: of log(1 + x / reference) over the training records.
        std: likewise.
    """

    def __init__(self, reference: float, mean: float, std: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.reference, self.mean, self.std = reference, mean, std

    def call(self, inputs: Any) -> Any:
        """float[...] to float[...]."""
        missing = ops.isnan(inputs)
        present = ops.where(missing, ops.zeros_like(inputs), inputs)
        standard = (ops.log1p(present / self.reference) - self.mean) / self.std
        return ops.where(missing, ops.zeros_like(standard), standard)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = {"reference": self.reference, "mean": self.mean, "std": self.std}
        return super().get_config() | own


@keras.saving.register_keras_serializable(package="pluvial")
class LayerScale(keras.layers.Layer):
    """y = gamma x, a trained factor per channel (Touvron et al. 2021, arXiv:2103.17239).

    Args:
        first: first value of every factor.
    """

    def __init__(self, first: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.first = first

    def build(self, shape: tuple[int, ...]) -> None:
        """Make the factors for inputs float[..., shape[-1]]."""
        initial = keras.initializers.Constant(self.first)
        self.gamma = self.add_weight(shape=(shape[-1],), initializer=initial, name="gamma")

    def call(self, inputs: Any) -> Any:
        """float[..., C] to float[..., C]."""
        return inputs * ops.cast(self.gamma, inputs.dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {"first": self.first}


@keras.saving.register_keras_serializable(package="pluvial")
class AppendField(keras.layers.Layer):
    """Append a fixed field, such as the heightmap, as one more channel.

    The field is standardised over its present cells (missing ones become 0) and saved with the
    model: a checkpoint without it could not be used.

    Args:
        shape: (rows, cols) of the field.
        field: float[rows, cols], NaN missing; left out when a saved model is loaded.
    """

    def __init__(
        self, shape: tuple[int, int], field: ArrayLike | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.field_shape = tuple(shape)
        standard = np.zeros(self.field_shape, np.float32)
        if field is not None:
            values = np.asarray(field, np.float64)
            spread = float(np.nanstd(values)) or 1.0
            standard = np.nan_to_num((values - np.nanmean(values)) / spread).astype(np.float32)
        self.field = self.add_weight(
            shape=self.field_shape,
            initializer=keras.initializers.Constant(standard),
            trainable=False,
            name="field",
        )

    def call(self, inputs: Any) -> Any:
        """float[B, rows, cols, C] to float[B, rows, cols, C + 1]."""
        field = ops.cast(self.field, inputs.dtype)[None, :, :, None]
        tiled = ops.broadcast_to(field, (ops.shape(inputs)[0], *self.field_shape, 1))
        return ops.concatenate([inputs, tiled], axis=-1)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments but the field itself, which is a weight."""
        return super().get_config() | {"shape": self.field_shape}
