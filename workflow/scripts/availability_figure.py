"""Draw which frames there are, day by day."""

from pathlib import Path

from pluvial.figures.availability import draw_availability
from pluvial.jobs import job

with job("figure availability", snakemake.log[0]):
    draw_availability(Path(snakemake.input.report), Path(snakemake.output.png))
