"""How long `snakemake -n` takes on a case of 15 years of 5-minute frames.

    python benchmarks/dry_run.py [--raw nimrod|stream]

The raw archive is stubs: 5,479 daily tars, as of CEDA, with 1.58 million frames. Two dry runs are
timed: from nothing (180 periods of frames and index to be made), and with frames, index and plan in
place, where all 362 shards and what depends on them are to be made.
"""

from __future__ import annotations

import argparse
import json
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


def dry_run(folder: Path) -> tuple[float, str]:
    """Seconds, and the jobs that are announced."""
    command = [sys.executable, "-m", "snakemake", "-n", "--quiet", "--directory", str(folder)]
    command += ["--snakefile", str(CHECKOUT / "Snakefile")]
    command += ["--configfile", str(folder / "case.yaml")]
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - began
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return seconds, done.stdout + done.stderr


def main() -> None:
    """Print both times."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_case(folder)
        for what, prepare in (("from nothing", None), ("with a plan of 362 shards", make_stubs)):
            if prepare:
                prepare(folder)
            seconds = min(dry_run(folder)[0] for _ in range(3))
            total = [line for line in dry_run(folder)[1].splitlines() if "total" in line]
            print(f"{what}: {seconds:.1f} s ({' '.join(total[0].split()) if total else '?'})")


if __name__ == "__main__":
    main()
