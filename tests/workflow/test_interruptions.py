"""Killed at any moment and resumed, a build ends as if nothing had happened.

``benchmarks/interruptions.py`` does this at 25 random moments and at every write boundary; here
once each.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from interruptions import TARGETS, fail_at, interrupt, reference, results_of, small_case, start
from workplace import Workplace

pytestmark = [pytest.mark.workflow, pytest.mark.long, pytest.mark.xdist_group("interruptions")]


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return reference(tmp_path_factory.mktemp("reference"))


def test_kill(expected: dict[str, str], tmp_path: Path) -> None:
    assert interrupt(tmp_path / "case", 7, workers_only=False) == expected


def test_killed_at_a_write_boundary(expected: dict[str, str], tmp_path: Path) -> None:
    code, found = fail_at(tmp_path / "case", "after_write")
    assert code != 0, "the failpoint was not passed"
    assert found == expected


def test_of_two_builds_one_wins_and_the_other_explains(
    expected: dict[str, str], tmp_path: Path
) -> None:
    place = Workplace(tmp_path / "case", small_case())
    first = start(place)
    while not list((place.folder / ".snakemake" / "locks").glob("*")):
        assert first.poll() is None, "the first build ended before it had begun"
    second = place.snakemake(*TARGETS)
    assert second.returncode == 1
    assert "cannot be locked" in second.stdout + second.stderr
    assert first.wait() == 0
    assert results_of(place) == expected
