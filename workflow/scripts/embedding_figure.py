"""Draw the embedding of one side."""

from pathlib import Path

from pluvial.config.learning import FiguresConfig
from pluvial.figures.embeddings import draw_embedding
from pluvial.jobs import job

with job(f"figure {snakemake.wildcards.side} embedding", snakemake.log[0]):
    draw_embedding(
        Path(snakemake.input.umap),
        Path(snakemake.input.manifest),
        snakemake.wildcards.side,
        FiguresConfig(**snakemake.params.part["figures"]),
        Path(snakemake.output.png),
    )
