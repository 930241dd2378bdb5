"""What a job says of itself: which configuration, code, inputs and environment made its outputs.

The record of a job lies in the folder of its outputs, below `.provenance`, under the name of the
first of them. It goes with the folder wherever that is copied, and names inputs relative to it.
Outputs themselves hold nothing of it: the same input gives the same bytes, whoever runs it.

SHA-256 of an input is taken from the record of the job that made it, as long as size and time of
the file are those of the record; so that many jobs may read a large file that is hashed once.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import socket
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pluvial.files.asking import ask
from pluvial.files.documents import write_json
from pluvial.files.fingerprints import document_sha256, file_sha256

FOLDER = ".provenance"
OF_FOLDER = "folder.json"
"""The record of a job that keeps files in a folder which is none of its outputs."""
MOST_HASHED = 1 << 26
"""Bytes of inputs without a record that are hashed; frames files hold the hashes of raw files."""
MOST_LISTED = 100
"""Inputs without a record that are listed one by one; of more, their folders."""
CHECKOUT = Path(__file__).resolve().parents[3]


def write_records(job: Any, began: datetime) -> None:
    """Write the record of a finished job beside its outputs.

    Args:
        job: Snakemake's object of a script: `input`, `output`, `params`, `config` and so on.
        began: when it began.
    """
    outputs = [Path(path) for path in job.output]
    for folder in sorted({path.parent for path in outputs}):
        here = [path for path in outputs if path.parent == folder]
        record = _record(job, began, folder)
        record["outputs"] = [fingerprint(path, folder) for path in outputs]
        write_json(folder / FOLDER / f"{quote(here[0].name)}.json", record)


def write_folder_record(job: Any, began: datetime, folder: Path) -> None:
    """Write the record of a running job into a folder in which it keeps files."""
    record = _record(job, began, folder)
    record["outputs"] = [os.path.relpath(path, folder) for path in job.output]
    write_json(folder / FOLDER / OF_FOLDER, record)


def fingerprint(path: Path, folder: Path) -> dict[str, Any]:
    """Name relative to ``folder``, size, time and SHA-256 of a file, or of a folder's files."""
    found = path.stat()
    own = {"path": os.path.relpath(path, folder)}
    if not path.is_dir():
        sha256 = file_sha256(path)
        return own | {"bytes": found.st_size, "time_ns": found.st_mtime_ns, "sha256": sha256}
    files = sorted(f for f in path.rglob("*") if f.is_file() and FOLDER not in f.parts)
    tree = {str(f.relative_to(path)): file_sha256(f) for f in files}
    size = sum(f.stat().st_size for f in files)
    return own | {"files": len(files), "bytes": size, "sha256": document_sha256(tree)}


def read_records(folder: Path) -> list[dict[str, Any]]:
    """All records of jobs in a folder; those that are no JSON are passed over."""
    found = []
    for path in sorted((folder / FOLDER).glob("*.json")):
        try:
            found.append(json.loads(path.read_text()))
        except (OSError, json.JSONDecodeError):
            continue
    return found


@cache
def _made(folder: Path) -> dict[Path, dict[str, Any]]:
    """What the records of a folder say of the files in it."""
    return {
        folder / entry["path"]: entry
        for record in read_records(folder)
        for entry in record["outputs"]
        if isinstance(entry, dict) and "time_ns" in entry and os.sep not in entry["path"]
    }


def _record(job: Any, began: datetime, folder: Path) -> dict[str, Any]:
    made, raw = [], []
    for path in dict.fromkeys(map(Path, job.input)):
        known = _made(path.parent).get(path)
        stat = path.stat()
        if known and (known["bytes"], known["time_ns"]) == (stat.st_size, stat.st_mtime_ns):
            own = {"path": _seen_from(path, folder), "bytes": stat.st_size}
            made.append(own | {"sha256": known["sha256"]})
        else:
            raw.append(path)
    return {
        "rule": job.rule,
        "wildcards": dict(job.wildcards.items()),
        "inputs": made + _raw(raw, folder),
        "config": _plain(job.config),
        "params": _plain(dict(job.params.items())),
        "code": {
            "commit": _commit(),
            "library": job.params.get("code"),
        },
        "environment": _environment(),
        "ran": {
            "began": f"{began:%Y-%m-%dT%H:%M:%SZ}",
            "ended": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "host": socket.gethostname(),
            "threads": job.threads,
            "slurm_job": os.environ.get("SLURM_JOB_ID"),
            "gpus": os.environ.get("CUDA_VISIBLE_DEVICES"),
        },
    }


def _raw(paths: list[Path], folder: Path) -> list[dict[str, Any]]:
    """Inputs that no job of ours made, or that are not as it made them."""
    sizes = {path: path.stat().st_size for path in paths}
    if len(paths) > MOST_LISTED:
        folders: dict[Path, list[Path]] = {}
        for path in paths:
            folders.setdefault(path.parent, []).append(path)
        return [
            {
                "path": _seen_from(parent, folder),
                "files": len(inside),
                "bytes": sum(sizes[path] for path in inside),
                "names_sha256": _names(inside),
            }
            for parent, inside in sorted(folders.items())
        ]
    hashed = sum(sizes[path] for path in paths if path.is_file()) <= MOST_HASHED
    return [
        {"path": _seen_from(path, folder), "bytes": sizes[path]}
        | ({"sha256": file_sha256(path)} if hashed and path.is_file() else {})
        for path in paths
    ]


def _names(paths: Iterable[Path]) -> str:
    return hashlib.sha256("\n".join(sorted(path.name for path in paths)).encode()).hexdigest()


def _seen_from(path: Path, folder: Path) -> str:
    """A relative path as it is seen from ``folder``; an absolute one as it is."""
    return str(path) if path.is_absolute() else os.path.relpath(path, folder)


def _plain(value: Any) -> Any:
    """A value as JSON has it; what it does not have becomes text."""
    return json.loads(json.dumps(value, default=_text))


def _text(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else str(value)


@cache
def _commit() -> str | None:
    """The commit of the checkout, with `-dirty` where files differ from it; None outside of git."""
    found = ask("git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*", at=CHECKOUT)
    return found.strip() if found else None


_distributions = cache(packages_distributions)


def _environment() -> dict[str, Any]:
    """Python, the system, and the packages of which the job had imported a module.

    Versions are those of what is installed: some modules state one that is not theirs.
    """
    distributions = _distributions()
    names = sorted({name.partition(".")[0] for name in sys.modules} - sys.stdlib_module_names)
    packages = {}
    for name in names:
        for distribution in distributions.get(name, ()):
            packages[distribution] = version(distribution)
    lock = CHECKOUT / "uv.lock"
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "packages": packages,
        "lock_sha256": file_sha256(lock) if lock.exists() else None,
    }
