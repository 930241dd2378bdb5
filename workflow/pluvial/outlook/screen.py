"""A case in a screen: what it is made from, what it will come to, and what that will cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from pluvial.case.case import Case
from pluvial.case.editions import editions
from pluvial.config.encoders import TowerConfig
from pluvial.errors import PluvialError
from pluvial.files.documents import read_json
from pluvial.grids.grid import Grid
from pluvial.grids.time_axis import iso
from pluvial.outlook.costs import TRAININGS, Costs, costs_of
from pluvial.outlook.counts import CONTROLS, Counts, counts_of
from pluvial.outlook.geometry import grids_of
from pluvial.outlook.inputs import found_files
from pluvial.outlook.machine import free_bytes, gigabytes
from pluvial.records.judged import HOUR, purge_seconds
from pluvial.sources.files import RawFiles


def describe(case: Case, results: Path, where: str) -> Iterator[str]:
    """The lines of the screen.

    Args:
        case: the case.
        results: where its results are, or will be.
        where: the file of its configuration.
    """
    counts = counts_of(case)
    yield f"case      {case.name} ({where}), results in {results}"
    yield from _span(case, counts)
    for key in ("rain", "depth", "heightmap"):
        yield f"{key:9} {_source(case, key)}"
    try:
        grids = grids_of(case)
    except PluvialError as error:
        yield f"grids     not known: {error}"
        yield from _records(case, counts)
        yield "cost      not known without the grids; `snakemake check` lists what is missing"
        return
    costs = costs_of(case, counts, grids)
    yield f"grids     rain {_grid(grids.rain)}; depth {_grid(grids.depth)}"
    yield from _records(case, counts)
    yield from _model(case, costs)
    yield from _cost(counts, costs, results)
    yield from _made(case, counts, results)


def _span(case: Case, counts: Counts) -> Iterator[str]:
    years = counts.rain_frames * case.time.step_minutes / 60 / 24 / 365.25
    span = f"{years:.1f} years" if years >= 1 else f"{years * 365.25:.0f} days"
    yield (
        f"time      {case.time.start:%Y-%m-%dT%H:%MZ} to {case.time.end:%Y-%m-%dT%H:%MZ} ({span}), "
        f"every {case.time.step_minutes} min: {counts.rain_frames:,} frames of rain, "
        f"{counts.depth_frames:,} of depth"
    )
    yield f"          {counts.periods} periods (a file per {case.frames.period})"


def _source(case: Case, key: str) -> str:
    section = getattr(case, key)
    form = str(section.format)
    if not isinstance(section, RawFiles):
        return f"{form}: made on the spot"
    try:
        found = found_files(section, case.data_folder)
    except PluvialError as error:
        return f"{form}: {error.problem} (in {case.data_folder.absolute()})"
    size = gigabytes(sum(item.path.stat().st_size for item in found))
    files = f"{len(found):,} file{'s' * (len(found) > 1)}, {size}"
    if found[0].time is not None and found[-1].time is not None:
        files += f", {iso(found[0].time)} to {iso(found[-1].time)}"
    return f"{form}: {section.files} ({files})"


def _grid(grid: Grid) -> str:
    crs = f" in {grid.crs}" if grid.crs.startswith("EPSG:") else ""
    return f"{grid.rows} x {grid.cols} cells of {grid.cell:g}{crs}"


def _records(case: Case, counts: Counts) -> Iterator[str]:
    config, step = case.records, case.time.step_minutes
    window = config.window_steps * step / 60
    yield (
        f"record    {len(config.channels)} channels over {window:g} h of rain up to NOW "
        f"({', '.join(map(str, config.channels))} steps, back from NOW), and the depth "
        f"{config.lead_steps * step} min after NOW"
    )
    splits = ", ".join(f"{split} {count:,}" for split, count in counts.records.items() if count)
    purge = purge_seconds(config, step * 60) / HOUR
    yield f"records   at most {counts.total:,} of {counts.candidates:,} candidates: {splits}"
    yield (
        f"          {counts.complete:,} have window and depth; at each boundary of splits "
        f"{purge:.3g} h are {'' if counts.exact else 'still to be '}purged; duplicates, gaps and "
        "surplus dry windows are still to come off"
    )
    shards = sum(counts.shards.values())
    yield f"shards    {shards:,} of up to {config.records_per_shard:,} records"


def _model(case: Case, costs: Costs) -> Iterator[str]:
    config = case.pretrain
    towers = ", ".join(
        f"{side} {_tower(tower)} of {cost.parameters / 1e6:.2f} M parameters"
        for side, tower, cost in zip(
            ("rain", "depth"),
            (config.encoder.rain, config.encoder.depth),
            costs.towers,
            strict=True,
        )
    )
    yield f"model     {towers}; {config.encoder.embedding} dimensions, loss {config.loss.kind}"
    yield (
        f"training  {TRAININGS} times (trained, shuffled) {config.epochs} epochs of "
        f"{config.steps_per_epoch} steps of {config.batch} pairs: {costs.pairs:,} pairs; "
        f"with the embeddings {costs.flops:.2g} operations"
    )


def _tower(config: TowerConfig) -> str:
    return f"{config.architecture} {config.size}"


def _cost(counts: Counts, costs: Costs, results: Path) -> Iterator[str]:
    disk = ", ".join(f"{kind} {gigabytes(size)}" for kind, size in costs.disk.items())
    yield (
        f"disk      {gigabytes(sum(costs.disk.values()))} expected ({disk}); "
        f"{gigabytes(sum(costs.disk_most.values()))} if nothing compresses; "
        f"{gigabytes(free_bytes(results))} free"
    )
    hours = ", ".join(f"{rule} {spent:.2g}" for rule, spent in costs.cpu_hours.items())
    yield f"hours     {sum(costs.cpu_hours.values()):.2g} CPU-hours of data ({hours});"
    yield (
        f"          training and embeddings: {costs.gpu_hours:.2g} GPU-hours, or "
        f"{costs.cpu_training_hours:.2g} hours on two cores"
    )
    jobs = ", ".join(f"{rule} {count}" for rule, count in counts.jobs.items())
    yield f"jobs      {sum(counts.jobs.values())} up to the embeddings ({jobs})"


def _made(case: Case, counts: Counts, results: Path) -> Iterator[str]:
    """What of it is there already: once there is a plan, of what that says."""
    shards = sum(counts.shards.values())
    plans = [results / "plan" / f"{edition.name}.json" for edition in editions(case)]
    if all(plan.exists() for plan in plans):
        records, planned = _planned(plans)
        shards = sum(planned.values())
        kept = ", ".join(f"{split} {count:,}" for split, count in records.items() if count)
        yield f"planned   {sum(records.values()):,} records kept: {kept}; in {shards:,} shards"
    there = {
        "frames of rain": ("frames/rain/*.nc", counts.periods),
        "shards": ("shards/*/*.tfrecord.gz", shards),
        "encoders": ("encoders/*/rain.keras", 1 + CONTROLS),
        "embeddings": ("embeddings/*.parquet", 1 + CONTROLS),
    }
    made = {what: len(list(results.glob(files))) for what, (files, _) in there.items()}
    if any(made.values()):
        shown = ", ".join(f"{what} {made[what]} of {most}" for what, (_, most) in there.items())
        yield f"made      {shown}"
    card = results / "shards" / "README.md"
    yield f"card      {card}" + (
        "" if card.exists() else ": `snakemake dataset_card` makes it, with the dataset"
    )


def _planned(plans: list[Path]) -> tuple[Counter[str], Counter[str]]:
    """Records and shards by split, of all editions' plans."""
    records, shards = Counter[str](), Counter[str]()
    for plan in plans:
        document = read_json(plan)
        try:
            for split, counts in document["splits"].items():
                records[split] += counts["records"]
                shards[split] += counts["shards"]
        except (AttributeError, KeyError, TypeError) as error:
            raise PluvialError(
                f"not a summary of a plan ({type(error).__name__}: {error})",
                where=plan,
                remedy="Delete it and run the workflow again to remake it",
            ) from None
    return records, shards
