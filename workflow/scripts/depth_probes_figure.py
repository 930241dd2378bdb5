"""Draw the probes of the depth model."""

from pathlib import Path

from pluvial.figures.depth_probes import draw_probes
from pluvial.jobs import job

with job("figure of the depth model's probes", snakemake.log[0]):
    draw_probes(
        Path(snakemake.input.probes),
        Path(snakemake.input.responses),
        Path(snakemake.input.heightmap),
        Path(snakemake.output.png),
    )
