"""The projection: labels stay out of it, TensorFlow too, and a seed repeats it."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys

import numpy as np
import pandas as pd
from pluvial.config.learning import FiguresConfig
from pluvial.diagnostics.projection import project, random_points, sample

CONFIG = FiguresConfig(umap_neighbours=10)


def test_seeded_and_structure_is_kept() -> None:
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((3, 16))
    vectors = np.repeat(centres, 40, axis=0) + 0.05 * rng.standard_normal((120, 16))
    flat = project(vectors.astype(np.float32), CONFIG)
    np.testing.assert_array_equal(flat, project(vectors.astype(np.float32), CONFIG))
    groups = flat.reshape(3, 40, 2)
    within = groups.std(axis=1).mean()
    between = groups.mean(axis=1).std(axis=0).mean()
    assert between > 3 * within


def test_labels_are_never_given_to_fit() -> None:
    assert re.search(r"fit\w*\(([^,)]*)\)", inspect.getsource(project)), "one argument: the points"
    assert list(inspect.signature(project).parameters) == ["vectors", "config"]


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
