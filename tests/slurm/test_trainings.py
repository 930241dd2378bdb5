"""Trainings that the scheduler interrupts end as if nothing had: to the last bit of every weight."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from slurm.cluster import Cluster, wait_for
from slurm.conftest import copy_of
from slurm.submitted import Run, history, running_snakemake, weights
from workplace import Workplace

pytestmark = [pytest.mark.slurm, pytest.mark.xdist_group("slurm trainings")]

ENCODERS = "results/encoders/trained/rain.keras"
LONG = {"epochs": 60}
"""A training of seconds that can be interrupted on the way."""


@pytest.fixture(scope="session")
def unbroken(local: Workplace, tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """A training that nothing interrupts, run without Slurm."""
    place = copy_of(local, tmp_path_factory.mktemp("unbroken"))
    place.case["pretrain"] = place.case["pretrain"] | LONG
    place.run(ENCODERS)
    return place


def interruptible(unbroken: Workplace, folder: Path, **keys: Any) -> Workplace:
    """The same training, to be made anew; ``keys`` alter nothing of what it becomes."""
    place = copy_of(unbroken, folder, "encoders", "checkpoints", "tensorboard")
    place.case["pretrain"] = place.case["pretrain"] | keys
    return place


def epochs_done(place: Workplace) -> int:
    files = list(place.results.glob("checkpoints/trained-*/history.csv"))
    return len(pd.read_csv(files[0])) if files else 0


def some_epochs_done(run: Run, number: int = 2) -> int:
    """Wait until a training is under way; the epochs it has done."""
    wait_for(
        f"epoch {number}",
        lambda: epochs_done(run.place) >= number or run.process.poll() is not None,
        900,
    )
    assert run.process.poll() is None, run.printed
    return epochs_done(run.place)


def require_the_same_training(place: Workplace, unbroken: Workplace) -> None:
    pd.testing.assert_frame_equal(history(place), history(unbroken), check_exact=True)
    for one, other in zip(weights(place), weights(unbroken), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_training_that_is_preempted(
    cluster: Cluster, unbroken: Workplace, tmp_path: Path
) -> None:
    """A job of a partition with higher priority takes its node for a moment."""
    place = interruptible(unbroken, tmp_path)
    scavenger = ("--set-resources", "pretrain:slurm_partition=scavenger")
    with running_snakemake(cluster, place, ENCODERS, *scavenger) as run:
        some_epochs_done(run)
        cluster.run("sbatch", "-p", "urgent", "--exclusive", "-o", "/dev/null", "--wrap", "sleep 1")
        (number,) = run.submitted
        wait_for("preemption", lambda: cluster.state(number) == "PENDING", 60)
        assert epochs_done(place) < LONG["epochs"]
        assert run.finish() == 0, run.printed
        job = cluster.job("rule_pretrain")
        assert job is not None
        assert (job["JobId"], job["Restarts"], job["NodeList"]) == (number, "1", "s1")
        assert run.submitted == [number]
    require_the_same_training(place, unbroken)


def test_a_training_longer_than_its_job(
    cluster: Cluster, unbroken: Workplace, tmp_path: Path
) -> None:
    """Told that its time is nearly up it queues again: a chain of jobs that uses up no retry."""
    place = interruptible(unbroken, tmp_path, checkpoint_minutes=0)
    with running_snakemake(cluster, place, ENCODERS, "--retries", "0") as run:
        first_step_kept(run)
        (number,) = run.submitted
        # Less than the profile's ten minutes before the end are left from now on.
        cluster.run("scontrol", "update", f"JobId={number}", "TimeLimit=10")
        wait_for("its return", lambda: cluster.restarts(number) == 1, 900)
        assert epochs_done(place) < LONG["epochs"]
        # What has been asked of Slurm for the first job holds for the next one, too.
        cluster.run("scontrol", "update", f"JobId={number}", "TimeLimit=1-00:00:00")
        assert run.finish() == 0, run.printed
        assert cluster.restarts(number) == 1
        assert cluster.state(number) == "COMPLETED"
        assert run.submitted == [number]
    require_the_same_training(place, unbroken)


def first_step_kept(run: Run) -> None:
    """Wait until a training has a checkpoint."""

    def kept() -> list[Path]:
        return list(run.place.results.glob("checkpoints/trained-*/step-*.keras"))

    wait_for("a checkpoint", lambda: kept() or run.process.poll() is not None, 900)
    assert run.process.poll() is None, run.printed
