"""Draw embeddings made elsewhere."""

from pathlib import Path

from pluvial.config.learning import FiguresConfig, OwnEmbeddings
from pluvial.figures.own import draw_own
from pluvial.jobs import job

with job(f"figure of {snakemake.wildcards.own}", snakemake.log[0]):
    draw_own(
        OwnEmbeddings(**snakemake.params.own),
        Path(snakemake.params.folder),
        FiguresConfig(**snakemake.params.part["figures"]),
        snakemake.wildcards.own,
        Path(snakemake.output.png),
    )
