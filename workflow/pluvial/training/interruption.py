"""Being told to stop: what a scheduler sends before it kills, and how a training queues again."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from pluvial.errors import PluvialError
from pluvial.jobs import logger

SIGNALS = (signal.SIGTERM, signal.SIGUSR1)
"""Slurm sends SIGTERM before a job is preempted or cancelled, and with ``--signal`` SIGUSR1 before
its time is up."""
ANSWER_SECONDS = 60
"""How long Slurm's controller may take to answer."""


class Interruption:
    """The signal that has come, if one has.

    Args:
        step: training steps done when this process began.
    """

    def __init__(self, step: int = 0) -> None:
        self.began = step
        self.signal: int | None = None

    def heard(self, number: int, frame: FrameType | None) -> None:
        """Take note of a signal."""
        del frame
        self.signal = number

    def leave(self, step: int, where: str) -> PluvialError:
        """Queue again if it is for want of time, and say why training ends after ``step`` steps.

        A job that did not make one step would not make it the next time either: it does not queue
        again, for it would do so for ever.
        """
        name = signal.Signals(self.signal or 0).name
        remedy = "Run the workflow again: training goes on from there"
        job = os.environ.get("SLURM_JOB_ID")
        if self.signal == signal.SIGUSR1 and job is not None:
            if step == self.began:
                remedy = "Give the job more time (`runtime`): it did not suffice for one step"
            elif requeued():
                remedy = f"Nothing is to be done: job {job} is in the queue again, and goes on"
        return PluvialError(
            f"told to stop ({name}) after step {step}, which is kept", where=where, remedy=remedy
        )


def requeued() -> bool:
    """Whether Slurm has put the job that this process belongs to back into the queue.

    The job keeps its number, so that to Snakemake it has not failed and has used up no retry.
    """
    try:
        done = subprocess.run(
            ["/bin/sh", "-c", 'scontrol requeue "$SLURM_JOB_ID"'],
            capture_output=True,
            text=True,
            timeout=ANSWER_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        logger.warning("Slurm's controller did not answer `scontrol requeue`")
        return False
    if done.returncode:
        logger.warning("Slurm did not take the job back: %s", done.stderr.strip())
    return done.returncode == 0


@contextmanager
def listening(step: int = 0) -> Iterator[Interruption]:
    """Signals to stop are heard meanwhile, and obeyed between two steps."""
    interruption = Interruption(step)
    before = {number: signal.signal(number, interruption.heard) for number in SIGNALS}
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
