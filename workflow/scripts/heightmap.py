"""Make or read the heightmap."""

from pathlib import Path

from pluvial.config.domain import domain_of
from pluvial.frames.heightmap import make_heightmap
from pluvial.jobs import job
from pluvial.sources.registry import heightmap_source

with job("heightmap", snakemake.log[0]):
    part = snakemake.params.part
    make_heightmap(
        heightmap_source(part["heightmap"]),
        domain_of(part["domain"]),
        Path(part["data_folder"]),
        Path(snakemake.output[0]),
    )
