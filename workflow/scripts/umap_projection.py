"""Project the embeddings, and as many random points, to the plane."""

from pathlib import Path

from pluvial.config.learning import FiguresConfig
from pluvial.diagnostics.projection import make_projection
from pluvial.jobs import job

with job("umap", snakemake.log[0]):
    make_projection(
        Path(snakemake.input.embeddings),
        [Path(path) for path in snakemake.input.plan],
        [Path(path) for path in snakemake.input.index],
        FiguresConfig(**snakemake.params.part["figures"]),
        Path(snakemake.output[0]),
    )
