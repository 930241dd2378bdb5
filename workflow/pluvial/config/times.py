"""UTC times and the span of a case."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from pluvial.config.base import Section


def _parse_utc(value: Any) -> datetime:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError('write a UTC time such as "2020-01-31T00:00Z"') from None
    elif isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if not isinstance(value, datetime):
        raise ValueError('write a UTC time such as "2020-01-31T00:00Z"')
    if value.tzinfo is None:
        raise ValueError("the time names no zone: append Z for UTC")
    if value.utcoffset():
        raise ValueError("only UTC is read, clocks that change twice a year are not: append Z")
    if value.second or value.microsecond:
        raise ValueError("write whole minutes")
    return value.astimezone(UTC)


UtcTime = Annotated[
    datetime,
    BeforeValidator(_parse_utc, json_schema_input_type=str),
    PlainSerializer(lambda time: time.strftime("%Y-%m-%dT%H:%MZ"), return_type=str),
]


def epoch_seconds(time: datetime) -> int:
    """Seconds since 1970-01-01T00:00Z."""
    return int(time.timestamp())


class TimeConfig(Section):
    """The span of the case and the step of its frames."""

    start: UtcTime
    """Time of the first frame, UTC."""
    end: UtcTime
    """End of the span, UTC; the last frame is one step before it."""
    step_minutes: int = Field(5, ge=1, le=1440)
    """Minutes from one rain frame to the next."""

    appended: list[UtcTime] = Field([])
    """Former ends of the span, ascending: what was built up to each keeps its bytes, and what
    follows is planned and sharded anew."""

    @model_validator(mode="after")
    def _whole_steps(self) -> Self:
        seconds = epoch_seconds(self.end) - epoch_seconds(self.start)
        if seconds <= 0:
            raise ValueError("`end` must lie after `start`")
        if seconds % (self.step_minutes * 60):
            raise ValueError(
                f"from `start` to `end` is {seconds // 60} min, "
                f"not a whole number of steps of {self.step_minutes} min"
            )
        ends = [self.start, *self.appended, self.end]
        if any(one >= other for one, other in itertools.pairwise(ends)):
            raise ValueError("`appended` must ascend, and lie between `start` and `end`")
        return self

    @property
    def editions(self) -> list[Self]:
        """The time of the case as it stood when each of ``appended`` was its end, and as it is."""
        ends = [*self.appended, self.end]
        return [
            self.model_copy(update={"end": end, "appended": ends[:number]})
            for number, end in enumerate(ends)
        ]

    @property
    def newest(self) -> tuple[int, int]:
        """Start and end of what was appended last (or of all), s since 1970-01-01T00:00Z."""
        return epoch_seconds([self.start, *self.appended][-1]), epoch_seconds(self.end)

    @property
    def steps(self) -> int:
        """Number of frames in the span."""
        return (epoch_seconds(self.end) - epoch_seconds(self.start)) // (self.step_minutes * 60)
