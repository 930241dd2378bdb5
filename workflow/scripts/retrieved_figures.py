"""Draw the similarity of all held-out pairs, and what some of them retrieve."""

from pathlib import Path

from pluvial.config.learning import RetrievalConfig, VerdictConfig
from pluvial.figures.held_out import read_held_out
from pluvial.figures.neighbours import draw_neighbours
from pluvial.figures.similarity import draw_similarity
from pluvial.jobs import job

with job("figures of what is retrieved", snakemake.log[0]):
    held_out = read_held_out(
        {run: Path(snakemake.input[run]) for run in ("trained", "shuffled", "untrained")},
        [Path(path) for path in snakemake.input.plan],
        [Path(path) for path in snakemake.input.index],
        RetrievalConfig(**snakemake.params.part["retrieval"]),
        VerdictConfig(**snakemake.params.part["verdict"]),
    )
    draw_similarity(held_out, Path(snakemake.output.similarity))
    draw_neighbours(held_out, Path(snakemake.input.manifest), Path(snakemake.output.neighbours))
