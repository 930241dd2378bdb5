"""Make the explorer, one page with all it needs."""

from pathlib import Path

from pluvial.config.data import RecordsConfig
from pluvial.config.learning import FiguresConfig, RetrievalConfig
from pluvial.explorer.page import Files, Settings, make_explorer
from pluvial.jobs import job

with job("explorer", snakemake.log[0]):
    part = snakemake.params.part
    make_explorer(
        Files(
            umap=Path(snakemake.input.umap),
            manifest=Path(snakemake.input.manifest),
            report=Path(snakemake.input.report),
            verdict=Path(snakemake.input.verdict),
            histories={
                "trained": Path(snakemake.input.trained),
                "shuffled": Path(snakemake.input.shuffled),
            },
            predictions=[Path(p) for p in snakemake.input.get("predictions", [])],
            skill=Path(skill) if (skill := snakemake.input.get("skill")) else None,
        ),
        Settings(
            name=part["name"],
            records=RecordsConfig(**part["records"]),
            figures=FiguresConfig(**part["figures"]),
            retrieval=RetrievalConfig(**part["retrieval"]),
        ),
        Path(snakemake.output[0]),
    )
