"""Keys of the raw data: where rain, depth and heightmap come from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from pluvial.config.base import Section
from pluvial.config.simulation import FlowConfig, SyntheticStorms, SyntheticTerrain
from pluvial.config.times import UtcTime


class HailCaesarRain(Section):
    """HAIL-CAESAR's rain: a text table (rows = steps, columns = zones, mm/h) and a zone map."""

    format: Literal["hail-caesar"]
    """A rain table with a hydroindex."""
    file: Path
    """The rain table."""
    zones: Path
    """The hydroindex: an ESRI ASCII grid of zone numbers, from 1."""
    start: UtcTime
    """Time of the first row: a row is the rate from its time to the next."""
    parameters: Path | None = None
    """The run's parameter file; where given, its rain step is checked against `time`."""
    crs: str = ""
    """Coordinate reference system of the hydroindex, such as EPSG:27700."""


class AsciiStreamDepth(Section):
    """Concatenated ESRI ASCII grids of depth in metres, as HAIL-CAESAR writes to stdout."""

    format: Literal["ascii-stream"]
    """A stream of concatenated ESRI ASCII grids (plain or .gz)."""
    file: Path
    """The stream."""
    start: UtcTime
    """Time of the first grid (HAIL-CAESAR: the start of the run, all zero)."""
    step_minutes: int | None = Field(None, ge=1)
    """Minutes between grids; left out, the step of the case."""
    parameters: Path | None = None
    """The run's parameter file; where given, its output interval is checked against the step."""
    crs: str = ""
    """Coordinate reference system, such as EPSG:27700."""


class SimulatedDepth(Section):
    """Depth from the embedded shallow-water solver, run on this case's rain and heightmap."""

    format: Literal["simulate"]
    """Simulate the depth."""
    flow: FlowConfig = FlowConfig()
    """Flow and soil."""


class AsciiHeightmap(Section):
    """One ESRI ASCII grid of elevations in metres."""

    format: Literal["ascii"]
    """An ESRI ASCII grid (plain or .gz)."""
    file: Path
    """The grid."""
    crs: str = ""
    """Coordinate reference system, such as EPSG:27700."""


RainSource = Annotated[SyntheticStorms | HailCaesarRain, Field(discriminator="format")]
DepthSource = Annotated[SimulatedDepth | AsciiStreamDepth, Field(discriminator="format")]
HeightmapSource = Annotated[SyntheticTerrain | AsciiHeightmap, Field(discriminator="format")]


def rain_source(document: Any) -> RainSource:
    """The rain section of a configuration, from its JSON form."""
    return TypeAdapter[RainSource](RainSource).validate_python(document)


def depth_source(document: Any) -> DepthSource:
    """The depth section of a configuration, from its JSON form."""
    return TypeAdapter[DepthSource](DepthSource).validate_python(document)


def heightmap_source(document: Any) -> HeightmapSource:
    """The heightmap section of a configuration, from its JSON form."""
    return TypeAdapter[HeightmapSource](HeightmapSource).validate_python(document)
