"""Forecast water depth from rain that nobody has a depth for."""

from pathlib import Path

from pluvial.case.forecast import ForecastConfig
from pluvial.config.data import FramesConfig
from pluvial.config.domain import domain_of
from pluvial.config.times import TimeConfig
from pluvial.jobs import job
from pluvial.sources.registry import heightmap_source, rain_source
from pluvial.training.depth.forecasting import RainOfCase, make_forecast

part = snakemake.params.part
with job("forecast", snakemake.log[0]):
    make_forecast(
        ForecastConfig(**part["forecast"]),
        Path(snakemake.input.model),
        RainOfCase(
            rain_source(part["rain"]),
            heightmap_source(part["heightmap"]),
            TimeConfig(**part["time"]),
            domain_of(part["domain"]),
            FramesConfig(**part["frames"]),
            Path(part["data_folder"]),
        ),
        rain_path=Path(snakemake.output.rain),
        path=Path(snakemake.output.forecast),
        geotiffs=Path(snakemake.output.geotiffs),
    )
