"""What every job does around its one library call: log, progress, record, errors fit to be read.

Nothing of it is in any output: an edit here reruns no job (see files/code.py).
"""

from __future__ import annotations

import errno
import logging
import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from pluvial.errors import PluvialError
from pluvial.files.record import write_folder_record, write_records

Item = TypeVar("Item")

PROGRESS_SECONDS = 10.0
BEGAN = datetime.now(UTC)
"""When this process imported what it runs."""

logger = logging.getLogger("pluvial")
"""Messages of a job: to its log and to the terminal."""


@contextmanager
def job(name: str, log: str | Path) -> Iterator[logging.Logger]:
    """Run one job: messages go to the terminal and to ``log``.

    Once it is done, its record is written beside its outputs (see files/record.py).

    A :class:`PluvialError` ends the process with exit code 1 and its message alone; any other
    exception is a fault of ours, and keeps its traceback.
    """
    path = Path(log)
    path.parent.mkdir(parents=True, exist_ok=True)
    to_file = logging.FileHandler(path, mode="w")
    to_file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    to_terminal = logging.StreamHandler(sys.stderr)
    to_terminal.setFormatter(logging.Formatter(f"[{name}] %(message)s"))
    logger.setLevel(logging.INFO)
    logger.handlers = [to_file, to_terminal]
    # A log that cannot be written (a full disk) must not hide the message on the terminal.
    logging.raiseExceptions = False
    began = time.monotonic()
    try:
        yield logger
    except PluvialError as error:
        logger.log(logging.ERROR, "error: %s", error)
        sys.exit(1)
    except Exception as error:
        if _disk_is_full(error):
            logger.log(
                logging.ERROR,
                "error: the disk is full (%s). Nothing half-written bears its final name; free "
                "some space, or move `results` with `pathvars`, and run the workflow again",
                error,
            )
        else:
            logger.exception("unexpected error")
        sys.exit(1)
    _leave_record()
    logger.info("done in %.1f s", time.monotonic() - began)


def _snakemake() -> Any:
    """Snakemake's object of the script that this process runs; None outside of a job."""
    return getattr(sys.modules["__main__"], "snakemake", None)


def _leave_record() -> None:
    """Write the job's record; without it the outputs are what they are."""
    ours = _snakemake()
    if ours is not None:
        try:
            write_records(ours, BEGAN)
        except OSError as error:
            logger.warning("no record of this job could be written: %s", error)


def leave_record_in(folder: Path) -> None:
    """Say in a folder that is no output of this job, such as that of checkpoints, what fills it."""
    ours = _snakemake()
    if ours is not None:
        write_folder_record(ours, BEGAN, folder)


def _disk_is_full(error: BaseException | None) -> bool:
    """Whether an error, or one that led to it, says so; HDF5 and Arrow only say it in words."""
    full = {errno.ENOSPC, errno.EDQUOT}
    while error is not None:
        said = any(os.strerror(code) in str(error) for code in full)
        if said or getattr(error, "errno", None) in full:
            return True
        error = error.__cause__ or error.__context__
    return False


def progress(items: Iterable[Item], what: str, total: int) -> Iterator[Item]:
    """Yield ``items``; every ten seconds say how many of ``total`` are done and what is left.

    The first takes no part in the estimate: what is compiled for all is compiled then.
    """
    began = said = time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if done == 1:
            began = now
        if now - said >= PROGRESS_SECONDS:
            said = now
            left = ""
            if done > 1:
                left = f" ({(now - began) / (done - 1) * (total - done):.0f} s left)"
            logger.info("%s: %d of %d%s", what, done, total, left)
