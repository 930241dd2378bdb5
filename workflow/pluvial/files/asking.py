"""Asking another program on this machine a question."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

SECONDS = 20.0


def ask(program: str, *arguments: str, at: Path | None = None) -> str | None:
    """What ``program`` prints; None if it is not there, fails, or takes too long.

    Args:
        program: its name, looked up on PATH.
        arguments: of ours, word for word; no shell sees them.
        at: the folder it runs in.
    """
    found = shutil.which(program)
    if found is None:
        return None
    try:
        done = subprocess.run(
            [found, *arguments],
            capture_output=True,
            text=True,
            check=True,
            timeout=SECONDS,
            cwd=at,
        )
    except (subprocess.SubprocessError, OSError):
        return None
    return done.stdout
