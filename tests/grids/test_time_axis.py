"""Periods partition the axis; calendar and clock hold at every boundary."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from pluvial.grids.time_axis import PERIOD_FORMATS, PeriodKind, TimeAxis, covering, periods

axes = st.builds(
    TimeAxis,
    start=st.datetimes(datetime(1999, 1, 1), datetime(2040, 1, 1)).map(
        lambda t: int(t.replace(second=0, microsecond=0, tzinfo=UTC).timestamp())
    ),
    step=st.sampled_from([60, 300, 600, 900, 3600, 86400]),
    count=st.integers(1, 3000),
)


@given(axes, st.sampled_from(sorted(PERIOD_FORMATS)))
def test_periods_partition_the_axis(axis: TimeAxis, kind: PeriodKind) -> None:
    found = periods(axis, kind)
    assert found[0].first == 0
    assert found[-1].last == axis.count
    for before, after in itertools.pairwise(found):
        assert before.last == after.first
        assert before.name < after.name
    for period in found:
        assert period.first < period.last
        for index in (period.first, period.last - 1):
            moment = datetime.fromtimestamp(axis.time(index), UTC)
            assert moment.strftime(PERIOD_FORMATS[kind]) == period.name


@given(axes, st.integers(-5, 3005), st.integers(0, 500))
def test_covering_holds_every_index(axis: TimeAxis, first: int, length: int) -> None:
    found = periods(axis, "day")
    reached = {
        index for p in covering(found, first, first + length) for index in range(p.first, p.last)
    }
    wanted = set(range(max(0, first), min(axis.count, first + length)))
    assert wanted <= reached


def test_leap_day_and_year_end() -> None:
    start = int(datetime(2019, 12, 31, 23, 55, tzinfo=UTC).timestamp())
    axis = TimeAxis(start, 300, 2 + 288 * 60)
    assert [p.name for p in periods(axis, "month")] == ["2019-12", "2020-01", "2020-02", "2020-03"]
    february = periods(axis, "month")[2]
    assert february.last - february.first == 29 * 288


@given(axes)
def test_index_inverts_time(axis: TimeAxis) -> None:
    assert axis.index(axis.time(axis.count - 1)) == axis.count - 1
    assert axis.index(axis.end) is None
    assert axis.index(axis.start - axis.step) is None
    assert axis.index(axis.start + 1) is None
    assert np.array_equal(axis.times(), [axis.time(k) for k in range(axis.count)])
