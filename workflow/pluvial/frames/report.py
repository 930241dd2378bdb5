"""What the frames are: how many of each status, and every correction that was made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from pluvial.errors import PluvialError
from pluvial.frames.gaps import Status
from pluvial.frames.store import Account, FramesFile
from pluvial.frames.variables import DEPTH, RAIN, Variable

COUNTS = ("given", "observed", "interpolated", "missing", "empty", "late")


def frames_report(rain: Sequence[Path], depth: Sequence[Path]) -> dict[str, Any]:
    """A JSON-like report on frames files: totals, coverage by day, and each file's own account.

    Raises:
        PluvialError: if the account of a file does not add up.
    """
    return {"rain": _report(rain, RAIN), "depth": _report(depth, DEPTH)}


def merged(reports: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One report of those of several editions, in order of time."""
    return {
        name: _totals(
            {
                key: account
                for report in reports
                for key, account in report[name]["periods"].items()
            },
            {day: counts for report in reports for day, counts in report[name]["days"].items()},
            reports[-1][name]["grid"],
        )
        for name in ("rain", "depth")
    }


def _report(paths: Sequence[Path], variable: Variable) -> dict[str, Any]:
    files: dict[str, Any] = {}
    days: dict[str, list[int]] = {}
    grid: dict[str, Any] = {}
    for path in paths:
        file = FramesFile(path, variable)
        files[path.stem] = asdict(file.account)
        _reconcile(file.account, file.times.size, path)
        grid = file.grid.to_dict()
        date = file.times.astype("datetime64[s]").astype("datetime64[D]")
        for day in np.unique(date):
            counts = np.bincount(file.status[date == day], minlength=len(Status))
            days[str(day)] = counts.tolist()
        file.close()
    return _totals(files, days, grid)


def _totals(
    files: dict[str, Any], days: dict[str, list[int]], grid: dict[str, Any]
) -> dict[str, Any]:
    present = [day for day, counts in days.items() if sum(counts) > counts[Status.MISSING]]
    return {
        **{key: sum(account[key] for account in files.values()) for key in COUNTS},
        **{
            key: dict(sum((Counter(account[key]) for account in files.values()), Counter()))
            for key in ("dropped", "corrections")
        },
        "problems": sum(len(account["problems"]) for account in files.values()),
        "faults": sum(len(account["faults"]) for account in files.values()),
        "first_day": present[0] if present else None,
        "last_day": present[-1] if present else None,
        "grid": grid,
        "statuses": [status.name.lower() for status in Status],
        "days": days,
        "periods": files,
    }


def _reconcile(account: Account, steps: int, path: Path) -> None:
    """Refuse an account that does not add up."""
    used = account.observed + account.empty + sum(account.dropped.values())
    known = account.observed + account.interpolated + account.missing
    if account.given != used or steps != known:
        raise PluvialError(
            f"its account does not add up: {account.given} frames given, {used} accounted for; "
            f"{steps} steps, {known} accounted for",
            where=path,
            remedy="This is a fault of pluvial: please report it with this file",
        )
