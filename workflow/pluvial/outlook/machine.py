"""Would the machine do? Room on the disk, and what the cluster of a profile has to offer."""

from __future__ import annotations

import getpass
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pluvial.errors import PluvialError
from pluvial.files.asking import ask
from pluvial.outlook.costs import Costs
from pluvial.outlook.findings import Finding, existing

LEARNING = ("pretrain", "pretrain_control", "embed", "embed_control")
"""Rules that ask for a GPU."""
SINFO = ("sinfo", "--noheader", "--format=%P|%G|%a|%l")
"""Partition, generic resources, availability and time limit, a line per kind of node."""


def used_bytes(folder: Path) -> int:
    """Bytes of the files below a folder that is perhaps not there yet."""
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file() and not f.is_symlink())


def free_bytes(folder: Path) -> int:
    """Bytes that are free where a folder is, or will be."""
    return shutil.disk_usage(existing(folder)).free


def check_disk(costs: Costs, results: Path) -> Iterator[Finding]:
    """Findings on the folder of the results."""
    place = existing(results)
    if not os.access(place, os.W_OK):
        yield Finding(
            "error",
            str(results),
            f"{place} cannot be written to",
            "Move the results: `pathvars: {results: /where/you/may}`",
        )
        return
    free = free_bytes(results)
    made = used_bytes(results)
    expected, most = (sum(d.values()) - made for d in (costs.disk, costs.disk_most))
    if max(expected, 0) > free:
        yield Finding(
            "error",
            str(results),
            f"{gigabytes(free)} are free, {gigabytes(expected)} more are expected",
            "Free some space, or move the results: `pathvars: {results: /scratch/me/results}`",
        )
    elif most > free:
        yield Finding(
            "warning",
            str(results),
            f"{gigabytes(free)} are free; {gigabytes(expected)} more are expected, but "
            f"{gigabytes(most)} if the fields hardly compress",
            "Watch the first periods: their size says how the rest will compress",
        )


def gigabytes(size: float) -> str:
    """A number of bytes for people."""
    for factor, unit in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB")):
        if size >= factor:
            return f"{size / factor:.3g} {unit}"
    return f"{max(size, 0) / 1e3:.3g} kB"


@dataclass(frozen=True)
class Partition:
    """What a partition of the cluster has.

    Attributes:
        gres: generic resources of any of its nodes, such as `gpu:a100:4`.
        up: whether it takes jobs.
    """

    gres: frozenset[str]
    up: bool

    @property
    def gpus(self) -> bool:
        """Whether any of its nodes has a GPU."""
        return any(entry.partition(":")[0] == "gpu" for entry in self.gres)


def partitions() -> dict[str, Partition] | None:
    """The partitions that `sinfo` names; None where no cluster answers."""
    printed = ask(*SINFO)
    return None if printed is None else read_sinfo(printed)


def accounts() -> frozenset[str] | None:
    """The accounts that jobs of ours may be charged to; None where no slurmdbd tells."""
    ours = ("--noheader", "--parsable2", "--associations", "list", "user", getpass.getuser())
    printed = ask("sacctmgr", *ours, "format=account")
    return frozenset(printed.lower().split()) or None if printed is not None else None


def read_sinfo(printed: str) -> dict[str, Partition]:
    """The partitions in what :data:`SINFO` printed."""
    found: dict[str, Partition] = {}
    for line in printed.splitlines():
        name, gres, state, _ = line.split("|")
        name = name.rstrip("*")
        before = found.get(name, Partition(frozenset(), up=False))
        own = {entry.partition("(")[0] for entry in gres.split(",") if entry != "(null)"}
        found[name] = Partition(before.gres | own, up=before.up or state == "up")
    return found


def check_cluster(
    profile: Path, found: Mapping[str, Partition] | None, ours: frozenset[str] | None = None
) -> Iterator[Finding]:
    """Findings on what a profile asks of the cluster.

    Args:
        profile: folder of the profile.
        found: the cluster's partitions; None where none answered.
        ours: accounts that may be charged, in lower case; None where none are known.
    """
    settings = _profile(profile)
    if settings.get("executor") != "slurm":
        return
    if found is None:
        yield Finding(
            "note",
            str(profile),
            "no cluster answered `sinfo`: partitions and GPUs were not looked at",
            "Run `check` where jobs are submitted",
        )
        return
    default = _resources(settings.get("default-resources"))
    rules: dict[str, dict[str, Any]] = dict.fromkeys(("", *LEARNING), default)
    for rule, own in (settings.get("set-resources") or {}).items():
        rules[rule] = {**default, **_resources(own)}
    for rule, wanted in rules.items():
        where = f"{profile}: " + (f"`set-resources: {rule}`" if rule else "`default-resources`")
        yield from _check_partition(where, wanted, found, learns=rule in LEARNING)
        if not rule or wanted.get("slurm_account") != default.get("slurm_account"):
            yield from _check_account(where, wanted, ours)


def _check_account(
    where: str, wanted: Mapping[str, Any], ours: frozenset[str] | None
) -> Iterator[Finding]:
    """Jobs of a batch that cannot be charged are waited for, for ever (plugin 2.8)."""
    for one in filter(None, re.split(r"[,\s]+", str(wanted.get("slurm_account", "")))):
        if ours is not None and one.lower() not in ours:
            yield Finding(
                "error",
                where,
                f"no job of yours can be charged to the account {one!r}",
                f"Write one of: {', '.join(sorted(ours))}",
            )


def _check_partition(
    where: str, wanted: Mapping[str, Any], found: Mapping[str, Partition], *, learns: bool
) -> Iterator[Finding]:
    name = str(wanted.get("slurm_partition", ""))
    known = ", ".join(sorted(found)) or "none"
    for one in filter(None, name.split(",")):
        if one not in found:
            yield Finding(
                "error",
                where,
                f"the cluster has no partition {one!r}",
                f"Write one of: {known}",
            )
        elif not found[one].up:
            yield Finding("warning", where, f"partition {one!r} is down", "Ask, or take another")
        elif not found[one].gpus and (learns or "gpu" in str(wanted.get("gres", ""))):
            with_gpus = ", ".join(sorted(n for n, p in found.items() if p.gpus)) or "none has one"
            yield Finding(
                "error",
                where,
                f"partition {one!r} has no GPU, which the rule asks for",
                f"Name a partition with a GPU: {with_gpus}",
            )


def _resources(section: Any) -> dict[str, Any]:
    """Resources as a profile gives them: keys and values, or a list of `key=value`."""
    if isinstance(section, list):
        return dict(entry.split("=", 1) for entry in section)
    return dict(section or {})


def _profile(folder: Path) -> dict[str, Any]:
    """The settings of a profile."""
    files = sorted(folder.glob("config*.yaml"))
    if not files:
        raise PluvialError(
            "it holds no config.yaml", where=folder, remedy="Name the folder of a profile"
        )
    return dict(yaml.safe_load(files[-1].read_text()) or {})
