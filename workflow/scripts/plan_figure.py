"""Draw what became of every candidate record."""

from pathlib import Path

from pluvial.figures.plan import draw_plan
from pluvial.jobs import job

with job("figure plan", snakemake.log[0]):
    draw_plan(
        [Path(path) for path in snakemake.input.plans],
        [Path(path) for path in snakemake.input.tables],
        Path(snakemake.input.leakage),
        Path(snakemake.output.png),
    )
