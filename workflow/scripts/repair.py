"""Make the damaged shards again, and only those."""

from pathlib import Path

from pluvial.config.data import FramesConfig, RecordsConfig
from pluvial.config.times import TimeConfig
from pluvial.jobs import job
from pluvial.records.verify import repair
from pluvial.sources.registry import depth_source

with job("repair", snakemake.log[0]):
    part, params = snakemake.params.part, snakemake.params
    repair(
        Path(snakemake.params.manifest),
        Path(params.plans),
        Path(params.frames),
        [TimeConfig(**time) for time in params.editions],
        depth_source(part["depth"]),
        FramesConfig(**part["frames"]),
        RecordsConfig(**part["records"]),
        workers=snakemake.threads,
    )
