"""Draw the training of the encoders and of the shuffled control."""

from pathlib import Path

from pluvial.figures.training import draw_training
from pluvial.jobs import job

with job("figure training", snakemake.log[0]):
    draw_training(
        {run: Path(snakemake.input[run]) for run in ("trained", "shuffled")},
        Path(snakemake.output.png),
    )
