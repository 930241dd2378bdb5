"""All frames files of a variable as one series of steps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pluvial.config.data import FramesConfig
from pluvial.config.sources import DepthSource
from pluvial.config.times import TimeConfig
from pluvial.errors import PluvialError
from pluvial.frames.axes import depth_axis, rain_axis
from pluvial.frames.gaps import Status
from pluvial.frames.store import FramesFile
from pluvial.frames.variables import DEPTH, MISSING, RAIN, Variable
from pluvial.grids.grid import Grid
from pluvial.grids.time_axis import Period, TimeAxis, periods


class FrameSeries:
    """All frames files of a variable as one series of steps; files are opened when needed."""

    def __init__(
        self, paths: Sequence[Path], *, variable: Variable, axis: TimeAxis, periods: list[Period]
    ) -> None:
        """Pair ``paths`` with those of ``periods`` whose names they bear."""
        by_name = {path.stem: path for path in paths}
        self.variable, self.axis = variable, axis
        self._periods = [p for p in periods if p.name in by_name]
        self._paths = by_name
        self._open: dict[str, FramesFile] = {}

    @property
    def grid(self) -> Grid:
        """The grid of the fields."""
        return self._file(self._periods[0]).grid

    def _file(self, period: Period) -> FramesFile:
        if period.name not in self._open:
            file = FramesFile(self._paths[period.name], self.variable)
            expected = self.axis.times()[period.first : period.last]
            if not np.array_equal(file.times, expected):
                raise PluvialError(
                    "its times are not those of the configured axis",
                    where=self._paths[period.name],
                    remedy="Delete it and run the workflow again",
                )
            self._open[period.name] = file
        return self._open[period.name]

    def read(self, first: int, last: int) -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
        """Packed fields uint16[n, rows, cols] and status uint8[n] of the steps first..last-1.

        Steps outside the given files are missing.
        """
        rows, cols = self.grid.shape
        codes = np.full((last - first, rows, cols), MISSING)
        status = np.full(last - first, int(Status.MISSING), dtype=np.uint8)
        for period in self._periods:
            low, high = max(first, period.first), min(last, period.last)
            if low < high:
                part = slice(low - first, high - first)
                codes[part], status[part] = self._file(period).read(
                    low - period.first, high - period.first
                )
        return codes, status

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
