"""Write the card of the dataset."""

from pathlib import Path

from pluvial.jobs import job
from pluvial.records.card.write import write_card

with job("dataset card", snakemake.log[0]):
    write_card(
        Path(snakemake.input.manifest),
        [Path(path) for path in snakemake.input.plans],
        Path(snakemake.input.report),
        Path(snakemake.input.proofs),
        snakemake.params.part,
        snakemake.params.version,
        Path(snakemake.output.card),
        Path(snakemake.output.croissant),
        rain=[Path(path) for path in snakemake.input.rain],
        depth=[Path(path) for path in snakemake.input.depth],
        heightmap=Path(snakemake.input.heightmap),
        licence=snakemake.params.card["licence"],
        published=snakemake.params.card["published"] or "",
    )
