"""Being told to stop: what a scheduler sends before it kills."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from pluvial.errors import PluvialError

SIGNALS = (signal.SIGTERM, signal.SIGUSR1)
"""Slurm sends SIGTERM before a job is preempted or cancelled, and with ``--signal`` SIGUSR1 before
its time is up."""


class Interruption:
    """The signal that has come, if one has."""

    def __init__(self) -> None:
        self.signal: int | None = None

    def heard(self, number: int, frame: FrameType | None) -> None:
        """Take note of a signal."""
        del frame
        self.signal = number

    def error(self, step: int, where: str) -> PluvialError:
        """What to say when leaving after ``step`` steps."""
        name = signal.Signals(self.signal or 0).name
        return PluvialError(
            f"told to stop ({name}) after step {step}, which is kept",
            where=where,
            remedy="Run the workflow again: training goes on from there",
        )


@contextmanager
def listening() -> Iterator[Interruption]:
    """Signals to stop are heard meanwhile, and obeyed between two steps."""
    interruption = Interruption()
    before = {number: signal.signal(number, interruption.heard) for number in SIGNALS}
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
