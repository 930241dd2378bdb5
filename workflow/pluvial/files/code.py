"""Which source files a script runs through: the modules it imports, and those they import.

Snakemake notices an edit in a rule's script, but not in a module that the script imports. Each
rule therefore has the digest of these files as a parameter: an edit reruns exactly the stages
it touches. A digest, unlike the files' times, is the same in every clone, and leaves the listed
inputs of a rule to the data.
"""

from __future__ import annotations

import ast
import hashlib
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
AROUND = PACKAGE / "jobs.py"
"""What it does, and what it alone imports, is in no output: log, progress and record of a job."""


def code_of(script: Path) -> list[Path]:
    """The files of this package that ``script`` imports, directly or through others, sorted.

    All but :data:`AROUND`, and what is imported by it alone.
    """
    found: set[Path] = set()
    waiting = list(_imported(script))
    while waiting:
        path = waiting.pop()
        if path not in found and path != AROUND:
            found.add(path)
            waiting.extend(_imported(path))
    return sorted(found)


def code_digest(script: Path) -> str:
    """A digest, 16 hex digits, of the names and contents of :func:`code_of` ``script``."""
    digest = hashlib.sha256()
    for path in code_of(script):
        digest.update(str(path.relative_to(PACKAGE)).encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


@cache
def _imported(path: Path) -> tuple[Path, ...]:
    """The files of this package that one file names in its imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return tuple(file for name in names for file in _files(name))


def _files(name: str) -> list[Path]:
    """The files that importing the dotted ``name`` runs; none if it is not ours."""
    parts = name.split(".")
    if parts[0] != PACKAGE.name:
        return []
    module = PACKAGE.joinpath(*parts[1:])
    files = [folder / "__init__.py" for folder in (module, *module.parents)]
    files = [f for f in files if f.is_relative_to(PACKAGE) and f.exists()]
    return [*files, *([module.with_suffix(".py")] if module.with_suffix(".py").exists() else [])]
