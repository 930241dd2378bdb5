"""Embedded pictures on the disk, whoever embedded them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pluvial.files.atomic import atomic_path
from pluvial.pictures.album import Album

SIDE = "picture"
"""The column of the vectors."""


def write_embeddings(vectors: NDArray[np.float32], album: Album, path: Path) -> None:
    """Write the vectors of an album's pictures, float32[n, D], in its order.

    The parquet file has the columns ``picture``, ``kind``, ``split`` and ``name``.
    """
    table = pd.DataFrame(
        {SIDE: list(vectors), "kind": album.kinds, "split": album.splits, "name": album.names}
    )
    with atomic_path(path) as temporary:
        table.to_parquet(temporary, index=False)
