"""What a dry run through a profile announces, as jobs of the queue."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from workplace import CHECKOUT


@dataclass(frozen=True)
class Announced:
    """A job of a dry run.

    Attributes:
        rule: its name.
        local: whether it runs beside Snakemake, and is not submitted.
        threads: it may use.
        resources: that it asks for; numbers as int.
    """

    rule: str
    local: bool
    threads: int
    resources: dict[str, Any]


def announced(printed: str) -> list[Announced]:
    """The jobs of a dry run, from what it printed (without `--quiet`)."""
    found = []
    local = local_rules()
    # A job begins with its rule, and is indented if it is one of a group.
    jobs = r"^( *)(?:local)?(?:rule|checkpoint) (\w+):\n((?:\1    .*\n)+)"
    for _, rule, block in re.findall(jobs, printed, flags=re.MULTILINE):
        told = dict(re.findall(r"^ +(threads|resources): (.*)$", block, flags=re.MULTILINE))
        resources: dict[str, Any] = {}
        for word in told["resources"].split(", "):
            name, _, value = word.partition("=")
            resources[name] = int(value) if value.isdecimal() else value
        threads = int(told.get("threads", 1))
        found.append(Announced(rule, rule in local, threads, resources))
    return found


def local_rules() -> set[str]:
    """Rules that run beside Snakemake, as the rule files say."""
    files = [CHECKOUT / "Snakefile", *(CHECKOUT / "workflow" / "rules").glob("*.smk")]
    found: set[str] = set()
    for file in files:
        blocks = re.split(r"^(?:checkpoint|(?:use )?rule) ", file.read_text(), flags=re.MULTILINE)
        for block in blocks[1:]:
            head = re.match(r"(\w+)(?: as (\w+) with)?:", block)
            if head and ("localrule: True" in block or head[1] in found):
                found.add(head[2] or head[1])
    return found


def settings(profile: Path) -> dict[str, Any]:
    """A profile."""
    content: dict[str, Any] = yaml.safe_load((profile / "config.yaml").read_text())
    return content


def submissions(printed: str) -> Counter[str]:
    """Jobs of the queue per rule, or per kind of group."""
    found: Counter[str] = Counter()
    groups = re.findall(r"^\[.*\] Group job (\w+?)(?:_\d+)? \(", printed, flags=re.MULTILINE)
    found.update(groups)
    alone = re.sub(r"^ +.*\n", "", printed, flags=re.MULTILINE)
    local = local_rules()
    rules = re.findall(r"^(?:rule|checkpoint) (\w+):", alone, flags=re.MULTILINE)
    found.update(rule for rule in rules if rule not in local)
    return found


def booked(jobs: list[Announced], resource: str = "") -> float:
    """Hours for which the queue reserves cores, or units of a resource, at the most."""
    remote = [job for job in jobs if not job.local]
    units = [job.resources.get(resource, 0) if resource else job.threads for job in remote]
    minutes = [job.resources["runtime"] for job in remote]
    return sum(n * time for n, time in zip(units, minutes, strict=True)) / 60
