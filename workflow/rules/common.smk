# The case, its paths and axes, and two helpers that every rule uses.
import sys

sys.path.insert(0, str(Path(workflow.basedir) / "workflow"))

from snakemake.exceptions import WorkflowError

from pluvial.config.case import load_case
from pluvial.errors import PluvialError
from pluvial.files.code import code_digest
from pluvial.frames.axes import depth_axis, rain_axis
from pluvial.grids.time_axis import covering, periods

try:
    CASE = load_case(
        config, where=", ".join(map(str, workflow.configfiles)) or "the configuration"
    )
except PluvialError as error:
    raise WorkflowError(str(error)) from None


pathvars:
    results=f"results/{CASE.name}",
    logs="<results>/logs",
    benchmarks="<results>/benchmarks",
    checkpoints="<results>/checkpoints",


wildcard_constraints:
    period=r"\d{4}(-\d{2}){0,2}",
    split="train|val|test",
    shard=r"\d{5}",
    run="trained|shuffled|untrained",


RAIN_AXIS = rain_axis(CASE.time)
DEPTH_AXIS = depth_axis(CASE.time, CASE.depth)
RAIN_PERIODS = periods(RAIN_AXIS, CASE.frames.period)
DEPTH_PERIODS = periods(DEPTH_AXIS, CASE.frames.period)
PERIODS = [period.name for period in RAIN_PERIODS]


def code(script):
    """Digest of the library files that a script runs through: an edit in one reruns the rule."""
    return code_digest(Path(workflow.basedir) / "workflow" / "scripts" / script)


def part(*sections):
    """The sections of the configuration a rule depends on: a change elsewhere does not rerun it."""
    return CASE.model_dump(mode="json", include=set(sections))


def memory(megabytes):
    """Memory that grows with the attempt, for resubmission by the profile."""
    return lambda wildcards, attempt: megabytes * attempt
