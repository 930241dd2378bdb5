"""Draw retrieval beside its controls and baselines."""

from pathlib import Path

from pluvial.figures.retrieval import draw_retrieval
from pluvial.jobs import job

with job("figure retrieval", snakemake.log[0]):
    draw_retrieval(Path(snakemake.input.report), Path(snakemake.output.png))
