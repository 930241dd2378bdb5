"""Draw the largest held-out storms, still and moving, and where the predictions err."""

from pathlib import Path

from pluvial.config.data import FramesConfig, RecordsConfig
from pluvial.config.times import TimeConfig
from pluvial.figures.error_maps import draw_error_maps
from pluvial.figures.predicted import Sources
from pluvial.figures.predicted_storms import draw_predicted_storms
from pluvial.figures.storm_animation import draw_storm_animation
from pluvial.jobs import job
from pluvial.sources.registry import depth_source

with job("figures of what is predicted", snakemake.log[0]):
    part = snakemake.params.part
    sources = Sources(
        Path(snakemake.input.predictions),
        Path(snakemake.params.frames),
        Path(snakemake.input.heightmap),
        Path(snakemake.input.hydrographs),
        TimeConfig(**part["time"]),
        depth_source(part["depth"]),
        FramesConfig(**part["frames"]),
        RecordsConfig(**part["records"]),
    )
    draw_predicted_storms(sources, part["skill"]["storms"], Path(snakemake.output.storms))
    draw_error_maps(sources, Path(snakemake.output.errors))
    draw_storm_animation(sources, Path(snakemake.output.gif), Path(snakemake.output.apng))
