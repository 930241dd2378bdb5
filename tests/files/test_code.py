"""The digest of a script's code changes with the modules it runs through, and with no other."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from pluvial.files.code import AROUND, PACKAGE, _files, _imported, code_of

SCRIPTS = sorted((PACKAGE.parent / "scripts").glob("*.py"))


# What takes long to import is imported once; a fork for each script then loads only what is ours.
IMPORTER = """
import importlib, json, os, sys
for name in ("keras", "tensorflow", "duckdb", "pandas", "rasterio", "xarray", "umap", "sklearn",
             "matplotlib.pyplot", "scipy.ndimage", "pyarrow.parquet", "h5py", "jinja2"):
    importlib.import_module(name)
assert not any(name.split(".")[0] == "pluvial" for name in sys.modules)
found = {}
for name, lines in json.load(sys.stdin).items():
    reader, writer = os.pipe()
    if not os.fork():
        exec(lines)
        ours = [m.__file__ for n, m in sys.modules.items() if n.split(".")[0] == "pluvial"]
        os.write(writer, json.dumps(ours).encode())
        os._exit(0)
    os.close(writer)
    with open(reader) as told:
        found[name] = json.load(told)
    os.wait()
print(json.dumps(found))
"""


@cache
def imported() -> dict[str, set[Path]]:
    """The library's files that Python loads for each script, and for ``around`` any job."""
    asked = {script.stem: script.read_text().splitlines() for script in SCRIPTS}
    asked["around"] = ["from pluvial import jobs"]
    lines = {
        name: "\n".join(line for line in text if line.startswith("from pluvial"))
        for name, text in asked.items()
    }
    run = subprocess.run(
        [sys.executable, "-c", IMPORTER],
        input=json.dumps(lines),
        capture_output=True,
        check=True,
        text=True,
    )
    return {
        name: {Path(file).resolve() for file in files}
        for name, files in json.loads(run.stdout.splitlines()[-1]).items()
    }


@pytest.mark.long
@pytest.mark.xdist_group("imports")
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda p: p.stem)
def test_closure_is_what_python_imports(script: Path) -> None:
    assert imported()[script.stem] - imported()["around"] <= set(code_of(script))
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


def parsed(path: Path) -> set[str]:
    """What a file imports, also within functions, by Python's own parser."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert not node.level, f"{path} has a relative import, which code_of does not follow"
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def test_the_pattern_finds_what_the_parser_finds() -> None:
    sources = [*PACKAGE.rglob("*.py"), *SCRIPTS]
    for path in sources:
        ours = {file for name in parsed(path) for file in _files(name)}
        assert ours <= set(_imported(path)), path
