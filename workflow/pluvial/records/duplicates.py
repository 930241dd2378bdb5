"""Duplicates among any number of candidates, within a bound of memory."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from pluvial.records.columns import PLAN

MEMORY = "1GB"


@dataclass(frozen=True)
class Duplicates:
    """Candidates that repeat an earlier one.

    Attributes:
        time, first: of each exact duplicate (rain and depth), and of the first of its kind,
            int64[D] each, ascending in time.
        same_rain: of all candidates, which repeat an earlier one's rain, bool[N]; exact
            duplicates are among them.
    """

    time: NDArray[np.int64]
    first: NDArray[np.int64]
    same_rain: NDArray[np.bool_]


def find_duplicates(
    index: Sequence[Path],
    earlier: Sequence[Path],
    purged: Sequence[tuple[int, int]],
    *,
    times: NDArray[np.int64],
    folder: Path,
    threads: int,
    memory: str = MEMORY,
) -> Duplicates:
    """Find the duplicates among the complete candidates that are not purged.

    Args:
        index: index files; candidates before the first of ``times`` are not looked at.
        earlier: plans of what was built before; their kept records came first.
        purged: half-open spans of time that do not count.
        times: of the candidates that are planned now, int64[N], ascending.
        folder: where to put what does not fit into ``memory``.
        threads: to use.
        memory: DuckDB's limit.
    """
    # A name that does not change: what a killed process left there is removed by the next.
    spill = folder / ".duplicates"
    shutil.rmtree(spill, ignore_errors=True)
    spill.mkdir(parents=True)
    try:
        database = duckdb.connect(
            config={"threads": threads, "memory_limit": memory, "temp_directory": str(spill)}
        )
        database.execute("SET preserve_insertion_order = false")
        _view("candidate", database, index)
        _view("built", database, earlier)
        database.execute("CREATE TABLE bound AS SELECT $since AS since", {"since": int(times[0])})
        database.execute("CREATE TABLE purged (start BIGINT, until BIGINT)")
        for span in purged:
            database.execute("INSERT INTO purged VALUES (?, ?)", span)
        database.execute(LIVE)
        found = database.execute(f"{REPEATED.format(live='pair')} ORDER BY time").fetchnumpy()
        time, first = (np.asarray(found[name], np.int64) for name in ("time", "first"))
        same_rain = np.zeros(times.size, dtype=bool)
        # Most dry windows share their rain: they come batch by batch.
        for batch in database.sql(REPEATED.format(live="rain")).to_arrow_reader(BATCH):
            same_rain[np.searchsorted(times, batch.column(0).to_numpy())] = True
        database.close()
    finally:
        shutil.rmtree(spill, ignore_errors=True)
    return Duplicates(time, first, same_rain)


REPEATED = """
    WITH repeated AS MATERIALIZED (
        SELECT hi, lo, min(time) AS first FROM {live} GROUP BY hi, lo HAVING count(*) > 1
    )
    SELECT time, first FROM {live} JOIN repeated USING (hi, lo)
    WHERE time > first AND time >= (SELECT since FROM bound)
"""
BATCH = 1 << 20


LIVE = """
    CREATE MACRO live() AS TABLE
        SELECT time, digest_hi, digest_lo, rain_digest_hi, rain_digest_lo FROM candidate c
        WHERE state = 'complete' AND time >= (SELECT since FROM bound)
            AND NOT EXISTS (FROM purged p WHERE c.time >= p.start AND c.time < p.until)
        UNION ALL
        SELECT time, digest_hi, digest_lo, rain_digest_hi, rain_digest_lo FROM built
        WHERE reason IS NULL;
    CREATE VIEW pair AS SELECT time, digest_hi AS hi, digest_lo AS lo FROM live();
    CREATE VIEW rain AS SELECT time, rain_digest_hi AS hi, rain_digest_lo AS lo FROM live();
"""


def _view(name: str, database: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> None:
    """A view of that name over parquet files; an empty one of a plan's columns if there is none."""
    if files:
        database.read_parquet([str(file) for file in files]).create_view(name)
    else:
        database.from_arrow(PLAN.empty_table()).create_view(name)
