"""A small dataset of shards for tests of what reads it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pluvial.dataset.catalogue import Catalogue
from pluvial.dataset.pipeline import Layout
from pluvial.frames.variables import MISSING
from pluvial.grids.grid import Grid
from pluvial.records.manifest import write_manifest
from pluvial.records.window import Records, Window
from shards import write_records

LAYOUT = Layout((2, 2, 3), (4, 4), 1 / 32, 1 / 1000)
STORM = 9
"""Records of a storm."""


def make_dataset(folder: Path, sizes: list[int]) -> Path:
    """Write shards of ``sizes`` records and their manifest; its path.

    Record k has rain k / 32 mm/h and depth k mm everywhere; record 0 is all dry.
    """
    sidecars, start = [], 0
    for shard, size in enumerate(sizes):
        numbers = np.arange(start, start + size)
        start += size
        rain = numbers.astype(np.uint16)[:, None, None, None] * np.ones((1, 2, 2, 3), np.uint16)
        depth = numbers.astype(np.uint16)[:, None, None] * np.ones((1, 4, 4), np.uint16)
        rain[1:, 0, 0, 0] = MISSING
        depth[:, 3, 3] = MISSING
        path = folder / "train" / f"01-{shard:05}.tfrecord.gz"
        storms = {300 * int(k): int(k) // STORM for k in numbers}
        sidecars.append(write_records(Records(numbers * 300, rain, depth), path, storms=storms))
    write_manifest(
        folder / "manifest.json",
        sidecars,
        window=Window((1, 1, 1), 1),
        step=300,
        rain_grid=Grid(2, 2, 200.0),
        depth_grid=Grid(4, 4, 100.0),
    )
    return folder / "manifest.json"


def made_up(sizes: list[int], storm: int) -> Catalogue:
    """A catalogue of shards that do not exist; each ``storm`` records in a row are of one."""
    count = sum(sizes)
    number = np.arange(count)
    return Catalogue(
        [Path(f"{shard}") for shard in range(len(sizes))],
        np.array(sizes),
        300 * number,
        (number // storm).astype(np.int32),
        number % 5 > 0,
        number.astype(np.uint64),
        number.astype(np.uint64),
    )
