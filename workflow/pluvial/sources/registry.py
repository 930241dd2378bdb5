"""Which reader opens which format."""

from __future__ import annotations

from pathlib import Path

from pluvial.config.sources import AsciiStreamDepth, HailCaesarRain
from pluvial.config.times import TimeConfig, epoch_seconds
from pluvial.sources.ascii_grid import AsciiStream
from pluvial.sources.hail_caesar import ZonedRain, check_step
from pluvial.sources.source import Source


def open_raw_rain(config: HailCaesarRain, time: TimeConfig, folder: Path) -> Source:
    """Open the raw rain of ``config``; relative paths are looked up in ``folder``."""
    if config.parameters is not None:
        check_step(
            folder / config.parameters,
            "rain_data_time_step",
            time.step_minutes,
            config_key="time.step_minutes",
        )
    return ZonedRain(
        folder / config.file,
        folder / config.zones,
        start=epoch_seconds(config.start),
        step=time.step_minutes * 60,
        crs=config.crs,
    )


def open_raw_depth(config: AsciiStreamDepth, time: TimeConfig, folder: Path) -> Source:
    """Open the raw depth of ``config``; relative paths are looked up in ``folder``."""
    step_minutes = config.step_minutes or time.step_minutes
    if config.parameters is not None:
        check_step(
            folder / config.parameters,
            "raster_output_interval",
            step_minutes,
            config_key="depth.step_minutes",
        )
    return AsciiStream(
        folder / config.file,
        start=epoch_seconds(config.start),
        step=step_minutes * 60,
        crs=config.crs,
    )
