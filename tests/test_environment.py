"""The environments agree, and the tests run in one as they are meant to."""

from __future__ import annotations

import os
import runpy
from pathlib import Path

import pytest


def test_conda_environment_is_that_of_the_lock(root: Path) -> None:
    module = runpy.run_path(str(root / "envs" / "from_lock.py"))
    written = (root / "envs" / "pluvial.yaml").read_text()
    assert written == module["conda_environment"](), "run `make envs`"


@pytest.mark.xdist_group("one worker")
def test_a_group_of_tests_stays_on_one_worker(request: pytest.FixtureRequest) -> None:
    """Else what a group shares (a case run from nothing) is made once more by each worker."""
    if os.environ.get("PYTEST_XDIST_WORKER"):
        assert request.node.nodeid.endswith("@one worker")
