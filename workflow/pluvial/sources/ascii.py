"""ESRI ASCII grids of rain, depth and elevation.

The parser is imported where a file is read: it brings a compiler, and every dry run imports this.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from pluvial.config.times import UtcTime
from pluvial.sources.entries import Entry
from pluvial.sources.files import DepthFiles, HeightmapFiles, RainFiles
from pluvial.sources.parameters import check_step
from pluvial.sources.patterns import Pattern
from pluvial.sources.source import Field


class AsciiStreamDepth(DepthFiles):
    """Concatenated ESRI ASCII grids of depth in metres, as HAIL-CAESAR writes to stdout."""

    format: Literal["ascii-stream"]
    """Streams of concatenated ESRI ASCII grids (plain or .gz)."""
    start: UtcTime | None = None
    """Time of the first grid (HAIL-CAESAR: the start of the run, all zero); left out, the time in
    the file's name."""
    parameters: Path | None = None
    """The run's parameter file; where given, its output interval is checked against the step."""

    in_order: ClassVar[bool] = True
    ordinal: ClassVar[bool] = True

    @model_validator(mode="after")
    def _knows_its_start(self) -> Self:
        if self.start is None and not Pattern(self.files).tells_time:
            raise ValueError("`start` is missing: write the time of the first grid")
        return self

    def beside(self) -> list[Path]:
        """The parameter file."""
        return [self.parameters] if self.parameters else []

    def check(self, folder: Path, step_minutes: int) -> None:
        """Refuse a step that the parameter file contradicts."""
        if self.parameters is not None:
            check_step(
                folder / self.parameters,
                "raster_output_interval",
                step_minutes,
                config_key="depth.step_minutes",
            )

    def fields(self, entry: Entry) -> Iterator[Field]:
        """The grids, in their order."""
        from pluvial.sources.ascii_grid import read_grids

        for number, (grid, values) in enumerate(read_grids(entry)):
            yield Field(None, grid, partial(_same, values), f"#{number}")


class AsciiDepth(DepthFiles):
    """A folder of ESRI ASCII grids of depth in metres, one per time (LISFLOOD-FP's .wd)."""

    format: Literal["ascii"]
    """ESRI ASCII grids (plain or .gz), the time in their names."""

    def fields(self, entry: Entry) -> Iterator[Field]:
        """The one grid."""
        yield _single(entry)


class AsciiRain(RainFiles):
    """A folder of ESRI ASCII grids of rain in mm/h, one per time."""

    format: Literal["ascii"]
    """ESRI ASCII grids (plain or .gz), the time in their names."""

    def fields(self, entry: Entry) -> Iterator[Field]:
        """The one grid."""
        yield _single(entry)


class AsciiHeightmap(HeightmapFiles):
    """ESRI ASCII grids of elevations in metres: one, or tiles."""

    format: Literal["ascii"]
    """ESRI ASCII grids (plain or .gz)."""

    def fields(self, entry: Entry) -> Iterator[Field]:
        """The one grid."""
        yield _single(entry)


def _single(entry: Entry) -> Field:
    """The one grid of a file; its values are text, and read at once."""
    from pluvial.sources.ascii_grid import read_grid

    grid, values = read_grid(entry)
    return Field(None, grid, partial(_same, values))


def _same(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values
