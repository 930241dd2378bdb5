"""The two-tower model that is pretrained."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from pluvial.models.losses import clip_logits, clip_loss

FIRST_TEMPERATURE = 0.07
LARGEST_SCALE = 100.0


@keras.saving.register_keras_serializable(package="pluvial")
class ClampedScale(keras.constraints.Constraint):
    """Keeps the logarithm of the inverse temperature within [0, ln 100] (Radford et al. 2021)."""

    def __call__(self, w: Any) -> Any:
        """float[] to float[]."""
        return ops.clip(w, 0.0, math.log(LARGEST_SCALE))


@keras.saving.register_keras_serializable(package="pluvial")
class DualEncoder(keras.Model):
    """A rain tower and a depth tower whose unit embeddings of a pair are drawn together.

    Args:
        rain_tower: float[B, H, W, C] mm/h to float[B, D].
        depth_tower: float[B, h, w, 1] m to float[B, D].
    """

    def __init__(self, rain_tower: keras.Model, depth_tower: keras.Model, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rain_tower, self.depth_tower = rain_tower, depth_tower
        self.log_scale = self.add_weight(
            shape=(),
            initializer=keras.initializers.Constant(math.log(1 / FIRST_TEMPERATURE)),
            constraint=ClampedScale(),
            name="log_scale",
        )
        self._rain_to_depth = keras.metrics.Mean(name="rain_to_depth")
        self._depth_to_rain = keras.metrics.Mean(name="depth_to_rain")

    def call(self, inputs: tuple[Any, Any], training: bool = False) -> tuple[Any, Any]:
        """Unit embeddings (float[B, D], float[B, D]) of a batch of pairs."""
        rain, depth = inputs
        return (
            ops.normalize(self.rain_tower(rain, training=training), axis=-1),
            ops.normalize(self.depth_tower(depth, training=training), axis=-1),
        )

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """CLIP's loss of the embeddings ``y_pred``, float[]; the pairs are their own labels."""
        del x, y, sample_weight, training
        rain, depth = y_pred
        return clip_loss(rain, depth, ops.exp(self.log_scale))

    def compute_metrics(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None
    ) -> dict[str, Any]:
        """Share of the batch whose true partner is the most similar, both ways."""
        rain, depth = y_pred
        logits = clip_logits(rain, depth, 1.0)
        true = ops.arange(ops.shape(logits)[0])
        self._rain_to_depth.update_state(ops.equal(ops.argmax(logits, axis=1), true))
        self._depth_to_rain.update_state(ops.equal(ops.argmax(logits, axis=0), true))
        return dict(super().compute_metrics(x, y, y_pred, sample_weight))

    def get_config(self) -> dict[str, Any]:
        """The two towers, serialised."""
        towers = {"rain_tower": self.rain_tower, "depth_tower": self.depth_tower}
        return {
            "name": self.name,
            **{k: keras.saving.serialize_keras_object(v) for k, v in towers.items()},
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DualEncoder:
        """The inverse of :meth:`get_config`."""
        towers = ("rain_tower", "depth_tower")
        built = {k: keras.saving.deserialize_keras_object(config[k]) for k in towers}
        return cls(**built, name=config["name"])
