"""Materialise one shard."""

from pathlib import Path

from pluvial.config.data import FramesConfig, RecordsConfig
from pluvial.config.times import TimeConfig
from pluvial.jobs import job
from pluvial.records.shards import make_shard
from pluvial.sources.registry import depth_source

with job(f"shard {snakemake.wildcards.split} {snakemake.wildcards.shard}", snakemake.log[0]):
    part = snakemake.params.part
    make_shard(
        Path(snakemake.params.frames),
        Path(snakemake.input.plan),
        TimeConfig(**snakemake.params.time),
        depth_source(part["depth"]),
        FramesConfig(**part["frames"]),
        RecordsConfig(**part["records"]),
        Path(snakemake.output.shard),
        Path(snakemake.output.table),
        Path(snakemake.output.sidecar),
    )
