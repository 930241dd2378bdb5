"""UMAP of the embeddings, and of as many random points: the permanent control.

Labels are never given to UMAP's ``fit``: with them even random points fall into clusters.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pluvial.config.learning import FiguresConfig
from pluvial.errors import PluvialError
from pluvial.files.atomic import atomic_path
from pluvial.jobs import logger

SPACES = ("rain", "depth", "random")
STATISTICS = ("rain_mm", "rain_max_mm_h", "flooded_fraction", "depth_max_m", "depth_mean_m")


def make_projection(
    embeddings: Path, plan: Sequence[Path], index: Sequence[Path], config: FiguresConfig, path: Path
) -> None:
    """Project a sample of the records and write ``path``, a parquet file in order of time.

    Its columns: ``time``, ``split``, ``storm``, the index's statistics, the vectors ``rain``,
    ``depth`` and ``random`` (unit, float32[D]), and ``{space}_x``, ``{space}_y`` of each.

    Args:
        embeddings: parquet file with ``time``, ``split``, ``rain`` and ``depth``.
        plan: the plans, for the storms.
        index: the index files, for the statistics.
        config: sample, UMAP's settings and the seed.
        path: the file to make.
    """
    table = sample(pd.read_parquet(embeddings), config.max_records)
    if len(table) <= config.umap_neighbours:
        raise PluvialError(
            f"{len(table)} records are too few for `figures.umap_neighbours` = "
            f"{config.umap_neighbours}",
            where=embeddings,
            remedy="Lower `figures.umap_neighbours`, or lengthen `time`",
        )
    known = (
        duckdb.connect(config={"threads": 1})
        .execute(
            "SELECT * FROM read_parquet($index) AS candidate "
            "JOIN (SELECT time, storm FROM read_parquet($plan)) AS plan USING (time)",
            {"index": [str(file) for file in index], "plan": [str(file) for file in plan]},
        )
        .df()[["time", "storm", *STATISTICS]]
    )
    table = table.merge(known, on="time", how="left", validate="one_to_one")
    dimensions = len(table["rain"].iloc[0])
    table["random"] = list(random_points(len(table), dimensions, config.seed))
    for space in SPACES:
        logger.info("UMAP of %d %s vectors of %d dimensions", len(table), space, dimensions)
        flat = project(np.stack(table[space].tolist()), config)
        table[f"{space}_x"], table[f"{space}_y"] = flat[:, 0], flat[:, 1]
    with atomic_path(path) as temporary:
        table.to_parquet(temporary, index=False)


def sample(table: pd.DataFrame, most: int) -> pd.DataFrame:
    """At most ``most`` rows, evenly over time."""
    ordered = table.sort_values("time", ignore_index=True)
    if len(ordered) <= most:
        return ordered
    rows = np.linspace(0, len(ordered) - 1, most).round().astype(int)
    return ordered.iloc[rows].reset_index(drop=True)


def random_points(count: int, dimensions: int, seed: int) -> NDArray[np.float32]:
    """Points without any structure, uniform on the unit sphere, float32[count, dimensions]."""
    normal = np.random.default_rng(seed).standard_normal((count, dimensions))
    unit = normal / np.linalg.norm(normal, axis=1, keepdims=True)
    return np.asarray(unit, dtype=np.float32)


def project(vectors: NDArray[np.float32], config: FiguresConfig) -> NDArray[np.float32]:
    """UMAP (McInnes et al. 2018, https://arxiv.org/abs/1802.03426) to the plane, float32[n, 2].

    Seeded, by cosine distance, and without labels.
    """
    reducer = _umap().UMAP(
        n_neighbors=config.umap_neighbours,
        min_dist=config.umap_min_dist,
        metric="cosine",
        random_state=config.seed,
        n_jobs=1,
    )
    return np.asarray(reducer.fit_transform(vectors), dtype=np.float32)


def _umap() -> Any:
    """The package umap, without its parametric part, which would import TensorFlow for nothing."""
    hidden = "tensorflow" not in sys.modules
    if hidden:
        sys.modules["tensorflow"] = cast("ModuleType", None)
    try:
        import umap
    finally:
        if hidden:
            del sys.modules["tensorflow"]
    return umap
