"""Read every shard again and say what is wrong where."""

from pathlib import Path

from pluvial.jobs import job
from pluvial.records.verify import report, verify

with job("verify", snakemake.log[0]):
    manifest = Path(snakemake.params.manifest)
    report(verify(manifest, Path(snakemake.params.plans), workers=snakemake.threads), manifest)
