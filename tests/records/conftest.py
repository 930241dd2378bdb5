"""Small series of frames to build records from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from built import Results, records_config, some_weather, time_config
from pluvial.frames.gaps import Regular, Status
from pluvial.frames.series import FrameSeries
from pluvial.frames.store import write_period
from pluvial.frames.variables import DEPTH, MISSING, RAIN, Variable, unpack
from pluvial.grids.grid import Grid
from pluvial.grids.time_axis import TimeAxis, periods


@dataclass
class Frames:
    """Frames files of a rain and a depth array, in daily files."""

    axis: TimeAxis
    depth_axis: TimeAxis
    rain_paths: list[Path]
    depth_paths: list[Path]

    def open(self) -> tuple[FrameSeries, FrameSeries]:
        return (
            FrameSeries(
                self.rain_paths, variable=RAIN, axis=self.axis, periods=periods(self.axis, "day")
            ),
            FrameSeries(
                self.depth_paths,
                variable=DEPTH,
                axis=self.depth_axis,
                periods=periods(self.depth_axis, "day"),
            ),
        )


MakeFrames = Callable[..., Frames]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Two days of weather, built to the end; not to be changed."""
    results = Results(tmp_path_factory.mktemp("built"), time_config(2), records_config())
    results.write_frames(*some_weather(2))
    return results.build()


@pytest.fixture
def make_frames(tmp_path: Path) -> MakeFrames:
    """Write packed arrays uint16[T, H, W] (a frame that is all missing is a gap) as frames files.

    ``every``: rain steps from one depth to the next; ``filled``: rain steps that are interpolated.
    """

    def make(
        rain: np.ndarray,
        depth: np.ndarray,
        *,
        start: int = 0,
        step: int = 300,
        every: int = 1,
        filled: frozenset[int] = frozenset(),
    ) -> Frames:
        axis = TimeAxis(start, step, len(rain))
        depth_axis = TimeAxis(start, step * every, -(-len(rain) // every))
        side = 100.0 * depth.shape[1]
        return Frames(
            axis,
            depth_axis,
            _write(tmp_path / "rain", rain, RAIN, axis, side / rain.shape[1], filled),
            _write(tmp_path / "depth", depth, DEPTH, depth_axis, 100.0, frozenset()),
        )

    return make


def _write(
    folder: Path,
    codes: np.ndarray,
    variable: Variable,
    axis: TimeAxis,
    cell: float,
    filled: frozenset[int],
) -> list[Path]:
    paths = []
    for day in periods(axis, "day"):
        entries = []
        for index in range(day.first, day.last):
            gap = index >= len(codes) or (codes[index] == MISSING).all()
            field = None if gap else unpack(codes[index], variable)
            present = Status.INTERPOLATED if index in filled else Status.OBSERVED
            entries.append(Regular(index, field, Status.MISSING if gap else present))
        paths.append(folder / f"{day.name}.nc")
        write_period(
            paths[-1],
            entries,
            variable=variable,
            grid=Grid(*codes.shape[1:], cell),
            times=axis.times()[day.first : day.last],
            provenance=dict,
        )
    return paths
