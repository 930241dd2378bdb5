"""What starting things costs: jobs and hours of 15 years from the plan, and a share measured.

    python benchmarks/overhead.py [--measured results/default] [--cluster [TARGET ...]]

Dry runs through the Slurm profile, of the case of `dry_run.py`, tell how many jobs are submitted,
one by one and in batches, and for how long cores and GPUs are booked at the most. With `--measured`
the seconds of a finished case, times 1,577,952 records over its own, tell what it takes. With
`--cluster` the smoke case (or targets of it) is run on a Slurm on this machine, one by one and in
batches: of the time allocated, what was not spent in a job's script went into starting.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

import pandas as pd
import yaml

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(CHECKOUT / part) for part in ("workflow", "tests", "benchmarks")]

from dry_run import dry_run, make_case, make_stubs
from slurm.cluster import running
from slurm.submitted import submit
from submissions import announced, booked, local_rules, settings, submissions
from workplace import Workplace, named_case

CANDIDATES = 5479 * 288
BY_RECORD = ("rain_frames", "depth_frames", "index", "shard")
"""Rules whose work grows with the years; the others' is that of a training, a sample or a page."""

OTHERS_OF_THAT_NAME = {"figures", "explorer"}
"""Targets; what is measured under their names are jobs."""


def without_batches(folder: Path) -> Path:
    """The profile, less what puts jobs together."""
    keys = settings(CHECKOUT / "profiles" / "slurm")
    del keys["group-components"]
    folder.mkdir()
    (folder / "config.yaml").write_text(yaml.safe_dump(keys))
    return folder


def planned(folder: Path) -> None:
    """Print jobs and booked hours of 15 years."""
    make_case(folder)
    alone = str(without_batches(folder / "alone"))
    first = {"alone": dry_run(folder, "--profile", alone)[2]}
    first["batches"] = dry_run(folder, "--profile", "slurm")[2]
    make_stubs(folder)
    then = {"alone": dry_run(folder, "--profile", alone)[2]}
    then["batches"] = dry_run(folder, "--profile", "slurm")[2]
    for how in ("alone", "batches"):
        # What is made before the plan is in the first only; the rest is counted after it.
        jobs = submissions(first[how]) | submissions(then[how])
        print(f"15 years, {how}: {jobs.total()} jobs: {dict(sorted(jobs.items()))}")
    rules = {job.rule for job in announced(then["batches"])}
    jobs = [job for job in announced(first["batches"]) if job.rule not in rules]
    jobs += announced(then["batches"])
    print(f"booked at the most: {booked(jobs):.0f} core h, of GPUs {booked(jobs, 'gpu'):.0f} h")


def spent(results: Path) -> pd.Series:
    """Seconds in the scripts of each rule of a finished case."""
    folder = results / "benchmarks"
    files = {path: path.relative_to(folder).parts[0] for path in folder.rglob("*.tsv")}
    seconds = pd.Series({path: pd.read_csv(path, sep="\t")["s"].sum() for path in files})
    return seconds.groupby([Path(rule).stem for rule in files.values()]).sum()


def expected(results: Path) -> None:
    """Print the hours of 15 years, by the seconds of another case."""
    plans = [json.loads(path.read_text()) for path in (results / "plan").glob("[0-9]*.json")]
    times = CANDIDATES / sum(plan["candidates"] for plan in plans)
    seconds = spent(results)
    scale = [times if rule in BY_RECORD else 1 for rule in seconds.index]
    hours = seconds * scale / 3600
    for rule, value in hours.sort_values(ascending=False).head(8).items():
        print(f"  {rule}: {value:.2f} h")
    print(
        f"expected, by {results} and {times:.0f} times its records: {hours.sum():.1f} h in scripts"
    )


def measured(folder: Path, targets: list[str]) -> None:
    """Print the share of the allocation that starting took, on a cluster on this machine."""
    for how in ("alone", "batches"):
        place = Workplace(folder / how, named_case("smoke"))
        place.write_case()
        profile = str(without_batches(folder / "profile")) if how == "alone" else "slurm"
        with running(folder / f"lab-{how}") as cluster:
            submit(cluster, place, *targets, profile=profile)
            jobs = cluster.jobs()
        times = pd.to_timedelta([job["RunTime"] for job in jobs])
        allocated = float(times.total_seconds().to_numpy().sum())
        local = list(local_rules() - OTHERS_OF_THAT_NAME)
        inside = float(spent(place.results).drop(local, errors="ignore").sum())
        share = 1 - inside / allocated
        print(
            f"smoke, {how}: {len(jobs)} jobs, {allocated:.0f} s allocated, {inside:.0f} s in "
            f"scripts: {100 * share:.0f} % for starting, {(allocated - inside) / len(jobs):.1f} s "
            "a job",
            flush=True,
        )
        shutil.rmtree(place.folder)


def main() -> None:
    """Print it all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--measured", type=Path, help="results of a finished case")
    parser.add_argument(
        "--cluster", nargs="*", metavar="TARGET", help="run the smoke case on Slurm"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "years").mkdir()
        planned(Path(name) / "years")
        if options.measured:
            expected(options.measured)
        if options.cluster is not None:
            measured(Path(name), options.cluster)


if __name__ == "__main__":
    main()
