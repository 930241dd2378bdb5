"""The projection: labels stay out of it, TensorFlow too, and a seed repeats it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from pluvial.config.learning import FiguresConfig
from pluvial.diagnostics.projection import (
    STATISTICS,
    make_joint_projection,
    make_projection,
    project,
    random_points,
    sample,
)

CONFIG = FiguresConfig(umap_neighbours=10)


def test_seeded_and_structure_is_kept() -> None:
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((3, 16))
    vectors = np.repeat(centres, 40, axis=0) + 0.05 * rng.standard_normal((120, 16))
    flat = project(vectors.astype(np.float32), CONFIG)
    np.testing.assert_array_equal(flat, project(vectors.astype(np.float32), CONFIG))
    # Islands are drawn nearer, but whoever is nearest is of one's own.
    apart = np.linalg.norm(flat[:, None] - flat, axis=2) + np.diag(np.full(120, np.inf))
    assert (apart.argmin(axis=1) // 40 == np.arange(120) // 40).all()


def umap_of(folder: Path, count: int) -> pd.DataFrame:
    """What the rule `umap` writes, of random vectors on both sides."""
    times = 300 * np.arange(count)
    vectors = {side: list(random_points(count, 8, seed)) for seed, side in enumerate(SIDES)}
    embeddings = pd.DataFrame({"time": times, "split": "train", **vectors})
    flooded = np.where(np.arange(count) % 2, 0.0, 0.5)
    index = pd.DataFrame({"time": times, **dict.fromkeys(STATISTICS, 1.0)})
    index["flooded_fraction"] = flooded
    plan = pd.DataFrame({"time": times, "storm": 1})
    for name, table in (("embeddings", embeddings), ("index", index), ("plan", plan)):
        table.to_parquet(folder / f"{name}.parquet")
    make_projection(
        folder / "embeddings.parquet",
        [folder / "plan.parquet"],
        [folder / "index.parquet"],
        CONFIG,
        folder / "umap.parquet",
    )
    make_joint_projection(folder / "umap.parquet", CONFIG, folder / "both.parquet")
    return pd.read_parquet(folder / "umap.parquet")


SIDES = ("rain", "depth")


def separation(places: np.ndarray, wet: np.ndarray) -> float:
    """How far the two classes lie apart, in their own widths."""
    one, two = places[wet], places[~wet]
    width = 0.5 * (one.std(axis=0).mean() + two.std(axis=0).mean())
    return float(np.linalg.norm(one.mean(axis=0) - two.mean(axis=0)) / width)


def test_only_the_fake_sees_the_labels(tmp_path: Path) -> None:
    """Random vectors: no map shows the classes, but for the one that was given them."""
    table = umap_of(tmp_path, 150)
    wet = table["flooded_fraction"].to_numpy() > 0
    for space in (*SIDES, "random"):
        assert separation(table[[f"{space}_x", f"{space}_y"]].to_numpy(), wet) < 0.8, space
    assert separation(table[["faked_x", "faked_y"]].to_numpy(), wet) > 3


def test_both_lie_on_one_map(tmp_path: Path) -> None:
    """Where the two vectors of a record are equal, so are their places, nearly."""
    count = 120
    vectors = list(random_points(count, 6, 4))
    table = pd.DataFrame({"time": np.arange(count), "rain": vectors, "depth": vectors})
    table["random"], table["random_x"] = vectors, 0.0
    table.to_parquet(tmp_path / "umap.parquet")
    make_joint_projection(tmp_path / "umap.parquet", CONFIG, tmp_path / "both.parquet")
    both = pd.read_parquet(tmp_path / "both.parquet")
    assert not [name for name in both if name.startswith("random")]
    rain, depth = (both[[f"{side}_x", f"{side}_y"]].to_numpy() for side in SIDES)
    apart = np.linalg.norm(rain - depth, axis=1)
    assert np.median(apart) < 0.1 * np.ptp(rain, axis=0).max()


def test_random_points_have_no_preferred_direction() -> None:
    points = random_points(4000, 20, seed=1)
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1, rtol=1e-5)
    assert np.linalg.norm(points.mean(axis=0)) < 0.05


def test_sample_is_even_over_time() -> None:
    table = pd.DataFrame({"time": np.arange(1000)[::-1]})
    taken = sample(table, 100)["time"]
    assert len(taken) == 100
    assert taken.iloc[0] == 0
    assert taken.iloc[-1] == 999
    assert taken.diff().max() <= 11
    assert len(sample(table, 5000)) == 1000


def test_tensorflow_is_not_imported() -> None:
    program = (
        "import sys; from pluvial.diagnostics.projection import _umap; _umap(); "
        "sys.exit('tensorflow' in sys.modules)"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True)
