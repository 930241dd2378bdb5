"""Write rain frames."""

from pathlib import Path

from pluvial.config.data import FramesConfig
from pluvial.config.sources import heightmap_source, rain_source
from pluvial.config.times import TimeConfig
from pluvial.frames.rain import make_rain_frames
from pluvial.jobs import job

with job("rain_frames", snakemake.log[0]):
    part = snakemake.params.part
    make_rain_frames(
        rain_source(part["rain"]),
        heightmap_source(part["heightmap"]),
        TimeConfig(**part["time"]),
        FramesConfig(**part["frames"]),
        folder=Path(part["data_folder"]),
        paths=[Path(path) for path in snakemake.output],
    )
