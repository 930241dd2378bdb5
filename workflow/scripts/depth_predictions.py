"""Predict a split with a depth model."""

from pathlib import Path

from pluvial.jobs import job
from pluvial.training.depth.predict import make_predictions

with job(f"predictions {snakemake.wildcards.model} {snakemake.wildcards.split}", snakemake.log[0]):
    make_predictions(
        Path(snakemake.input.manifest),
        Path(snakemake.input.model),
        snakemake.wildcards.split,
        Path(snakemake.output[0]),
    )
