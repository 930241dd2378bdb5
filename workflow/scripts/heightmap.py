"""Make or read the heightmap."""

from pathlib import Path

from pluvial.config.sources import heightmap_source
from pluvial.frames.heightmap import make_heightmap
from pluvial.jobs import job

with job("heightmap", snakemake.log[0]):
    part = snakemake.params.part
    make_heightmap(
        heightmap_source(part["heightmap"]), Path(part["data_folder"]), Path(snakemake.output[0])
    )
