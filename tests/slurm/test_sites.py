"""The three worked sites, each on a cluster such as theirs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from slurm.cluster import ACCOUNTING_PROGRAMS, Cluster, running
from slurm.conftest import copy_of, skip_without
from slurm.submitted import a_running_job, running_snakemake, submit
from workplace import CHECKOUT, Workplace

pytestmark = [pytest.mark.slurm, pytest.mark.xdist_group("slurm smoke")]

EMBEDDED = "results/embeddings/untrained.parquet"


def submitted_by(cluster: Cluster, smoke: Workplace, folder: Path, site: str) -> dict[str, str]:
    """The job that makes embeddings once more, through the profile of a site."""
    place = copy_of(smoke, folder, "embeddings/untrained.parquet")
    submit(cluster, place, EMBEDDED, profile=f"profiles/sites/{site}")
    assert place.files()["embeddings/untrained.parquet"]
    job = cluster.job("rule_embed_control_wildcards_untrained")
    assert job is not None
    assert job["JobState"] == "COMPLETED"
    return job


def test_without_accounting_on_a_partition_that_others_preempt(
    cluster: Cluster, remote: Workplace, tmp_path: Path
) -> None:
    job = submitted_by(cluster, remote, tmp_path, "no-accounting")
    assert (job["Partition"], job["NodeList"]) == ("scavenger", "s1")
    assert job["TresPerJob"] == "gres:gpu:1"
    assert job["Requeue"] == "1"


def test_without_cons_tres(slurm: None, remote: Workplace, tmp_path: Path) -> None:
    """Such a cluster refuses `--gpus`, and takes a typed GRES."""
    del slurm
    with running(tmp_path / "lab", "select/cons_res") as cluster:
        with pytest.raises(RuntimeError, match="unsupported by configured SelectType"):
            cluster.run("sbatch", "--partition", "gpu", "--gpus", "1", "--wrap", "true")
        job = submitted_by(cluster, remote, tmp_path / "place", "no-cons-tres")
    assert (job["Partition"], job["NodeList"]) == ("gpu", "g1")
    assert job["TresPerNode"] == "gres:gpu:a100:1"


@pytest.fixture
def charging(slurm: None, tmp_path: Path) -> Iterator[Cluster]:
    """A cluster that wants to know whom it charges."""
    del slurm
    skip_without(ACCOUNTING_PROGRAMS, "slurmdbd mariadb-server")
    with running(tmp_path / "lab", accounting=True) as cluster:
        yield cluster


def test_with_accounting(charging: Cluster, remote: Workplace, tmp_path: Path) -> None:
    """A GPU by its type, on the account; also for a job that comes after one that was cancelled."""
    with pytest.raises(RuntimeError, match="Invalid account"):
        charging.run("sbatch", "--account", "nobody", "--wrap", "true")
    with pytest.raises(RuntimeError, match="account 'nobody'"):
        charging.run(*check_with_account(tmp_path / "wrong", "nobody"))
    charging.run(*check_with_account(tmp_path / "right", "hydrology"))
    place = copy_of(remote, tmp_path / "place", "embeddings/untrained.parquet")
    with running_snakemake(charging, place, EMBEDDED, profile=str(at_home(tmp_path))) as run:
        number = a_running_job(run)
        charging.run("scancel", number)
        assert run.finish() == 0, run.printed
        assert run.printed.count("Trying to restart job") == 1
        _, again = run.submitted
    assert place.files()["embeddings/untrained.parquet"]
    fields = "JobID,State,Account,QOS,Partition,NodeList,Constraints"
    told = charging.run("sacct", "-X", "--noheader", "--parsable2", "--format", fields)
    asked = "hydrology|gpu|accelerated|g1|nvlink"
    # With such words of `sacct` the plugin would go on waiting for the first.
    assert told.splitlines() == [
        f"{number}|CANCELLED by {os.getuid()}|{asked}",
        f"{again}|COMPLETED|{asked}",
    ]
    job = charging.job("rule_embed_control")
    assert job is not None
    assert (job["JobId"], job["TresPerJob"]) == (again, "gres:gpu:a100:1")
    assert (tmp_path / "loaded").exists()
    assert (tmp_path / "scratch").is_dir()


def check_with_account(folder: Path, account: str) -> list[str]:
    """`check` of a profile that charges ``account``."""
    profile = yaml.safe_load((CHECKOUT / "profiles/slurm/config.yaml").read_text())
    profile["default-resources"]["slurm_account"] = account
    folder.mkdir()
    (folder / "config.yaml").write_text(yaml.safe_dump(profile))
    case = str(CHECKOUT / "config/config.yaml")
    return [
        sys.executable,
        "-m",
        "pluvial",
        "check",
        "--configfile",
        case,
        "--profile",
        str(folder),
    ]


def at_home(folder: Path) -> Path:
    """The site's profile with scratch below ``folder``, and a file made there for its modules."""
    profile = (CHECKOUT / "profiles/sites/accounting/config.yaml").read_text()
    for theirs, ours in (
        ("/scratch/local", str(folder / "scratch")),
        (". /etc/profile.d/modules.sh && module load cuda/12.4", f"touch {folder / 'loaded'}"),
    ):
        assert profile.count(theirs) == 1
        profile = profile.replace(theirs, ours)
    (folder / "site").mkdir()
    (folder / "site" / "config.yaml").write_text(profile)
    return folder / "site"
