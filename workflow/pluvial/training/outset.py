"""What every training has in common before its first step and after its last."""

from __future__ import annotations

import keras
import tensorflow as tf

from pluvial.config.learning import PretrainConfig
from pluvial.errors import PluvialError
from pluvial.training.history import History

BFLOAT16_SINCE = (8, 0)
"""Compute capability of the first NVIDIA GPUs that multiply bfloat16."""


def precision(asked: str) -> str:
    """Keras' name of what layers compute in; ``asked`` is that name, or ``auto``."""
    if asked != "auto":
        return asked
    gpus = tf.config.list_physical_devices("GPU")
    details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
    capable = [d.get("compute_capability", (0, 0)) >= BFLOAT16_SINCE for d in details]
    return "mixed_bfloat16" if capable and all(capable) else "float32"


def optimizer(config: PretrainConfig) -> keras.optimizers.Optimizer:
    """AdamW, warmed up linearly, then a cosine down to zero."""
    total = config.epochs * config.steps_per_epoch
    rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=config.learning_rate / 100,
        decay_steps=total - config.warmup_steps,
        warmup_target=config.learning_rate,
        warmup_steps=config.warmup_steps,
    )
    return keras.optimizers.AdamW(rate, weight_decay=config.weight_decay)


def best_epoch(history: History) -> int:
    """The epoch with the best retrieval on the validation split; 0 if none was judged."""
    scores = [row.get("val_retrieval", float("nan")) for row in history.rows]
    judged = [score for score in scores if score == score]
    return scores.index(max(judged)) + 1 if judged else 0


def require_equal_parts(batch: int, devices: int, section: str) -> None:
    """Raise a PluvialError unless a batch can be split evenly over the devices.

    ``section`` is that of the configuration in which the batch stands.
    """
    if batch % devices:
        raise PluvialError(
            f"a batch of {batch} cannot be split over {devices} devices",
            where=f"{section}.batch",
            remedy="Write a multiple of it",
        )
