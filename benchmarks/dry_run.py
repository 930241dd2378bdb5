"""How long `snakemake -n` takes on a case of 15 years of 5-minute frames.

    python benchmarks/dry_run.py

The raw archive is stubs: 5,479 daily tars, as of CEDA, with 1.58 million frames. Two dry runs are
timed, each as it is and through the Slurm profile: from nothing (180 periods of frames and index to
be made), and with frames, index and plan in place, where all 362 shards and what depends on them
are to be made. CPU time says what it costs where other work holds up the clock.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

CHECKOUT = Path(__file__).resolve().parents[1]
FIRST, LAST = datetime(2006, 1, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC)
SHARDS = {"train": 253, "val": 36, "test": 73}


def make_case(folder: Path) -> None:
    """A case and its stubs in ``folder``."""
    day = FIRST
    (folder / "radar").mkdir()
    while day < LAST:
        (folder / "radar" / f"uk_{day:%Y%m%d}_1km-composite.dat.gz.tar").touch()
        day += timedelta(days=1)
    for name in ("depth.asc.gz", "dem.asc"):
        (folder / name).touch()
    case = {
        "name": "years",
        "pathvars": {"results": "results"},
        "time": {"start": f"{FIRST:%Y-%m-%dT%H:%MZ}", "end": f"{LAST:%Y-%m-%dT%H:%MZ}"},
        "rain": {"format": "nimrod", "files": "radar/uk_{time:%Y%m%d}_1km-composite.dat.gz.tar"},
        "depth": {
            "format": "ascii-stream",
            "files": "depth.asc.gz",
            "start": f"{FIRST:%Y-%m-%dT%H:%MZ}",
        },
        "heightmap": {"format": "ascii", "files": "dem.asc"},
    }
    (folder / "case.yaml").write_text(yaml.safe_dump(case))


def make_stubs(folder: Path) -> None:
    """Frames, index and plan, as if they were made."""
    months = [f"{y}-{m:02d}" for y in range(FIRST.year, LAST.year) for m in range(1, 13)]
    results = folder / "results"
    stubs = [results / "frames" / "heightmap.nc"]
    for kind in ("rain", "depth"):
        stubs += [results / "frames" / kind / f"{month}.nc" for month in months]
    stubs += [results / "frames" / "report.json"]
    stubs += [results / "index" / f"{month}.parquet" for month in months]
    stubs += [results / "plan" / "01.parquet", results / "plan" / "01.json"]
    for stub in stubs:
        stub.parent.mkdir(parents=True, exist_ok=True)
        stub.touch()
    splits = {split: {"shards": count} for split, count in SHARDS.items()}
    stubs[-1].write_text(json.dumps({"splits": splits}))


def dry_run(folder: Path, *arguments: str) -> tuple[float, float, str]:
    """Seconds on the clock and of a processor, and what was printed."""
    command = [sys.executable, "-m", "snakemake", "-n", "--directory", str(folder)]
    command += ["--snakefile", str(CHECKOUT / "Snakefile")]
    command += ["--configfile", str(folder / "case.yaml"), *arguments]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=CHECKOUT)
    seconds = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, spent, done.stdout + done.stderr


def main() -> None:
    """Print all times."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_case(folder)
        for what, prepare in (("from nothing", None), ("with a plan of 362 shards", make_stubs)):
            if prepare:
                prepare(folder)
            for how, arguments in (("", ()), (", --profile slurm", ("--profile", "slurm"))):
                runs = [dry_run(folder, *arguments) for _ in range(3)]
                total = re.findall(r"^total +(\d+)$", runs[0][2], flags=re.MULTILINE)[0]
                clock, spent = (min(run[n] for run in runs) for n in (0, 1))
                print(f"{what}{how}: {clock:.1f} s, {spent:.1f} CPU s ({total} jobs)", flush=True)


if __name__ == "__main__":
    main()
