"""Draw how good the depth model is with few labels, by how it started."""

from pathlib import Path

from pluvial.figures.label_efficiency import draw_label_efficiency
from pluvial.jobs import job

with job("figure of label efficiency", snakemake.log[0]):
    draw_label_efficiency(Path(snakemake.input[0]), Path(snakemake.output.png))
