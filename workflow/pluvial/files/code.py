"""Which source files a script runs through: the modules it imports, and those they import.

Snakemake notices an edit in a rule's script, but not in a module that the script imports. Each
rule therefore has the digest of these files as a parameter: an edit reruns exactly the stages
it touches. A digest, unlike the files' times, is the same in every clone, and leaves the listed
inputs of a rule to the data.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
AROUND = PACKAGE / "jobs.py"
"""What it does, and what it alone imports, is in no output: log, progress and record of a job."""

IMPORT = re.compile(
    r"^\s*(?:from\s+([\w.]+)\s+import\s+(\([^)]*\)|[^\n]*)|import\s+([^\n]+))", re.MULTILINE
)
"""An import statement: the module and the names from it, or modules. A dry run reads all imports
of all scripts, and a parser would take a seventh of its time."""


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
        digest.update(_sha256(path))
    return digest.hexdigest()[:16]


@cache
def _sha256(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()


@cache
def _imported(path: Path) -> tuple[Path, ...]:
    """The files of this package that one file names in its imports."""
    names: set[str] = set()
    for module, members, modules in IMPORT.findall(path.read_text()):
        if module:
            names.add(module)
            names.update(f"{module}.{member}" for member in re.findall(r"\w+", members))
        else:
            names.update(re.findall(r"[\w.]+", modules))
    return tuple(file for name in names for file in _files(name))


@cache
def _files(name: str) -> tuple[Path, ...]:
    """The files that importing the dotted ``name`` runs; none if it is not ours."""
    parts = name.split(".")
    if parts[0] != PACKAGE.name:
        return ()
    module = PACKAGE.joinpath(*parts[1:])
    files = [folder / "__init__.py" for folder in (module, *module.parents)]
    files = [f for f in files if f.is_relative_to(PACKAGE) and f.exists()]
    return (*files, *([module.with_suffix(".py")] if module.with_suffix(".py").exists() else []))
