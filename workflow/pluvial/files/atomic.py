"""Atomic writing: a file bears its final name only once every byte of it is on the disk.

Every file the library writes goes through :func:`atomic_path`. The steps, in order, are: write
under a temporary name in the target's own folder (a rename across file systems is not atomic),
fsync the file, rename, fsync the folder (POSIX ``rename(2)``, ``fsync(2)``).

Each step is a *failpoint*. ``PLUVIAL_FAILPOINT=after_write:3`` kills the process (SIGKILL) the
third time it passes the point ``after_write``: tests use it to show that no interruption leaves
a half-written file under a final name.
"""

from __future__ import annotations

import errno
import os
import signal
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

RESERVE = 1 << 23
"""Bytes that a file format may still need to be closed whole."""

FAILPOINTS = ("before_write", "after_write", "after_fsync", "after_rename")

_passed: Counter[str] = Counter()


def failpoint(name: str) -> None:
    """Kill this process here if ``PLUVIAL_FAILPOINT`` says so (``name`` or ``name:nth``)."""
    wanted = os.environ.get("PLUVIAL_FAILPOINT")
    if not wanted:
        return
    target, _, nth = wanted.partition(":")
    if target == name:
        _passed[name] += 1
        if _passed[name] == int(nth or 1):
            os.kill(os.getpid(), signal.SIGKILL)


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def atomic_path(target: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside ``target``; on success it becomes ``target``, durably.

    On an exception the temporary file is removed and ``target`` is left as it was. Leftovers of
    a killed process for the same target are removed first.
    """
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".{target.name}."
    for leftover in target.parent.glob(f"{prefix}*.partial*"):
        leftover.unlink(missing_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=prefix, suffix=".partial", dir=target.parent)
    os.close(descriptor)
    temporary = Path(name)
    try:
        failpoint("before_write")
        yield temporary
        failpoint("after_write")
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        _fsync(temporary)
        failpoint("after_fsync")
        temporary.replace(target)
        failpoint("after_rename")
        _fsync(target.parent)
    finally:
        temporary.unlink(missing_ok=True)


def require_space(folder: Path, size: int) -> None:
    """Raise the error of a full disk if ``folder`` has less than ``size`` bytes and a reserve left.

    For writers that do not survive a failed write: HDF5 kills its process.
    """
    found = os.statvfs(folder)
    if found.f_bavail * found.f_frsize < size + RESERVE:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))


def write_bytes(target: str | Path, content: bytes) -> None:
    """Write ``content`` to ``target`` atomically."""
    with atomic_path(target) as temporary:
        temporary.write_bytes(content)


def write_text(target: str | Path, content: str) -> None:
    """Write ``content`` to ``target`` atomically, as UTF-8."""
    write_bytes(target, content.encode())
