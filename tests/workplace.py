"""A workplace in which Snakemake runs the workflow, with results and configuration of its own."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pluvial.files.record import FOLDER

CHECKOUT = Path(__file__).resolve().parents[1]


@dataclass
class Workplace:
    """A folder with a case in it."""

    folder: Path
    case: dict[str, Any] = field(default_factory=dict)

    @property
    def results(self) -> Path:
        return self.folder / "results"

    @property
    def config(self) -> Path:
        return self.folder / "case.yaml"

    def write_case(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config.write_text(yaml.safe_dump(self.case | {"pathvars": {"results": "results"}}))

    def snakemake(
        self, *arguments: str, snakefile: Path = CHECKOUT / "Snakefile"
    ) -> subprocess.CompletedProcess[str]:
        self.write_case()
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(snakefile)]
        command += ["--directory", str(self.folder), "--configfile", str(self.config)]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
        return subprocess.run(
            [*command, "--cores", "2", *arguments],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
        )

    def run(self, *arguments: str) -> str:
        """Run and expect success; what was printed."""
        done = self.snakemake(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def planned(self, *arguments: str) -> dict[str, int]:
        """Jobs per rule that a dry run announces."""
        return jobs(self.run("--dry-run", *arguments))

    def files(self) -> dict[str, str]:
        """SHA-256 of every file of the results; what jobs say of themselves bears their times."""
        return {
            str(path.relative_to(self.results)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.results.rglob("*"))
            if path.is_file() and FOLDER not in path.parts
        }


def jobs(printed: str) -> dict[str, int]:
    """The table of job counts that Snakemake prints."""
    found: dict[str, int] = {}
    lines = iter(printed.splitlines())
    for line in lines:
        if line.startswith("job ") and "count" in line:
            next(lines)
            for row in lines:
                words = row.split()
                if len(words) != 2:
                    break
                found[words[0]] = int(words[1])
            break
    found.pop("total", None)
    found.pop("all", None)
    return found


def named_case(name: str) -> dict[str, Any]:
    case: dict[str, Any] = yaml.safe_load((CHECKOUT / "config" / f"{name}.yaml").read_text())
    return case
