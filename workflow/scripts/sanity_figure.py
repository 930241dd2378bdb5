"""Draw the pictures and their embeddings."""

from pathlib import Path

from pluvial.config.learning import FiguresConfig
from pluvial.figures.pictures import draw_pictures
from pluvial.jobs import job

with job("figure pictures", snakemake.log[0]):
    draw_pictures(
        Path(snakemake.input.umap),
        Path(snakemake.input.album),
        dict(zip(snakemake.params.judged, map(Path, snakemake.input.verdicts), strict=True)),
        snakemake.params.runs,
        FiguresConfig(**snakemake.params.part["figures"]),
        Path(snakemake.output.png),
    )
