"""Write depth frames from raw depth."""

from pathlib import Path

from pluvial.config.data import FramesConfig
from pluvial.config.domain import domain_of
from pluvial.config.times import TimeConfig
from pluvial.frames.depth import make_depth_frames
from pluvial.jobs import job
from pluvial.sources.registry import depth_source

with job("depth_frames", snakemake.log[0]):
    part = snakemake.params.part
    make_depth_frames(
        depth_source(part["depth"]),
        TimeConfig(**snakemake.params.time),
        domain_of(part["domain"]),
        FramesConfig(**part["frames"]),
        folder=Path(part["data_folder"]),
        heightmap=Path(snakemake.input.heightmap),
        paths=[Path(path) for path in snakemake.output],
    )
