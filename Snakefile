# From rainfall radar to water depth. `snakemake -n` shows what would be done.
import json
from pathlib import Path

from snakemake.utils import min_version

min_version("9.27")


if "name" not in config:

    configfile: str(Path(workflow.basedir) / "config" / "config.yaml")


include: "workflow/rules/common.smk"
include: "workflow/rules/frames.smk"
include: "workflow/rules/records.smk"


rule all:
    default_target: True
    input:
        rules.manifest.output,
        rules.frames_report.output,
    localrule: True
