"""Draw rain and depth on one map."""

from pathlib import Path

from pluvial.config.learning import FiguresConfig
from pluvial.figures.embeddings import draw_both
from pluvial.jobs import job

with job("figure both embeddings", snakemake.log[0]):
    draw_both(
        Path(snakemake.input.joint),
        FiguresConfig(**snakemake.params.part["figures"]),
        Path(snakemake.output.png),
    )
