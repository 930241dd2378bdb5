"""Read the leak meter."""

from pathlib import Path

from pluvial.config.data import FramesConfig, RecordsConfig
from pluvial.config.times import TimeConfig
from pluvial.jobs import job
from pluvial.records.leakage import make_leakage
from pluvial.sources.registry import depth_source

with job("leakage", snakemake.log[0]):
    part = snakemake.params.part
    make_leakage(
        Path(snakemake.params.frames),
        [Path(path) for path in snakemake.input.plans],
        TimeConfig(**part["time"]),
        depth_source(part["depth"]),
        FramesConfig(**part["frames"]),
        RecordsConfig(**part["records"]),
        Path(snakemake.output[0]),
    )
