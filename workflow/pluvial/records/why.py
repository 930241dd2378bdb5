"""The way back from a record: its shard, its window, the raw files, and every correction."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from pluvial.errors import PluvialError
from pluvial.frames.gaps import Status
from pluvial.frames.store import FramesFile
from pluvial.frames.variables import DEPTH, RAIN, Variable
from pluvial.grids.time_axis import iso
from pluvial.records.columns import PLAN
from pluvial.records.layout import edition_of, shard_name, shard_number
from pluvial.records.manifest import read_manifest
from pluvial.records.window import Window

PLACE = re.compile(
    r"(?P<split>train|val|test)/(?P<shard>\d{2}-\d{5})(\.tfrecord\.gz)?:(?P<row>\d+)"
)


def why(results: Path, what: str) -> Iterator[str]:
    """Explain a record, in lines.

    Args:
        results: the results of a case.
        what: its time (NOW, such as 2020-01-20T05:05Z), or ``train/01-00000:12``, its shard and
            row.

    Raises:
        PluvialError: if there is no such record, or the dataset is not built.
    """
    manifest = read_manifest(results / "shards" / "manifest.json")
    window = Window.of(manifest)
    row = _planned(results / "plan", what)
    step = manifest["step_seconds"]
    yield f"record   NOW {iso(row['time'])}"
    yield from _fate(row, manifest)
    yield f"storm    {row['storm']}" if row["storm"] else "storm    none before it"
    yield (
        f"digest   {row['digest_hi']:016x}{row['digest_lo']:016x}"
        if row["digest_hi"]
        else ("digest   none: the record was never whole")
    )
    start = row["time"] - (window.steps - 1) * step
    yield f"rain     {iso(start)} to {iso(row['time'])}, {window.steps} frames of {step // 60} min"
    for channel, (first, last) in enumerate(window.spans()):
        yield (
            f"         channel {channel}: {window.pooling} of {iso(start + first * step)} "
            f"to {iso(start + (last - 1) * step)}"
        )
    rain = range(start, row["time"] + step, step)
    yield from _sources(results / "frames" / "rain", RAIN, rain)
    target = row["time"] + window.lead * step
    yield f"depth    {iso(target)}"
    yield from _sources(results / "frames" / "depth", DEPTH, range(target, target + 1))


def _planned(plans: Path, what: str) -> dict[str, Any]:
    """The row of the plan that ``what`` names."""
    place = PLACE.fullmatch(what)
    if place:
        files = [plans / f"{edition_of(place['shard'])}.parquet"]
        number, row = shard_number(place["shard"]), int(place["row"])
        condition = f"split = '{place['split']}' AND shard = {number} AND row = {row}"
    else:
        files, condition = sorted(plans.glob("[0-9]*.parquet")), f"time = {_epoch(what)}"
    if not files or not all(file.exists() for file in files):
        raise PluvialError(
            "there is no plan", where=plans, remedy="Build the dataset: `snakemake tfrecords`"
        )
    names = [*PLAN.names, "filename"]
    found = (
        duckdb.connect(config={"threads": 1})
        .read_parquet([str(file) for file in files], filename=True)
        .filter(condition)
        .project(", ".join(names))
        .fetchall()
    )
    if not found:
        raise PluvialError(
            f"no candidate is {what}",
            where=plans,
            remedy=_what_there_is(files),
        )
    entry = dict(zip(names, found[0], strict=True))
    entry["edition"] = int(Path(entry["filename"]).stem)
    return entry


def _what_there_is(plans: list[Path]) -> str:
    """The first and the last candidate of some plans, in words."""
    found = duckdb.connect(config={"threads": 1}).read_parquet([str(plan) for plan in plans])
    first, last = found.aggregate("min(time), max(time)").fetchall()[0]
    return (
        f"Give a time from {iso(first)} to {iso(last)}, on the step of the case, or a shard and "
        "row of the manifest"
    )


def _epoch(what: str) -> int:
    try:
        moment = datetime.fromisoformat(what)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise PluvialError(
            f"{what!r} is neither a UTC time nor a place in a shard",
            where="why",
            remedy="Write such as 2020-01-20T05:05Z or train/01-00000:12",
        )
    return int(moment.timestamp())


def _fate(row: dict[str, Any], manifest: dict[str, Any]) -> Iterator[str]:
    """What became of it."""
    if row["reason"] is not None:
        of = f" of {iso(row['duplicate_of'])}" if row["duplicate_of"] is not None else ""
        yield f"dropped  {row['reason']}{of} (it would be in {row['split']})"
        return
    name = f"{row['split']}/{shard_name(row['edition'], row['shard'])}.tfrecord.gz"
    yield f"kept     {name}, row {row['row']} (edition {row['edition']:02d})"
    for entry in manifest["splits"][row["split"]]["shards"]:
        if entry["file"] == name:
            yield f"         {entry['records']} records, SHA-256 {entry['sha256']}"
    if row["same_rain"]:
        yield "         its rain alone was seen before, with another depth"


@dataclass
class _Use:
    """What one raw file gave."""

    sha256: str
    frames: int = 0
    first: str = ""


def _sources(folder: Path, variable: Variable, times: range) -> Iterator[str]:
    """Where the frames of some times come from, and what was done to them."""
    used: dict[str, _Use] = {}
    notes: list[str] = []
    for path in sorted(folder.glob("*.nc")):
        if _may_hold(path.stem, times):
            file = FramesFile(path, variable)
            notes += _notes(file, times, used)
            file.close()
    for raw, use in used.items():
        sha256 = f", SHA-256 {use.sha256}" if use.sha256 else ""
        yield f"         {use.frames} from {raw}{sha256}"
        if use.first != raw:
            yield f"           the first is {use.first.removeprefix(raw)}"
    yield from notes
    if not used and not notes:
        yield "         no frames of these times"


def _notes(file: FramesFile, times: range, used: dict[str, _Use]) -> Iterator[str]:
    """What is special about the frames of some times; the raw files go into ``used``."""
    origins, altered, hashes = file.origins, file.altered, file.source_files
    problems = {problem["time"]: problem["problem"] for problem in file.account.problems}
    for at in np.flatnonzero(np.isin(file.times, np.array(times))).tolist():
        time = iso(int(file.times[at]))
        status = Status(file.status[at])
        if status != Status.OBSERVED or time in problems:
            problem = f": {problems[time]}" if time in problems else ""
            yield f"         {time} is {status.name.lower()}{problem}"
        if altered[at]:
            yield f"         {time}: {altered[at]} cells altered"
        if status == Status.OBSERVED:
            raw = re.split(r"[!#]", origins[at])[0]
            use = used.setdefault(raw, _Use(hashes.get(raw, "")))
            use.frames, use.first = use.frames + 1, use.first or origins[at]


def _may_hold(period: str, times: range) -> bool:
    """Whether a period of that name (a year, month or day) holds any of the times."""
    return any(iso(time).startswith(period) for time in times)
