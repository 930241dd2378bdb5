"""The rain of a case: raw or made, into frames files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pluvial.config.data import FramesConfig
from pluvial.config.domain import DomainConfig
from pluvial.config.simulation import SyntheticStorms, SyntheticTerrain
from pluvial.config.times import TimeConfig
from pluvial.errors import PluvialError
from pluvial.frames.axes import rain_axis
from pluvial.frames.build import build_frames, named_periods
from pluvial.frames.domain import OnDomain, rain_grid
from pluvial.frames.store import provenance
from pluvial.frames.variables import RAIN
from pluvial.grids.grid import Grid
from pluvial.grids.time_axis import TimeAxis
from pluvial.simulation.storms import StormSeries
from pluvial.sources.registry import HeightmapSource, RainSource, open_raw
from pluvial.sources.source import Fault, Frame, Source


def make_rain_frames(
    rain: RainSource,
    heightmap: HeightmapSource,
    time: TimeConfig,
    domain: DomainConfig | None,
    frames: FramesConfig,
    *,
    folder: Path,
    paths: Sequence[Path],
) -> None:
    """Write the rain frames files ``paths``, each named by its period, in order of time."""
    axis = rain_axis(time)
    tolerant = frames.on_bad_frame == "gap"
    source = open_rain(rain, heightmap, time, domain, folder, tolerant=tolerant)
    build_frames(
        source,
        paths,
        variable=RAIN,
        axis=axis,
        periods=named_periods(paths, axis, frames),
        config=frames,
        cleaning=frames.clean,
        provenance=lambda: provenance(f"rain, {rain.format}", source.files, rain.model_dump_json()),
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
        self.faults: list[Fault] = []

    def frames(self, start: int, end: int) -> Iterator[Frame]:
        """The frames with ``start <= time < end``."""
        first = max(0, -(-(start - self._axis.start) // self._axis.step))
        last = min(self._axis.count, -(-(end - self._axis.start) // self._axis.step))
        for index, field in enumerate(self._series.frames(first, last), start=first):
            yield Frame(self._axis.time(index), self.grid, field, "made")


def open_rain(
    rain: RainSource,
    heightmap: HeightmapSource,
    time: TimeConfig,
    domain: DomainConfig | None,
    folder: Path,
    *,
    tolerant: bool,
) -> Source:
    """The source of rain, on the domain if there is one.

    Args:
        rain: what the rain is.
        heightmap: what the heightmap is.
        time: span and step.
        domain: what the rain is carried onto.
        folder: where relative paths are looked up.
        tolerant: whether what cannot be read becomes a gap; otherwise it is an error.
    """
    if not isinstance(rain, SyntheticStorms):
        source = open_raw(rain, time, folder, tolerant=tolerant)
        return OnDomain(source, rain_grid(domain), rain.resample) if domain else source
    if not isinstance(heightmap, SyntheticTerrain):
        raise PluvialError(
            "synthetic rain has no grid without a synthetic heightmap",
            where="`heightmap.format`",
            remedy="Write `heightmap: {format: synthetic}`",
        )
    return StormFrames(rain, heightmap, rain_axis(time))
