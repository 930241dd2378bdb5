"""All frames files of a variable as one series of steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pluvial.config.data import FramesConfig
from pluvial.config.times import TimeConfig
from pluvial.errors import PluvialError
from pluvial.frames.axes import depth_axis, rain_axis
from pluvial.frames.gaps import Status
from pluvial.frames.store import FramesFile
from pluvial.frames.variables import DEPTH, MISSING, RAIN, Variable
from pluvial.grids.grid import Grid
from pluvial.grids.time_axis import Period, TimeAxis, periods
from pluvial.sources.registry import DepthSource


class FrameSeries:
    """All frames files of a variable as one series of steps; files are opened when needed."""

    def __init__(
        self,
        paths: Sequence[Path],
        *,
        variable: Variable,
        axis: TimeAxis,
        periods: Sequence[Period],
    ) -> None:
        """Pair ``paths`` with those of ``periods`` whose names they bear."""
        by_name = {path.stem: path for path in paths}
        self.variable, self.axis = variable, axis
        self._periods = [p for p in periods if p.name in by_name]
        self._paths = by_name
        self._open: dict[str, FramesFile] = {}

    @cached_property
    def grid(self) -> Grid:
        """The grid of the fields."""
        return self._file(self._periods[0]).grid

    def _file(self, period: Period) -> FramesFile:
        if period.name not in self._open:
            file = FramesFile(self._paths[period.name], self.variable)
            steps = np.arange(period.first, period.last, dtype=np.int64)
            if not np.array_equal(file.times, self.axis.start + self.axis.step * steps):
                raise PluvialError(
                    "its times are not those of the configured axis",
                    where=self._paths[period.name],
                    remedy="Delete it and run the workflow again",
                )
            others = next(iter(self._open.values()), file)
            if file.grid != others.grid:
                raise PluvialError(
                    f"it lies on {file.grid.describe()}, other periods on {others.grid.describe()}",
                    where=self._paths[period.name],
                    remedy="Write a `domain` that all periods are carried onto",
                )
            self._open[period.name] = file
        return self._open[period.name]

    def read(self, first: int, last: int, rows: slice = slice(None)) -> NDArray[np.uint16]:
        """Packed fields uint16[last - first, rows, cols] of the steps first..last-1.

        Steps outside the given files are missing.
        """
        parts = list(self._parts(first, last))
        if len(parts) == 1 and parts[0][1] == slice(0, last - first):
            period, _, there = parts[0]
            return self._file(period).read(there.start, there.stop, rows)
        top, bottom, _ = rows.indices(self.grid.rows)
        codes = np.full((last - first, bottom - top, self.grid.cols), MISSING)
        for period, here, there in parts:
            codes[here] = self._file(period).read(there.start, there.stop, rows)
        return codes

    def status(self, first: int, last: int) -> NDArray[np.uint8]:
        """What each frame is, uint8[last - first]; steps outside the given files are missing."""
        status = np.full(last - first, int(Status.MISSING), dtype=np.uint8)
        for period, here, there in self._parts(first, last):
            status[here] = self._file(period).status[there]
        return status

    def _parts(self, first: int, last: int) -> Iterator[tuple[Period, slice, slice]]:
        """Of first..last-1, the parts that lie in files: the file, where in all, where in it."""
        for period in self._periods:
            low, high = max(first, period.first), min(last, period.last)
            if low < high:
                yield (
                    period,
                    slice(low - first, high - first),
                    slice(low - period.first, high - period.first),
                )

    def close(self) -> None:
        """Close all files."""
        for file in self._open.values():
            file.close()
        self._open.clear()

    def __enter__(self) -> FrameSeries:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_series(
    rain: Sequence[Path],
    depth: Sequence[Path],
    time: TimeConfig,
    depth_config: DepthSource,
    frames: FramesConfig,
) -> tuple[FrameSeries, FrameSeries]:
    """The given rain and depth frames files, each as one series."""
    axes = rain_axis(time), depth_axis(time, depth_config)
    rain_series, depth_series = (
        FrameSeries(paths, variable=variable, axis=axis, periods=periods(axis, frames.period))
        for paths, variable, axis in zip((rain, depth), (RAIN, DEPTH), axes, strict=True)
    )
    return rain_series, depth_series


def open_all(
    folder: Path, time: TimeConfig, depth_config: DepthSource, frames: FramesConfig
) -> tuple[FrameSeries, FrameSeries]:
    """All rain and depth frames up to the end of ``time``, from ``folder``/{rain,depth}."""
    axes = {"rain": rain_axis(time), "depth": depth_axis(time, depth_config)}
    rain, depth = (
        [folder / name / f"{period.name}.nc" for period in periods(axis, frames.period)]
        for name, axis in axes.items()
    )
    return open_series(rain, depth, time, depth_config, frames)
