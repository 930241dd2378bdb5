"""A file is whole under its final name, or not there: through exceptions, kills and full disks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from pluvial.files.atomic import FAILPOINTS, atomic_path, write_text

OLD, NEW = "old " * 1000, "new " * 1000


def test_replaces_whole(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "file.txt"
    write_text(target, OLD)
    write_text(target, NEW)
    assert target.read_text() == NEW
    assert os.listdir(target.parent) == ["file.txt"]


def test_exception_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "file.txt"
    write_text(target, OLD)
    with pytest.raises(RuntimeError), atomic_path(target) as temporary:
        temporary.write_text(NEW)
        raise RuntimeError
    assert target.read_text() == OLD
    assert os.listdir(tmp_path) == ["file.txt"]


def test_mode_follows_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "file.txt", NEW)
    finally:
        os.umask(before)
    assert (tmp_path / "file.txt").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("point", FAILPOINTS)
def test_kill_at_every_boundary(tmp_path: Path, point: str) -> None:
    target = tmp_path / "file.txt"
    write_text(target, OLD)
    script = f"from pluvial.files.atomic import write_text; write_text({str(target)!r}, {NEW!r})"
    environment = os.environ | {"PLUVIAL_FAILPOINT": point}
    killed = subprocess.run([sys.executable, "-c", script], env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert target.read_text() == (NEW if point == "after_rename" else OLD)
    write_text(target, NEW)
    assert target.read_text() == NEW
    assert os.listdir(tmp_path) == ["file.txt"], "the leftover of the killed writer is cleared"


def test_failpoint_counts(tmp_path: Path) -> None:
    script = (
        "from pathlib import Path; from pluvial.files.atomic import write_text\n"
        f"for n in range(5): write_text(Path({str(tmp_path)!r}) / str(n), 'x')"
    )
    environment = os.environ | {"PLUVIAL_FAILPOINT": "after_rename:3"}
    subprocess.run([sys.executable, "-c", script], env=environment, check=False)
    assert sorted(os.listdir(tmp_path)) == ["0", "1", "2"]
