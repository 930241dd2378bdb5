"""The rain of a case: raw or made, into frames files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pluvial.config.data import FramesConfig
from pluvial.config.simulation import SyntheticStorms, SyntheticTerrain
from pluvial.config.sources import HailCaesarRain, HeightmapSource, RainSource
from pluvial.config.times import TimeConfig
from pluvial.errors import PluvialError
from pluvial.frames.axes import rain_axis
from pluvial.frames.build import build_frames, named_periods
from pluvial.frames.store import provenance
from pluvial.frames.variables import RAIN
from pluvial.grids.grid import Grid
from pluvial.grids.time_axis import TimeAxis
from pluvial.simulation.storms import StormSeries
from pluvial.sources.registry import open_raw_rain
from pluvial.sources.source import Frame, Source


def make_rain_frames(
    rain: RainSource,
    heightmap: HeightmapSource,
    time: TimeConfig,
    frames: FramesConfig,
    *,
    folder: Path,
    paths: Sequence[Path],
) -> None:
    """Write the rain frames files ``paths``, each named by its period, in order of time."""
    axis = rain_axis(time)
    source = open_rain(rain, heightmap, time, folder)
    build_frames(
        source,
        paths,
        variable=RAIN,
        axis=axis,
        periods=named_periods(paths, axis, frames),
        longest_gap=frames.interpolate_up_to_minutes * 60,
        provenance=provenance(f"rain, {rain.format}", source.files, rain.model_dump_json()),
    )


class StormFrames:
    """The synthetic storms as a source (see Source)."""

    def __init__(self, config: SyntheticStorms, terrain: SyntheticTerrain, axis: TimeAxis) -> None:
        shape = terrain.rows // config.coarsen, terrain.cols // config.coarsen
        cell = terrain.cell_m * config.coarsen
        self._axis = axis
        self._series = StormSeries(
            config, shape=shape, cell_m=cell, steps=axis.count, step_minutes=axis.step // 60
        )
        self.grid = Grid(*shape, cell)
        self.files: list[Path] = []

    def frames(self, start: int, end: int) -> Iterator[Frame]:
        """The frames with ``start <= time < end``."""
        first = max(0, -(-(start - self._axis.start) // self._axis.step))
        last = min(self._axis.count, -(-(end - self._axis.start) // self._axis.step))
        for index, field in enumerate(self._series.frames(first, last), start=first):
            yield self._axis.time(index), field


def open_rain(
    rain: RainSource, heightmap: HeightmapSource, time: TimeConfig, folder: Path
) -> Source:
    """The source of rain; relative paths are looked up in ``folder``."""
    if isinstance(rain, HailCaesarRain):
        return open_raw_rain(rain, time, folder)
    if not isinstance(heightmap, SyntheticTerrain):
        raise PluvialError(
            "synthetic rain has no grid without a synthetic heightmap",
            where="`heightmap.format`",
            remedy="Write `heightmap: {format: synthetic}`",
        )
    return StormFrames(rain, heightmap, rain_axis(time))
