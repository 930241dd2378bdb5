"""Judge retrieval on the held-out storms."""

from pathlib import Path

from pluvial.config.learning import RetrievalConfig
from pluvial.diagnostics.judge import make_retrieval
from pluvial.jobs import job

with job("retrieval", snakemake.log[0]):
    runs = ("trained", "shuffled", "untrained")
    make_retrieval(
        {run: Path(snakemake.input[run]) for run in runs},
        Path(snakemake.input.manifest),
        RetrievalConfig(**snakemake.params.part["retrieval"]),
        Path(snakemake.output[0]),
    )
