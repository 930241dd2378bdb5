"""Write the page of a verdict."""

from pathlib import Path

from pluvial.figures.verdict import make_verdict_page
from pluvial.jobs import job

with job("page of the verdict", snakemake.log[0]):
    make_verdict_page(
        Path(snakemake.input.verdict), snakemake.params.title, Path(snakemake.output[0])
    )
