"""Draw the control: the same figure for random points."""

from pathlib import Path

from pluvial.config.learning import FiguresConfig
from pluvial.figures.embeddings import draw_random_control
from pluvial.jobs import job

with job("figure random control", snakemake.log[0]):
    draw_random_control(
        Path(snakemake.input.umap),
        FiguresConfig(**snakemake.params.part["figures"]),
        Path(snakemake.output.png),
    )
