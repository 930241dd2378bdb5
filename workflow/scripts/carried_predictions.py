"""Predict the held-out split of a case with a depth model of another one, put on its terrain."""

from pathlib import Path

from pluvial.jobs import job
from pluvial.training.depth.predict import make_predictions

with job("predictions of a carried model", snakemake.log[0]):
    make_predictions(
        Path(snakemake.input.manifest),
        Path(snakemake.input.model),
        "test",
        Path(snakemake.output[0]),
        heightmap=Path(snakemake.input.heightmap),
    )
