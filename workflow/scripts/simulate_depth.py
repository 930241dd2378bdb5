"""Simulate the depth of one period."""

from pathlib import Path

from pluvial.config.times import TimeConfig
from pluvial.frames.simulated import make_simulated_depth
from pluvial.jobs import job
from pluvial.sources.registry import depth_source

with job(f"simulate {snakemake.wildcards.period}", snakemake.log[0]):
    part, state = snakemake.params.part, snakemake.input.get("state")
    make_simulated_depth(
        depth_source(part["depth"]),
        TimeConfig(**snakemake.params.time),
        rain_path=Path(snakemake.input.rain),
        heightmap=Path(snakemake.input.heightmap),
        previous_state=Path(state) if state else None,
        depth_path=Path(snakemake.output.depth),
        state_path=Path(snakemake.output.state),
    )
