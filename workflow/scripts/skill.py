"""Judge predictions of depth on the held-out storms."""

from pathlib import Path

from pluvial.config.data import FramesConfig, RecordsConfig
from pluvial.config.skill import SkillConfig
from pluvial.config.times import TimeConfig
from pluvial.diagnostics.skill import make_skill
from pluvial.jobs import job
from pluvial.sources.registry import depth_source

with job("skill", snakemake.log[0]):
    part = snakemake.params.part
    make_skill(
        [Path(path) for path in snakemake.input.model],
        [Path(path) for path in snakemake.input.baselines],
        Path(snakemake.params.frames),
        [Path(path) for path in snakemake.input.plans],
        Path(snakemake.input.heightmap),
        TimeConfig(**part["time"]),
        depth_source(part["depth"]),
        FramesConfig(**part["frames"]),
        RecordsConfig(**part["records"]),
        SkillConfig(**part["skill"]),
        Path(snakemake.output.skill),
        Path(snakemake.output.hydrographs),
    )
