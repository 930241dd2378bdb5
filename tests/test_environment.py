"""The environments agree: conda's file says what the lock says."""

from __future__ import annotations

import runpy
from pathlib import Path


def test_conda_environment_is_that_of_the_lock(root: Path) -> None:
    module = runpy.run_path(str(root / "envs" / "from_lock.py"))
    written = (root / "envs" / "pluvial.yaml").read_text()
    assert written == module["conda_environment"](), "run `make envs`"
