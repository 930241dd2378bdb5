"""The plan: one reduce over the index that says which candidates live, in which split and shard.

The index is gone through file by file; only duplicates are looked for over all of it, on disk where
memory does not suffice. What is kept in memory is a few numbers per candidate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pluvial.config.data import RecordsConfig
from pluvial.config.times import TimeConfig
from pluvial.errors import PluvialError
from pluvial.files.atomic import atomic_path
from pluvial.files.documents import write_json
from pluvial.grids.time_axis import iso
from pluvial.jobs import logger
from pluvial.records.columns import COMPLETE, PLAN
from pluvial.records.duplicates import find_duplicates
from pluvial.records.judged import (
    HOUR,
    Judged,
    purge_seconds,
    require_records,
    summarise,
)
from pluvial.records.layout import lay_out, surplus
from pluvial.records.segments import SPLITS, Segment, segments_by_storm, segments_by_time
from pluvial.records.storms import Storms, find_storms

PURGES_PER_GROUP = 4
"""Shortest group of storms, in purges: a boundary then costs a quarter of a group at most."""

PURGED, DUPLICATE, DRY = "purged", "duplicate", "dry surplus"
"""Why a complete candidate is dropped: too near a boundary, seen before, or one dry window too
many."""


def make_plan(
    index: Sequence[Path],
    earlier: Sequence[Path],
    time: TimeConfig,
    records: RecordsConfig,
    path: Path,
    summary: Path,
    *,
    threads: int,
) -> None:
    """Write the plan of what was appended last, and its summary."""
    found = build_plan(index, earlier, time, records, path, threads=threads)
    write_json(summary, found)
    logger.info("kept %d of %d candidates", found["kept"], found["candidates"])
    for reason, dropped in found["dropped"].items():
        logger.info(
            "dropped %d: %s (%s to %s)",
            dropped["records"],
            reason,
            dropped["first"],
            dropped["last"],
        )


def build_plan(
    index: Sequence[Path],
    earlier: Sequence[Path],
    time: TimeConfig,
    config: RecordsConfig,
    path: Path,
    *,
    threads: int = 1,
) -> dict[str, Any]:
    """Decide on every candidate that was appended last, and write :data:`PLAN` in order of time.

    Args:
        index: the index files of all periods, in order of time.
        earlier: the plans of what was built before, whose records stay as they are.
        time: the span and step of the case.
        config: how to split and lay out.
        path: the file to make.
        threads: for finding duplicates.

    Returns:
        A JSON-like summary.

    Raises:
        PluvialError: if no candidate is complete, or a split that was asked for is empty.
    """
    since, _ = time.newest
    step = time.step_minutes * 60
    storms = find_storms(
        _columns(index, "time", "storm_mm_h"),
        wet_mm_h=config.storm_mm_h,
        dry_steps=config.storm_gap_hours * HOUR / step,
    )
    judged, dry = _read_candidates(index, since)
    segments = _segments(judged, storms, config, step)
    spans = _purged_spans(segments, config, step, appended=bool(earlier))
    _place(judged, segments, spans)
    found = find_duplicates(
        index, earlier, spans, times=judged.time, folder=path.parent, threads=threads
    )
    judged.duplicate, judged.duplicate_of = found.time, found.first
    judged.drop(np.searchsorted(judged.time, found.time), DUPLICATE)
    judged.same_rain = found.same_rain
    _cap_dry(judged, dry, config)
    _lay_out(judged, config)
    summary = summarise(judged, storms, segments, config, step)
    require_records(summary, config.split, appended=bool(earlier))
    _write(path, judged, storms, index)
    return summary


def _columns(index: Sequence[Path], *names: str) -> Iterator[tuple[Any, ...]]:
    """Columns of each index file, as arrays; a null number is NaN."""
    for file in index:
        table = pq.read_table(file, columns=list(names))
        yield tuple(table[name].to_numpy() for name in names)


def _read_candidates(index: Sequence[Path], since: int) -> tuple[Judged, NDArray[np.bool_]]:
    """All candidates, dropped where they are not complete, and which windows are dry."""
    times, codes, dry = [], [], []
    reasons: list[str] = []
    for file in index:
        table = pq.read_table(file, columns=["time", "state", "rain_max_mm_h"])
        moment = table["time"].to_numpy()
        new = moment >= since
        if not new.any():
            continue
        state = table["state"].combine_chunks().dictionary_encode()
        names = state.dictionary.to_pylist()
        reasons += [name for name in names if name not in (COMPLETE, *reasons)]
        code = np.array([reasons.index(n) if n != COMPLETE else -1 for n in names], dtype=np.int8)
        times.append(moment[new])
        codes.append(code[state.indices.to_numpy()][new])
        dry.append((table["rain_max_mm_h"].to_numpy() == 0)[new])
    time = np.concatenate([np.empty(0, np.int64), *times])
    nothing = np.empty(0, np.int32)
    judged = Judged(
        time,
        np.concatenate([np.empty(0, np.int8), *codes]),
        np.zeros(time.size, dtype=np.int8),
        nothing,
        nothing,
        np.zeros(time.size, dtype=bool),
        np.empty(0, np.int64),
        np.empty(0, np.int64),
        reasons,
    )
    if not judged.kept.any():
        raise PluvialError(_why_nothing(judged), where="plan", remedy=_NOTHING_REMEDY)
    return judged, np.concatenate([np.empty(0, bool), *dry])


_NOTHING_REMEDY = (
    "Rain and depth must overlap in time by more than one window: "
    "compare their `start`, `time` and frames/report.json"
)


def _why_nothing(judged: Judged) -> str:
    listed = []
    for code, reason in enumerate(judged.reasons):
        there = judged.time[judged.reason == code]
        listed.append(f"{there.size} with {reason}, {iso(int(there[0]))} to {iso(int(there[-1]))}")
    return f"no candidate record is complete ({'; '.join(listed) or 'there is none at all'})"


def _segments(judged: Judged, storms: Storms, config: RecordsConfig, step: int) -> list[Segment]:
    """The spans of time that belong to one split each."""
    complete = judged.time[judged.kept]
    first, last = int(complete[0]), int(complete[-1])
    if config.split.by == "time":
        return segments_by_time(first, last, config.split)
    return segments_by_storm(
        first,
        storms.start[(storms.start > first) & (storms.start <= last)].tolist(),
        config.split,
        config.seed,
        least=PURGES_PER_GROUP * purge_seconds(config, step),
    )


def _purged_spans(
    segments: list[Segment], config: RecordsConfig, step: int, *, appended: bool
) -> list[tuple[int, int]]:
    """Half-open spans after each boundary, that to what was built before included."""
    purge = purge_seconds(config, step)
    return [(part.start, part.start + purge) for part in segments[0 if appended else 1 :]]


def _place(judged: Judged, segments: list[Segment], spans: Sequence[tuple[int, int]]) -> None:
    """The split of each candidate; those near a boundary are dropped."""
    for part in segments:
        # What precedes the first segment is not complete; it is said to lie in it.
        start = 0 if part is segments[0] else int(np.searchsorted(judged.time, part.start))
        judged.split[start:] = SPLITS.index(part.split)
    for start, until in spans:
        near = slice(*np.searchsorted(judged.time, (start, until)))
        kept = np.flatnonzero(judged.kept[near]) + near.start
        judged.drop(kept, PURGED)


def _cap_dry(judged: Judged, dry: NDArray[np.bool_], config: RecordsConfig) -> None:
    """Drop dry windows beyond their share of each split."""
    if config.dry_share is None:
        return
    for split in range(len(SPLITS)):
        here = judged.kept & (judged.split == split)
        parched = np.flatnonzero(here & dry)
        wet = int(here.sum()) - parched.size
        share = config.dry_share
        allowed = parched.size if share == 1 else int(wet * share / (1 - share))
        judged.drop(parched[surplus(judged.time[parched], allowed, config.seed)], DRY)


def _lay_out(judged: Judged, config: RecordsConfig) -> None:
    judged.shard = np.full(judged.time.size, -1, dtype=np.int32)
    judged.row = np.full(judged.time.size, -1, dtype=np.int32)
    for split in range(len(SPLITS)):
        here = judged.kept & (judged.split == split)
        judged.shard[here], judged.row[here] = lay_out(
            judged.time[here],
            run=config.mix_run,
            size=config.records_per_shard,
            seed=config.seed * len(SPLITS) + split,
        )


def _write(path: Path, judged: Judged, storms: Storms, index: Sequence[Path]) -> None:
    """Write the plan, an index file's part at a time."""
    names = pa.array(judged.reasons, pa.string()), pa.array(SPLITS, pa.string())
    with (
        atomic_path(path) as temporary,
        pq.ParquetWriter(temporary, PLAN, compression="zstd") as writer,
    ):
        for file in index:
            table = pq.read_table(file, columns=["time", *PLAN.names[-4:]])
            first, last = np.searchsorted(
                judged.time, [table["time"][0].as_py(), table["time"][-1].as_py() + 1]
            )
            if last > first:
                part = slice(int(first), int(last))
                writer.write_table(_rows(judged, storms, table, part, names))


def _rows(
    judged: Judged,
    storms: Storms,
    table: pa.Table,
    part: slice,
    names: tuple[pa.Array, pa.Array],
) -> pa.Table:
    """The rows of the plan for one index file, which holds the same times."""
    time, kept = judged.time[part], judged.kept[part]
    first_of = np.zeros(time.size, dtype=np.int64)
    is_duplicate = np.zeros(time.size, dtype=bool)
    low, high = np.searchsorted(judged.duplicate, [time[0], time[-1] + 1])
    at = np.searchsorted(time, judged.duplicate[low:high])
    first_of[at], is_duplicate[at] = judged.duplicate_of[low:high], True
    reason = pa.DictionaryArray.from_arrays(pa.array(judged.reason[part], mask=kept), names[0])
    columns = {
        "time": time,
        "reason": reason,
        "duplicate_of": pa.array(first_of, mask=~is_duplicate),
        "same_rain": judged.same_rain[part],
        "storm": storms.number(time),
        "split": pa.DictionaryArray.from_arrays(pa.array(judged.split[part]), names[1]),
        "shard": pa.array(judged.shard[part], mask=~kept),
        "row": pa.array(judged.row[part], mask=~kept),
        **{name: table[name].combine_chunks() for name in PLAN.names[-4:]},
    }
    return pa.table([columns[name] for name in PLAN.names], schema=PLAN)
