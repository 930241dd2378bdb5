"""Short gaps are interpolated, long ones stay gaps, and every time of the axis is accounted for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pluvial.errors import PluvialError
from pluvial.frames.gaps import Status, regularise
from pluvial.grids.time_axis import TimeAxis

AXIS = TimeAxis(6000, 300, 12)
SEEN, FILLED, LOST = Status.OBSERVED, Status.INTERPOLATED, Status.MISSING


def frame(index: int) -> tuple[int, np.ndarray]:
    return AXIS.time(index), np.float32([[index, 10 * index]])


def test_timeline() -> None:
    entries = list(regularise(map(frame, [1, 3, 9]), AXIS, longest_gap=300, where="test"))
    assert [kind for _, _, kind in entries] == [
        *[LOST, SEEN, FILLED, SEEN],
        *[LOST] * 5,
        *[SEEN, LOST, LOST],
    ]
    assert entries[2][1] is not None
    np.testing.assert_array_equal(entries[2][1], [[2, 20]])


@given(st.sets(st.integers(0, 11), min_size=1), st.integers(0, 5))
def test_every_time_once_and_linear_in_between(present: set[int], longest: int) -> None:
    frames = map(frame, sorted(present))
    entries = list(regularise(frames, AXIS, longest_gap=300 * longest, where="test"))
    assert [index for index, _, _ in entries] == list(range(12))
    for index, field, kind in entries:
        before = max((p for p in present if p < index), default=None)
        after = min((p for p in present if p > index), default=None)
        if index in present:
            assert kind == SEEN
        elif before is None or after is None or after - before - 1 > longest:
            assert (field, kind) == (None, LOST)
        else:
            assert kind == FILLED
        if field is not None:
            np.testing.assert_allclose(field, [[index, 10 * index]], rtol=1e-6)


def test_missing_cells_stay_missing() -> None:
    hole = (AXIS.time(0), np.float32([[np.nan, 0]]))
    entries = list(regularise([hole, frame(2)], AXIS, longest_gap=300, where="test"))
    assert entries[1][1] is not None
    np.testing.assert_array_equal(np.isnan(entries[1][1]), [[True, False]])


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ([6000, 6100], "not on the axis of steps of 5 min"),
        ([5700], "not on the axis"),
        ([6300, 6000], "out of order"),
        ([6300, 6300], "comes twice"),
    ],
)
def test_wrong_times_are_refused(times: list[int], message: str) -> None:
    frames = [(time, np.zeros((1, 2), np.float32)) for time in times]
    with pytest.raises(PluvialError, match=message):
        list(regularise(frames, AXIS, longest_gap=300, where="test"))
