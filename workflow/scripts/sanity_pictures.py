"""Read or draw the labelled pictures of the sanity model."""

from pathlib import Path

from pluvial.config.sanity import PictureSplit, picture_source
from pluvial.jobs import job
from pluvial.pictures.album import make_album

with job("pictures", snakemake.log[0]):
    make_album(
        picture_source(snakemake.params.pictures),
        PictureSplit(**snakemake.params.split),
        Path(snakemake.params.folder),
        snakemake.params.seed,
        Path(snakemake.output.album),
        Path(snakemake.output.report),
    )
