"""The house stands: a package imports only packages below it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from pluvial.files.code import PACKAGE

FLOORS = [
    "files",
    "config",
    "grids",
    "sources",
    "simulation",
    "example",
    "frames",
    "case",
    "records",
    "metrics",
    "pictures",
    "dataset",
    "models",
    "training",
    "diagnostics",
    "figures",
    "explorer",
    "outlook",
]
GROUND = {"compiled", "errors", "jobs"}
USES_TENSORFLOW = {"dataset", "models", "training"}
LONGEST_MODULE, LONGEST_FUNCTION = 400, 60

MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE)


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative import"
            names.add(node.module or "")
    return names


def floor(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0]


def test_every_package_is_a_floor() -> None:
    assert {floor(path) for path in MODULES} == set(FLOORS)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_only_lower_floors(path: Path) -> None:
    allowed = GROUND | set(FLOORS[: FLOORS.index(floor(path)) + 1])
    ours = {name.split(".")[1] for name in imports(path) if name.startswith("pluvial.")}
    assert ours <= allowed


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_only_the_learning_floors_import_tensorflow(path: Path) -> None:
    roots = {name.split(".")[0] for name in imports(path)}
    assert "snakemake" not in roots
    if floor(path) not in USES_TENSORFLOW:
        assert not roots & {"tensorflow", "keras"}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_modules_and_functions_stay_short(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= LONGEST_MODULE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno <= LONGEST_FUNCTION, node.name


def test_models_and_losses_use_keras_ops_only() -> None:
    for path in MODULES:
        if floor(path) == "models":
            assert "tensorflow" not in {name.split(".")[0] for name in imports(path)}
