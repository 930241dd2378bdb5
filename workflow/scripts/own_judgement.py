"""Judge embeddings made elsewhere."""

from pathlib import Path

from pluvial.config.learning import OwnEmbeddings, RetrievalConfig, VerdictConfig
from pluvial.diagnostics.own import make_own_judgement
from pluvial.jobs import job

with job(f"verdict of {snakemake.wildcards.own}", snakemake.log[0]):
    make_own_judgement(
        OwnEmbeddings(**snakemake.params.own),
        Path(snakemake.params.folder),
        RetrievalConfig(**snakemake.params.part["retrieval"]),
        VerdictConfig(**snakemake.params.part["verdict"]),
        Path(snakemake.output[0]),
    )
