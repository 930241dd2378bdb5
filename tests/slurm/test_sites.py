"""Two of the worked sites, on clusters such as theirs; the third needs slurmdbd (tests/workflow)."""

from __future__ import annotations

from pathlib import Path

import pytest
from slurm.cluster import Cluster, running
from slurm.conftest import copy_of
from slurm.submitted import submit
from workplace import Workplace

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
