"""Print the case in a screen."""

from pathlib import Path

from pluvial.jobs import job
from pluvial.outlook.commands import print_description

with job("describe", snakemake.log[0]):
    print_description(
        snakemake.params.document, Path(snakemake.params.results), snakemake.params.where
    )
