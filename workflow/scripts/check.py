"""List what would fail."""

from pathlib import Path

from pluvial.jobs import job
from pluvial.outlook.commands import check_case

with job("check", snakemake.log[0]):
    check_case(
        snakemake.params.document,
        Path(snakemake.params.results),
        snakemake.params.where,
        [Path(profile) for profile in snakemake.params.profiles],
    )
