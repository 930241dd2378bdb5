"""The plan: one reduce over the index that says which candidates live, in which split and shard.

Everything is SQL over the index files, so that memory does not grow with the years.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from pluvial.config.data import RecordsConfig, SplitConfig
from pluvial.config.times import TimeConfig
from pluvial.errors import PluvialError
from pluvial.files.atomic import atomic_path
from pluvial.files.documents import write_json
from pluvial.grids.time_axis import iso
from pluvial.jobs import logger
from pluvial.records.index import COMPLETE
from pluvial.records.segments import SPLITS, Segment, segments_by_storm, segments_by_time

HOUR = 3600

PURGES_PER_GROUP = 4
"""Shortest group of storms, in purges: a boundary then costs a quarter of a group at most."""


@dataclass(frozen=True)
class Plan:
    """What was decided, as a JSON-like summary and as the number of shards per split."""

    summary: dict[str, Any]
    shards: dict[str, int]


def make_plan(
    index: Sequence[Path], time: TimeConfig, records: RecordsConfig, path: Path, summary: Path
) -> None:
    """Write the plan and its summary."""
    plan = build_plan(index, records, time.step_minutes * 60, path)
    write_json(summary, plan.summary)
    logger.info("kept %d of %d candidates", plan.summary["kept"], plan.summary["candidates"])
    for reason, number in plan.summary["dropped"].items():
        logger.info("dropped %d: %s", number, reason)


def build_plan(index: Sequence[Path], config: RecordsConfig, step: int, path: Path) -> Plan:
    """Decide on every candidate and write ``path``, a parquet file in order of time.

    Its columns: ``time`` (NOW, s since 1970-01-01T00:00Z), ``reason`` (null: kept),
    ``duplicate_of`` (a time), ``storm`` (number, 0 before the first), ``split``, ``shard``,
    ``row`` (in the shard).

    Args:
        index: the index files.
        config: how to split and lay out.
        step: seconds between rain frames.
        path: the file to make.

    Raises:
        PluvialError: if no candidate is complete, or a split that was asked for is empty.
    """
    database = duckdb.connect()
    database.execute("SET threads = 1; SET preserve_insertion_order = false")
    database.execute(
        "CREATE TABLE candidate AS SELECT time, state, storm_mm_h, digest_hi, digest_lo "
        "FROM read_parquet($files)",
        {"files": [str(file) for file in index]},
    )
    _number_storms(database, config, step)
    segments = _segments(database, config, step)
    _judge(database, segments, config, step)
    _lay_out(database, config)
    summary = _summarise(database, segments, config, step)
    shards = {split: summary["splits"][split]["shards"] for split in SPLITS}
    _require_records(summary, config.split)
    with atomic_path(path) as temporary:
        database.sql("SELECT * FROM plan ORDER BY time").write_parquet(str(temporary))
    return Plan(summary, shards)


def _number_storms(database: duckdb.DuckDBPyConnection, config: RecordsConfig, step: int) -> None:
    """Table ``storm``: number, start and end of each; a dry gap of ``storm_gap_hours`` ends one.

    Only steps known to be dry count: a step that is missing neither starts nor ends a storm.
    """
    database.execute(
        """
        CREATE TABLE storm AS
        WITH counted AS (
            SELECT time, storm_mm_h,
                sum((storm_mm_h < $wet)::INT) OVER (ORDER BY time) AS dry_so_far
            FROM candidate WHERE storm_mm_h IS NOT NULL
        ), wet AS (
            SELECT time, dry_so_far - lag(dry_so_far) OVER (ORDER BY time) AS dry_before
            FROM counted WHERE storm_mm_h >= $wet
        ), numbered AS (
            SELECT time,
                sum((dry_before IS NULL OR dry_before * $step >= $gap)::INT)
                    OVER (ORDER BY time) AS storm
            FROM wet
        )
        SELECT storm::INT AS storm, min(time) AS start, max(time) AS last
        FROM numbered GROUP BY storm
        """,
        {"wet": config.storm_mm_h, "gap": int(config.storm_gap_hours * HOUR), "step": step},
    )


def _segments(
    database: duckdb.DuckDBPyConnection, config: RecordsConfig, step: int
) -> list[Segment]:
    """The spans of time that belong to one split each."""
    ((first, last),) = database.execute(
        "SELECT min(time), max(time) FROM candidate WHERE state = $complete",
        {"complete": COMPLETE},
    ).fetchall()
    if first is None:
        raise PluvialError(_why_nothing(database), where="plan", remedy=_NOTHING_REMEDY)
    if config.split.by == "time":
        return segments_by_time(first, last, config.split)
    starts = database.execute(
        "SELECT start FROM storm WHERE start <= $last ORDER BY start", {"last": last}
    ).fetchall()
    return segments_by_storm(
        first,
        [start for (start,) in starts],
        config.split,
        config.seed,
        least=PURGES_PER_GROUP * purge_seconds(config, step),
    )


_NOTHING_REMEDY = (
    "Rain and depth must overlap in time by more than one window: "
    "compare their `start`, `time` and frames/report.json"
)


def _why_nothing(database: duckdb.DuckDBPyConnection) -> str:
    counts = database.execute(
        "SELECT state, count(*), min(time), max(time) FROM candidate GROUP BY state ORDER BY state"
    ).fetchall()
    listed = "; ".join(
        f"{number} with {state}, {iso(first)} to {iso(last)}"
        for state, number, first, last in counts
    )
    return f"no candidate record is complete ({listed or 'there is none at all'})"


def _judge(
    database: duckdb.DuckDBPyConnection,
    segments: list[Segment],
    config: RecordsConfig,
    step: int,
) -> None:
    """Table ``judged``: split, storm and, for the dropped, the first reason that holds."""
    database.execute("CREATE TABLE segment (start BIGINT, split VARCHAR, purged_until BIGINT)")
    purge = purge_seconds(config, step)
    database.executemany(
        "INSERT INTO segment VALUES (?, ?, ?)",
        [
            (part.start, part.split, part.start + purge if number else part.start)
            for number, part in enumerate(segments)
        ],
    )
    database.execute(
        """
        CREATE TABLE judged AS
        WITH placed AS (
            SELECT c.*, coalesce(s.storm, 0) AS storm, g.split,
                CASE WHEN c.state <> $complete THEN c.state
                     WHEN c.time < g.purged_until THEN 'purged' END AS reason
            FROM candidate c
            ASOF LEFT JOIN storm s ON c.time >= s.start
            ASOF LEFT JOIN segment g ON c.time >= g.start
        ), seen AS (
            SELECT *, first_value(time) OVER (
                PARTITION BY reason IS NULL, digest_hi, digest_lo ORDER BY time) AS first_time
            FROM placed
        )
        SELECT time, storm, split,
            CASE WHEN reason IS NULL AND first_time < time THEN 'duplicate' ELSE reason END
                AS reason,
            CASE WHEN reason IS NULL AND first_time < time THEN first_time END AS duplicate_of
        FROM seen
        """,
        {"complete": COMPLETE},
    )


def purge_seconds(config: RecordsConfig, step: int) -> int:
    """How long after a boundary nothing is kept: window + lead + the catchment's memory.

    A kept record's rain and its catchment's memory then reach back to no moment that a record
    of the split before the boundary covers.
    """
    return (config.window_steps + config.lead_steps) * step + int(config.split.memory_hours * HOUR)


def _lay_out(database: duckdb.DuckDBPyConnection, config: RecordsConfig) -> None:
    """Table ``plan``: shard and row of each kept record.

    Runs of ``mix_run`` consecutive records are dealt in a seeded order and cut into shards of
    exactly ``records_per_shard``; inside a shard all records are shuffled. Runs keep the frames
    a shard needs few; a reader that interleaves shards sees no trace of them. The order is that
    of MD5 digests, so that it depends on nothing but seed, split and time.
    """
    database.execute(
        """
        CREATE TABLE plan AS
        WITH kept AS (
            SELECT time, split,
                (row_number() OVER (PARTITION BY split ORDER BY time) - 1) // $run AS run
            FROM judged WHERE reason IS NULL
        ), dealt AS (
            SELECT time, split, (row_number() OVER (
                PARTITION BY split ORDER BY md5(concat_ws('/', $seed, split, run)), run, time) - 1
                ) // $size AS shard
            FROM kept
        ), laid AS (
            SELECT time, shard::INT AS shard, (row_number() OVER (
                PARTITION BY split, shard ORDER BY md5(concat_ws('/', $seed, time)), time) - 1
                )::INT AS row
            FROM dealt
        )
        SELECT time, reason, duplicate_of, storm, split, shard, row
        FROM judged LEFT JOIN laid USING (time)
        """,
        {"run": config.mix_run, "size": config.records_per_shard, "seed": config.seed},
    )


def _summarise(
    database: duckdb.DuckDBPyConnection, segments: list[Segment], config: RecordsConfig, step: int
) -> dict[str, Any]:
    reasons = database.execute(
        "SELECT reason, count(*) FROM plan WHERE reason IS NOT NULL GROUP BY 1 ORDER BY 1"
    ).fetchall()
    counted = database.execute(
        "SELECT split, count(*), count(DISTINCT shard), count(DISTINCT storm), min(time), "
        "max(time) FROM plan WHERE reason IS NULL GROUP BY split"
    ).fetchall()
    (totals,) = database.execute("SELECT count(*), count(shard) FROM plan").fetchall()
    (storms,) = database.execute("SELECT count(*) FROM storm").fetchall()
    splits: dict[str, Any] = {split: {"records": 0, "shards": 0, "storms": 0} for split in SPLITS}
    for split, records, shards, touched, first, last in counted:
        splits[split] = {
            "records": records,
            "shards": shards,
            "storms": touched,
            "first": iso(first),
            "last": iso(last),
        }
    return {
        "candidates": totals[0],
        "kept": totals[1],
        "dropped": dict(reasons),
        "storms": storms[0],
        "purge_hours": purge_seconds(config, step) / HOUR,
        "segments": [{"start": iso(part.start), "split": part.split} for part in segments],
        "splits": splits,
    }


def _require_records(summary: dict[str, Any], split: SplitConfig) -> None:
    for name in SPLITS:
        if getattr(split, name) > 0 and not summary["splits"][name]["records"]:
            raise PluvialError(
                f"the split `{name}` holds no record: kept {summary['kept']} of "
                f"{summary['candidates']} candidates, dropped {summary['dropped']}, "
                f"and each boundary is purged for {summary['purge_hours']:g} h",
                where="plan",
                remedy=f"Lengthen `time`, give `records.split.{name}` a larger share (or 0), or "
                "lower `records.split.memory_hours`",
            )
