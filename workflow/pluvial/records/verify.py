"""Verifying and repairing a finished dataset, shard by shard, in parallel."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pluvial.config.data import FramesConfig, RecordsConfig
from pluvial.config.times import TimeConfig
from pluvial.errors import PluvialError
from pluvial.files.documents import read_json
from pluvial.jobs import logger, progress
from pluvial.records.examine import Finding, examine, examine_file
from pluvial.records.layout import edition_of
from pluvial.records.manifest import read_manifest
from pluvial.records.members import read_members
from pluvial.records.shards import make_shard, planned_records
from pluvial.sources.registry import DepthSource


@dataclass(frozen=True)
class Shard:
    """One shard of a manifest.

    Attributes:
        path: its file.
        split: its split.
        entry: what the manifest says of it.
    """

    path: Path
    split: str
    entry: dict[str, Any]

    @property
    def name(self) -> str:
        """Edition and number, such as 01-00007."""
        return self.path.name.partition(".")[0]

    @property
    def table(self) -> Path:
        """The table of its records."""
        return self.path.with_name(f"{self.name}.parquet")

    @property
    def sidecar(self) -> Path:
        """Its sidecar."""
        return self.path.with_name(f"{self.name}.json")


def shards_of(manifest: Path) -> list[Shard]:
    """All shards that a manifest names."""
    return [
        Shard(manifest.parent / entry["file"], split, entry)
        for split, listed in read_manifest(manifest)["splits"].items()
        for entry in listed["shards"]
    ]


def verify(manifest: Path, plans: Path, *, workers: int) -> list[Finding]:
    """Read every record of every shard, and say what is wrong where.

    Each is compared with what was written (the shard's table), with what the manifest says, and
    with what the index found in the frames (the plan).

    Args:
        manifest: the dataset.
        plans: folder of the plans.
        workers: processes to use.
    """
    shards = shards_of(manifest)
    features = read_manifest(manifest)["features"]
    check = partial(verify_shard, plans=plans, features=features)
    findings: list[Finding] = []
    with ProcessPoolExecutor(max_workers=workers) as pool:
        for found in progress(pool.map(check, shards), "shards", len(shards)):
            findings += found
    return findings


def verify_shard(shard: Shard, *, plans: Path, features: dict[str, Any]) -> list[Finding]:
    """Everything that is wrong with one shard."""
    name = f"{shard.split}/{shard.path.name}"
    try:
        members = read_members(shard.table)
        sidecar = read_json(shard.sidecar)
    except PluvialError as error:
        return [Finding(name, None, f"{Path(error.where).name}: {error.problem}")]
    planned = planned_records(plans / f"{edition_of(shard.name)}.parquet", shard.split, shard.name)
    findings = [
        found
        for found in examine(shard.path, members, planned.digests, features)
        if isinstance(found, Finding)
    ]
    expected = shard.entry["records"]
    if len(members) != expected or [m.time for m in members] != planned.times.tolist():
        findings.append(
            Finding(
                name, None, f"its table lists {len(members)} records, not the planned {expected}"
            )
        )
    if any(sidecar.get(key) != shard.entry[key] for key in ("records", "bytes", "sha256")):
        findings.append(Finding(name, None, "its sidecar contradicts the manifest"))
    whole = examine_file(shard.path, shard.entry["bytes"], shard.entry["sha256"])
    return findings + ([whole] if whole and not findings else [])


def report(findings: Sequence[Finding], manifest: Path) -> None:
    """Log all findings.

    Raises:
        PluvialError: if there is any.
    """
    for finding in findings:
        logger.error("%s", finding)
    if findings:
        shards = len({finding.shard for finding in findings})
        raise PluvialError(
            f"{len(findings)} faults in {shards} shards; the first: {findings[0]}",
            where=manifest,
            remedy="`snakemake repair` makes the damaged shards again, byte for byte",
        )
    listed = shards_of(manifest)
    records = sum(shard.entry["records"] for shard in listed)
    logger.info("%d records in %d shards are what was planned and written", records, len(listed))


def repair(
    manifest: Path,
    plans: Path,
    frames_folder: Path,
    time: Sequence[TimeConfig],
    depth: DepthSource,
    frames: FramesConfig,
    records: RecordsConfig,
    *,
    workers: int,
) -> list[Shard]:
    """Make the damaged shards of a dataset again, and only those.

    Args:
        manifest: the dataset.
        plans: folder of the plans.
        frames_folder: folder of the frames.
        time: the case's time as of each edition.
        depth: the depth section of the case.
        frames: the frames section of the case.
        records: the records section of the case.
        workers: processes to use.

    Returns:
        The shards that were made again.

    Raises:
        PluvialError: if one cannot be made again with the bytes that the manifest names.
    """
    bad = {finding.shard for finding in verify(manifest, plans, workers=workers)}
    damaged = [s for s in shards_of(manifest) if f"{s.split}/{s.path.name}" in bad]
    for shard in damaged:
        edition = edition_of(shard.name)
        make_shard(
            frames_folder,
            plans / f"{edition}.parquet",
            time[int(edition) - 1],
            depth,
            frames,
            records,
            shard.path,
            shard.table,
            shard.sidecar,
        )
        found = examine_file(shard.path, shard.entry["bytes"], shard.entry["sha256"])
        if found is not None:
            raise PluvialError(
                f"made again, {found.problem}",
                where=shard.path,
                remedy="Frames, plan or code have changed since the dataset was built: delete "
                f"{manifest} and run the workflow again",
            )
        _as_old_as(manifest, shard)
        logger.info("made again, byte for byte: %s/%s", shard.split, shard.path.name)
    logger.info("%d shards were damaged and are repaired", len(damaged))
    return damaged


def _as_old_as(manifest: Path, shard: Shard) -> None:
    """Date the files of a repaired shard back, so that nothing that was made of it is remade."""
    moment = manifest.stat().st_mtime_ns
    for path in (shard.path, shard.table, shard.sidecar):
        os.utime(path, ns=(moment, moment))
