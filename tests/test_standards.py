"""What the Snakemake Workflow Catalog, citation files and changelogs ask for is there and agrees."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml


def test_the_catalog_finds_its_files(root: Path) -> None:
    usage = yaml.safe_load((root / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert usage["software-stack-deployment"]["conda"] is True
    assert usage["report"] is True
    for file in ("workflow/Snakefile", "config/README.md", "config/config.yaml", "LICENSE"):
        assert (root / file).is_file(), file
    readme = (root / "README.md").read_text().lower()
    assert "snakemake" in readme
    assert "workflow" in readme
    rules = list((root / "workflow" / "rules").glob("*.smk"))
    assert rules
    for file in rules:
        for environment in re.findall(r'conda:\s+"([^"]+)"', file.read_text()):
            assert (file.parent / environment).is_file(), f"{file}: {environment}"


def test_the_citation_is_of_this_version(root: Path) -> None:
    citation = yaml.safe_load((root / "CITATION.cff").read_text())
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    # Required by https://github.com/citation-file-format/citation-file-format/blob/1.2.0
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert citation["version"] == project["version"]
    assert citation["license"] == project["license"]
    headings = re.findall(r"^## (\S+)$", (root / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert project["version"] in headings


@pytest.mark.workflow
@pytest.mark.parametrize("snakefile", ["Snakefile", "workflow/Snakefile"])
def test_the_linter_has_nothing_to_say(root: Path, snakefile: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--lint", "--snakefile", snakefile],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
