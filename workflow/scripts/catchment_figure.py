"""Draw the catchment, its rain and its floods."""

from pathlib import Path

from pluvial.config.data import RecordsConfig
from pluvial.figures.catchment import draw_catchment
from pluvial.jobs import job

with job("figure catchment", snakemake.log[0]):
    draw_catchment(
        Path(snakemake.input.heightmap),
        [Path(path) for path in snakemake.input.rain],
        [Path(path) for path in snakemake.input.depth],
        Path(snakemake.output.png),
        RecordsConfig(**snakemake.params.part["records"]),
    )
