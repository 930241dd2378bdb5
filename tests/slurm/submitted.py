"""Snakemake, started beside a cluster: what it submits, prints and leaves."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from slurm.cluster import Cluster, wait_for
from workplace import CHECKOUT, Workplace

SOON = ("--slurm-init-seconds-before-status-checks", "2", "--latency-wait", "10")
"""The profile waits as suits a cluster of thousands of jobs."""
MEASURED = ["pairs_per_second", "input_wait"]
"""Columns of a history that say how fast it went."""


@dataclass
class Run:
    """A Snakemake that submits the case of ``place`` to ``cluster``."""

    cluster: Cluster
    place: Workplace
    process: subprocess.Popen[bytes]
    out: Path
    began: float

    @property
    def printed(self) -> str:
        return self.out.read_text()

    @property
    def submitted(self) -> list[str]:
        """The numbers of the jobs it has submitted, in order."""
        words = self.printed.split("SLURM jobid ")[1:]
        return [word.split()[0] for word in words]

    def finish(self, seconds: float = 1800) -> int:
        """Its exit status."""
        return self.process.wait(seconds)


@contextmanager
def running_snakemake(
    cluster: Cluster, place: Workplace, *arguments: str, profile: str = "slurm"
) -> Iterator[Run]:
    """Start it; whatever happens, it and its jobs have ended afterwards."""
    place.write_case()
    # A shell has what it runs in the background ignore Ctrl-C, and that is inherited.
    command = ["env", "--default-signal=INT", sys.executable, "-m", "snakemake"]
    command += ["--snakefile", str(CHECKOUT / "Snakefile")]
    command += ["--directory", str(place.folder), "--configfile", str(place.config)]
    command += ["--profile", profile, *SOON, *arguments]
    out = place.folder / "snakemake.out"
    began = time.time()
    with out.open("wb") as file:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            env=cluster.environment,
            cwd=CHECKOUT,
        )
    try:
        yield Run(cluster, place, process, out, began)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def submit(cluster: Cluster, place: Workplace, *arguments: str, profile: str = "slurm") -> str:
    """Run it to its end and expect success; what it printed."""
    with running_snakemake(cluster, place, *arguments, profile=profile) as run:
        code = run.finish()
        assert code == 0, run.printed
        return run.printed


def a_running_job(run: Run) -> str:
    """The number of the first of its jobs that runs."""
    found: list[str] = []

    def running() -> bool:
        assert run.process.poll() is None, run.printed
        found.extend(n for n in run.submitted if run.cluster.state(n) == "RUNNING")
        return bool(found)

    wait_for("a running job", running)
    return found[0]


def data(place: Workplace) -> dict[str, str]:
    """SHA-256 of all that must be the same to the byte, wherever it was made."""
    kept = {"frames", "index", "plan", "shards", "simulation"}
    return {name: sha for name, sha in place.files().items() if name.partition("/")[0] in kept}


def history(place: Workplace, run: str = "trained") -> pd.DataFrame:
    """What a training came to, epoch by epoch, less its speed."""
    table = pd.read_csv(place.results / "encoders" / run / "history.csv")
    return table.drop(columns=[c for c in MEASURED if c in table])


def weights(place: Workplace, run: str = "trained") -> list[np.ndarray]:
    """All weights of both towers of a finished training."""
    import keras
    from pluvial.models.files import load_model

    del keras
    return [
        np.asarray(weight)
        for side in ("rain", "depth")
        for weight in load_model(place.results / "encoders" / run / f"{side}.keras").get_weights()
    ]


def numbers(document: Any, where: str = "") -> dict[str, float]:
    """All numbers of a JSON document, by where they stand."""
    if isinstance(document, dict):
        parts = [numbers(value, f"{where}/{key}") for key, value in document.items()]
    elif isinstance(document, list):
        parts = [numbers(value, f"{where}/{n}") for n, value in enumerate(document)]
    elif isinstance(document, int | float) and not isinstance(document, bool):
        return {where: float(document)}
    else:
        return {}
    return {key: value for part in parts for key, value in part.items()}


def report(place: Workplace) -> dict[str, float]:
    """The numbers of the report on retrieval."""
    path = place.results / "diagnostics" / "retrieval.json"
    return numbers(json.loads(path.read_text()))
