"""Draw the embeddings."""

from pathlib import Path

from pluvial.config.learning import FiguresConfig
from pluvial.figures.embeddings import draw_embeddings
from pluvial.jobs import job

with job("figure embeddings", snakemake.log[0]):
    draw_embeddings(
        Path(snakemake.input.umap),
        FiguresConfig(**snakemake.params.part["figures"]),
        Path(snakemake.output.png),
    )
