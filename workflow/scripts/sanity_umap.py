"""Project the embeddings of the pictures to the plane."""

from pathlib import Path

from pluvial.config.learning import FiguresConfig
from pluvial.diagnostics.pictures import make_picture_projection
from pluvial.jobs import job

with job("umap of pictures", snakemake.log[0]):
    make_picture_projection(
        dict(zip(snakemake.params.runs, map(Path, snakemake.input), strict=True)),
        FiguresConfig(**snakemake.params.part["figures"]),
        Path(snakemake.output[0]),
    )
