"""Probe the depth model with rain changed on purpose, beside the solver."""

from pathlib import Path

from pluvial.config.data import FramesConfig
from pluvial.config.times import TimeConfig
from pluvial.diagnostics.probe_model import make_probes
from pluvial.jobs import job
from pluvial.sources.registry import depth_source

with job("probes of the depth model", snakemake.log[0]):
    part = snakemake.params.part
    make_probes(
        Path(snakemake.input.model),
        Path(snakemake.input.hydrographs),
        Path(snakemake.params.frames),
        Path(snakemake.input.heightmap),
        TimeConfig(**part["time"]),
        depth_source(part["depth"]),
        FramesConfig(**part["frames"]),
        part["skill"]["probed_storms"],
        Path(snakemake.output.probes),
        Path(snakemake.output.responses),
    )
