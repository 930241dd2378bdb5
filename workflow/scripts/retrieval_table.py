"""Write the retrieval of all methods as a table."""

from pathlib import Path

from pluvial.diagnostics.table import write_retrieval_table
from pluvial.jobs import job

with job("retrieval table", snakemake.log[0]):
    write_retrieval_table(Path(snakemake.input.report), Path(snakemake.output[0]))
