"""The training loop: from any step on, the same as if it had never been left."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import numpy as np
import tensorflow as tf

from pluvial.dataset.pipeline import as_read
from pluvial.errors import PluvialError
from pluvial.jobs import logger, progress
from pluvial.models.files import save_model
from pluvial.training.checkpoints import Checkpoints
from pluvial.training.history import History
from pluvial.training.interruption import Interruption, listening
from pluvial.training.monitor import Watch

LOOK_EVERY = 20
"""Steps after which their losses are looked at: to look at each would keep a GPU waiting."""

Step = Callable[[dict[str, tf.Tensor]], dict[str, tf.Tensor]]


class Schedule(Protocol):
    """What the loop reads of the configuration of a training."""

    @property
    def batch(self) -> int:
        """Records in a batch."""
        ...

    @property
    def epochs(self) -> int:
        """Epochs."""
        ...

    @property
    def steps_per_epoch(self) -> int:
        """Steps in each."""
        ...

    @property
    def patience(self) -> int | None:
        """Epochs without a better validation after which training ends."""
        ...

    @property
    def checkpoint_minutes(self) -> float:
        """Most minutes of work that an interruption may cost."""
        ...


class Batches(Protocol):
    """What a training draws from, epoch by epoch, in an order of the seed alone."""

    def batches(self, epoch: int, first: int) -> tf.data.Dataset:
        """The batches of an epoch from number ``first`` on, as dictionaries."""
        ...

    def told(self, epoch: int) -> dict[str, float]:
        """What the history shall say of the records of an epoch."""
        ...


class Judge(Protocol):
    """What judges a model after each epoch."""

    def judge(self, model: Any) -> tuple[dict[str, float], dict[str, str]]:
        """What was found of the model, and how those of its parts that have collapsed have."""
        ...


@dataclass
class Loop(ABC):
    """A training under way.

    Attributes:
        model: with its optimizer.
        config: of the training.
        source: what it draws from.
        strategy: the devices.
        validation: what judges it.
        kept: its checkpoints.
        history: its rows.
        step: steps done.
        sums: what those of the epoch under way add up to.
        stopped: why it ended before its last epoch.
    """

    SCORE: ClassVar[str]
    """Column of the history by which the best epoch is chosen; more is better."""
    SCORED: ClassVar[str]
    """What it is, in words."""

    model: Any
    config: Schedule
    source: Batches
    strategy: tf.distribute.Strategy
    validation: Judge
    kept: Checkpoints
    history: History
    step: int = 0
    sums: dict[str, float] = field(default_factory=dict)
    stopped: dict[str, Any] | None = None
    _saved: float = field(default_factory=time.monotonic)

    def run(self) -> None:
        """Train to the end.

        Raises:
            PluvialError: if told to stop, or if the loss is no number any more.
        """
        stepper = self.stepper()
        last = self.config.epochs * self.config.steps_per_epoch
        self.stopped = self.reason_to_stop()
        with listening(self.step) as interruption:
            while self.step < last and self.stopped is None:
                self._epoch(stepper, interruption)
                self.stopped = self.reason_to_stop()
        if self.stopped is not None:
            logger.warning("training ended early: %s", self.stopped["because"])

    def _epoch(self, stepper: Step, interruption: Interruption) -> None:
        """Train what is left of the epoch under way, judge the model, and keep all of it."""
        steps, batch = self.config.steps_per_epoch, self.config.batch
        number, first = divmod(self.step, steps)
        batches = self.source.batches(number, first)
        distributed = self.strategy.experimental_distribute_dataset(batches)
        with Watch() as watch:
            pending: list[dict[str, Any]] = []
            for fields in progress(watch.timed(as_read(distributed)), "steps", steps - first):
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
            **self.facts(),
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
                    f"diverged ({self.broken()})",
                    where=str(self.kept.folder),
                    remedy="Lower `learning_rate`, or raise `warmup_steps`",
                )
            for name, value in values.items():
                self.sums[name] = self.sums.get(name, 0.0) + value

    def _judge(self, row: dict[str, float]) -> None:
        """Judge the model on the validation split, keep it if it is the best, and say so."""
        found, fallen = self.validation.judge(self.model)
        row |= found
        self.note(row, fallen)
        better = row.get(self.SCORE, -1.0) > max(
            (before.get(self.SCORE, -1.0) for before in self.history.rows), default=-1.0
        )
        if better:
            self.keep_best()
        # The history before the checkpoint: on resuming, rows beyond it are dropped, never missed.
        self.history.add(row)
        self.say(row)

    @abstractmethod
    def stepper(self) -> Step:
        """What takes a step on a batch, and tells what it found, float32[] each."""

    @abstractmethod
    def facts(self) -> dict[str, float]:
        """What the history shall say of the model."""

    @abstractmethod
    def note(self, row: dict[str, float], fallen: dict[str, str]) -> None:
        """Add to the row of an epoch what has collapsed of the model, and how."""

    @abstractmethod
    def say(self, row: dict[str, float]) -> None:
        """Tell of an epoch in a line of the log."""

    @abstractmethod
    def broken(self) -> str:
        """Which weights are no longer numbers, in words."""

    def keep_best(self) -> None:
        """Keep the model as the best so far."""
        save_model(self.model, self.kept.best)

    def reason_to_stop(self) -> dict[str, Any] | None:
        """Why training should not go on, from its history alone; None if it should."""
        patience = self.config.patience
        rows = self.history.rows
        scores = [row.get(self.SCORE, float("nan")) for row in rows]
        if patience is not None and rows and np.isfinite(scores).all():
            since = len(scores) - 1 - int(np.argmax(scores))
            if since >= patience:
                because = f"{self.SCORED} has not risen for {since} epochs"
                return {"reason": "patience", "because": because}
        return None
