"""A full disk: one clear message, and no file under its final name that is not whole."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from interruptions import TARGETS, small_case
from workplace import CHECKOUT

pytestmark = pytest.mark.workflow


def on_a_small_disk(
    folder: Path, megabytes: float, command: str
) -> subprocess.CompletedProcess[str]:
    """Run a shell command with a small tmpfs at ``folder``, seen by it alone."""
    root = [] if os.geteuid() == 0 else ["--map-root-user"]
    mount = f"mount -t tmpfs -o size={int(megabytes * 1024)}k tmpfs {folder} && cd {folder}"
    return subprocess.run(
        ["unshare", "--mount", *root, "sh", "-c", f"{mount} && {command}"],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("megabytes", [8.05, 8.15])
def test_full(tmp_path: Path, megabytes: float) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if on_a_small_disk(disk, 1, "true").returncode:
        pytest.skip("a tmpfs cannot be mounted here (it takes root or user namespaces)")
    config = tmp_path / "case.yaml"
    config.write_text(yaml.safe_dump(small_case() | {"pathvars": {"results": f"{disk}/results"}}))
    build = [sys.executable, "-m", "snakemake", "--snakefile", str(CHECKOUT / "Snakefile")]
    build += ["--directory", str(tmp_path), "--configfile", str(config), "--cores", "1", *TARGETS]
    command = " ".join(build) + " 2>&1; echo EXIT $?; echo LEFT; find . -type f"
    done = on_a_small_disk(disk, megabytes, command)
    printed, _, left = done.stdout.partition("LEFT\n")
    assert "EXIT 1" in printed, "the disk was large enough: the test says nothing"
    assert "error: the disk is full" in printed
    assert "free some space" in printed
    assert "Traceback" not in printed
    assert not [name for name in left.splitlines() if ".partial" in name]
