"""What the figure of the sanity model shows of each picture: where it lies, and its kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pluvial.figures.records import Space
from pluvial.figures.style import OKABE_ITO, OTHER
from pluvial.files.documents import read_json
from pluvial.pictures.album import read_album

NAMED = len(OKABE_ITO)
"""Kinds that have a colour of their own."""


@dataclass(frozen=True)
class Kinds:
    """What is known of the pictures besides their vectors.

    Attributes:
        pixels: uint8[n, S, S, 3].
        classes: number of the kind of each, intp[n].
        names: of the kinds.
        held_out: whether a picture is of the test split, bool[n].
    """

    pixels: NDArray[np.uint8]
    classes: NDArray[np.intp]
    names: tuple[str, ...]
    held_out: NDArray[np.bool_]

    def colour(self, kind: int) -> str:
        """Of one kind; those beyond the palette are grey."""
        return list(OKABE_ITO.values())[kind] if kind < NAMED else OTHER


def read_kinds(umap: Path, album: Path, runs: Sequence[str]) -> tuple[Kinds, dict[str, Space]]:
    """The pictures, and their places in the space of each of ``runs``.

    Args:
        umap: parquet file as ``diagnostics.pictures`` writes it.
        album: the pictures.
        runs: names of columns of ``umap``.
    """
    table, pictures = pd.read_parquet(umap), read_album(album)
    names, classes = np.unique(table["kind"].to_numpy(str), return_inverse=True)
    kinds = Kinds(
        pictures.pixels[table["row"].to_numpy()],
        classes.astype(np.intp),
        tuple(map(str, names)),
        (table["split"] == "test").to_numpy(),
    )
    spaces = {
        run: Space(
            np.stack(table[run].tolist()).astype(np.float64),
            table[[f"{run}_x", f"{run}_y"]].to_numpy(np.float64),
        )
        for run in runs
    }
    return kinds, spaces


def read_scores(verdicts: Mapping[str, Path]) -> dict[str, float]:
    """Balanced accuracy of the ten nearest training pictures, by run; the control's too."""
    found: dict[str, float] = {}
    for run, path in verdicts.items():
        for probe in read_json(path)["probes"]:
            if probe["kind"] == "neighbours":
                found[run] = probe["scores"]["trained"]
                found["untrained"] = probe["scores"]["untrained"]
    return found
