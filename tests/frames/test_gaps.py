"""Short gaps are interpolated, long ones stay gaps, and every time of the axis is accounted for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pluvial.errors import PluvialError
from pluvial.frames.gaps import Status, regularise
from pluvial.grids.grid import Grid
from pluvial.grids.time_axis import TimeAxis
from pluvial.sources.series import LATE_STEPS
from pluvial.sources.source import Frame

AXIS = TimeAxis(6000, 300, 12)
SEEN, FILLED, LOST = Status.OBSERVED, Status.INTERPOLATED, Status.MISSING

LONG = TimeAxis(6000, 300, 60)
GRID = Grid(1, 2, 1.0)


def frame(index: int, value: float | None = None, origin: str = "") -> Frame:
    values = np.float32([[index, 10 * index]] if value is None else [[value, value]])
    return Frame(AXIS.time(index), GRID, values, origin)


def regular(frames: Iterable[Frame], longest_gap: int = 300, *, tolerant: bool = False):
    found = regularise(frames, AXIS, longest_gap=longest_gap, where="test", tolerant=tolerant)
    return list(found)


def test_timeline() -> None:
    entries = regular(map(frame, [1, 3, 9]))
    assert [entry.status for entry in entries] == [
        *[LOST, SEEN, FILLED, SEEN],
        *[LOST] * 5,
        *[SEEN, LOST, LOST],
    ]
    np.testing.assert_array_equal(entries[2].values, [[2, 20]])


@given(st.sets(st.integers(0, 11), min_size=1), st.integers(0, 5))
def test_every_time_once_and_linear_in_between(present: set[int], longest: int) -> None:
    frames = map(frame, sorted(present))
    entries = regular(frames, 300 * longest)
    assert [entry.index for entry in entries] == list(range(12))
    for entry in entries:
        index, field, kind = entry.index, entry.values, entry.status
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
    hole = Frame(AXIS.time(0), GRID, np.float32([[np.nan, 0]]))
    entries = regular([hole, frame(2)])
    np.testing.assert_array_equal(np.isnan(entries[1].values), [[True, False]])


@pytest.mark.parametrize("time", [6100, 5700, 9600])
def test_wrong_times_are_refused(time: int) -> None:
    with pytest.raises(PluvialError, match="not on the axis of steps of 5 min"):
        regular([Frame(time, GRID, np.zeros((1, 2), np.float32))])


def test_late_frames_find_their_place() -> None:
    entries = regular(map(frame, [0, 3, 1, 2, 4]))
    assert [entry.status for entry in entries] == [SEEN] * 5 + [LOST] * 7
    assert [entry.late for entry in entries[:5]] == [0, 1, 1, 0, 0]


def test_frames_that_come_too_late_are_refused() -> None:
    axis = TimeAxis(6000, 300, 40)
    frames = [Frame(axis.time(k), GRID, np.zeros((1, 2), np.float32)) for k in (0, 20, 30, 1)]
    with pytest.raises(PluvialError, match="steps out of order"):
        list(regularise(frames, axis, longest_gap=0, where="test", tolerant=True))


def test_equal_frames_of_one_time_are_counted() -> None:
    entries = regular([frame(0), frame(0), frame(0), frame(1)])
    assert entries[0].dropped == {"duplicate": 2}
    assert (entries[0].status, entries[0].late) == (SEEN, 0)


def test_different_frames_of_one_time_are_an_error_or_counted() -> None:
    twice = [frame(0, 1.0, "a.dat"), frame(0, 2.0, "b.dat")]
    with pytest.raises(PluvialError, match="comes twice, and differs from that of a.dat") as raised:
        regular(twice)
    assert raised.value.where == "b.dat"
    entry = regular(twice, tolerant=True)[0]
    assert entry.dropped == {"conflicting": 1}
    np.testing.assert_array_equal(entry.values, [[1, 1]])


def test_what_cannot_be_read_is_a_gap_with_its_reason() -> None:
    bad = Frame(AXIS.time(1), None, None, "b.dat", "cut off")
    entries = regular([frame(0), bad, frame(2), replace(bad, time=AXIS.time(4))], tolerant=True)
    assert [entry.status for entry in entries[:5]] == [SEEN, FILLED, SEEN, LOST, LOST]
    assert [entry.problem for entry in entries[:5]] == ["", "cut off", "", "", "cut off"]
    assert entries[1].dropped == entries[4].dropped == {"unreadable": 1}


given_frames = st.lists(
    st.tuples(st.integers(0, 11), st.sampled_from(["good", "other", "bad"])), max_size=30
)


@given(given_frames, st.integers(0, 3))
def test_every_frame_is_accounted_for(what: list[tuple[int, str]], longest: int) -> None:
    values = {"good": None, "other": -1.0}
    frames = [
        Frame(AXIS.time(k), None, None, "x", "broken") if kind == "bad" else frame(k, values[kind])
        for k, kind in sorted(what, key=lambda item: item[0])
    ]
    entries = regular(frames, 300 * longest, tolerant=True)
    assert len(entries) == 12
    used = sum(entry.status == SEEN for entry in entries)
    assert used + sum(entry.dropped.total() for entry in entries) == len(frames)


@given(
    st.lists(st.integers(0, 59), min_size=1, max_size=40, unique=True).map(sorted),
    st.integers(0, 2**32 - 1),
    st.integers(0, 4),
)
def test_frames_up_to_eight_steps_late_make_no_difference(
    present: list[int], seed: int, longest: int
) -> None:
    """As radars deliver: each frame with a delay of its own."""
    frames = [Frame(LONG.time(k), GRID, np.float32([[k, 1]])) for k in present]
    delay = np.random.default_rng(seed).integers(0, LATE_STEPS + 1, len(present))
    # Of those that arrive together the newest is first: then the oldest is as late as it may be.
    order = np.lexsort((-np.array(present), present + delay))
    keys = {"longest_gap": 300 * longest, "where": "test", "tolerant": False}
    in_time = list(regularise(frames, LONG, **keys))
    late = list(regularise([frames[k] for k in order], LONG, **keys))
    assert [entry.index for entry in late] == list(range(60))
    for one, other in zip(in_time, late, strict=True):
        assert (one.status, one.origin) == (other.status, other.origin)
        np.testing.assert_array_equal(one.values, other.values)
    arrived = [present[k] for k in order]
    latest = np.maximum.accumulate(arrived)
    assert sum(entry.late for entry in late) == sum(
        k < before for k, before in zip(arrived[1:], latest[:-1], strict=True)
    )
    assert not any(entry.late for entry in in_time)


def test_a_frame_that_is_just_in_time() -> None:
    keys = {"longest_gap": 0, "where": "test", "tolerant": False}
    frames = {
        k: Frame(LONG.time(k), GRID, np.zeros((1, 2), np.float32)) for k in (0, 1, LATE_STEPS + 1)
    }
    found = list(regularise([frames[k] for k in (0, LATE_STEPS + 1, 1)], LONG, **keys))
    assert [entry.index for entry in found if entry.status == SEEN] == sorted(frames)
    again = list(regularise([frames[k] for k in (1, LATE_STEPS + 1, 1)], LONG, **keys))
    assert again[1].dropped == {"duplicate": 1}, "its time is kept open as long"


def test_of_several_frames_the_first_that_can_be_read_counts() -> None:
    bad = Frame(AXIS.time(0), None, None, "a.dat", "cut off")
    entry = regular([bad, frame(0, 1.0, "b.dat"), frame(0, 2.0, "c.dat")], tolerant=True)[0]
    assert (entry.status, entry.origin, entry.problem) == (SEEN, "b.dat", "cut off")
    assert entry.dropped == {"unreadable": 1, "conflicting": 1}
    np.testing.assert_array_equal(entry.values, [[1, 1]])


def test_frames_that_differ_only_in_what_is_missing_differ() -> None:
    hole = Frame(AXIS.time(0), GRID, np.float32([[np.nan, 0]]), "b.dat")
    same = Frame(AXIS.time(0), GRID, np.float32([[np.nan, 0]]), "c.dat")
    assert regular([hole, same])[0].dropped == {"duplicate": 1}
    with pytest.raises(PluvialError, match="comes twice, and differs"):
        regular([hole, frame(0)])


def test_what_is_not_there_is_interpolated_from_what_is_observed_alone() -> None:
    """An interpolated frame is no end of another gap."""
    entries = regular(map(frame, [0, 2, 5]), longest_gap=300)
    assert [entry.status for entry in entries[:6]] == [SEEN, FILLED, SEEN, LOST, LOST, SEEN]


def test_nothing_at_all_is_all_missing() -> None:
    assert [entry.status for entry in regular([])] == [LOST] * 12


def test_frames_are_taken_as_they_are_needed() -> None:
    """No more are held than may come late, or wait for the end of a short gap."""
    taken = 0

    def source():
        nonlocal taken
        for index in range(60):
            taken += 1
            yield Frame(LONG.time(index), GRID, np.zeros((1, 2), np.float32))

    entries = regularise(source(), LONG, longest_gap=300, where="test", tolerant=False)
    for number in range(50):
        next(entries)
        assert taken <= number + LATE_STEPS + 2
