"""Making frames files in one pass over a source."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

from pluvial.config.data import FramesConfig
from pluvial.frames.gaps import regularise
from pluvial.frames.store import write_period
from pluvial.frames.variables import Variable
from pluvial.grids.time_axis import Period, TimeAxis, periods
from pluvial.jobs import progress
from pluvial.sources.source import Source


def build_frames(
    source: Source,
    paths: Sequence[Path],
    *,
    variable: Variable,
    axis: TimeAxis,
    periods: Sequence[Period],
    longest_gap: int,
    provenance: dict[str, str],
) -> None:
    """Write the frames files of consecutive ``periods``, one each, in one pass over ``source``.

    Args:
        source: where the frames come from.
        paths: the files to make, one per period.
        variable: rain or depth.
        axis: the whole axis of the case.
        periods: consecutive periods of ``axis``.
        longest_gap: longest run of absent frames to interpolate, in seconds.
        provenance: global attributes of the files.
    """
    margin = longest_gap // axis.step + 1
    first = max(0, periods[0].first - margin)
    last = min(axis.count, periods[-1].last + margin)
    part = TimeAxis(axis.time(first), axis.step, last - first)
    where = str(source.files[0]) if source.files else variable.name
    entries = regularise(
        source.frames(part.start, part.end), part, longest_gap=longest_gap, where=where
    )
    entries = progress(entries, f"{variable.name} frames", part.count)
    entries = itertools.islice(entries, periods[0].first - first, None)
    times = axis.times()
    for path, period in zip(paths, periods, strict=True):
        write_period(
            path,
            itertools.islice(entries, period.last - period.first),
            variable=variable,
            grid=source.grid,
            times=times[period.first : period.last],
            provenance=provenance,
        )


def named_periods(paths: Sequence[Path], axis: TimeAxis, config: FramesConfig) -> list[Period]:
    """The periods whose names ``paths`` bear, in the order of ``paths``."""
    by_name = {period.name: period for period in periods(axis, config.period)}
    return [by_name[path.stem] for path in paths]
