"""Every figure is drawn whole, repeats to the byte, and copes with the smallest cases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread
from pluvial.config.learning import FiguresConfig
from pluvial.errors import PluvialError
from pluvial.figures.catchment import draw_catchment
from pluvial.figures.embeddings import draw_embeddings, draw_random_control
from pluvial.figures.records import labels_of
from pluvial.figures.retrieval import draw_retrieval
from pluvial.figures.training import draw_training
from pluvial.frames.elevation import write_elevation
from pluvial.frames.gaps import Status
from pluvial.frames.store import write_period
from pluvial.frames.variables import DEPTH, RAIN
from pluvial.grids.grid import Grid

CONFIG = FiguresConfig()
STEP = 300


def check(path: Path) -> None:
    """Both forms are there, the PNG opens, and something is drawn on it."""
    image = imread(path)
    assert image.ndim == 3
    assert image[..., :3].std() > 0.01
    assert "</svg>" in path.with_suffix(".svg").read_text()[-20:]


def projection(folder: Path, count: int = 300, dimensions: int = 16, **columns: Any) -> Path:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "time": 1_600_000_000 + STEP * np.arange(count),
            "split": np.where(np.arange(count) < 0.6 * count, "train", "test"),
            "storm": 1 + np.arange(count) // 25,
            "flooded_fraction": rng.uniform(0, 0.2, count) ** 2,
        }
    )
    for space in ("rain", "depth", "random"):
        table[space] = list(rng.standard_normal((count, dimensions)).astype(np.float32))
        table[f"{space}_x"], table[f"{space}_y"] = rng.standard_normal((2, count))
    for name, value in columns.items():
        table[name] = [value] * count if isinstance(value, np.ndarray) else value
    path = folder / "umap.parquet"
    table.to_parquet(path)
    return path


SMALL: dict[str, dict[str, Any]] = {
    "usual": {},
    "few records": {"count": 60},
    "one storm": {"storm": 1},
    "before any storm": {"storm": 0},
    "all dry": {"flooded_fraction": 0.0},
    "no test split": {"split": "train"},
    "constant vectors": {"depth": np.ones(16, np.float32)},
    "two dimensions": {"dimensions": 2},
}


@pytest.mark.parametrize("case", SMALL)
def test_embeddings(tmp_path: Path, case: str) -> None:
    path = tmp_path / "embeddings.png"
    draw_embeddings(projection(tmp_path, **SMALL[case]), CONFIG, path)
    check(path)


def test_same_input_same_bytes(tmp_path: Path) -> None:
    umap = projection(tmp_path)
    for folder in ("one", "two"):
        draw_random_control(umap, CONFIG, tmp_path / folder / "control.png")
    for kind in ("png", "svg"):
        one, two = (tmp_path / folder / f"control.{kind}" for folder in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()


def test_storms_are_named_by_most_records_in_order_of_time() -> None:
    sizes = {3: 5, 4: 50, 5: 40, 6: 30, 7: 20, 8: 10, 9: 8, 10: 7, 11: 6}
    storm = np.concatenate([[0] * 9, [1] * 100, *([s] * n for s, n in sizes.items())])
    table = pd.DataFrame(
        {
            "time": 86400 * np.arange(storm.size),
            "split": np.where(storm == 1, "train", "test"),
            "storm": storm,
            "flooded_fraction": 0.0,
        }
    )
    labels = labels_of(table)
    assert [int(group.members.sum()) for group in labels.storms] == [50, 40, 30, 20, 10, 8, 7]
    assert {group.name: int(group.members.sum()) for group in labels.crowd} == {
        "training": 100,
        "other held-out": 9 + 5 + 6,
    }
    drawn = sum(group.members.astype(int) for group in (*labels.storms, *labels.crowd))
    assert (drawn == 1).all()


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"storm": None}, "without a value in storm"),
        ({"rain": np.float32([np.nan] * 16)}, "finite"),
    ],
)
def test_faulty_projection_is_named(tmp_path: Path, columns: dict[str, Any], message: str) -> None:
    with pytest.raises(PluvialError, match=message):
        draw_embeddings(projection(tmp_path, **columns), CONFIG, tmp_path / "a.png")
    assert not list(tmp_path.glob("*.png"))


def history(folder: Path, name: str, rows: int, *, val: bool) -> Path:
    epochs = np.arange(1, rows + 1)
    table = pd.DataFrame({"epoch": epochs, "loss": 4.1 / epochs, "chance_loss": np.log(64)})
    table["rain_to_depth"] = table["depth_to_rain"] = 1 - 1 / (1 + epochs)
    if val:
        for column in ("loss", "rain_to_depth", "depth_to_rain"):
            table[f"val_{column}"] = table[column]
    if not rows:
        table = table[["epoch"]]
    path = folder / f"{name}.csv"
    table.to_csv(path, index=False)
    return path


@pytest.mark.parametrize(("rows", "val"), [(12, True), (12, False), (1, True), (0, False)])
def test_training(tmp_path: Path, rows: int, val: bool) -> None:
    runs = {name: history(tmp_path, name, rows, val=val) for name in ("trained", "shuffled")}
    draw_training(runs, tmp_path / "training.png")
    check(tmp_path / "training.png")


def test_retrieval(tmp_path: Path) -> None:
    shares = {f"R@{k}": 0.1 * k for k in (1, 5, 10)}
    shares |= {f"R@{k}_over_chance": 5.0 for k in (1, 5, 10)}
    both = {"rain_to_depth": shares, "depth_to_rain": shares}
    report = {
        "split": "test",
        "records": 500,
        "left_out_without_rain": 100,
        "candidates": 50,
        "queries": 200,
        "tolerance_minutes": 15,
        "spacing_minutes": 60,
        "chance": {f"R@{k}": k / 50 for k in (1, 5, 10)},
        "methods": dict.fromkeys(["trained", "shuffled", "untrained", "volume match"], both),
    }
    (tmp_path / "retrieval.json").write_text(json.dumps(report))
    draw_retrieval(tmp_path / "retrieval.json", tmp_path / "retrieval.png")
    check(tmp_path / "retrieval.png")


@pytest.mark.parametrize("case", ["usual", "all dry", "gaps", "nodata"])
def test_catchment(tmp_path: Path, case: str) -> None:
    steps = 2 * 288
    times = 1_600_000_000 // 86400 * 86400 + STEP * np.arange(steps)
    rng = np.random.default_rng(0)
    elevation = np.add.outer(np.arange(12.0), np.arange(10.0))
    if case == "nodata":
        elevation[:3, :3] = np.nan
    write_elevation(tmp_path / "h.nc", Grid(12, 10, 100.0), elevation, {})
    paths = {}
    for variable, shape, cell in ((RAIN, (6, 5), 200.0), (DEPTH, (12, 10), 100.0)):
        fields = rng.gamma(0.3, 3, (steps, *shape)) * (np.arange(steps) % 200 < 40)[:, None, None]
        fields *= 0 if case == "all dry" else 1 if variable is RAIN else 0.1
        entries = [
            (k, None, Status.MISSING)
            if case == "gaps" and 100 < k < 160
            else (k, field.astype(np.float32), Status.OBSERVED)
            for k, field in enumerate(fields)
        ]
        paths[variable.name] = tmp_path / variable.name / "2020-09.nc"
        write_period(
            paths[variable.name],
            entries,
            variable=variable,
            grid=Grid(*shape, cell),
            times=times,
            provenance={},
        )
    draw_catchment(tmp_path / "h.nc", [paths["rain"]], [paths["depth"]], tmp_path / "c.png")
    check(tmp_path / "c.png")
