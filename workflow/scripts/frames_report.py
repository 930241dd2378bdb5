"""Report on the frames of all editions."""

from pluvial.files.documents import read_json, write_json
from pluvial.frames.report import merged
from pluvial.jobs import job

with job("frames_report", snakemake.log[0]):
    write_json(snakemake.output[0], merged([read_json(path) for path in snakemake.input]))
