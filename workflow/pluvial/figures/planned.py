"""What the plan figure shows: the plans' summaries, put together over all editions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pluvial.errors import PluvialError
from pluvial.figures.records import REMEDY
from pluvial.figures.style import OKABE_ITO, OTHER
from pluvial.files.documents import read_json

KEPT = "kept"
COLOURS = {
    KEPT: OKABE_ITO["blue"],
    "incomplete window": OTHER,
    "rain gap": OKABE_ITO["vermilion"],
    "no depth": OKABE_ITO["purple"],
    "purged": OKABE_ITO["orange"],
    "duplicate": OKABE_ITO["green"],
    "dry surplus": OKABE_ITO["sky"],
}
"""In the order they are stacked in; a reason without a colour of its own is black."""
HOUR = np.timedelta64(3600, "s")
BY_DAY = np.timedelta64(31, "D")
"""Spans up to so long are counted by day, longer ones by month."""


@dataclass(frozen=True)
class Segment:
    """A span of time that belongs to one split.

    Attributes:
        start, end: datetime64[s].
        purged: until when nothing is kept after its start.
        split: its name.
    """

    start: np.datetime64
    end: np.datetime64
    purged: np.datetime64
    split: str


@dataclass(frozen=True)
class Plan:
    """The summaries of all editions as one.

    Attributes:
        first, last: times of the first and the last candidate, datetime64[s].
        unit: of time, in which candidates are counted.
        bins: by calendar month or day (UTC), how many are kept or dropped, by reason.
        totals: the same, of the whole span.
        spans: first and last time of each reason, datetime64[s].
        seen: how many kept ones bear rain seen before.
        segments: in order of time.
        records: kept ones by split.
        purge_hours: how long after a boundary nothing is kept.
        appended: the first times of what was appended, datetime64[s].
    """

    first: np.datetime64
    last: np.datetime64
    unit: Literal["month", "day"]
    bins: dict[str, Counter[str]]
    totals: Counter[str]
    spans: dict[str, tuple[np.datetime64, np.datetime64]]
    seen: int
    segments: list[Segment]
    records: Counter[str]
    purge_hours: float
    appended: list[np.datetime64]

    @property
    def reasons(self) -> list[str]:
        """Why candidates are dropped, in the order of the stack."""
        order = [*COLOURS, *sorted(set(self.totals) - set(COLOURS))]
        return [name for name in order if name != KEPT and self.totals[name]]

    @property
    def edges(self) -> NDArray[np.datetime64]:
        """From when to when each bin reaches into the span, datetime64[s][bins, 2]."""
        code = "M" if self.unit == "month" else "D"
        starts = np.array(list(self.bins), dtype=f"datetime64[{code}]")
        edges = np.stack([starts, starts + 1], axis=1).astype("datetime64[s]")
        return np.asarray(np.clip(edges, self.first, max(self.last, self.first + HOUR)))


def read_plan(plans: Sequence[Path], tables: Sequence[Path]) -> Plan:
    """The summaries ``plans`` as one; of short spans the days are counted in their ``tables``."""
    months: dict[str, Counter[str]] = {}
    spans: dict[str, tuple[np.datetime64, np.datetime64]] = {}
    segments: list[Segment] = []
    records: Counter[str] = Counter()
    appended: list[np.datetime64] = []
    seen, purge, ends = 0, 0.0, []
    for number, path in enumerate(plans):
        document = read_json(path)
        try:
            for month, counts in document["months"].items():
                months[month] = months.get(month, Counter()) + Counter(counts)
            for reason in set[str]().union(*document["months"].values()) - {KEPT}:
                dropped = document["dropped"][reason]
                first, last = _time(dropped["first"]), _time(dropped["last"])
                earlier = spans.get(reason, (first, last))
                spans[reason] = min(earlier[0], first), max(earlier[1], last)
            records.update({name: one["records"] for name, one in document["splits"].items()})
            segments += _segments(document, appended=number > 0)
            seen += document["kept_with_rain_seen_before"]
            purge = max(purge, document["purge_hours"])
            ends += [_time(document["first"]), _time(document["last"])]
            appended += [_time(document["first"])] if number else []
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise PluvialError(
                f"not a summary of a plan ({type(error).__name__}: {error})",
                where=path,
                remedy=REMEDY,
            ) from None
    first, last = min(ends), max(ends)
    by_day = last - first <= BY_DAY
    return Plan(
        first=first,
        last=last,
        unit="day" if by_day else "month",
        bins=_by_day(tables) if by_day else months,
        totals=sum(months.values(), Counter[str]()),
        spans=spans,
        seen=seen,
        segments=segments,
        records=records,
        purge_hours=purge,
        appended=appended,
    )


def _by_day(tables: Sequence[Path]) -> dict[str, Counter[str]]:
    """Candidates of each day by what became of them, from the plans themselves."""
    days: dict[str, Counter[str]] = {}
    for path in tables:
        try:
            table = pd.read_parquet(path, columns=["time", "reason"])
        except (OSError, ValueError) as error:
            raise PluvialError(f"not a plan ({error})", where=path, remedy=REMEDY) from None
        reasons = table["reason"].astype(object).fillna(KEPT).to_numpy()
        dates = table["time"].to_numpy("datetime64[s]").astype("datetime64[D]")
        for date in np.unique(dates):
            days.setdefault(str(date), Counter()).update(reasons[dates == date])
    return days


def _segments(document: Mapping[str, Any], *, appended: bool) -> list[Segment]:
    starts = [_time(one["start"]) for one in document["segments"]]
    purge = np.timedelta64(round(document["purge_hours"] * 3600), "s")
    ends = [*starts[1:], _time(document["last"])][: len(starts)]
    return [
        Segment(start, end, min(start + purge, end) if number or appended else start, one["split"])
        for number, (one, start, end) in enumerate(
            zip(document["segments"], starts, ends, strict=True)
        )
    ]


def _time(text: str) -> np.datetime64:
    return np.datetime64(text.removesuffix("Z"), "s")
