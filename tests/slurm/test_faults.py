"""What goes wrong on a cluster, made to happen on a real one; nothing is lost, nothing twice."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from slurm.cluster import Cluster, wait_for
from slurm.conftest import copy_of
from slurm.submitted import Run, data, history, running_snakemake, submit, weights
from workplace import Workplace

pytestmark = [pytest.mark.slurm, pytest.mark.xdist_group("slurm faults")]

SHARDS = ("shards/*/*", "shards/*.json", "shards/README.md")
ENCODERS = "results/encoders/trained/rain.keras"
LONG = {"epochs": 60}
"""A training of seconds that can be interrupted on the way."""


def some_shards_made(run: Run) -> list[str]:
    """Wait until shards are under way, some made, some not; the numbers of their jobs."""

    def made() -> bool:
        shards = run.place.results.glob("shards/*/*.tfrecord.gz")
        return any(shard.stat().st_mtime > run.began for shard in shards)

    wait_for("the first shard", lambda: made() or run.process.poll() is not None)
    assert run.process.poll() is None, run.printed
    return submitted(run)


def submitted(run: Run) -> list[str]:
    """The numbers of the jobs it has submitted, in order."""
    words = run.printed.split("SLURM jobid ")[1:]
    return [word.split()[0] for word in words]


def a_job_held(run: Run) -> str:
    """Suspend the first of its jobs that runs; its number."""
    found: list[str] = []

    def held() -> bool:
        assert run.process.poll() is None, run.printed
        found.extend(n for n in submitted(run) if state(run.cluster, n) == "RUNNING")
        return bool(found)

    wait_for("a running job", held)
    run.cluster.run("scontrol", "suspend", found[0])
    assert state(run.cluster, found[0]) == "SUSPENDED"
    return found[0]


def state(cluster: Cluster, number: str) -> str:
    return cluster.run("squeue", "-h", "--states=all", "-j", number, "-o", "%T")


def restarts(cluster: Cluster, number: str) -> int:
    (job,) = [job for job in cluster.jobs() if job["JobId"] == number]
    return int(job["Restarts"])


def test_a_node_that_fails(cluster: Cluster, local: Workplace, tmp_path: Path) -> None:
    """Slurm takes its jobs to another node or, as here, waits for the node to come back."""
    place = copy_of(local, tmp_path, *SHARDS)
    with running_snakemake(cluster, place, "tfrecords") as run:
        numbers = some_shards_made(run)
        cluster.run("scontrol", "update", "NodeName=c1", "State=DOWN", "Reason=test")
        try:
            wait_for(
                "the jobs' return to the queue",
                lambda: {state(cluster, number) for number in numbers} <= {"PENDING", "COMPLETED"},
            )
        finally:
            cluster.run("scontrol", "update", "NodeName=c1", "State=RESUME")
        assert run.finish() == 0, run.printed
        assert submitted(run) == numbers, "no retry was used up"
        assert {state(cluster, number) for number in numbers} == {"COMPLETED"}
        assert max(restarts(cluster, number) for number in numbers) == 1
    assert data(place) == data(local)


def test_a_job_that_was_cancelled(cluster: Cluster, local: Workplace, tmp_path: Path) -> None:
    """Someone's `scancel` costs one of the retries."""
    place = copy_of(local, tmp_path, *SHARDS)
    with running_snakemake(cluster, place, "tfrecords") as run:
        numbers = some_shards_made(run)
        running = [number for number in numbers if state(cluster, number) == "RUNNING"]
        cluster.run("scancel", running[0])
        assert run.finish() == 0, run.printed
        assert run.printed.count("Trying to restart job") == 1
        (again,) = set(submitted(run)) - set(numbers)
        ended = {number: state(cluster, number) for number in (*numbers, again)}
    assert ended.pop(running[0]) == "CANCELLED"
    assert set(ended.values()) == {"COMPLETED"}
    assert data(place) == data(local)


def test_a_job_over_its_memory(cluster: Cluster, local: Workplace, tmp_path: Path) -> None:
    """Slurm's gatherer ends it; the next job has twice as much."""
    place = copy_of(local, tmp_path, "index/2021-03-02.parquet")
    small = ("--set-resources", "index:mem_mb=150 if attempt == 1 else 1000")
    with running_snakemake(cluster, place, "results/index/2021-03-02.parquet", *small) as run:
        assert run.finish() == 0, run.printed
        jobs = [job for job in cluster.jobs() if job["JobId"] in submitted(run)]
    found = sorted((int(job["JobId"]), job["MinMemoryNode"], job["JobState"]) for job in jobs)
    assert [memory for _, memory, _ in found] == ["150M", "1000M"]
    assert found[1][2] == "COMPLETED"
    assert found[0][2] in {"CANCELLED", "FAILED", "OUT_OF_MEMORY"}
    assert data(place) == data(local)


def test_snakemake_interrupted(cluster: Cluster, local: Workplace, tmp_path: Path) -> None:
    """Ctrl-C cancels its jobs, SIGTERM waits for them; the same command goes on either time."""
    place = copy_of(local, tmp_path, *SHARDS)
    with running_snakemake(cluster, place, "tfrecords") as run:
        numbers = some_shards_made(run)
        run.process.send_signal(signal.SIGINT)
        assert run.finish() != 0
        wait_for(
            "the jobs' end",
            lambda: {state(cluster, number) for number in numbers} <= {"CANCELLED", "COMPLETED"},
        )
        assert "CANCELLED" in {state(cluster, number) for number in numbers}
    with running_snakemake(cluster, place, "tfrecords") as run:
        # A job that stands still cannot be done before the signal comes.
        number = a_job_held(run)
        run.process.send_signal(signal.SIGTERM)
        wait_for("its word", lambda: "Will exit after finishing currently running" in run.printed)
        cluster.run("scontrol", "resume", number)
        assert run.finish() != 0
        assert {state(cluster, number) for number in submitted(run)} == {"COMPLETED"}
    assert data(place) != data(local), "the manifest was not begun"
    printed = submit(cluster, place, "tfrecords")
    assert "rule shard" not in printed
    assert data(place) == data(local)


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
        (number,) = submitted(run)
        wait_for("preemption", lambda: state(cluster, number) == "PENDING", 60)
        assert epochs_done(place) < LONG["epochs"]
        assert run.finish() == 0, run.printed
        job = cluster.job("rule_pretrain")
        assert job is not None
        assert (job["JobId"], job["Restarts"], job["NodeList"]) == (number, "1", "s1")
        assert submitted(run) == [number]
    require_the_same_training(place, unbroken)


def test_a_training_longer_than_its_job(
    cluster: Cluster, unbroken: Workplace, tmp_path: Path
) -> None:
    """Told that its time is nearly up it queues again: a chain of jobs that uses up no retry."""
    place = interruptible(unbroken, tmp_path, checkpoint_minutes=0)
    with running_snakemake(cluster, place, ENCODERS, "--retries", "0") as run:
        first_step_kept(run)
        (number,) = submitted(run)
        # Less than the profile's ten minutes before the end are left from now on.
        cluster.run("scontrol", "update", f"JobId={number}", "TimeLimit=10")
        wait_for("its return", lambda: restarts(cluster, number) == 1, 900)
        assert epochs_done(place) < LONG["epochs"]
        # What has been asked of Slurm for the first job holds for the next one, too.
        cluster.run("scontrol", "update", f"JobId={number}", "TimeLimit=1-00:00:00")
        assert run.finish() == 0, run.printed
        assert restarts(cluster, number) == 1
        assert state(cluster, number) == "COMPLETED"
        assert submitted(run) == [number]
    require_the_same_training(place, unbroken)


def first_step_kept(run: Run) -> None:
    """Wait until a training has a checkpoint."""

    def kept() -> list[Path]:
        return list(run.place.results.glob("checkpoints/trained-*/step-*.keras"))

    wait_for("a checkpoint", lambda: kept() or run.process.poll() is not None, 900)
    assert run.process.poll() is None, run.printed
