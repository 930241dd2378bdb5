"""Report how much memory the depth model's training needs."""

from pathlib import Path

from pluvial.config.depth_model import DepthModelConfig
from pluvial.config.encoders import EncoderConfig
from pluvial.jobs import job
from pluvial.training.depth.memory import report_memory

with job("depth memory", snakemake.log[0]):
    report_memory(
        Path(snakemake.input.manifest),
        Path(snakemake.input.heightmap),
        EncoderConfig(**snakemake.params.towers),
        DepthModelConfig(**snakemake.params.model),
        Path(snakemake.output[0]),
    )
