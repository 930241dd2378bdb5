"""When a training queues again, with a `scontrol` of our own; tests/slurm does it with Slurm's."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from pluvial.training.interruption import Interruption

JOB = "4711"


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A job of Slurm; in the file, how `scontrol` was called in it."""
    scontrol = tmp_path / "scontrol"
    scontrol.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\nexit "${{REFUSED:-0}}"\n')
    scontrol.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("SLURM_JOB_ID", JOB)
    return tmp_path / "calls"


def left(number: signal.Signals, began: int, step: int) -> str:
    interruption = Interruption(began)
    interruption.heard(number, None)
    return str(interruption.leave(step, "checkpoints"))


def test_short_of_time_it_queues_again(calls: Path) -> None:
    said = left(signal.SIGUSR1, 10, 17)
    assert calls.read_text() == f"requeue {JOB}\n"
    assert "SIGUSR1) after step 17" in said
    assert f"job {JOB} is in the queue again" in said


def test_without_a_step_it_does_not_for_it_would_for_ever(calls: Path) -> None:
    assert "`runtime`" in left(signal.SIGUSR1, 17, 17)
    assert not calls.exists()


def test_refused_it_leaves_the_rest_to_snakemake(
    calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFUSED", "1")
    assert "Run the workflow again" in left(signal.SIGUSR1, 10, 17)
    assert calls.exists()


@pytest.mark.parametrize(
    ("number", "job"), [(signal.SIGTERM, JOB), (signal.SIGUSR1, None)], ids=["cancelled", "at home"]
)
def test_cancelled_or_without_slurm_it_does_not(
    calls: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, job: str | None
) -> None:
    if job is None:
        monkeypatch.delenv("SLURM_JOB_ID")
    assert "Run the workflow again" in left(number, 10, 17)
    assert not calls.exists()
