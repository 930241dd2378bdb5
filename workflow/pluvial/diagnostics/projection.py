"""UMAP of the embeddings, and of as many random points: the permanent control.

Labels are never given to UMAP's ``fit`` but once: for random points, to show that with them even
these fall into clusters.
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
from pluvial.diagnostics.islands import draw_nearer
from pluvial.errors import PluvialError
from pluvial.files.atomic import atomic_path
from pluvial.jobs import logger
from pluvial.metrics.vectors import evenly

SPACES = ("rain", "depth", "random")
STATISTICS = ("rain_mm", "rain_max_mm_h", "flooded_fraction", "depth_max_m", "depth_mean_m")
FAKED = "faked"
"""The random points once more, with their labels given to UMAP."""
FLOODED_CLASSES = (0.001, 0.03, 0.1)
"""Flooded fractions that divide the records into classes."""


def make_projection(
    embeddings: Path, plan: Sequence[Path], index: Sequence[Path], config: FiguresConfig, path: Path
) -> None:
    """Project a sample of the records and write ``path``, a parquet file in order of time.

    Its columns: ``time``, ``split``, ``storm``, the index's statistics, the vectors ``rain``,
    ``depth`` and ``random`` (unit, float32[D]), and ``{space}_x``, ``{space}_y`` of each;
    ``faked_x`` and ``faked_y`` are of the random points with the classes of flooded fraction
    given to UMAP.

    Args:
        embeddings: parquet file with ``time``, ``split``, ``rain`` and ``depth``.
        plan: the plans, for the storms.
        index: the index files, for the statistics.
        config: sample, UMAP's settings and the seed.
        path: the file to make.
    """
    table = sample(pd.read_parquet(embeddings), config.max_records)
    require_enough(len(table), config, embeddings)
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
        _place(table, space, project(np.stack(table[space].tolist()), config))
    logger.info("UMAP of the random vectors with their labels, to show what that fakes")
    classes = np.digitize(table["flooded_fraction"].to_numpy(), FLOODED_CLASSES)
    _place(table, FAKED, project(np.stack(table["random"].tolist()), config, classes))
    with atomic_path(path) as temporary:
        table.to_parquet(temporary, index=False)


def make_joint_projection(umap: Path, config: FiguresConfig, path: Path) -> None:
    """Project rain and depth vectors together; write ``path`` with the columns of ``umap``.

    At most half of ``figures.max_records`` are taken, evenly over time: each is two points.
    ``{side}_x`` and ``{side}_y`` are places on the one map.

    Args:
        umap: as :func:`make_projection` writes it.
        config: UMAP's settings and the seed.
        path: the file to make.
    """
    table = sample(pd.read_parquet(umap), max(1, config.max_records // 2))
    require_enough(2 * len(table), config, umap)
    sides = ("rain", "depth")
    logger.info("UMAP of %d rain and as many depth vectors together", len(table))
    flat = project(np.stack([vector for side in sides for vector in table[side]]), config)
    for side, places in zip(sides, np.split(flat, 2), strict=True):
        _place(table, side, places)
    with atomic_path(path) as temporary:
        table.drop(
            columns=[name for name in table if str(name).startswith(("random", FAKED))]
        ).to_parquet(temporary, index=False)


def require_enough(points: int, config: FiguresConfig, path: Path, what: str = "records") -> None:
    """Refuse fewer points, of what is in ``path``, than UMAP needs."""
    if points <= config.umap_neighbours:
        raise PluvialError(
            f"{points} {what} are too few for `figures.umap_neighbours` = {config.umap_neighbours}",
            where=path,
            remedy=f"Lower `figures.umap_neighbours`, or give more {what}",
        )


def _place(table: pd.DataFrame, space: str, flat: NDArray[np.float32]) -> None:
    table[f"{space}_x"], table[f"{space}_y"] = flat[:, 0], flat[:, 1]


def sample(table: pd.DataFrame, most: int) -> pd.DataFrame:
    """At most ``most`` rows, evenly over time."""
    ordered = table.sort_values("time", ignore_index=True)
    return ordered.iloc[evenly(len(ordered), most)].reset_index(drop=True)


def random_points(count: int, dimensions: int, seed: int) -> NDArray[np.float32]:
    """Points without any structure, uniform on the unit sphere, float32[count, dimensions]."""
    normal = np.random.default_rng(seed).standard_normal((count, dimensions))
    unit = normal / np.linalg.norm(normal, axis=1, keepdims=True)
    return np.asarray(unit, dtype=np.float32)


def project(
    vectors: NDArray[np.float32], config: FiguresConfig, labels: NDArray[np.intp] | None = None
) -> NDArray[np.float32]:
    """UMAP (McInnes et al. 2018, https://arxiv.org/abs/1802.03426) to the plane, float32[n, 2].

    Seeded, by cosine distance, with far islands drawn nearer.

    Args:
        vectors: float32[n, D].
        config: UMAP's settings and the seed.
        labels: classes, intp[n]: UMAP pulls the members of each together, whatever the vectors.
    """
    reducer = _umap().UMAP(
        n_neighbors=config.umap_neighbours,
        min_dist=config.umap_min_dist,
        metric="cosine",
        random_state=config.seed,
        n_jobs=1,
    )
    return draw_nearer(np.asarray(reducer.fit_transform(vectors, labels), dtype=np.float32))


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
