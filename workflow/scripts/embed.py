"""Embed the records with both towers."""

from pathlib import Path

from pluvial.jobs import job
from pluvial.training.embed import make_embeddings

path = Path(snakemake.output[0])

with job(f"embed {path.stem}", snakemake.log[0]):
    make_embeddings(
        Path(snakemake.input.manifest),
        Path(snakemake.input.rain),
        Path(snakemake.input.depth),
        snakemake.params.splits,
        path,
    )
