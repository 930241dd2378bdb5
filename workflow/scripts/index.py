"""Index the candidates of one period."""

from pathlib import Path

from pluvial.config.data import FramesConfig, RecordsConfig
from pluvial.config.times import TimeConfig
from pluvial.jobs import job
from pluvial.records.index import make_index
from pluvial.sources.registry import depth_source

with job(f"index {snakemake.wildcards.period}", snakemake.log[0]):
    part = snakemake.params.part
    make_index(
        [Path(path) for path in snakemake.input.rain],
        [Path(path) for path in snakemake.input.depth],
        TimeConfig(**snakemake.params.time),
        depth_source(part["depth"]),
        FramesConfig(**part["frames"]),
        RecordsConfig(**part["records"]),
        Path(snakemake.output[0]),
    )
