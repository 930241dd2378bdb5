"""The two-tower model that is pretrained."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

FIRST_TEMPERATURE = 0.07
"""Of CLIP (Radford et al. 2021)."""
FIRST_BIAS = -10.0
"""Of SigLIP (Zhai et al. 2023)."""
LARGEST_SCALE = 100.0


@keras.saving.register_keras_serializable(package="pluvial")
class ClampedScale(keras.constraints.Constraint):
    """Keeps the logarithm of the inverse temperature within [0, ln 100] (Radford et al. 2021)."""

    def __call__(self, w: Any) -> Any:
        """float[] to float[]."""
        return ops.clip(w, 0.0, math.log(LARGEST_SCALE))


@keras.saving.register_keras_serializable(package="pluvial")
class DualEncoder(keras.Model):
    """A rain tower and a depth tower whose embeddings of a pair are drawn together.

    Args:
        rain_tower: float[B, H, W, C] mm/h to float[B, D].
        depth_tower: float[B, h, w, 1] m to float[B, D].
        biased: whether something is added to each similarity, as SigLIP does.

    Attributes:
        log_scale: logarithm of the inverse temperature.
        bias: what is added to a similarity; None without one.
    """

    def __init__(
        self,
        rain_tower: keras.Model,
        depth_tower: keras.Model,
        *,
        biased: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.rain_tower, self.depth_tower, self.biased = rain_tower, depth_tower, biased
        self.log_scale = self.add_weight(
            shape=(),
            initializer=keras.initializers.Constant(math.log(1 / FIRST_TEMPERATURE)),
            constraint=ClampedScale(),
            dtype="float32",
            name="log_scale",
        )
        first = keras.initializers.Constant(FIRST_BIAS)
        self.bias = self.add_weight((), first, "float32", name="bias") if biased else None

    @property
    def scale(self) -> Any:
        """Inverse temperature, float32[]."""
        return ops.exp(self.log_scale)

    def call(self, inputs: tuple[Any, Any], training: bool = False) -> tuple[Any, Any]:
        """Embeddings (float32[B, D], float32[B, D]) of a batch of pairs."""
        rain, depth = inputs
        return self.rain_tower(rain, training=training), self.depth_tower(depth, training=training)

    def get_config(self) -> dict[str, Any]:
        """The two towers, serialised."""
        towers = {"rain_tower": self.rain_tower, "depth_tower": self.depth_tower}
        return {
            "name": self.name,
            "biased": self.biased,
            **{k: keras.saving.serialize_keras_object(v) for k, v in towers.items()},
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DualEncoder:
        """The inverse of :meth:`get_config`."""
        towers = ("rain_tower", "depth_tower")
        built = {k: keras.saving.deserialize_keras_object(config[k]) for k in towers}
        return cls(**built, biased=config["biased"], name=config["name"])
