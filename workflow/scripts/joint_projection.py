"""Project rain and depth vectors together to one plane."""

from pathlib import Path

from pluvial.config.learning import FiguresConfig
from pluvial.diagnostics.projection import make_joint_projection
from pluvial.jobs import job

with job("umap of both", snakemake.log[0]):
    make_joint_projection(
        Path(snakemake.input.umap),
        FiguresConfig(**snakemake.params.part["figures"]),
        Path(snakemake.output[0]),
    )
