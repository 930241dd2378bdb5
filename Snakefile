# From rainfall radar to water depth. `snakemake -n` shows what would be done.
from pathlib import Path

from snakemake.utils import min_version

min_version("9.27")


# A case file stands alone: the default is read only where none is given.
if not workflow.configfiles:

    configfile: str(Path(str(workflow.current_basedir)) / "config" / "config.yaml")


include: "workflow/rules/common.smk"
include: "workflow/rules/inputs.smk"
include: "workflow/rules/frames.smk"
include: "workflow/rules/records.smk"
include: "workflow/rules/pretrain.smk"
include: "workflow/rules/depth.smk"
include: "workflow/rules/skill.smk"
include: "workflow/rules/diagnostics.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/explorer.smk"
include: "workflow/rules/sanity.smk"
include: "workflow/rules/outlook.smk"


report: "workflow/report/workflow.rst"


rule all:
    """Everything, from raw data to figures, verdict and explorer."""
    default_target: True
    input:
        rules.figures.input,
        rules.frames_report.output,
        rules.tfrecords.input,
        rules.retrieval.input,
        rules.verdict.input,
        rules.explorer.input,
    localrule: True
