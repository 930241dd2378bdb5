"""The cluster itself: whatever happens, nothing of it is left running."""

from __future__ import annotations

from pathlib import Path

import pytest
from slurm.cluster import running, wait_for

pytestmark = [pytest.mark.slurm, pytest.mark.xdist_group("slurm smoke")]


class BrokenTestError(Exception):
    """What a test may end with."""


def test_nothing_outlives_it(slurm: None, tmp_path: Path) -> None:
    """Not even a job that does not listen, when a test has failed."""
    del slurm
    with pytest.raises(BrokenTestError), running(tmp_path / "lab") as cluster:
        deaf = "trap '' TERM; sleep 600 & wait; sleep 600"
        cluster.run("sbatch", "--output", "/dev/null", "--wrap", deaf)
        wait_for("the job", lambda: cluster.jobs()[0]["JobState"] == "RUNNING", 30)
        wait_for("its processes", lambda: len(cluster.processes()) >= 8, 30)
        raise BrokenTestError
    assert cluster.processes() == []
