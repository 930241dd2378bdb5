"""The digest of a script's code changes with the modules it runs through, and with no other."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from pluvial.files.code import AROUND, PACKAGE, code_of

SCRIPTS = sorted((PACKAGE.parent / "scripts").glob("*.py"))


def imported_by(lines: list[str]) -> set[Path]:
    """The library's files that Python loads for these imports."""
    program = [
        *lines,
        "import sys",
        "ours = [m for n, m in sys.modules.items() if n.split('.')[0] == 'pluvial']",
        "print('\\n'.join(m.__file__ for m in ours))",
    ]
    run = subprocess.run(
        [sys.executable, "-c", "\n".join(program)], capture_output=True, check=True, text=True
    )
    return {Path(line).resolve() for line in run.stdout.split()}


@cache
def around_a_job() -> set[Path]:
    """What is loaded for a job's log and record, whatever the job is."""
    return imported_by(["import pluvial.jobs"])


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda p: p.stem)
def test_closure_is_what_python_imports(script: Path) -> None:
    lines = [line for line in script.read_text().splitlines() if line.startswith("from pluvial")]
    assert imported_by(lines) - around_a_job() <= set(code_of(script))
    assert AROUND not in code_of(script)


def test_an_edit_of_the_depth_model_retrains_no_encoder() -> None:
    for script in ("pretrain.py", "embed.py", "sanity_encoder.py", "judgement.py"):
        files = code_of(PACKAGE.parent / "scripts" / script)
        assert not [file for file in files if "depth" in file.parent.name]
        assert PACKAGE / "config" / "depth_model.py" not in files
    ours = code_of(PACKAGE.parent / "scripts" / "depth_model.py")
    assert PACKAGE / "models" / "depth" / "network.py" in ours


def test_stages_are_told_apart() -> None:
    def packages(script: str) -> set[str]:
        files = code_of(PACKAGE.parent / "scripts" / script)
        return {file.relative_to(PACKAGE).parts[0] for file in files}

    assert "figures" in packages("embedding_figure.py")
    for script in ("plan.py", "shard.py", "pretrain.py", "judgement.py"):
        assert not packages(script) & {"figures", "simulation"}
    assert not packages("shard.py") & {"models", "training", "diagnostics"}
