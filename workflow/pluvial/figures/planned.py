"""What the plan figure shows: the plans' summaries, put together over all editions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pluvial.errors import PluvialError
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
        months: by calendar month, how many candidates are kept or dropped, by reason.
        totals: the same, of all months.
        spans: first and last time of each reason, datetime64[s].
        seen: how many kept ones bear rain seen before.
        segments: in order of time.
        records: kept ones by split.
        purge_hours: how long after a boundary nothing is kept.
        appended: the first times of what was appended, datetime64[s].
    """

    first: np.datetime64
    last: np.datetime64
    months: dict[str, Counter[str]]
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


def read_plan(plans: Sequence[Path]) -> Plan:
    """The summaries of ``plans`` as one."""
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
                remedy="Delete it and run the workflow again to remake it",
            ) from None
    totals = sum(months.values(), Counter[str]())
    return Plan(
        min(ends), max(ends), months, totals, spans, seen, segments, records, purge, appended
    )


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
