"""Draw how rain, depth and ground lie on each other."""

from pathlib import Path

from pluvial.config.data import RecordsConfig
from pluvial.figures.domain import draw_domain
from pluvial.jobs import job

with job("figure domain", snakemake.log[0]):
    draw_domain(
        Path(snakemake.input.heightmap),
        Path(snakemake.input.rain),
        Path(snakemake.input.depth),
        Path(snakemake.output.png),
        RecordsConfig(**snakemake.params.part["records"]),
    )
