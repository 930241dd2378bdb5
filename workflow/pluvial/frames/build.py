"""Making frames files in one pass over a source."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from pluvial.config.data import CleaningConfig, FramesConfig
from pluvial.frames.gaps import Regular, regularise
from pluvial.frames.store import write_period
from pluvial.frames.variables import Variable
from pluvial.grids.time_axis import Period, TimeAxis, periods
from pluvial.jobs import progress
from pluvial.sources.source import Fault, Source


def build_frames(
    source: Source,
    paths: Sequence[Path],
    *,
    variable: Variable,
    axis: TimeAxis,
    periods: Sequence[Period],
    config: FramesConfig,
    cleaning: CleaningConfig | None = None,
    provenance: Callable[[], dict[str, str]],
) -> None:
    """Write the frames files of consecutive ``periods``, one each, in one pass over ``source``.

    Args:
        source: where the frames come from.
        paths: the files to make, one per period.
        variable: rain or depth.
        axis: the whole axis of the case.
        periods: consecutive periods of ``axis``.
        config: what becomes of gaps and of frames that cannot be read.
        cleaning: filters of rain.
        provenance: tells the global attributes of a file, once its frames are read.
    """
    longest_gap = config.interpolate_up_to_minutes * 60
    margin = longest_gap // axis.step + 1
    first = max(0, periods[0].first - margin)
    last = min(axis.count, periods[-1].last + margin)
    part = TimeAxis(axis.time(first), axis.step, last - first)
    entries: Iterator[Regular] = regularise(
        source.frames(part.start, part.end),
        part,
        longest_gap=longest_gap,
        where=variable.name,
        tolerant=config.on_bad_frame == "gap",
    )
    entries = progress(entries, f"{variable.name} frames", part.count)
    entries = itertools.islice(entries, periods[0].first - first, None)
    times = axis.times()
    met = 0

    def new_faults() -> list[Fault]:
        """What could not be read since it was asked last."""
        nonlocal met
        found = source.faults[met:]
        met += len(found)
        return found

    for path, period in zip(paths, periods, strict=True):
        write_period(
            path,
            itertools.islice(entries, period.last - period.first),
            variable=variable,
            grid=source.grid,
            times=times[period.first : period.last],
            cleaning=cleaning,
            provenance=provenance,
            faults=new_faults,
        )


def named_periods(paths: Sequence[Path], axis: TimeAxis, config: FramesConfig) -> list[Period]:
    """The periods whose names ``paths`` bear, in the order of ``paths``."""
    by_name = {period.name: period for period in periods(axis, config.period)}
    return [by_name[path.stem] for path in paths]
