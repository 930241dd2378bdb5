"""Gather the shards into the manifest."""

from pathlib import Path

from pluvial.config.data import RecordsConfig
from pluvial.config.times import TimeConfig
from pluvial.jobs import job
from pluvial.records.manifest import make_manifest

with job("manifest", snakemake.log[0]):
    part = snakemake.params.part
    make_manifest(
        [Path(path) for path in snakemake.input.sidecars],
        Path(snakemake.input.rain),
        Path(snakemake.input.depth),
        TimeConfig(**part["time"]),
        RecordsConfig(**part["records"]),
        Path(snakemake.output[0]),
    )
