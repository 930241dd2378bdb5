"""Draw the skill of the depth model beside methods without learning."""

from pathlib import Path

from pluvial.figures.skill import draw_skill
from pluvial.jobs import job

with job("skill figure", snakemake.log[0]):
    draw_skill(
        Path(snakemake.input.skill),
        Path(snakemake.input.hydrographs),
        snakemake.params.part["skill"]["storms"],
        Path(snakemake.output.png),
    )
