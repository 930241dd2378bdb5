"""The loop of contrastive training: its steps, its history, and when its towers have collapsed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from pluvial.config.learning import PretrainConfig
from pluvial.jobs import logger
from pluvial.models.dual_encoder import DualEncoder
from pluvial.training.loop import Loop, Step
from pluvial.training.source import Source
from pluvial.training.steps import Stepper, not_finite

TOWERS = ("rain", "depth")
FALLEN_EPOCHS = 3
"""Epochs in a row in which a tower must be found collapsed before training ends ..."""
AT_CHANCE = 0.95
"""... with a loss of at least this share of that at chance, and the warm-up behind them: fresh
towers lay all inputs close to each other too, and leave from there."""


@dataclass
class ContrastiveLoop(Loop):
    """A contrastive training under way.

    Attributes:
        towers: what it judges by name.
    """

    SCORE: ClassVar[str] = "val_retrieval"
    SCORED: ClassVar[str] = "retrieval on the validation split"

    model: DualEncoder
    config: PretrainConfig
    source: Source
    towers: tuple[str, ...] = TOWERS

    def stepper(self) -> Step:
        """What takes a step on a batch of pairs."""
        return Stepper(
            self.model, self.strategy, self.config.loss, self.config.clip_norm, self.source
        )

    def facts(self) -> dict[str, float]:
        """The share of pairs found by chance, and the inverse temperature."""
        return {
            "chance_hits": 1 / self.config.batch,
            "inverse_temperature": float(self.model.scale),
        }

    def note(self, row: dict[str, float], fallen: dict[str, str]) -> None:
        """Say in the row of an epoch which towers have collapsed, and in the log how."""
        for name in self.towers:
            row[f"{name}_collapsed"] = float(name in fallen)
        for name, how in fallen.items():
            logger.warning("the %s tower has collapsed: %s", name, how)

    def broken(self) -> str:
        """Which weights are no longer numbers, in words."""
        return not_finite(self.model)

    def reason_to_stop(self) -> dict[str, Any] | None:
        """Why training should not go on, from its history alone; None if it should."""
        rows = self.history.rows
        warm = self.config.warmup_steps / self.config.steps_per_epoch
        recent = [row for row in rows[-FALLEN_EPOCHS:] if row["epoch"] > warm]
        at_chance = all(row["loss"] >= AT_CHANCE * row["chance_loss"] for row in recent)
        towers = [name for name in self.towers if all(row[f"{name}_collapsed"] for row in recent)]
        if towers and at_chance and len(recent) == FALLEN_EPOCHS:
            which = " and ".join(towers) + (" towers" if len(towers) > 1 else " tower")
            because = f"the {which} had collapsed {FALLEN_EPOCHS} epochs in a row"
            return {"reason": "collapsed", "towers": towers, "because": because}
        return super().reason_to_stop()

    def say(self, row: dict[str, float]) -> None:
        """Tell of an epoch: its losses beside chance, and retrieval."""
        missing = float("nan")
        found = f"retrieval {100 * row.get('val_retrieval', missing):.0f} %"
        if "val_chance" in row:
            found = (
                f"R@10 {100 * row['val_rain_to_depth']:.0f} % and "
                f"{100 * row['val_depth_to_rain']:.0f} % (chance {100 * row['val_chance']:.1f} %)"
            )
        logger.info(
            "epoch %d of %d: loss %.3f (chance %.3f), validation %.3f, %s, %.0f pairs/s, "
            "%.1f %% waiting",
            row["epoch"], self.config.epochs, row["loss"], row["chance_loss"],
            row.get("val_loss", missing), found, row["pairs_per_second"], 100 * row["input_wait"],
        )  # fmt: skip
