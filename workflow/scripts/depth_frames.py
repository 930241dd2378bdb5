"""Write depth frames from raw depth."""

from pathlib import Path

from pluvial.config.data import FramesConfig
from pluvial.config.sources import depth_source
from pluvial.config.times import TimeConfig
from pluvial.frames.depth import make_depth_frames
from pluvial.jobs import job

with job("depth_frames", snakemake.log[0]):
    part = snakemake.params.part
    make_depth_frames(
        depth_source(part["depth"]),
        TimeConfig(**part["time"]),
        FramesConfig(**part["frames"]),
        folder=Path(part["data_folder"]),
        heightmap=Path(snakemake.input.heightmap),
        paths=[Path(path) for path in snakemake.output],
    )
