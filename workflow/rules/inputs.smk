# Which files a job needs, where that depends on its period or on the plan.
import json

from pluvial.config.simulation import SyntheticStorms
from pluvial.config.sources import SimulatedDepth


def source_files(*sources):
    """The raw files that sources of the configuration name."""
    keys = ("file", "zones", "parameters")
    named = [getattr(source, key, None) for source in sources for key in keys]
    paths = [CASE.source_path(path) for path in named if path is not None]
    # Finished frames need their sources no more.
    finished = Path(workflow.pathvars.apply("<results>/frames/report.json")).exists()
    for path in paths:
        if not finished and not path.exists():
            raise WorkflowError(
                f"{path}: the file is missing. Correct its path in the configuration, or "
                f"`data_folder` ({CASE.data_folder}), in which relative paths are looked up"
            )
    return [str(path) for path in paths]


WINDOW_STEPS = CASE.records.window_steps


def rain_before_and_in(wildcards):
    """Rain files that the windows of a period's candidates reach into."""
    (period,) = [p for p in RAIN_PERIODS if p.name == wildcards.period]
    reached = covering(RAIN_PERIODS, period.first - WINDOW_STEPS + 1, period.last)
    return collect("<results>/frames/rain/{p.name}.nc", p=reached)


def depth_in_and_at_targets(wildcards):
    """Depth files of a period (they tell the grid) and of its candidates' targets."""
    (period,) = [p for p in RAIN_PERIODS if p.name == wildcards.period]
    steps = DEPTH_AXIS.step // RAIN_AXIS.step
    last = -(-(period.last + CASE.records.lead_steps) // steps)
    reached = covering(DEPTH_PERIODS, period.first // steps, last)
    return collect("<results>/frames/depth/{p.name}.nc", p=reached)


def planned(pattern):
    """Input function: ``pattern`` for every shard of the plan, once the plan is made."""

    def shards(wildcards):
        with checkpoints.plan.get().output.summary.open() as file:
            splits = json.load(file)["splits"]
        return [
            pattern.format(split=split, shard=f"{number:05d}")
            for split, counts in splits.items()
            for number in range(counts["shards"])
        ]

    return shards
