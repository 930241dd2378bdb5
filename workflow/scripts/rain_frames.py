"""Write rain frames."""

from pathlib import Path

from pluvial.config.data import FramesConfig
from pluvial.config.domain import domain_of
from pluvial.config.times import TimeConfig
from pluvial.frames.rain import make_rain_frames
from pluvial.jobs import job
from pluvial.sources.registry import heightmap_source, rain_source

with job("rain_frames", snakemake.log[0]):
    part = snakemake.params.part
    make_rain_frames(
        rain_source(part["rain"]),
        heightmap_source(part["heightmap"]),
        TimeConfig(**snakemake.params.time),
        domain_of(part["domain"]),
        FramesConfig(**part["frames"]),
        folder=Path(part["data_folder"]),
        paths=[Path(path) for path in snakemake.output],
    )
