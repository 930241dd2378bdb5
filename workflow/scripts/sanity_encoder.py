"""Train the encoder of pictures, or make its control, and embed all pictures."""

from pathlib import Path

from pluvial.config.sanity import SanityConfig
from pluvial.jobs import job
from pluvial.training.sanity import make_picture_encoder

with job(f"pictures, {snakemake.wildcards.sanity_run}", snakemake.log[0]):
    make_picture_encoder(
        Path(snakemake.input.album),
        SanityConfig(**snakemake.params.training),
        snakemake.wildcards.sanity_run,
        code=snakemake.params.code,
        checkpoints=Path(snakemake.params.checkpoints),
        tensorboard=Path(snakemake.params.tensorboard),
        folder=Path(snakemake.output.training).parent,
    )
