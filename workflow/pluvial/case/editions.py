"""The parts in which a case is built: periods, and what was appended when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pluvial.case.case import Case
from pluvial.config.times import TimeConfig, epoch_seconds
from pluvial.errors import PluvialError
from pluvial.frames.axes import depth_axis, rain_axis
from pluvial.grids.time_axis import Period, TimeAxis, periods
from pluvial.sources.files import RawFiles, TimedFiles
from pluvial.sources.patterns import Found, Pattern
from pluvial.sources.series import overlapping

MANY_FILES = 10_000
"""Above it, a job depends on the folders of its raw files instead of on each of them."""


@dataclass(frozen=True)
class Edition:
    """What was built at once: all of the case, or what was appended to it.

    Attributes:
        name: `01` for the first.
        time: the time of the case as it stood then.
        rain, depth: the periods that came with it.
    """

    name: str
    time: TimeConfig
    rain: list[Period]
    depth: list[Period]

    @property
    def rain_names(self) -> list[str]:
        """Names of the rain's periods."""
        return [period.name for period in self.rain]

    @property
    def depth_names(self) -> list[str]:
        """Names of the depth's periods."""
        return [period.name for period in self.depth]


def editions(case: Case) -> list[Edition]:
    """The editions of a case, in order of time."""
    return [
        Edition(
            f"{number:02d}",
            time,
            _new(rain_axis(time), case, time),
            _new(depth_axis(time, case.depth), case, time),
        )
        for number, time in enumerate(case.time.editions, start=1)
    ]


def _new(axis: TimeAxis, case: Case, time: TimeConfig) -> list[Period]:
    since, _ = time.newest
    return [p for p in periods(axis, case.frames.period) if axis.time(p.first) >= since]


def by_period(source: object) -> bool:
    """Whether one period of a source can be made without reading what came before it."""
    if not isinstance(source, TimedFiles):
        return True
    return Pattern(source.files).tells_time and not source.ordinal


def raw_files(
    section: RawFiles, folder: Path, span: tuple[int, int] | None = None, margin: int = 0
) -> list[Path]:
    """The files that a job reads for a span of time, or for all.

    Args:
        section: the source.
        folder: where relative paths start.
        span: half-open, s since 1970-01-01T00:00Z; None for all files.
        margin: seconds around it that are looked at, for interpolation.

    Raises:
        PluvialError: if a file is missing.
    """
    found: Sequence[Found] = _found(section.files, folder)
    beside = [folder / path for path in section.beside()]
    for path in beside:
        if not path.exists():
            raise PluvialError(
                "the file is missing",
                where=path,
                remedy="Correct its path in the configuration, or `data_folder` "
                f"({folder}), in which relative paths are looked up",
            )
    if span is not None:
        found = overlapping(found, span[0] - margin, span[1] + margin)
    files = [item.path for item in found]
    if len(_found(section.files, folder)) > MANY_FILES:
        files = sorted({path.parent for path in files})
    return [*files, *beside]


@cache
def _found(pattern: str, folder: Path) -> list[Found]:
    return Pattern(pattern, folder).find()


def span_of(time: TimeConfig, period_names: Sequence[str], case: Case) -> tuple[int, int]:
    """From the start of the first to the end of the last of some periods, s since 1970."""
    axis = rain_axis(time)
    named = {p.name: p for p in periods(axis, case.frames.period)}
    chosen = [named[name] for name in period_names]
    return axis.time(chosen[0].first), min(axis.time(chosen[-1].last), epoch_seconds(time.end))
