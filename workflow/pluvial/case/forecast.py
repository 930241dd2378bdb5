"""Keys of the forecast: rain that nobody has a depth for."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import PositiveInt, model_validator

from pluvial.config.base import Section
from pluvial.config.times import UtcTime
from pluvial.sources.registry import RainSource


class ForecastConfig(Section):
    """Depth maps from any rain: `snakemake forecast`."""

    model: Path | None = None
    """The `model.keras` to forecast with, its `.sha256` beside it; left out, that of this case."""
    rain: RainSource | None = None
    """Where the rain comes from; left out, the rain of this case."""
    start: UtcTime
    """First NOW: the time of the last rain frame that a forecast knows, UTC."""
    end: UtcTime
    """Last NOW, UTC."""
    every_minutes: PositiveInt = 60
    """Minutes from one NOW to the next."""
    geotiff: bool = True
    """Write a GeoTIFF of depth and one of exceedance for each time too."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end < self.start:
            raise ValueError("`end` must not lie before `start`")
        return self
