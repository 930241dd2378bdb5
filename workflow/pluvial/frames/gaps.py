"""From the frames a source has to the regular axis: one entry per time, whatever came or not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from pluvial.errors import PluvialError
from pluvial.grids.time_axis import TimeAxis, iso
from pluvial.sources.series import LATE_STEPS
from pluvial.sources.source import Frame


class Status(IntEnum):
    """What a frame of the store is."""

    OBSERVED = 0
    INTERPOLATED = 1
    MISSING = 2


DUPLICATE, CONFLICTING, UNREADABLE = "duplicate", "conflicting", "unreadable"
"""Why a frame that the source gave is not used."""


@dataclass(frozen=True)
class Regular:
    """One time of the axis.

    Attributes:
        index: on the axis.
        values: float[rows, cols], None where missing.
        status: what it is.
        origin: the raw file it comes from.
        problem: why what the source gave could not be read.
        dropped: how many frames of this time were not used, by reason.
        late: how many frames of this time came out of order.
    """

    index: int
    values: NDArray[np.floating] | None
    status: Status
    origin: str = ""
    problem: str = ""
    dropped: Counter[str] = field(default_factory=Counter)
    late: int = 0


def regularise(
    frames: Iterable[Frame], axis: TimeAxis, *, longest_gap: int, where: str, tolerant: bool
) -> Iterator[Regular]:
    """Yield exactly one entry per time of ``axis``, in order.

    A run of at most ``longest_gap`` seconds of absent frames between two present ones is
    interpolated linearly in time; a longer one, and what lies before the first and after the
    last frame, is missing::

        source   A . B . . . . . . . C       (longest_gap = 1 step)
        yields   A i B m m m m m m m C

    Frames may come up to ``LATE_STEPS`` steps out of order. Of several frames of one time the
    first that can be read is used; equal ones are duplicates.

    Args:
        frames: what the source gives.
        axis: the times to yield.
        longest_gap: in seconds.
        where: the source, for messages.
        tolerant: whether of two different frames of one time the second is dropped; otherwise
            they are an error.

    Raises:
        PluvialError: if a frame's time is not on the axis, or comes too late.
    """
    previous: Regular | None = None
    following = 0
    unread: dict[int, Regular] = {}
    for index, together, late in _by_time(frames, axis, where):
        entry = _chosen(index, together, late, tolerant)
        if entry.values is None:
            unread[index] = entry
            continue
        absent = index - following
        fill = previous if absent and absent * axis.step <= longest_gap else None
        for gap in range(following, index):
            yield _absent(gap, unread.pop(gap, None), fill, entry)
        yield entry
        previous, following = entry, index + 1
    for gap in range(following, axis.count):
        yield _absent(gap, unread.pop(gap, None), None, None)


def _by_time(
    frames: Iterable[Frame], axis: TimeAxis, where: str
) -> Iterator[tuple[int, list[Frame], int]]:
    """(index, its frames, how many of them came late), ascending."""
    waiting: dict[int, list[Frame]] = {}
    late: Counter[int] = Counter()
    done, latest = -1, -1
    for frame in frames:
        index = axis.index(frame.time)
        if index is None:
            raise PluvialError(
                f"a frame at {iso(frame.time)} is not on the axis of steps of "
                f"{axis.step // 60} min from {iso(axis.start)} to {iso(axis.end)}",
                where=frame.origin or where,
                remedy="Write the step of the data as `time.step_minutes`",
            )
        if index <= done:
            raise PluvialError(
                f"the frame at {iso(frame.time)} comes more than {LATE_STEPS} steps out of order",
                where=frame.origin or where,
                remedy="Give the frames in order of time",
            )
        late[index] += index < latest
        latest = max(latest, index)
        waiting.setdefault(index, []).append(frame)
        for ready in sorted(key for key in waiting if key < latest - LATE_STEPS):
            yield ready, waiting.pop(ready), late.pop(ready)
            done = ready
    for ready in sorted(waiting):
        yield ready, waiting.pop(ready), late.pop(ready)


def _chosen(index: int, together: list[Frame], late: int, tolerant: bool) -> Regular:
    """The entry of one time out of all its frames."""
    dropped: Counter[str] = Counter()
    chosen: Frame | None = None
    problem = ""
    for frame in together:
        if frame.values is None:
            dropped[UNREADABLE] += 1
            problem = problem or frame.problem
        elif chosen is None or chosen.values is None:
            chosen = frame
        elif np.array_equal(frame.values, chosen.values, equal_nan=True):
            dropped[DUPLICATE] += 1
        elif tolerant:
            dropped[CONFLICTING] += 1
        else:
            raise PluvialError(
                f"the frame at {iso(frame.time)} comes twice, and differs from that of "
                f"{chosen.origin or 'before'}",
                where=frame.origin or "frames",
                remedy="Remove one of them, or write `frames.on_bad_frame: gap` to use the first",
            )
    if chosen is None:
        return Regular(index, None, Status.MISSING, together[0].origin, problem, dropped, late)
    return Regular(index, chosen.values, Status.OBSERVED, chosen.origin, problem, dropped, late)


def _absent(
    index: int, unread: Regular | None, before: Regular | None, after: Regular | None
) -> Regular:
    """The entry of a time without a usable frame, interpolated where both sides are given."""
    known = unread or Regular(index, None, Status.MISSING)
    if before is None or after is None or before.values is None or after.values is None:
        return known
    # A cell missing on either side stays missing.
    weight = np.float32((index - before.index) / (after.index - before.index))
    values = before.values * (1 - weight) + after.values * weight
    return Regular(
        index,
        values,
        Status.INTERPOLATED,
        known.origin,
        known.problem,
        known.dropped,
        known.late,
    )
