"""The way back from a file: the job that made it, the jobs that made its inputs, the raw files."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py

from pluvial.errors import PluvialError
from pluvial.files.record import FOLDER, OF_FOLDER, fingerprint, read_records

MOST_RAW = 12
"""Raw files that are listed one by one; of more, the first and the last."""
DIGITS = 12
"""Of a SHA-256 in a list."""


@dataclass
class Job:
    """A job in the lineage of a file.

    Attributes:
        record: as it left it.
        folder: that its paths are relative to.
    """

    record: Mapping[str, Any]
    folder: Path

    @property
    def name(self) -> tuple[str, str]:
        """Which job it is, by whichever of its outputs it was found: its name and its start."""
        return _name(self.record), self.record["ran"]["began"]


@dataclass
class Lineage:
    """All that led to a file.

    Attributes:
        jobs: nearest first.
        raw: the files at the end of the way, with SHA-256 where it is known.
        changed: files that are not what the job that read them saw.
    """

    jobs: list[Job]
    raw: dict[str, str]
    changed: list[str]


def record_of(path: Path) -> Job:
    """The job that made a file, a folder, or what is in one.

    Raises:
        PluvialError: if no record says.
    """
    path = path.absolute()
    found = _maker(path) or _keeper(path)
    if found is None:
        raise PluvialError(
            "no job has left a record of it" if path.exists() else "there is no such file",
            where=path,
            remedy=f"Name an output of the workflow; records lie beside them in {FOLDER}",
        )
    return found


def _maker(path: Path) -> Job | None:
    """The job one of whose outputs is ``path``, or a folder that it lies in."""
    for place in (path, *path.parents):
        for record in read_records(place.parent):
            for entry in record["outputs"]:
                if isinstance(entry, dict) and _at(place.parent, entry["path"]) == place:
                    return Job(record, place.parent)
    return None


def _keeper(path: Path) -> Job | None:
    """The job that keeps files in a folder that ``path`` is or lies in."""
    for place in (path, *path.parents):
        if (place / FOLDER / OF_FOLDER).exists():
            return Job(json.loads((place / FOLDER / OF_FOLDER).read_text()), place)
    return None


def _at(folder: Path, name: str) -> Path:
    return Path(os.path.normpath(folder / name))


def trace(path: Path) -> Lineage:
    """Walk back from a file to the raw files.

    Raises:
        PluvialError: if no record says what made the file.
    """
    first = record_of(path)
    lineage = Lineage([first], {}, [])
    seen: set[Path] = set()
    known = {first.name}
    makers: dict[Path, dict[Path, Job]] = {}
    waiting = [first]
    while waiting:
        job = waiting.pop(0)
        lineage.raw |= _raw_of(job)
        for entry in job.record["inputs"]:
            source = _at(job.folder, entry["path"])
            if source in seen:
                continue
            seen.add(source)
            maker = _cached_maker(source, makers)
            if maker is None:
                if "files" not in entry:
                    lineage.raw.setdefault(str(source), entry.get("sha256", ""))
                continue
            if _differs(maker, source, entry):
                lineage.changed.append(str(source))
            if maker.name not in known:
                known.add(maker.name)
                lineage.jobs.append(maker)
                waiting.append(maker)
    return lineage


def _cached_maker(path: Path, makers: dict[Path, dict[Path, Job]]) -> Job | None:
    """As :func:`_maker` for an output, reading each folder's records once."""
    folder = path.parent
    if folder not in makers:
        makers[folder] = {
            _at(folder, entry["path"]): Job(record, folder)
            for record in read_records(folder)
            for entry in record["outputs"]
            if isinstance(entry, dict)
        }
    return makers[folder].get(path)


def _differs(maker: Job, source: Path, read: Mapping[str, Any]) -> bool:
    """Whether the job that read a file saw other bytes than its maker's record now has."""
    for entry in maker.record["outputs"]:
        if _at(maker.folder, entry["path"]) == source:
            return "sha256" in read and bool(entry["sha256"] != read["sha256"])
    return False


def _raw_of(job: Job) -> dict[str, str]:
    """The raw files that frames files among a job's outputs say they were made from."""
    found: dict[str, str] = {}
    for entry in job.record["outputs"]:
        name = entry["path"] if isinstance(entry, dict) else entry
        path = _at(job.folder, name)
        if path.suffix == ".nc" and path.exists():
            try:
                with h5py.File(path, "r") as file:
                    found |= json.loads(file.attrs["source_files"])
            except (OSError, KeyError):
                continue
    return {str(Path(name).absolute()): sha256 for name, sha256 in found.items()}


def provenance(path: Path) -> Iterator[str]:
    """What made a file, in lines, back to the raw files.

    Raises:
        PluvialError: if no record says what made it.
    """
    job = record_of(path)
    yield from _file(path, job)
    yield from _made_by(job.record)
    lineage = trace(path)
    yield "back to"
    for line in _steps(lineage.jobs[1:]):
        yield f"  {line}"
    for line in _raw(lineage.raw):
        yield f"  {line}"
    for changed in lineage.changed:
        yield f"beware   {_short(changed)} has been made anew since, with other bytes"


def _file(path: Path, job: Job) -> Iterator[str]:
    for entry in job.record["outputs"]:
        if isinstance(entry, dict) and _at(job.folder, entry["path"]) == path.absolute():
            if not path.exists():
                yield f"file     {path}: gone since; SHA-256 was {entry['sha256']}"
                return
            now = fingerprint(path, job.folder)
            same = "as it was made" if now["sha256"] == entry["sha256"] else "CHANGED since"
            yield f"file     {path}, {now['bytes']:,} bytes, {same}"
            yield f"         SHA-256 {now['sha256']}"
            return
    yield f"file     {path}, kept by a job in a folder of its own"


def _made_by(record: Mapping[str, Any]) -> Iterator[str]:
    ran, code, environment = (record[part] for part in ("ran", "code", "environment"))
    job = f", Slurm job {ran['slurm_job']}" if ran["slurm_job"] else ""
    gpus = f", GPU {ran['gpus']}" if ran["gpus"] else ""
    yield f"made by  {_name(record)}, {ran['began']} to {ran['ended']} on {ran['host']}{job}{gpus}"
    yield f"code     commit {code['commit'] or 'unknown'}, library files {code['library']}"
    read = record["params"].get("part")
    yield f"config   {record['config'].get('name')}" + (
        f"; the job read {', '.join(read)}" if isinstance(read, dict) else ""
    )
    for key, value in (read or {}).items() if isinstance(read, dict) else ():
        yield f"           {key}: {json.dumps(value)}"
    packages = ", ".join(f"{n} {v}" for n, v in environment["packages"].items())
    yield f"with     Python {environment['python']} on {environment['system']}"
    yield f"         {packages}"
    if environment["lock_sha256"]:
        yield f"         uv.lock SHA-256 {environment['lock_sha256'][:DIGITS]}"


def _name(record: Mapping[str, Any]) -> str:
    wildcards = ", ".join(f"{key}={value}" for key, value in record["wildcards"].items())
    return f"{record['rule']} ({wildcards})" if wildcards else str(record["rule"])


def _steps(jobs: list[Job]) -> Iterator[str]:
    """A line per rule: how many jobs, when, by which code, and one of the outputs."""
    rules: dict[str, list[Job]] = defaultdict(list)
    for job in jobs:
        rules[job.record["rule"]].append(job)
    last = {rule: max(job.record["ran"]["began"] for job in some) for rule, some in rules.items()}
    for rule in sorted(rules, key=lambda rule: last[rule], reverse=True):
        some = rules[rule]
        began = sorted(job.record["ran"]["began"] for job in some)
        commits = {_short_commit(job.record["code"]["commit"]) for job in some}
        output = some[0].record["outputs"][0]
        what = (
            f"{len(some)} jobs"
            if len(some) > 1
            else f"{Path(output['path']).name}, SHA-256 {output['sha256'][:DIGITS]}"
        )
        yield f"{rule:18} {began[0]}  commit {', '.join(sorted(commits))}  {what}"


def _short_commit(commit: str | None) -> str:
    name, dirty, _ = (commit or "unknown").partition("-dirty")
    return name[:DIGITS] + dirty


def _raw(raw: Mapping[str, str]) -> Iterator[str]:
    if not raw:
        yield "no raw file: terrain, rain and depth were made on the spot"
        return
    named = sorted(raw.items())
    shown = named if len(named) <= MOST_RAW else [named[0], named[-1]]
    yield f"{len(named)} raw file{'s' * (len(named) > 1)}" + (
        ", of which the first and the last:" if len(named) > MOST_RAW else ":"
    )
    for name, sha256 in shown:
        yield f"  {_short(name)}" + (f", SHA-256 {sha256}" if sha256 else "")


def _short(name: str) -> str:
    path = Path(name)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else name


def document(path: Path) -> dict[str, Any]:
    """The same for machines: the records of all jobs on the way back, and the raw files."""
    lineage = trace(path)
    return {
        "file": str(path),
        "jobs": [{**job.record, "folder": str(job.folder)} for job in lineage.jobs],
        "raw": lineage.raw,
        "changed": lineage.changed,
    }
