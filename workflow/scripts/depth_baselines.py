"""Predict depth without learning, for the times that a model is judged on."""

from pathlib import Path

from pluvial.config.data import FramesConfig, RecordsConfig
from pluvial.config.skill import SkillConfig
from pluvial.config.times import TimeConfig
from pluvial.diagnostics.baseline_predictions import make_baselines
from pluvial.jobs import job
from pluvial.sources.registry import depth_source

with job("baselines of depth", snakemake.log[0]):
    part = snakemake.params.part
    make_baselines(
        Path(snakemake.params.frames),
        [Path(path) for path in snakemake.input.plans],
        TimeConfig(**part["time"]),
        depth_source(part["depth"]),
        FramesConfig(**part["frames"]),
        RecordsConfig(**part["records"]),
        snakemake.params.thresholds,
        SkillConfig(**part["skill"]),
        [Path(path) for path in snakemake.output],
    )
