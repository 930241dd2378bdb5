"""The one error a user sees: what is wrong, where, and what to do about it."""

from __future__ import annotations

from pathlib import Path


class PluvialError(ValueError):
    """Bad input or an impossible request.

    Args:
        problem: what was found, in one sentence.
        where: the file, config key or record concerned.
        remedy: what to write, fetch or run instead.
    """

    def __init__(self, problem: str, *, where: str | Path, remedy: str) -> None:
        self.problem = problem
        self.where = str(where)
        self.remedy = remedy
        joint = "" if problem.endswith("\n") else ". "
        super().__init__(f"{where}: {problem}{joint}{remedy}")
