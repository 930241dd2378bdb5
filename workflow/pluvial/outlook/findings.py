"""What would fail: findings, each with how grave it is, where, what, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pluvial.case.case import Case
from pluvial.errors import PluvialError

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Finding:
    """One thing that is amiss.

    Attributes:
        severity: `error` if the workflow would stop, `warning` if its results may not be what was
            meant, `note` for what could not be looked at.
        where: the key, file or folder.
        message: what was found.
        remedy: what to write, fetch or run.
    """

    severity: Severity
    where: str
    message: str
    remedy: str

    def lines(self) -> Iterator[str]:
        """As it is printed."""
        problem = self.message.strip().replace("\n", "\n         ")
        yield f"{self.severity:8} {self.where}: {problem}"
        yield f"         {self.remedy}"


def error_of(error: PluvialError, where: str = "") -> Finding:
    """An error that some job would end with, as a finding."""
    place = f"{where}: {error.where}" if where and where not in error.where else error.where
    return Finding("error", place, error.problem, error.remedy)


def guarded(check: Callable[[], Iterator[Finding]], where: str) -> Iterator[Finding]:
    """The findings of ``check``; an error of ours that it raises is one of them."""
    try:
        yield from check()
    except PluvialError as error:
        yield error_of(error, where)


Check = Callable[[Case], Iterator[Finding]]


def verdict_on(findings: Sequence[Finding]) -> str:
    """One line on all of them."""
    count = {s: sum(f.severity == s for f in findings) for s in ("error", "warning", "note")}
    if not count["error"] + count["warning"]:
        return "nothing was found that would fail"
    named = (f"{n} {what}{'s' * (n > 1)}" for what, n in count.items() if n)
    return ", ".join(named)


def existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    folder = folder.absolute()
    return next(place for place in (folder, *folder.parents) if place.exists())
