"""Killing a small data build at any moment, and resuming it: for the tests and for benchmarks."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from workplace import CHECKOUT, Workplace

TARGETS = ("tfrecords", "frames")


def small_case() -> dict[str, Any]:
    """A day and a half of made rain and flood on 16 x 16 cells."""
    return {
        "name": "small",
        "time": {"start": "2021-02-28T12:00Z", "end": "2021-03-02T00:00Z"},
        "heightmap": {"format": "synthetic", "rows": 16, "cols": 16},
        "rain": {"format": "synthetic", "mean_dry_hours": 3},
        "depth": {"format": "simulate"},
        "frames": {"period": "day"},
        "records": {
            "channels": [1, 2, 3],
            "records_per_shard": 128,
            "split": {"train": 0.6, "val": 0, "test": 0.4, "memory_hours": 1},
        },
    }


def results_of(place: Workplace) -> dict[str, str]:
    """SHA-256 of what was built, logs and timings aside; hidden files are among it."""
    files = place.files()
    return {
        name: digest for name, digest in files.items() if not name.startswith(("logs/", "bench"))
    }


def reference(folder: Path) -> dict[str, str]:
    """The results of a build that nothing interrupts."""
    place = Workplace(folder, small_case())
    place.run(*TARGETS)
    return results_of(place)


def start(place: Workplace, **environment: str) -> subprocess.Popen[bytes]:
    """Start a build in a process group of its own."""
    place.write_case()
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(CHECKOUT / "Snakefile")]
    command += ["--directory", str(place.folder), "--configfile", str(place.config)]
    return subprocess.Popen(
        [*command, "--cores", "2", *TARGETS],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, **environment},
    )


def resume(place: Workplace) -> dict[str, str]:
    """What a user does after a crash: unlock, and run again."""
    place.run("--unlock", *TARGETS)
    place.run("--rerun-incomplete", *TARGETS)
    return results_of(place)


def kill_workers(build: subprocess.Popen[bytes]) -> int:
    """Kill what the build has started, but not Snakemake itself; how many processes."""
    killed = 0
    for line in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = line.read_text().rpartition(")")[2].split()
            group, pid = int(fields[2]), int(line.parent.name)
        except OSError:
            continue
        if group == build.pid and pid != build.pid:
            killed += 1
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                killed -= 1
    return killed


def interrupt(folder: Path, seconds: float, *, workers_only: bool) -> dict[str, str]:
    """Kill a build after some seconds (its workers, or all of it), resume it: its results."""
    place = Workplace(folder, small_case())
    build = start(place)
    time.sleep(seconds)
    if workers_only:
        kill_workers(build)
    else:
        os.killpg(build.pid, signal.SIGKILL)
    build.wait()
    found = resume(place)
    shutil.rmtree(folder)
    return found


def fail_at(folder: Path, failpoint: str) -> tuple[int, dict[str, str]]:
    """Let every job kill itself at a failpoint, resume: the first exit code, and the results."""
    place = Workplace(folder, small_case())
    code = start(place, PLUVIAL_FAILPOINT=failpoint).wait()
    found = resume(place)
    shutil.rmtree(folder)
    return code, found


def moments(count: int, longest: float, seed: int = 0) -> list[float]:
    """Random moments of a build, in seconds."""
    rng = random.Random(seed)
    return sorted(rng.uniform(0.5, longest) for _ in range(count))
