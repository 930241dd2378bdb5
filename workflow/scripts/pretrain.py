"""Pretrain the two encoders, or make one of the two controls."""

from pathlib import Path

from pluvial.config.learning import PretrainConfig
from pluvial.jobs import job
from pluvial.training.pretrain import make_encoders

folder = Path(snakemake.output.training).parent

with job(f"pretrain {folder.name}", snakemake.log[0]):
    make_encoders(
        Path(snakemake.input.manifest),
        Path(snakemake.input.heightmap),
        PretrainConfig(**snakemake.params.part["pretrain"]),
        folder.name,
        code=snakemake.params.code,
        checkpoints=Path(snakemake.params.checkpoints),
        tensorboard=Path(snakemake.params.tensorboard),
        folder=folder,
    )
