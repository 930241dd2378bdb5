"""The ledger: every frame and every candidate accounted for, from the raw data to the shards."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pluvial.errors import PluvialError
from pluvial.files.documents import read_json, write_json
from pluvial.jobs import logger
from pluvial.records.lag import check_lag, lag_of_shards
from pluvial.records.manifest import read_manifest


def make_proofs(
    report: Path,
    summaries: Sequence[Path],
    manifest: Path,
    tables: Sequence[Path],
    *,
    steps: int,
    largest_lag_hours: float,
    path: Path,
) -> None:
    """Write the ledger and the lag proof of a finished dataset.

    Args:
        report: the report on the frames.
        summaries: the plans' summaries.
        manifest: the dataset.
        tables: the tables of its shards.
        steps: rain steps of the case.
        largest_lag_hours: lag of the depth behind its rain that is still believed.
        path: the file to make.

    Raises:
        PluvialError: if the ledger does not add up, or the lag contradicts the lead.
    """
    document = read_manifest(manifest)
    ledger = make_ledger(read_json(report), [read_json(file) for file in summaries], document)
    check_ledger(ledger, steps, manifest)
    lag = lag_of_shards(tables, document)
    if lag.minutes is None:
        logger.info("no lag can be told: rain and rise of the depth are not correlated")
    else:
        logger.info(
            "the depth rises %g min after its rain (correlation %.2f)", lag.minutes, lag.correlation
        )
    check_lag(lag, largest_minutes=60 * largest_lag_hours, where=manifest)
    write_json(path, {"ledger": ledger, "lag": lag.to_dict()})


def make_ledger(
    report: dict[str, Any], summaries: Sequence[dict[str, Any]], manifest: dict[str, Any]
) -> dict[str, Any]:
    """What went in and what became of it: frames of rain and depth, then candidates."""
    frames = {}
    for name in ("rain", "depth"):
        account = report[name]
        frames[name] = {
            "given": account["given"],
            "used": account["observed"],
            "empty": account["empty"],
            "dropped": account["dropped"],
            "steps": account["observed"] + account["interpolated"] + account["missing"],
            "interpolated": account["interpolated"],
            "missing": account["missing"],
        }
    dropped: dict[str, int] = {}
    for summary in summaries:
        for reason, entry in summary["dropped"].items():
            dropped[reason] = dropped.get(reason, 0) + entry["records"]
    return {
        "frames": frames,
        "candidates": sum(summary["candidates"] for summary in summaries),
        "dropped": dropped,
        "kept": sum(summary["kept"] for summary in summaries),
        "in_shards": sum(split["records"] for split in manifest["splits"].values()),
    }


def check_ledger(ledger: dict[str, Any], steps: int, where: Path) -> None:
    """Refuse a ledger that does not add up.

    Raises:
        PluvialError: naming the line that does not.
    """
    lines = {
        f"{name} frames given = used + empty + dropped": (
            entry["given"],
            entry["used"] + entry["empty"] + sum(entry["dropped"].values()),
        )
        for name, entry in ledger["frames"].items()
    }
    lines["rain steps of the case = steps of the frames"] = (
        steps,
        ledger["frames"]["rain"]["steps"],
    )
    lines["rain steps = candidates"] = (steps, ledger["candidates"])
    lines["candidates = kept + dropped"] = (
        ledger["candidates"],
        ledger["kept"] + sum(ledger["dropped"].values()),
    )
    lines["kept = records in shards"] = (ledger["kept"], ledger["in_shards"])
    for line, (one, other) in lines.items():
        if one != other:
            raise PluvialError(
                f"the ledger does not add up: {line}, but {one} is not {other}",
                where=where,
                remedy="A stage was changed by hand or is incomplete: delete the index and run "
                "the workflow again",
            )
