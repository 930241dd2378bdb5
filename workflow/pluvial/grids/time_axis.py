"""The regular time axis, and its division into periods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

PeriodKind = Literal["day", "month", "year"]

PERIOD_FORMATS: dict[PeriodKind, str] = {"day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}


def iso(time: int) -> str:
    """``time`` (s since 1970-01-01T00:00Z) as 2020-01-31T00:05Z."""
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%MZ")


@dataclass(frozen=True)
class TimeAxis:
    """Times ``start + k * step`` for ``0 <= k < count``, in seconds since 1970-01-01T00:00Z."""

    start: int
    step: int
    count: int

    @property
    def end(self) -> int:
        """The time one step after the last."""
        return self.start + self.count * self.step

    def times(self) -> NDArray[np.int64]:
        """All times, int64[count], s since 1970-01-01T00:00Z."""
        return self.start + self.step * np.arange(self.count, dtype=np.int64)

    def time(self, index: int) -> int:
        """The time at ``index``, which may lie outside the axis."""
        return self.start + index * self.step

    def index(self, time: int) -> int | None:
        """The index of ``time``; None if it is not on the axis."""
        index, rest = divmod(time - self.start, self.step)
        return index if rest == 0 and 0 <= index < self.count else None


@dataclass(frozen=True)
class Period:
    """A named span of a time axis.

    Attributes:
        name: such as 2020-01; it sorts in order of time.
        first, last: the half-open range of indices on the axis.
    """

    name: str
    first: int
    last: int


@cache
def periods(axis: TimeAxis, kind: PeriodKind) -> tuple[Period, ...]:
    """Divide ``axis`` into calendar days, months or years (UTC), in order of time.

    ::

        axis     |.............................................|
        periods  |2020-01   |2020-02              |2020-03     |
    """
    found: list[Period] = []
    first = 0
    while first < axis.count:
        moment = datetime.fromtimestamp(axis.time(first), UTC)
        until = int(_next_boundary(moment, kind).timestamp())
        last = min(axis.count, first - (axis.time(first) - until) // axis.step)
        found.append(Period(moment.strftime(PERIOD_FORMATS[kind]), first, last))
        first = last
    return tuple(found)


def _next_boundary(moment: datetime, kind: PeriodKind) -> datetime:
    if kind == "year":
        return datetime(moment.year + 1, 1, 1, tzinfo=UTC)
    if kind == "month":
        return datetime(moment.year + moment.month // 12, moment.month % 12 + 1, 1, tzinfo=UTC)
    day_seconds = 86400
    return datetime.fromtimestamp((int(moment.timestamp()) // day_seconds + 1) * day_seconds, UTC)


def covering(all_periods: Sequence[Period], first: int, last: int) -> list[Period]:
    """The periods that hold any index of the half-open range ``first..last``."""
    return [p for p in all_periods if p.first < last and p.last > first]
