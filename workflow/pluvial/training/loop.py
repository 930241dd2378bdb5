"""The training loop: from any step on, the same as if it had never been left."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from pluvial.config.learning import PretrainConfig
from pluvial.errors import PluvialError
from pluvial.jobs import logger, progress
from pluvial.models.dual_encoder import DualEncoder
from pluvial.models.files import save_model
from pluvial.training.checkpoints import Checkpoints
from pluvial.training.history import History
from pluvial.training.interruption import Interruption, listening
from pluvial.training.monitor import Watch
from pluvial.training.source import Source
from pluvial.training.steps import Stepper, not_finite

TOWERS = ("rain", "depth")
LOOK_EVERY = 20
"""Steps after which their losses are looked at: to look at each would keep a GPU waiting."""
FALLEN_EPOCHS = 3
"""Epochs in a row in which a tower must be found collapsed before training ends ..."""
AT_CHANCE = 0.95
"""... with a loss of at least this share of that at chance, and the warm-up behind them: fresh
towers lay all inputs close to each other too, and leave from there."""


class Judge(Protocol):
    """What judges a model after each epoch."""

    def judge(self, model: DualEncoder) -> tuple[dict[str, float], dict[str, str]]:
        """What was found of the model, and how those of its towers that have collapsed have."""
        ...


@dataclass
class Loop:
    """A training under way.

    Attributes:
        model: with its optimizer.
        config: of the training.
        source: what it draws its pairs from.
        strategy: the devices.
        validation: what judges it.
        kept: its checkpoints.
        history: its rows.
        towers: what it judges by name.
        step: steps done.
        sums: what those of the epoch under way add up to.
        stopped: why it ended before its last epoch.
    """

    model: DualEncoder
    config: PretrainConfig
    source: Source
    strategy: tf.distribute.Strategy
    validation: Judge
    kept: Checkpoints
    history: History
    towers: tuple[str, ...] = TOWERS
    step: int = 0
    sums: dict[str, float] = field(default_factory=dict)
    stopped: dict[str, Any] | None = None
    _saved: float = field(default_factory=time.monotonic)

    def run(self) -> None:
        """Train to the end.

        Raises:
            PluvialError: if told to stop, or if the loss is no number any more.
        """
        stepper = Stepper(
            self.model, self.strategy, self.config.loss, self.config.clip_norm, self.source
        )
        last = self.config.epochs * self.config.steps_per_epoch
        self.stopped = self._reason_to_stop()
        with listening(self.step) as interruption:
            while self.step < last and self.stopped is None:
                self._epoch(stepper, interruption)
                self.stopped = self._reason_to_stop()
        if self.stopped is not None:
            logger.warning("training ended early: %s", self.stopped["because"])

    def _epoch(self, stepper: Stepper, interruption: Interruption) -> None:
        """Train what is left of the epoch under way, judge the model, and keep all of it."""
        steps, batch = self.config.steps_per_epoch, self.config.batch
        number, first = divmod(self.step, steps)
        batches = self.source.batches(number, first)
        distributed = self.strategy.experimental_distribute_dataset(batches)
        with Watch() as watch:
            pending: list[dict[str, Any]] = []
            for fields in progress(watch.timed(distributed), "steps", steps - first):
                pending.append(stepper(fields))
                self.step += 1
                # After the last step of an epoch the model is to be judged first.
                due = self._due(interruption) and self.step % steps > 0
                if len(pending) == LOOK_EVERY or due:
                    self._add(pending)
                    pending = []
                if due:
                    self._keep(interruption)
            self._add(pending)
            cost = watch.found(batch)
        row = {
            "epoch": float(number + 1),
            **{name: total / steps for name, total in self.sums.items()},
            "chance_hits": 1 / batch,
            "inverse_temperature": float(self.model.scale),
            **self.source.told(number),
            **cost,
        }
        self._judge(row)
        self.sums = {}
        self._keep(interruption)

    def _due(self, interruption: Interruption) -> bool:
        """Whether a checkpoint is to be written now."""
        elapsed = time.monotonic() - self._saved
        return interruption.signal is not None or elapsed >= 60 * self.config.checkpoint_minutes

    def _keep(self, interruption: Interruption) -> None:
        """Write a checkpoint, and leave if told to."""
        self.kept.save(self.step, self.model, self.sums)
        self._saved = time.monotonic()
        if interruption.signal is not None:
            raise interruption.leave(self.step, str(self.kept.folder))

    def _add(self, pending: Sequence[dict[str, Any]]) -> None:
        """Add up what steps have found.

        Raises:
            PluvialError: if it is not finite: weights that are no numbers are never kept.
        """
        for number, found in enumerate(pending, start=self.step - len(pending) + 1):
            values = {name: float(value) for name, value in found.items()}
            broken = [name for name, value in values.items() if not np.isfinite(value)]
            if broken:
                raise PluvialError(
                    f"{broken[0]} is {values[broken[0]]} at step {number}: the training has "
                    f"diverged ({not_finite(self.model)})",
                    where=str(self.kept.folder),
                    remedy="Lower `learning_rate`, or raise `warmup_steps`",
                )
            for name, value in values.items():
                self.sums[name] = self.sums.get(name, 0.0) + value

    def _judge(self, row: dict[str, float]) -> None:
        """Judge the model on the validation split, keep it if it is the best, and say so."""
        found, fallen = self.validation.judge(self.model)
        row |= found
        for name in self.towers:
            row[f"{name}_collapsed"] = float(name in fallen)
        for name, how in fallen.items():
            logger.warning("the %s tower has collapsed: %s", name, how)
        better = row.get("val_retrieval", -1.0) > max(
            (before.get("val_retrieval", -1.0) for before in self.history.rows), default=-1.0
        )
        if better:
            save_model(self.model, self.kept.best)
        # The history before the checkpoint: on resuming, rows beyond it are dropped, never missed.
        self.history.add(row)
        _say(row, self.config.epochs)

    def _reason_to_stop(self) -> dict[str, Any] | None:
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
        patience = self.config.patience
        scores = [row.get("val_retrieval", float("nan")) for row in rows]
        if patience is not None and rows and np.isfinite(scores).all():
            since = len(scores) - 1 - int(np.argmax(scores))
            if since >= patience:
                because = f"retrieval on the validation split has not risen for {since} epochs"
                return {"reason": "patience", "because": because}
        return None


def _say(row: dict[str, float], epochs: int) -> None:
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
        row["epoch"], epochs, row["loss"], row["chance_loss"], row.get("val_loss", missing), found,
        row["pairs_per_second"], 100 * row["input_wait"],
    )  # fmt: skip
