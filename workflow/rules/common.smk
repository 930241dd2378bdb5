# The case, its paths and axes, and the helpers that all of the workflow uses.
import os
import sys

# TensorFlow reports on the terminal what it did not find; that would hide the progress of a job.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(workflow.basedir) / "workflow"))

from snakemake.exceptions import WorkflowError

from pluvial.case.case import load_case
from pluvial.case.editions import editions
from pluvial.errors import PluvialError
from pluvial.files.code import code_digest
from pluvial.files.fingerprints import document_sha256, file_sha256

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
    edition=r"\d{2}",
    shard=r"\d{2}-\d{5}",
    run="trained|shuffled|untrained",
    side="rain|depth",
    model=r"main|(scratch|frozen|finetuned)-\d{3}-\d+",


EDITIONS = editions(CASE)
EDITION_OF = {name: edition for edition in EDITIONS for name in edition.rain_names}
PERIODS = [name for edition in EDITIONS for name in edition.rain_names]
DEPTHS = [name for edition in EDITIONS for name in edition.depth_names]


def code(script):
    """Digest of the library files that a script runs through; an edit in one is noticed by it."""
    return code_digest(Path(workflow.basedir) / "workflow" / "scripts" / script)


def template_sha256(name):
    """Digest of a template of a page, which no import leads to."""
    return file_sha256(
        Path(workflow.basedir) / "workflow" / "pluvial" / "figures" / name
    )


def part(*sections):
    """The named sections of the configuration; a change in others reruns nothing."""
    return CASE.model_dump(mode="json", include=set(sections))


def path(pattern):
    """``pattern`` with its path variables filled in, for parameters that are paths."""
    return workflow.pathvars.apply(pattern)


def memory(megabytes):
    """Memory that grows with the attempt, for resubmission by the profile."""
    return lambda wildcards, attempt: megabytes * attempt


# Of all code that the bytes of a dataset depend on.
MAKERS = "heightmap rain_frames depth_frames simulate_depth index plan shard manifest"
DATA_CODE = document_sha256([code(f"{maker}.py") for maker in MAKERS.split()])[:16]
