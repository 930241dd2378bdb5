"""Report on the frames files of an edition."""

from pathlib import Path

from pluvial.files.documents import write_json
from pluvial.frames.report import frames_report
from pluvial.jobs import job

with job(f"frames_account {snakemake.wildcards.edition}", snakemake.log[0]):
    rain = [Path(path) for path in snakemake.input.rain]
    depth = [Path(path) for path in snakemake.input.depth]
    write_json(snakemake.output[0], frames_report(rain, depth))
