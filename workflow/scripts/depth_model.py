"""Train a depth model."""

from pathlib import Path

from pluvial.config.depth_model import DepthModelConfig
from pluvial.config.encoders import EncoderConfig
from pluvial.jobs import job
from pluvial.training.depth.train import Material, make_depth_model

with job(f"depth model {snakemake.wildcards.model}", snakemake.log[0]):
    make_depth_model(
        Material(
            Path(snakemake.input.manifest),
            Path(snakemake.input.heightmap),
            Path(snakemake.input.encoder[0]) if snakemake.input.encoder else None,
            EncoderConfig(**snakemake.params.towers),
        ),
        DepthModelConfig(**snakemake.params.model),
        snakemake.wildcards.model,
        code=snakemake.params.code,
        checkpoints=Path(snakemake.params.checkpoints),
        tensorboard=Path(snakemake.params.tensorboard),
        folder=Path(snakemake.output.training).parent,
    )
