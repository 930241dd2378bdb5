"""Prove that everything adds up, and that the depth follows its rain."""

from pathlib import Path

from pluvial.config.times import TimeConfig
from pluvial.jobs import job
from pluvial.records.ledger import make_proofs

with job("proofs", snakemake.log[0]):
    make_proofs(
        Path(snakemake.input.report),
        [Path(path) for path in snakemake.input.summaries],
        Path(snakemake.input.manifest),
        [Path(path) for path in snakemake.input.tables],
        steps=TimeConfig(**snakemake.params.part["time"]).steps,
        largest_lag_hours=snakemake.params.part["records"]["largest_lag_hours"],
        path=Path(snakemake.output[0]),
    )
