"""What the frames are: how many of each status, and every correction that was made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pluvial.frames.gaps import Status
from pluvial.frames.store import FramesFile
from pluvial.frames.variables import DEPTH, RAIN, Variable
from pluvial.grids.time_axis import iso


def frames_report(rain: Sequence[Path], depth: Sequence[Path]) -> dict[str, Any]:
    """A JSON-like report on all frames files: totals, coverage, and each file's own account."""
    return {"rain": _report(rain, RAIN), "depth": _report(depth, DEPTH)}


def _report(paths: Sequence[Path], variable: Variable) -> dict[str, Any]:
    files: dict[str, Any] = {}
    present: list[int] = []
    for path in paths:
        file = FramesFile(path, variable)
        files[path.stem] = asdict(file.summary)
        found = file.times[file.status != Status.MISSING]
        present += found[[0, -1]].tolist() if found.size else []
        grid = file.grid.to_dict()
        file.close()
    totals = {
        key: sum(account[key] for account in files.values())
        for key in ("observed", "interpolated", "missing")
    }
    return {
        **totals,
        "first": iso(min(present)) if present else None,
        "last": iso(max(present)) if present else None,
        "grid": grid,
        "periods": files,
    }
