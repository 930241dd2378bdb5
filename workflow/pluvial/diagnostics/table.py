"""Retrieval as a table: a line per method, for reports and spreadsheets."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from pluvial.errors import PluvialError
from pluvial.files.atomic import atomic_path
from pluvial.files.documents import read_json

DIRECTIONS = {"rain_to_depth": "rain to depth", "depth_to_rain": "depth to rain"}
MEASURES = ("R@1", "R@5", "R@10", "median_rank")


def write_retrieval_table(report: Path, path: Path) -> None:
    """Write recall in per cent and median ranks of all methods, and of chance, as CSV.

    Args:
        report: JSON file as ``diagnostics.judge.make_retrieval`` writes it.
        path: the file to make.

    Raises:
        PluvialError: if it is no such report.
    """
    document = read_json(report)
    try:
        rows = _rows(document)
    except (KeyError, TypeError) as error:
        raise PluvialError(
            f"not a retrieval report ({type(error).__name__}: {error})",
            where=report,
            remedy="Delete it and run the workflow again to remake it",
        ) from None
    columns = [f"{name}: {measure}" for name in DIRECTIONS.values() for measure in MEASURES]
    with atomic_path(path) as temporary, temporary.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["method", "kind", *columns])
        writer.writerows(rows)


def _rows(document: dict[str, Any]) -> list[list[str]]:
    rows = []
    for name, scores in document["methods"].items():
        values = [
            _shown(scores[side][measure], measure) for side in DIRECTIONS for measure in MEASURES
        ]
        rows.append([name, scores["kind"], *values])
    chance = [_shown(document["chance"].get(measure), measure) for measure in MEASURES]
    candidates = f"{document['candidates']} candidates"
    return [*rows, ["chance", candidates, *chance * len(DIRECTIONS)]]


def _shown(value: float | None, measure: str) -> str:
    if value is None:
        return ""
    return f"{value:g}" if measure == "median_rank" else f"{100 * value:.1f} %"
