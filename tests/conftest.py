"""Fixtures that more than one folder of tests uses."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

# Inherited by every process that the tests start.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def boscastle() -> Path:
    """The real HAIL-CAESAR run; the tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("PLUVIAL_DATA", ROOT.parent / "shared" / "data")) / "boscastle"
    if not folder.is_dir():
        pytest.skip(f"the real data is not at {folder} (set PLUVIAL_DATA)")
    return folder


# How long an example takes says something of the machine, not of the code.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")
