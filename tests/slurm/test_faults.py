"""What goes wrong on a cluster, made to happen on a real one; nothing is lost, nothing twice."""

from __future__ import annotations

import signal
from pathlib import Path

import pandas as pd
import pytest
from slurm.cluster import Cluster, wait_for
from slurm.conftest import copy_of
from slurm.submitted import Run, a_running_job, data, running_snakemake, submit
from workplace import Workplace

pytestmark = [pytest.mark.slurm, pytest.mark.xdist_group("slurm faults")]

SHARDS = ("shards/*/*", "shards/*.json", "shards/README.md")


def some_shards_made(run: Run) -> list[str]:
    """Wait until shards are under way, some made, some not; the numbers of their jobs."""

    def made() -> bool:
        shards = run.place.results.glob("shards/*/*.tfrecord.gz")
        return any(shard.stat().st_mtime > run.began for shard in shards)

    wait_for("the first shard", lambda: made() or run.process.poll() is not None)
    assert run.process.poll() is None, run.printed
    return run.submitted


def a_job_held(run: Run) -> str:
    """Suspend the first of its jobs that runs; its number."""
    number = a_running_job(run)
    run.cluster.run("scontrol", "suspend", number)
    assert run.cluster.state(number) == "SUSPENDED"
    return number


def test_a_node_that_fails(cluster: Cluster, local: Workplace, tmp_path: Path) -> None:
    """Slurm takes its jobs to another node or, as here, waits for the node to come back."""
    place = copy_of(local, tmp_path, *SHARDS)
    with running_snakemake(cluster, place, "tfrecords") as run:
        numbers = some_shards_made(run)
        cluster.run("scontrol", "update", "NodeName=c1", "State=DOWN", "Reason=test")
        try:
            wait_for(
                "the jobs' return to the queue",
                lambda: {cluster.state(number) for number in numbers} <= {"PENDING", "COMPLETED"},
            )
        finally:
            # A node that has reported since is up again by itself.
            if "down" in cluster.run("sinfo", "-h", "-n", "c1", "-o", "%t"):
                cluster.run("scontrol", "update", "NodeName=c1", "State=RESUME")
        assert run.finish() == 0, run.printed
        assert run.submitted == numbers, "no retry was used up"
        assert {cluster.state(number) for number in numbers} == {"COMPLETED"}
        assert max(cluster.restarts(number) for number in numbers) == 1
    assert data(place) == data(local)


def test_a_job_that_was_cancelled(cluster: Cluster, local: Workplace, tmp_path: Path) -> None:
    """Someone's `scancel` costs one of the retries."""
    place = copy_of(local, tmp_path, *SHARDS)
    with running_snakemake(cluster, place, "tfrecords") as run:
        numbers = some_shards_made(run)
        running = [number for number in numbers if cluster.state(number) == "RUNNING"]
        cluster.run("scancel", running[0])
        assert run.finish() == 0, run.printed
        assert run.printed.count("Trying to restart job") == 1
        (again,) = set(run.submitted) - set(numbers)
        ended = {number: cluster.state(number) for number in (*numbers, again)}
    assert ended.pop(running[0]) == "CANCELLED"
    assert set(ended.values()) == {"COMPLETED"}
    assert data(place) == data(local)


def test_a_job_over_its_memory(cluster: Cluster, local: Workplace, tmp_path: Path) -> None:
    """Slurm's gatherer ends it; the next job has twice as much."""
    place = copy_of(local, tmp_path, "index/2021-03-02.parquet")
    small = ("--set-resources", "index:mem_mb=150 if attempt == 1 else 1000")
    with running_snakemake(cluster, place, "results/index/2021-03-02.parquet", *small) as run:
        assert run.finish() == 0, run.printed
        jobs = [job for job in cluster.jobs() if job["JobId"] in run.submitted]
    found = sorted((int(job["JobId"]), job["MinMemoryNode"], job["JobState"]) for job in jobs)
    assert [memory for _, memory, _ in found] == ["150M", "1000M"]
    assert found[1][2] == "COMPLETED"
    assert found[0][2] in {"CANCELLED", "FAILED", "OUT_OF_MEMORY"}
    assert data(place) == data(local)


def test_a_job_out_of_time(cluster: Cluster, local: Workplace, tmp_path: Path) -> None:
    """Slurm ends it; the next job has twice the time."""
    place = copy_of(local, tmp_path, "index/2021-03-02.parquet")
    with running_snakemake(cluster, place, "results/index/2021-03-02.parquet") as run:
        number = a_running_job(run)
        (asked,) = (job["TimeLimit"] for job in cluster.jobs() if job["JobId"] == number)
        # Its processes stand still, which Slurm is not told, and a minute is left.
        cluster.run("scancel", "--full", "--signal=STOP", number)
        cluster.run("scontrol", "update", f"JobId={number}", "TimeLimit=1")
        assert run.finish() == 0, run.printed
        assert run.printed.count("Trying to restart job") == 1
        jobs = {job["JobId"]: job for job in cluster.jobs() if job["JobId"] in run.submitted}
    first = jobs.pop(number)
    (second,) = jobs.values()
    assert first["JobState"] == "TIMEOUT"
    assert second["JobState"] == "COMPLETED"
    assert pd.Timedelta(second["TimeLimit"]) == 2 * pd.Timedelta(asked)
    assert data(place) == data(local)


def test_snakemake_interrupted(cluster: Cluster, local: Workplace, tmp_path: Path) -> None:
    """Ctrl-C cancels its jobs, SIGTERM waits for them; the same command goes on either time."""
    place = copy_of(local, tmp_path, *SHARDS)
    with running_snakemake(cluster, place, "tfrecords") as run:
        # A job that stands still cannot be done before the signal comes.
        number = a_job_held(run)
        run.process.send_signal(signal.SIGINT)
        assert run.finish() != 0
        wait_for(
            "the jobs' end",
            lambda: {cluster.state(n) for n in run.submitted} <= {"CANCELLED", "COMPLETED"},
        )
        assert cluster.state(number) == "CANCELLED"
    with running_snakemake(cluster, place, "tfrecords") as run:
        number = a_job_held(run)
        run.process.send_signal(signal.SIGTERM)
        wait_for("its word", lambda: "Will exit after finishing currently running" in run.printed)
        cluster.run("scontrol", "resume", number)
        assert run.finish() != 0
        assert {cluster.state(number) for number in run.submitted} == {"COMPLETED"}
    assert data(place) != data(local), "the manifest was not begun"
    printed = submit(cluster, place, "tfrecords")
    assert "rule shard" not in printed
    assert data(place) == data(local)


def test_snakemake_killed(cluster: Cluster, local: Workplace, tmp_path: Path) -> None:
    """SIGKILL leaves a lock, and jobs that run to their end; unlocked, the same command goes on."""
    place = copy_of(local, tmp_path, *SHARDS)
    with running_snakemake(cluster, place, "tfrecords") as run:
        number = a_job_held(run)
        run.process.kill()
        run.process.wait()
        cluster.run("scontrol", "resume", number)
        numbers = run.submitted
        wait_for("the jobs' end", lambda: {cluster.state(n) for n in numbers} == {"COMPLETED"})
    with running_snakemake(cluster, place, "tfrecords") as run:
        assert run.finish() != 0
        assert "--unlock" in run.printed
    submit(cluster, place, "--unlock")
    submit(cluster, place, "tfrecords")
    assert data(place) == data(local)
