"""What is decided of each candidate, and its summary."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pluvial.config.data import RecordsConfig, SplitConfig
from pluvial.errors import PluvialError
from pluvial.grids.time_axis import iso
from pluvial.records.segments import SPLITS, Segment
from pluvial.records.storms import Storms

HOUR = 3600
PART = 1 << 21
"""Candidates that are looked at together, where all at once would take too much memory."""


@dataclass
class Judged:
    """What is decided of N candidates, in order of time.

    Attributes:
        time: NOW, int64[N].
        reason: index into ``reasons``, int8[N]; -1 where kept.
        split: index into SPLITS, int8[N].
        shard, row: int32[N] once laid out; -1 where dropped.
        same_rain: bool[N].
        duplicate_of: times of first ones by the time of each duplicate, int64[D] each.
        reasons: names.
    """

    time: NDArray[np.int64]
    reason: NDArray[np.int8]
    split: NDArray[np.int8]
    shard: NDArray[np.int32]
    row: NDArray[np.int32]
    same_rain: NDArray[np.bool_]
    duplicate: NDArray[np.int64]
    duplicate_of: NDArray[np.int64]
    reasons: list[str]

    @property
    def kept(self) -> NDArray[np.bool_]:
        """Which candidates live, bool[N]."""
        return self.reason < 0

    def drop(self, which: NDArray[Any], reason: str) -> None:
        """Drop candidates, given by a mask or their positions."""
        if reason not in self.reasons:
            self.reasons.append(reason)
        self.reason[which] = self.reasons.index(reason)


def purge_seconds(config: RecordsConfig, step: int) -> int:
    """How long after a boundary nothing is kept: window + lead + the catchment's memory.

    A kept record's rain and its catchment's memory then reach back to no moment that a record
    of the split before the boundary covers.
    """
    return (config.window_steps + config.lead_steps) * step + int(config.split.memory_hours * HOUR)


def summarise(
    judged: Judged, storms: Storms, segments: list[Segment], config: RecordsConfig, step: int
) -> dict[str, Any]:
    """The plan in numbers, as a JSON-like document: what was kept and dropped, and from when."""
    tally = _Tally(judged, storms)
    reasons = {reason: tally.of_reason[code] for code, reason in enumerate(judged.reasons)}
    dropped = {
        reason: {"records": seen.count, **_between(seen.first, seen.last)}
        for reason, seen in sorted(reasons.items())
        if seen.count
    }
    splits: dict[str, Any] = {}
    for code, split in enumerate(SPLITS):
        seen = tally.of_split[code]
        splits[split] = {"records": 0, "shards": 0, "storms": 0}
        if seen.count:
            splits[split] = {
                "records": seen.count,
                "shards": -(-seen.count // config.records_per_shard),
                "storms": len(seen.storms),
                **_between(seen.first, seen.last),
            }
    kept = sum(int(entry["records"]) for entry in splits.values())
    lost = sum(seen.count for seen in reasons.values())
    if judged.time.size != kept + lost:
        raise AssertionError("kept and dropped do not add up to all candidates")
    return {
        "candidates": judged.time.size,
        **_between(int(judged.time[0]), int(judged.time[-1])),
        "kept": kept,
        "dropped": dropped,
        "kept_with_rain_seen_before": int(np.count_nonzero(judged.kept & judged.same_rain)),
        "storms": storms.start.size,
        "purge_hours": purge_seconds(config, step) / HOUR,
        "segments": [{"start": iso(part.start), "split": part.split} for part in segments],
        "splits": splits,
        "months": tally.months,
    }


@dataclass
class _Seen:
    """Some candidates: their number, first and last time, and the storms they touch."""

    count: int = 0
    first: int = 0
    last: int = 0
    storms: set[int] = field(default_factory=set)

    def add(self, times: NDArray[np.int64]) -> None:
        if times.size:
            self.first = self.first if self.count else int(times[0])
            self.count, self.last = self.count + times.size, int(times[-1])


class _Tally:
    """Candidates by what became of them, counted a part at a time.

    Attributes:
        of_reason: the dropped, by reason.
        of_split: the kept, by split.
        months: of each calendar month, how many are kept and dropped, by reason.
    """

    def __init__(self, judged: Judged, storms: Storms) -> None:
        self.of_reason = [_Seen() for _ in judged.reasons]
        self.of_split = [_Seen() for _ in SPLITS]
        self.months: dict[str, dict[str, int]] = {}
        for first in range(0, judged.time.size, PART):
            part = slice(first, first + PART)
            time, reason, split = judged.time[part], judged.reason[part], judged.split[part]
            for code, seen in enumerate(self.of_reason):
                seen.add(time[reason == code])
            for code, seen in enumerate(self.of_split):
                kept = time[(reason < 0) & (split == code)]
                seen.add(kept)
                seen.storms.update(np.unique(storms.number(kept)).tolist())
            self._count_months(time, reason, judged.reasons)

    def _count_months(
        self, time: NDArray[np.int64], reason: NDArray[np.int8], reasons: list[str]
    ) -> None:
        months = time.astype("datetime64[s]").astype("datetime64[M]")
        for month in np.unique(months):
            here = slice(*np.searchsorted(months, [month, month + 1]))
            counts = self.months.setdefault(str(month), {})
            for code, number in sorted(Counter(reason[here].tolist()).items()):
                name = "kept" if code < 0 else reasons[code]
                counts[name] = counts.get(name, 0) + number


def _between(first: int, last: int) -> dict[str, str]:
    return {"first": iso(first), "last": iso(last)}


def require_records(summary: dict[str, Any], split: SplitConfig, *, appended: bool) -> None:
    """Refuse a plan in which a split that was asked for is empty."""
    for name in SPLITS:
        if getattr(split, name) > 0 and not summary["splits"][name]["records"]:
            # What is appended may be too short for all splits; the dataset has them already.
            if appended and summary["kept"]:
                continue
            raise PluvialError(
                f"the split `{name}` holds no record: kept {summary['kept']} of "
                f"{summary['candidates']} candidates, dropped {summary['dropped']}, "
                f"and each boundary is purged for {summary['purge_hours']:g} h",
                where="plan",
                remedy=f"Lengthen `time`, give `records.split.{name}` a larger share (or 0), or "
                "lower `records.split.memory_hours`",
            )
