"""What jobs say while they run, and how commands end."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest
from pluvial import jobs
from workplace import CHECKOUT


def test_what_is_left_is_told_without_the_first(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It takes 50 s, to compile; each other 5 s."""
    times = iter([0.0, 50.0, 55.0, 60.0, 65.0])
    monkeypatch.setattr(jobs.time, "monotonic", lambda: next(times))
    with caplog.at_level(logging.INFO, "pluvial"):
        assert list(jobs.progress("abcd", "letters", 10)) == list("abcd")
    assert caplog.messages == ["letters: 1 of 10", "letters: 3 of 10 (35 s left)"]


def test_a_reader_that_has_seen_enough() -> None:
    """`provenance FILE | head`, with more to print than a pipe holds."""
    code = (
        "import sys; from pluvial import __main__ as m;"
        "m.provenance = lambda file: ('x' * 1000 for _ in range(1000));"
        "sys.exit(m.main(['provenance', 'some']))"
    )
    done = subprocess.run(
        ["bash", "-c", f'set -o pipefail; "{sys.executable}" -c "{code}" | head -n 1 | wc -c'],
        capture_output=True,
        text=True,
        check=False,
        cwd=CHECKOUT,
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "1001", "")
