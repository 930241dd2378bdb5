"""Judge the runs of the depth model from several starts, with fewer and fewer labels."""

from pathlib import Path

from pluvial.config.data import FramesConfig, RecordsConfig
from pluvial.config.skill import SkillConfig
from pluvial.config.times import TimeConfig
from pluvial.diagnostics.label_efficiency import make_label_efficiency
from pluvial.jobs import job
from pluvial.sources.registry import depth_source

with job("label efficiency", snakemake.log[0]):
    part = snakemake.params.part
    make_label_efficiency(
        [Path(path) for path in snakemake.input.predictions],
        Path(snakemake.params.frames),
        [Path(path) for path in snakemake.input.plans],
        TimeConfig(**part["time"]),
        depth_source(part["depth"]),
        FramesConfig(**part["frames"]),
        RecordsConfig(**part["records"]),
        SkillConfig(**part["skill"]),
        Path(snakemake.output[0]),
    )
