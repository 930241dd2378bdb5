"""The cluster, and the results of a local run beside which those of the cluster are held."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from slurm.cluster import PROGRAMS, Cluster, missing, running
from slurm.submitted import running_snakemake
from workplace import Workplace, named_case


def skip_without(programs: tuple[str, ...], packages: str) -> None:
    """Skip where a program is absent; in CI there must be all."""
    if absent := missing(programs):
        reason = f"no {', '.join(absent)}: apt-get install {packages}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture(scope="session")
def slurm() -> None:
    """Skips where there is no Slurm."""
    skip_without(PROGRAMS, "slurm-wlm munge")


@pytest.fixture(scope="session")
def cluster(slurm: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A real one."""
    del slurm
    with running(tmp_path_factory.mktemp("slurm") / "lab") as cluster:
        yield cluster


def copy_of(place: Workplace, folder: Path, *without: str) -> Workplace:
    """The same results in another folder, with Snakemake's records of them, less some."""
    shutil.copytree(place.folder, folder, dirs_exist_ok=True)
    for pattern in without:
        for path in (folder / "results").glob(pattern):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    return Workplace(folder, dict(place.case))


@pytest.fixture(scope="session")
def local(slurm: None, tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """The records of the smoke case, made without Slurm."""
    del slurm
    place = Workplace(tmp_path_factory.mktemp("local"), named_case("smoke"))
    place.run("tfrecords", "frames")
    return place


@dataclass
class Smoke:
    """The case, run twice."""

    local: Workplace
    remote: Workplace
    jobs: list[dict[str, str]]
    printed: str


@pytest.fixture(scope="session")
def smoke(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Smoke:
    """On the cluster, all of it; meanwhile here, what is compared."""
    local, remote = (
        Workplace(tmp_path_factory.mktemp(name), named_case("smoke"))
        for name in ("local", "remote")
    )
    with running_snakemake(cluster, remote) as run:
        local.run("tfrecords", "frames", "retrieval")
        assert run.finish() == 0, run.printed
        return Smoke(local, remote, cluster.jobs(), run.printed)


@pytest.fixture(scope="session")
def remote(smoke: Smoke) -> Workplace:
    """What the cluster made of the smoke case."""
    return smoke.remote
