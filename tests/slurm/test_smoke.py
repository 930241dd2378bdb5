"""The smoke case through `snakemake --profile slurm`, on a real cluster, beside a local run."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from slurm.cluster import Cluster
from slurm.conftest import Smoke
from slurm.submitted import data, history, report, submit

pytestmark = [pytest.mark.slurm, pytest.mark.xdist_group("slurm smoke")]

GPU_RULES = {"pretrain": 1, "pretrain_control": 2, "embed": 1, "embed_control": 2}
BATCHES = {"rain_frames": 1, "depth_frames": 1, "index": 1, "shards": 3}
"""Jobs of the queue for several files each."""
CPU_RULES = {
    "plan": 1,
    "leakage": 1,
    "judgement": 1,
    "umap": 1,
    "umap_both": 1,
    "explorer_page": 1,
    "catchment_figure": 1,
    "embedding_figure": 2,
    "both_embeddings_figure": 1,
    "random_control_figure": 1,
    "training_figure": 1,
    "retrieval_figure": 1,
    "retrieved_figures": 1,
    "availability_figure": 1,
    "plan_figure": 1,
    "domain_figure": 1,
}


def rule_of(job: dict[str, str]) -> str:
    """The rule, or the group, that a job was submitted for."""
    name = job["Comment"].removeprefix("rule_")
    rules = [rule for rule in (*GPU_RULES, *BATCHES, *CPU_RULES) if name.startswith(rule)]
    return max(rules, key=len, default=name)


def test_each_rule_ran_once_and_short_ones_together(smoke: Smoke) -> None:
    assert {job["JobState"] for job in smoke.jobs} == {"COMPLETED"}
    assert Counter(map(rule_of, smoke.jobs)) == GPU_RULES | BATCHES | CPU_RULES


def test_rules_of_the_gpu_run_on_the_gpu_node_with_a_gpu_and_no_others(smoke: Smoke) -> None:
    for job in smoke.jobs:
        found = (job["Partition"], job["NodeList"], job.get("TresPerJob"))
        gpu = rule_of(job) in GPU_RULES
        assert found == (("gpu", "g1", "gres:gpu:1") if gpu else ("compute", "c1", None)), job


def test_a_batch_books_the_sum_of_times_and_the_largest_memory(smoke: Smoke) -> None:
    """Its jobs run one after the other: four days of index, of 20 minutes and 1 GB each."""
    (index,) = [job for job in smoke.jobs if rule_of(job) == "index"]
    assert index["TimeLimit"] == "01:20:00"
    assert (index["MinMemoryNode"], index["NumCPUs"]) == ("1000M", "1")


def test_nothing_is_made_twice(smoke: Smoke) -> None:
    """Each job of Snakemake has ended once, whatever batch it was in."""
    ended = re.findall(r"^(\d+) of (\d+) steps \((\d+)%\) done$", smoke.printed, re.MULTILINE)
    done, steps, share = map(int, ended[-1])
    assert done == steps
    assert share == 100


def test_frames_plan_and_shards_are_those_of_the_local_run(smoke: Smoke) -> None:
    assert len([name for name in data(smoke.local) if name.endswith(".tfrecord.gz")]) >= 8
    assert data(smoke.remote) == data(smoke.local)


def test_metrics_are_those_of_the_local_run(smoke: Smoke) -> None:
    for run in ("trained", "shuffled"):
        pd.testing.assert_frame_equal(
            history(smoke.remote, run), history(smoke.local, run), rtol=1e-5
        )
    remote, local = report(smoke.remote), report(smoke.local)
    assert set(remote) == set(local)
    np.testing.assert_allclose(
        [remote[key] for key in local], list(local.values()), rtol=1e-5, atol=1e-9
    )


def test_nothing_to_do_the_second_time(cluster: Cluster, smoke: Smoke) -> None:
    assert "Nothing to be done" in submit(cluster, smoke.remote)


def test_it_did_not_need_accounting(cluster: Cluster, smoke: Smoke) -> None:
    """There is none here: `sacct` has nothing to say, and the profile does not ask it."""
    assert smoke.jobs
    with pytest.raises(RuntimeError, match="accounting storage is disabled"):
        cluster.run("sacct")
