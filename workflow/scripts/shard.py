"""Materialise one shard."""

from pathlib import Path

from pluvial.config.data import FramesConfig, RecordsConfig
from pluvial.config.sources import depth_source
from pluvial.config.times import TimeConfig
from pluvial.jobs import job
from pluvial.records.shards import make_shard

with job(f"shard {snakemake.wildcards.split} {snakemake.wildcards.shard}", snakemake.log[0]):
    part = snakemake.params.part
    make_shard(
        [Path(path) for path in snakemake.input.rain],
        [Path(path) for path in snakemake.input.depth],
        Path(snakemake.input.plan),
        TimeConfig(**part["time"]),
        depth_source(part["depth"]),
        FramesConfig(**part["frames"]),
        RecordsConfig(**part["records"]),
        Path(snakemake.output.shard),
        Path(snakemake.output.sidecar),
    )
