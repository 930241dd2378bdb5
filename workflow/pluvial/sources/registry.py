"""All formats: a line for each, and the opening of a source by its section."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from pluvial.config.simulation import SimulatedDepth, SyntheticStorms, SyntheticTerrain
from pluvial.config.times import TimeConfig, epoch_seconds
from pluvial.sources.ascii import AsciiDepth, AsciiHeightmap, AsciiRain, AsciiStreamDepth
from pluvial.sources.geotiff import GeotiffDepth, GeotiffHeightmap, GeotiffRain
from pluvial.sources.grib2 import Grib2Rain
from pluvial.sources.hail_caesar import HailCaesarRain
from pluvial.sources.jsonl import JsonlRain
from pluvial.sources.netcdf import NetcdfDepth, NetcdfRain
from pluvial.sources.nimrod import NimrodRain
from pluvial.sources.odim import OdimRain
from pluvial.sources.series import FileSeries

RawRain = (
    AsciiRain
    | GeotiffRain
    | Grib2Rain
    | HailCaesarRain
    | JsonlRain
    | NetcdfRain
    | NimrodRain
    | OdimRain
)
RawDepth = AsciiDepth | AsciiStreamDepth | GeotiffDepth | NetcdfDepth
RawHeightmap = AsciiHeightmap | GeotiffHeightmap

RainSource = Annotated[SyntheticStorms | RawRain, Field(discriminator="format")]
DepthSource = Annotated[SimulatedDepth | RawDepth, Field(discriminator="format")]
HeightmapSource = Annotated[SyntheticTerrain | RawHeightmap, Field(discriminator="format")]


def rain_source(document: Any) -> RainSource:
    """The rain section of a configuration, from its JSON form."""
    return TypeAdapter[RainSource](RainSource).validate_python(document)


def depth_source(document: Any) -> DepthSource:
    """The depth section of a configuration, from its JSON form."""
    return TypeAdapter[DepthSource](DepthSource).validate_python(document)


def heightmap_source(document: Any) -> HeightmapSource:
    """The heightmap section of a configuration, from its JSON form."""
    return TypeAdapter[HeightmapSource](HeightmapSource).validate_python(document)


def open_raw(
    section: RawRain | RawDepth, time: TimeConfig, folder: Path, *, tolerant: bool
) -> FileSeries:
    """Open raw rain or depth as a source of frames.

    Args:
        section: the format and its keys.
        time: the span and step of the case.
        folder: where relative paths are looked up.
        tolerant: whether what cannot be read becomes a gap; otherwise it is an error.
    """
    step_minutes = getattr(section, "step_minutes", None) or time.step_minutes
    section.check(folder, step_minutes)
    return FileSeries(
        section,
        folder,
        span=(epoch_seconds(time.start), epoch_seconds(time.end)),
        step=step_minutes * 60,
        tolerant=tolerant,
    )
