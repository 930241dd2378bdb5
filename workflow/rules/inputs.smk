# Which files a job needs, where that depends on its period, its edition or the plan.
import json

from pluvial.case.editions import by_period, raw_files, span_of
from pluvial.config.learning import OwnEmbeddings
from pluvial.config.sanity import PhotoFolder
from pluvial.config.simulation import SimulatedDepth, SyntheticStorms, SyntheticTerrain
from pluvial.frames.axes import depth_axis, rain_axis
from pluvial.grids.time_axis import covering, periods
from pluvial.pictures.folder import photo_files
from pluvial.records.layout import shard_name


def raw(section, time=None, names=None):
    """The raw files of a section: all, or those for the named periods as of a time."""
    if not hasattr(section, "files"):
        return []
    span = span_of(time, names, CASE) if time else None
    margin = CASE.frames.interpolate_up_to_minutes * 60 + CASE.time.step_minutes * 60
    try:
        return [
            str(path) for path in raw_files(section, CASE.data_folder, span, margin)
        ]
    except PluvialError as error:
        # Finished frames need their sources no more.
        if LOOKING or (RESULTS / "frames/report.json").exists():
            return []
        raise WorkflowError(str(error)) from None


# What is missing is named now, and not by a function of some job.
for section in (CASE.heightmap, CASE.rain, CASE.depth):
    raw(section)


def frame_jobs(kind, source):
    """Name, log, output and edition of the rules that make frames.

    There is a job per period where a file tells its time and in what is made: a period can be made
    alone. A stream is read once, from its start: a job for all periods of an edition.
    """
    pattern = f"<results>/frames/{kind}/{{period}}.nc"
    if by_period(source):
        return [(f"{kind}_frames", f"{kind}_frames/{{period}}", pattern, None)]
    found = []
    for edition in EDITIONS:
        name = (
            f"{kind}_frames_{edition.name}" if len(EDITIONS) > 1 else f"{kind}_frames"
        )
        files = collect(pattern, period=getattr(edition, f"{kind}_names"))
        found.append((name, name, files, edition))
    return found


def raw_for(kind, source, edition):
    """Input function: the raw files of a job of :func:`frame_jobs`."""
    if edition:
        return lambda wildcards: raw(source, edition.time, edition.rain_names)
    return lambda wildcards: raw(
        source, EDITION_OF[wildcards.period].time, [wildcards.period]
    )


def time_for(edition):
    """The case's time as of an edition, or as of the edition of the job's period."""
    if edition:
        return edition.time.model_dump(mode="json")
    return lambda wildcards: EDITION_OF[wildcards.period].time.model_dump(mode="json")


def time_of_edition(wildcards):
    """The case's time as of the edition that a wildcard names."""
    return edition_named(wildcards.edition).time.model_dump(mode="json")


def edition_named(name):
    """The edition of that name."""
    return EDITIONS[int(name) - 1]


def up_to(edition):
    """An edition and those before it."""
    return EDITIONS[: int(edition.name)]


WINDOW_STEPS = CASE.records.window_steps


def rain_before_and_in(wildcards):
    """Rain files that the windows of a period's candidates reach into."""
    edition = EDITION_OF[wildcards.period]
    every = periods(rain_axis(edition.time), CASE.frames.period)
    (period,) = [p for p in every if p.name == wildcards.period]
    reached = covering(every, period.first - WINDOW_STEPS + 1, period.last)
    return collect("<results>/frames/rain/{p.name}.nc", p=reached)


def depth_in_and_at_targets(wildcards):
    """Depth files of a period (they tell the grid) and of its candidates' targets."""
    time = EDITION_OF[wildcards.period].time
    rain, depth = rain_axis(time), depth_axis(time, CASE.depth)
    (period,) = [
        p for p in periods(rain, CASE.frames.period) if p.name == wildcards.period
    ]
    steps = depth.step // rain.step
    last = -(-(period.last + CASE.records.lead_steps) // steps)
    reached = covering(periods(depth, CASE.frames.period), period.first // steps, last)
    return collect("<results>/frames/depth/{p.name}.nc", p=reached)


def accounts_up_to(wildcards):
    """The accounts of the frames of the edition that a shard came with, and of those before."""
    editions = up_to(edition_named(wildcards.shard[:2]))
    return collect("<results>/frames/{edition.name}.json", edition=editions)


def batch(kind, place, size):
    """Group function: jobs go together whose ``place`` lies in the same run of ``size``.

    Only where the profile says so. Its `group-components` alone would deal anew whenever Snakemake
    looks at its jobs, and the groups would grow; with names of our own it finds the same ones.
    """

    def group(wildcards):
        if kind not in workflow.group_settings.group_components:
            return None
        name = f"{kind}_{place(wildcards) // size}"
        workflow.parent_groupids[name] = kind
        return name

    return group


def period_number(wildcards):
    """Place of a job's period among all."""
    return DEPTHS.index(wildcards.period)


def shard_number(wildcards):
    """Place of a shard among those of its split: the first of each split go together."""
    return int(wildcards.shard.rpartition("-")[2])


def index_up_to(wildcards):
    """The index of an edition and of those before it."""
    names = [n for e in up_to(edition_named(wildcards.edition)) for n in e.rain_names]
    return collect("<results>/index/{period}.parquet", period=names)


def plans_before(wildcards):
    """The plans of the editions before one."""
    before = up_to(edition_named(wildcards.edition))[:-1]
    return collect("<results>/plan/{edition.name}.parquet", edition=before)


def own_config(name):
    """The section of embeddings made elsewhere."""
    if name not in CASE.own_embeddings:
        raise WorkflowError(f"`own_embeddings.{name}` is not in the configuration")
    return CASE.own_embeddings[name]


def planned(pattern):
    """Input function: ``pattern`` for every shard of all plans, once they are made."""
    # A rule of an importing workflow may use it, and has path variables of its own.
    pattern = path(pattern)

    def shards(wildcards):
        found = []
        for edition in EDITIONS:
            summary = checkpoints.plan.get(edition=edition.name).output.summary
            with summary.open() as file:
                splits = json.load(file)["splits"]
            for split, counts in splits.items():
                names = [
                    shard_name(int(edition.name), n) for n in range(counts["shards"])
                ]
                found += [pattern.format(split=split, shard=name) for name in names]
        return found

    return shards


def photos(wildcards):
    """Input function: the photos, if there is a folder of them."""
    section = CASE.sanity.pictures
    if not isinstance(section, PhotoFolder):
        return []
    try:
        found = photo_files(CASE.data_folder / section.folder)
    except PluvialError as error:
        raise WorkflowError(str(error)) from None
    return [str(photo) for files in found.values() for photo in files]


def pictures_as_own(wildcards):
    """How the verdict on embeddings made elsewhere reads those of the pictures."""
    runs = path("<results>/sanity/{run}/embeddings.parquet")
    return OwnEmbeddings(
        file=runs.format(run=wildcards.own),
        sides=["picture"],
        split="split",
        classes=["kind"],
        controls={"untrained": runs.format(run="untrained")},
    ).model_dump(mode="json")


def depth_run(wildcards):
    """The configuration of a run of the depth model."""
    return CASE.depth_model.named(wildcards.model)


def encoder_of_depth_run(wildcards):
    """The pretrained rain tower, unless the run starts without it."""
    if depth_run(wildcards).start == "scratch":
        return []
    return ["<results>/encoders/trained/rain.keras"]


def forecast_model(wildcards):
    """The depth model to forecast with."""
    if CASE.forecast is None:
        raise WorkflowError(
            "`forecast` is not in the configuration: write which rain, and `start` and `end`"
        )
    return CASE.forecast.model or "<results>/depth/main/model.keras"


def forecast_sources(wildcards):
    """The raw files of the forecast's rain."""
    section = CASE.forecast and (CASE.forecast.rain or CASE.rain)
    return raw(section) if section else []
