"""UMAP of embedded pictures, for each training of the sanity model and its control."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from pluvial.config.learning import FiguresConfig
from pluvial.diagnostics.projection import project, require_enough
from pluvial.errors import PluvialError
from pluvial.files.atomic import atomic_path
from pluvial.jobs import logger

KNOWN = ["kind", "split", "name"]


def make_picture_projection(
    embeddings: Mapping[str, Path], config: FiguresConfig, path: Path
) -> None:
    """Project the pictures and write ``path``, a parquet file in the order of the album.

    Its columns: ``row`` in the album, ``kind``, ``split``, ``name``; and for each run its vectors
    (float32[D], by the run's name) and their place ``{run}_x``, ``{run}_y``. Of more than
    ``figures.max_records`` pictures the first are taken: the album is in a random order.

    Args:
        embeddings: the file of each run, as ``training.sanity`` writes it.
        config: sample, UMAP's settings and the seed.
        path: the file to make.

    Raises:
        PluvialError: if the runs hold different pictures, or too few for UMAP.
    """
    table: pd.DataFrame | None = None
    for run, file in embeddings.items():
        found = pd.read_parquet(file).head(config.max_records)
        if table is None:
            table = found[KNOWN].copy()
            table.insert(0, "row", np.arange(len(found)))
            require_enough(len(found), config, file, "pictures")
        elif not found[KNOWN].equals(table[KNOWN]):
            raise PluvialError(
                "it does not hold the pictures of the other runs, row by row",
                where=file,
                remedy="Delete it and run the workflow again",
            )
        logger.info("UMAP of %d pictures, %s", len(found), run)
        flat = project(np.stack(found["picture"].tolist()), config)
        table[run], table[f"{run}_x"], table[f"{run}_y"] = found["picture"], flat[:, 0], flat[:, 1]
    assert table is not None
    with atomic_path(path) as temporary:
        table.to_parquet(temporary, index=False)
