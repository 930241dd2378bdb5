"""The profiles, without a cluster: where they are found, and what they would submit."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from snakemake_executor_plugin_slurm.submit_string import get_submit_command
from snakemake_executor_plugin_slurm.utils import set_gres_string
from snakemake_executor_plugin_slurm.validation import validate_slurm_extra
from submissions import Announced, announced, settings, submissions
from workplace import CHECKOUT, Workplace, named_case

pytestmark = pytest.mark.workflow

SITES = sorted((CHECKOUT / "profiles" / "sites").iterdir())
GPU_RULES = {
    *("pretrain", "pretrain_control", "sanity_encoder", "depth_train"),
    *("embed", "embed_control", "depth_predict", "carried_predict", "forecast"),
}
OF_THE_SITE = {"default-resources", "set-resources", "precommand", "slurm-status-command"}


def dry_run(folder: Path, profile: str, *arguments: str) -> str:
    place = Workplace(folder, named_case("smoke"))
    place.write_case()
    command = [sys.executable, "-m", "snakemake", "-n", "--directory", str(place.folder)]
    command += ["--configfile", str(place.config), "--profile", profile, *arguments]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    done = subprocess.run(
        command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Job:
    """An announced job, as the plugin looks at one."""

    def __init__(self, job: Announced) -> None:
        self.threads = job.threads
        self.resources = Resources(job.resources)


class Resources(dict[str, Any]):
    """Resources by key and by attribute."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


def sbatch(job: Announced) -> list[str]:
    """The words of the plugin's own call of `sbatch` for a job."""
    mock = Job(job)
    validate_slurm_extra(mock)
    params = dict.fromkeys(("run_uuid", "slurm_logfile", "comment_str", "account"), "")
    params |= {"partition": f"-p {job.resources['slurm_partition']}", "workdir": ""}
    requeue = SimpleNamespace(requeue=True, no_requeue=False, qos=None, reservation=None)
    call = get_submit_command(mock, params, settings=requeue)
    return f"{call} {set_gres_string(mock)}".split()


@pytest.mark.parametrize("profile", ["slurm", "profiles/slurm"])
def test_it_is_found_by_its_name_and_by_its_path(tmp_path: Path, profile: str) -> None:
    jobs = announced(dry_run(tmp_path, profile))
    gpu = {job.rule for job in jobs if job.resources["slurm_partition"] == "gpu"}
    assert gpu == GPU_RULES & {job.rule for job in jobs}
    assert gpu >= {"pretrain", "pretrain_control", "embed", "embed_control"}
    assert all(job.resources["gpu"] == 1 for job in jobs if job.rule in GPU_RULES)


def test_the_link_is_in_the_repository() -> None:
    """A bare clone has it."""
    assert (CHECKOUT / "slurm").is_symlink()
    assert (CHECKOUT / "slurm").readlink() == Path("profiles/slurm")


def test_short_jobs_travel_together(tmp_path: Path) -> None:
    """Four days, before the plan is made: no shards yet. Each job is in one batch, and one only."""
    printed = dry_run(tmp_path, "slurm")
    (total,) = re.findall(r"^total +(\d+)$", printed, re.MULTILINE)[:1]
    assert len(announced(printed)) == int(total)
    found = submissions(printed)
    assert (found["rain_frames"], found["depth_frames"], found["index"]) == (1, 1, 1)
    assert (found["pretrain"], found["pretrain_control"], found["plan_figure"]) == (1, 2, 1)
    assert (found["embed"], found["embed_control"]) == (1, 2)
    assert not {"heightmap", "manifest", "all"} & set(found), "local rules"


def test_memory_and_time_grow_with_the_attempt(tmp_path: Path) -> None:
    first, second = (
        {job.rule: job.resources for job in announced(dry_run(tmp_path, "slurm", *arguments))}
        for arguments in ((), ("--attempt", "2"))
    )
    assert second["index"]["mem_mb"] == 2 * first["index"]["mem_mb"]
    assert second["index"]["runtime"] == 2 * first["index"]["runtime"]
    # A training that runs out of time queues again, and must go on to fit the queue's limit.
    assert second["pretrain"]["runtime"] == first["pretrain"]["runtime"] == 1440


@pytest.mark.parametrize("site", SITES, ids=lambda site: site.name)
def test_a_site_differs_in_what_is_the_sites(site: Path) -> None:
    ours = settings(CHECKOUT / "profiles" / "slurm")
    theirs = settings(site)
    differing = {key for key in ours | theirs if ours.get(key) != theirs.get(key)}
    assert differing <= OF_THE_SITE
    assert set(theirs["set-resources"]) == GPU_RULES


@pytest.mark.parametrize(
    ("site", "expected"),
    [
        (
            "accounting",
            {"-p": "accelerated", "-C": "nvlink", "--gpus": "a100:1", "--qos": "gpu"},
        ),
        ("no-accounting", {"-p": "scavenger", "--gpus": "1"}),
        ("no-cons-tres", {"-p": "gpu", "--gres": "gpu:a100:1"}),
    ],
)
def test_what_a_site_submits(tmp_path: Path, site: str, expected: dict[str, str]) -> None:
    jobs = {job.rule: job for job in announced(dry_run(tmp_path, f"profiles/sites/{site}"))}
    words = sbatch(jobs["pretrain"])
    assert {"--requeue", "--signal=USR1@600"} <= set(words)
    told = dict(word.split("=", 1) for word in words if word.startswith("--") and "=" in word)
    told |= {words[n]: words[n + 1] for n, word in enumerate(words[:-1]) if word in {"-p", "-C"}}
    found = {key: told[key] for key in ("-p", "-C", "--gpus", "--gres", "--qos") if key in told}
    assert found == expected
    assert not {"--gpus=1", "--gres=gpu:a100:1"} & set(sbatch(jobs["index"]))
