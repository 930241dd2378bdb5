"""Decide which candidates live, and where."""

from pathlib import Path

from pluvial.config.data import RecordsConfig
from pluvial.config.times import TimeConfig
from pluvial.jobs import job
from pluvial.records.plan import make_plan

with job("plan", snakemake.log[0]):
    part = snakemake.params.part
    make_plan(
        [Path(path) for path in snakemake.input.index],
        [Path(path) for path in snakemake.input.earlier],
        TimeConfig(**snakemake.params.time),
        RecordsConfig(**part["records"]),
        Path(snakemake.output.plan),
        Path(snakemake.output.summary),
        threads=snakemake.threads,
    )
