"""Embed the pictures by an encoder trained elsewhere."""

from pathlib import Path

from pluvial.config.sanity import PretrainedEncoder
from pluvial.jobs import job
from pluvial.pictures.pretrained import embed_album

with job("sanity pretrained", snakemake.log[0]):
    embed_album(
        PretrainedEncoder(**snakemake.params.encoder),
        Path(snakemake.params.folder),
        Path(snakemake.input.album),
        Path(snakemake.output[0]),
    )
