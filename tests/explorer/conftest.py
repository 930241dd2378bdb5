"""A finished run, and its page."""

from __future__ import annotations

from pathlib import Path

import pytest
from explored import Run, make_run


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished run of 240 records."""
    return make_run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="session")
def page(run: Run) -> Path:
    """Its page."""
    return run.write_page(run.folder / "explorer.html")
