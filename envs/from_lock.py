"""Write envs/pluvial.yaml, the conda form of the environment, from uv.lock."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "envs" / "pluvial.yaml"
HEADER = """\
# The environment of every rule, for `--software-deployment-method conda`.
# Written by `make envs` from pyproject.toml and uv.lock; a test holds them equal.
channels:
  - conda-forge
  - nodefaults
dependencies:
  - python =3.11
  - pip
  - pip:
"""


def conda_environment() -> str:
    """The text of the file: the direct dependencies at their locked versions."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    locked = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    newest: dict[str, str] = {}
    for package in locked:
        name, version = package["name"], package.get("version", "")
        markers = package.get("resolution-markers", [])
        if not markers or any("< '3.12'" in m or "== '3.11" in m for m in markers):
            newest[name] = version
    wanted = [*project["dependencies"], *project["optional-dependencies"]["cpu"]]
    names = sorted(re.split(r"[<>=\[~! ]", requirement)[0] for requirement in wanted)
    return HEADER + "".join(f"      - {name} =={newest[name]}\n" for name in names)


if __name__ == "__main__":
    TARGET.write_text(conda_environment())
