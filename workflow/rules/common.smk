# The case, its paths and axes, and the helpers that all of the workflow uses.
import gc
import os
import signal
import sys
from itertools import pairwise

# TensorFlow reports on the terminal what it did not find; that would hide the progress of a job.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Slurm tells all processes of a job that its time is nearly up (see profiles/slurm). It is a training
# that obeys; the Snakemake around it must live on.
signal.signal(signal.SIGUSR1, signal.SIG_IGN)

# Snakemake keeps the jobs it makes to the end: to look every 700 objects for some that could be freed
# takes a seventh of a dry run of 15 years, and frees next to nothing.
gc.set_threshold(100_000)

# The folder of the workflow's code, wherever the Snakefile is that runs or imports it.
CODE = Path(str(workflow.current_basedir)).parent
sys.path.insert(0, str(CODE))
# Jobs run this code as well, whatever pluvial their environment has installed.
os.environ.update(
    PYTHONPATH=os.pathsep.join(filter(None, [str(CODE), os.getenv("PYTHONPATH")]))
)

from snakemake.cli import get_profile_dir
from snakemake.exceptions import WorkflowError

from pluvial.case.case import load_case
from pluvial.case.editions import editions
from pluvial.errors import PluvialError
from pluvial.files.code import code_digest
from pluvial.files.fingerprints import document_sha256, file_sha256

WHERE = ", ".join(map(str, workflow.configfiles)) or "the configuration"

try:
    CASE = load_case(config, where=WHERE)
except PluvialError as error:
    raise WorkflowError(str(error)) from None


pathvars:
    results=f"results/{CASE.name}",
    logs="<results>/logs",
    benchmarks="<results>/benchmarks",
    checkpoints="<results>/checkpoints",


# Those of this workflow; where it is a module of another, `workflow` has the other's later on.
PATHVARS = workflow.pathvars


wildcard_constraints:
    period=r"\d{4}(-\d{2}){0,2}",
    split="train|val|test",
    edition=r"\d{2}",
    shard=r"\d{2}-\d{5}",
    run="shuffled|untrained",
    side="rain|depth",
    model=r"main|(scratch|frozen|finetuned)-\d{3}-\d+",


EDITIONS = editions(CASE)
EDITION_OF = {name: edition for edition in EDITIONS for name in edition.rain_names}
PERIODS = [name for edition in EDITIONS for name in edition.rain_names]
DEPTHS = [name for edition in EDITIONS for name in edition.depth_names]


def code(script):
    """Digest of the library files that a script runs through; an edit in one is noticed by it."""
    return code_digest(CODE / "scripts" / script)


def template_sha256(name):
    """Digest of a template of a page, which no import leads to."""
    return file_sha256(CODE / "pluvial" / "figures" / name)


def part(*sections):
    """The named sections of the configuration; a change in others reruns nothing."""
    return CASE.model_dump(mode="json", include=set(sections))


def path(pattern):
    """``pattern`` with its path variables filled in, for parameters that are paths."""
    return PATHVARS.apply(pattern)


def memory(megabytes):
    """Memory that grows with the attempt, for resubmission by the profile."""
    return lambda wildcards, attempt: megabytes * attempt


RESULTS = Path(path("<results>"))


def named_profiles():
    """Folders of the profiles that Snakemake was started with, which `check` looks into."""
    words = [word for given in sys.argv for word in given.split("=", 1)]
    named = [name for option, name in pairwise(words) if option == "--profile"]
    named = named or os.environ.get("SNAKEMAKE_PROFILE", "").split()
    found = [get_profile_dir(name) for name in named]
    return [str(profile[0]) for profile in found if profile]


# These two only look: what is missing does not stop them.
LOOKING = set(sys.argv) & {"describe", "check"}


def minutes(first):
    """Time that grows with the attempt, for resubmission by the profile."""
    return lambda wildcards, attempt: first * attempt


# Of all code that the bytes of a dataset depend on.
MAKERS = "heightmap rain_frames depth_frames simulate_depth index plan shard manifest"
DATA_CODE = document_sha256([code(f"{maker}.py") for maker in MAKERS.split()])[:16]
