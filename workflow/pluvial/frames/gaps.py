"""From the times a source has to the regular axis: short gaps interpolated, long ones kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from pluvial.errors import PluvialError
from pluvial.grids.time_axis import TimeAxis, iso
from pluvial.sources.source import Frame


class Status(IntEnum):
    """What a frame of the store is."""

    OBSERVED = 0
    INTERPOLATED = 1
    MISSING = 2


Regular = tuple[int, NDArray[np.float32] | None, Status]
"""Index on the axis, the field (None where missing) and what it is."""


def regularise(
    frames: Iterable[Frame], axis: TimeAxis, *, longest_gap: int, where: str
) -> Iterator[Regular]:
    """Yield exactly one entry per time of ``axis``, in order.

    A run of at most ``longest_gap`` seconds of absent frames between two present ones is
    interpolated linearly in time; a longer one, and what lies before the first and after the
    last frame, is missing::

        source   A . B . . . . . . . C       (longest_gap = 1 step)
        yields   A i B m m m m m m m C

    Raises:
        PluvialError: if a frame's time is not on the axis, or not later than the one before it.
    """
    previous: tuple[int, NDArray[np.float32]] | None = None
    following = 0
    for time, field in frames:
        index = axis.index(time)
        if index is None:
            raise PluvialError(
                f"a frame at {iso(time)} is not on the axis of steps of {axis.step // 60} min "
                f"from {iso(axis.start)} to {iso(axis.end)}",
                where=where,
                remedy="Write the step of the data as `time.step_minutes`",
            )
        if index < following:
            raise PluvialError(
                f"the frame at {iso(time)} comes twice or out of order",
                where=where,
                remedy="Give the frames in order of time, each once",
            )
        absent = index - following
        fill = previous if absent and absent * axis.step <= longest_gap else None
        for gap in range(following, index):
            if fill is None:
                yield gap, None, Status.MISSING
            else:
                yield gap, _between(fill, (index, field), gap), Status.INTERPOLATED
        yield index, field, Status.OBSERVED
        previous, following = (index, field), index + 1
    for gap in range(following, axis.count):
        yield gap, None, Status.MISSING


def _between(
    before: tuple[int, NDArray[np.float32]], after: tuple[int, NDArray[np.float32]], index: int
) -> NDArray[np.float32]:
    """Linear in time; a cell missing on either side stays missing."""
    weight = np.float32((index - before[0]) / (after[0] - before[0]))
    return before[1] * (1 - weight) + after[1] * weight
