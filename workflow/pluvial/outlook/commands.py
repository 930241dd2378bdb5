"""`describe` and `check`, as commands and as rules call them."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from pluvial.case.case import Case, load_case
from pluvial.errors import PluvialError
from pluvial.outlook.costs import costs_of
from pluvial.outlook.counts import counts_of
from pluvial.outlook.findings import Finding, error_of, guarded, verdict_on
from pluvial.outlook.geometry import grids_of
from pluvial.outlook.inputs import check_inputs
from pluvial.outlook.machine import accounts, check_cluster, check_disk, partitions
from pluvial.outlook.records import check_records
from pluvial.outlook.screen import describe

INDENT = 10
"""Columns that the names of the lines of the screen take."""


def read_cases(files: Sequence[Path]) -> dict[str, Any]:
    """The configuration in YAML files, later ones over earlier ones, as Snakemake merges them.

    Raises:
        PluvialError: if one cannot be read.
    """
    merged: dict[str, Any] = {}
    for file in files:
        try:
            document = yaml.safe_load(file.read_text())
        except (OSError, yaml.YAMLError) as error:
            raise PluvialError(
                f"it cannot be read ({error})", where=file, remedy="Give the file of a case"
            ) from None
        if not isinstance(document, dict):
            raise PluvialError("it holds no keys", where=file, remedy="Give the file of a case")
        _merge(merged, document)
    return merged


def _merge(onto: dict[str, Any], more: Mapping[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(onto.get(key), dict):
            _merge(onto[key], value)
        else:
            onto[key] = value


def results_of(case: Case) -> Path:
    """Where the results of a case are, unless a workflow that imports this one moves them."""
    return Path(case.pathvars.get("results", f"results/{case.name}"))


def print_description(document: Mapping[str, Any], results: Path | None, where: str) -> None:
    """Print the case in a screen.

    Raises:
        PluvialError: if the configuration cannot be used.
    """
    case = load_case(document, where=where)
    width = shutil.get_terminal_size((100, 0)).columns
    for line in describe(case, results or results_of(case), where):
        print(textwrap.fill(line, width, subsequent_indent=" " * INDENT))


def check_case(
    document: Mapping[str, Any], results: Path, where: str, profiles: Sequence[Path]
) -> None:
    """Print what would fail, for a job; the arguments are those of :func:`print_findings`.

    Raises:
        PluvialError: if anything would.
    """
    if print_findings(document, results, where, profiles):
        raise PluvialError(
            "the case would not run to its end", where=where, remedy="Mend what is listed above"
        )


def print_findings(
    document: Mapping[str, Any], results: Path | None, where: str, profiles: Sequence[Path]
) -> bool:
    """Print what would fail, and one line on all of it; whether anything would.

    Args:
        document: the configuration.
        results: where the results will be; None where the configuration says.
        where: its file.
        profiles: folders of Snakemake profiles to hold against the cluster.
    """
    found = list(find(document, results, where, profiles))
    for finding in found:
        for line in finding.lines():
            print(line)
    print(f"{where}: {verdict_on(found)}")
    return any(finding.severity == "error" for finding in found)


def find(
    document: Mapping[str, Any], results: Path | None, where: str, profiles: Sequence[Path]
) -> Iterator[Finding]:
    """All findings on a case; the arguments are those of :func:`print_findings`."""
    try:
        case = load_case(document, where=where)
    except PluvialError as error:
        yield error_of(error)
        return
    inputs = list(check_inputs(case))
    yield from inputs
    counts = counts_of(case)
    yield from check_records(case, counts)
    if not any(finding.severity == "error" for finding in inputs):
        costs = costs_of(case, counts, grids_of(case))
        yield from check_disk(costs, results or results_of(case))
    for profile in profiles:
        yield from guarded(partial(check_cluster, profile, partitions(), accounts()), "")
