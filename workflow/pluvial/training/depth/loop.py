"""The loop of the depth model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import keras
import numpy as np

from pluvial.config.depth_model import DepthModelConfig
from pluvial.jobs import logger
from pluvial.models.depth.network import DepthTrainee
from pluvial.models.files import save_model
from pluvial.training.depth.source import DepthSource
from pluvial.training.depth.steps import DepthStepper, Statistics
from pluvial.training.loop import Loop, Step


@dataclass
class DepthLoop(Loop):
    """A training of the depth model under way.

    Attributes:
        known: what the loss knows of the training split.
    """

    SCORE: ClassVar[str] = "val_csi"
    SCORED: ClassVar[str] = "the CSI on the validation split"

    model: DepthTrainee
    config: DepthModelConfig
    source: DepthSource
    known: Statistics | None = None

    def stepper(self) -> Step:
        """What takes a step on a batch of records."""
        assert self.known is not None
        return DepthStepper(self.model, self.strategy, self.source, self.known)

    def facts(self) -> dict[str, float]:
        """Nothing: a depth model has no knobs that turn by themselves."""
        return {}

    def note(self, row: dict[str, float], fallen: dict[str, str]) -> None:
        """Nothing in it can collapse."""

    def keep_best(self) -> None:
        """Keep the mean of the weights, which is what was judged."""
        save_model(self.model.average, self.kept.best)

    def broken(self) -> str:
        """Which weights are no longer numbers, in words."""
        for variable in self.model.network.trainable_variables:
            if not np.isfinite(keras.ops.convert_to_numpy(variable)).all():
                return f"weights are not finite, first {variable.path}"
        return "all weights are finite still"

    def say(self, row: dict[str, float]) -> None:
        """Tell of an epoch: its loss, and the CSI of each threshold."""
        scores = [row.get(f"val_csi_{t:g}", float("nan")) for t in self.config.thresholds]
        logger.info(
            "epoch %d of %d: loss %.3f, validation CSI %s, RMSE where wet %.3f m, %.0f records/s, "
            "%.1f %% waiting",
            row["epoch"], self.config.epochs, row["loss"],
            ", ".join(
                f"{score:.3f} at {threshold:g} m"
                for score, threshold in zip(scores, self.config.thresholds, strict=True)
            ),
            row.get("val_rmse_wet", float("nan")), row["pairs_per_second"], 100 * row["input_wait"],
        )  # fmt: skip
