"""What the documents print works as printed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from workplace import CHECKOUT, Workplace

DOCUMENTS = [CHECKOUT / "README.md", CHECKOUT / "config" / "README.md"]
DOCUMENTS += sorted((CHECKOUT / "docs").glob("*.md"))


@pytest.mark.workflow
@pytest.mark.xdist_group("smoke")
def test_shards_open_with_plain_tensorflow(smoke: Workplace) -> None:
    """The program of docs/reading-shards.md, with pluvial made impossible to import."""
    text = (CHECKOUT / "docs" / "reading-shards.md").read_text()
    (program,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    body = [line for line in program.splitlines() if line and not line.startswith("import")]
    assert len(body) <= 12
    hidden = "import sys; sys.modules['pluvial'] = None\n" + program
    run = subprocess.run(
        [sys.executable, "-c", hidden, str(smoke.results / "shards")],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = run.stdout.splitlines()
    assert len(lines) == 3
    assert all("(4, 4, 4) (16, 16)" in line for line in lines)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_links_between_documents_hold(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
        if not target.startswith("http"):
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_named_files_exist(path: Path) -> None:
    for name in re.findall(
        r"`((?:config|docs|profiles|envs|workflow|benchmarks)/[\w./-]+)`", path.read_text()
    ):
        assert (CHECKOUT / name).exists(), name
