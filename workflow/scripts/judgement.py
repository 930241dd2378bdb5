"""Judge the encoders on the held-out storms."""

from pathlib import Path

from pluvial.config.learning import RetrievalConfig, VerdictConfig
from pluvial.diagnostics.judge import make_judgement
from pluvial.jobs import job

with job("verdict", snakemake.log[0]):
    make_judgement(
        {run: Path(snakemake.input[run]) for run in ("trained", "shuffled", "untrained")},
        Path(snakemake.input.training),
        Path(snakemake.input.manifest),
        [Path(path) for path in snakemake.input.plan],
        [Path(path) for path in snakemake.input.index],
        RetrievalConfig(**snakemake.params.part["retrieval"]),
        VerdictConfig(**snakemake.params.part["verdict"]),
        Path(snakemake.output.retrieval),
        Path(snakemake.output.verdict),
    )
