"""What the embedding figures show of each record: where it lies, and its labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pluvial.diagnostics.projection import FLOODED_CLASSES
from pluvial.errors import PluvialError
from pluvial.figures.style import BACKGROUND, OKABE_ITO, OTHER
from pluvial.grids.time_axis import iso

CLASS_NAMES = ("< 0.1 %", "0.1–3 %", "3–10 %", "≥ 10 %")
"""See ``diagnostics.projection.FLOODED_CLASSES``."""
CLASS_COLOURS = ("#E69F00", "#56B4E9", "#0072B2", "#000000")
"""From light to dark, so that they keep their order in grey."""

NAMED_STORMS = len(OKABE_ITO)
SPLIT_NAMES = {"train": "training", "val": "validation", "test": "test"}
SPLIT_COLOURS = (BACKGROUND, OKABE_ITO["orange"], OKABE_ITO["blue"])
REMEDY = "Delete it and run the workflow again to remake it"


@dataclass(frozen=True)
class Group:
    """Records that share a colour on the map of storms.

    Attributes:
        name: for the legend.
        colour: as ``#rrggbb``.
        members: bool[n].
    """

    name: str
    colour: str
    members: NDArray[np.bool_]

    @property
    def label(self) -> str:
        """Name and number of records."""
        return f"{self.name} ({self.members.sum():,})"


@dataclass(frozen=True)
class Space:
    """The records in one space.

    Attributes:
        vectors: float64[n, D].
        flat: their UMAP, float64[n, 2].
    """

    vectors: NDArray[np.float64]
    flat: NDArray[np.float64]


@dataclass(frozen=True)
class Labels:
    """What is known of the records besides their vectors.

    Attributes:
        times: NOW, s since 1970, int64[n].
        rain: rain in the window, mean of the cells, mm, float64[n].
        flooded: flooded fraction, float64[n].
        classes: its class, intp[n], see ``diagnostics.projection.FLOODED_CLASSES``.
        splits: the records of each split that has any.
        crowd: groups that are not storms of their own: training, other held-out records.
        storms: the named storms, in order of time.
        held_out: which split the named storms are from, in words; empty if none is held out.
    """

    times: NDArray[np.int64]
    rain: NDArray[np.float64]
    flooded: NDArray[np.float64]
    classes: NDArray[np.intp]
    splits: tuple[Group, ...]
    crowd: tuple[Group, ...]
    storms: tuple[Group, ...]
    held_out: str


def read_records(path: Path, spaces: Sequence[str]) -> tuple[Labels, list[Space]]:
    """Labels of the records in ``path``, and their places in each of ``spaces``.

    Args:
        path: parquet file as ``diagnostics.projection.make_projection`` writes it.
        spaces: such as rain, depth, random.
    """
    columns = ["time", "split", "storm", "rain_mm", "flooded_fraction"]
    columns += [name + end for name in spaces for end in ("", "_x", "_y")]
    table = read_table(path, columns)
    return labels_of(table), [space_of(table, name, path) for name in spaces]


def read_table(path: Path, columns: list[str]) -> pd.DataFrame:
    """The named columns of a parquet file, each with a value in every row."""
    try:
        table = pd.read_parquet(path)
    except FileNotFoundError:
        raise PluvialError(
            "the file is missing", where=path, remedy="Run the rule `umap`"
        ) from None
    except (OSError, ValueError) as error:
        raise PluvialError(
            f"not a readable parquet file ({error})", where=path, remedy=REMEDY
        ) from None
    absent = [column for column in columns if column not in table]
    if absent:
        raise PluvialError(f"it lacks the columns {', '.join(absent)}", where=path, remedy=REMEDY)
    if table.empty:
        raise PluvialError("it holds no record", where=path, remedy="Lengthen `time`")
    unknown = [name for name in columns if table[name].isna().any()]
    if unknown:
        raise PluvialError(
            f"records without a value in {', '.join(unknown)}", where=path, remedy=REMEDY
        )
    return table[columns]


def space_of(table: pd.DataFrame, name: str, path: Path) -> Space:
    """One space of a table with ``{name}``, ``{name}_x`` and ``{name}_y``, read from ``path``."""
    lengths = table[name].map(len)
    if lengths.min() != lengths.max():
        raise PluvialError(
            f"the vectors in `{name}` have from {lengths.min()} to {lengths.max()} dimensions",
            where=path,
            remedy=REMEDY,
        )
    vectors = np.stack(table[name].tolist()).astype(np.float64)
    if not np.isfinite(vectors).all():
        raise PluvialError(
            f"vectors in `{name}` that are not finite",
            where=path,
            remedy="The training diverged: lower `pretrain.learning_rate`",
        )
    return Space(vectors, table[[f"{name}_x", f"{name}_y"]].to_numpy(np.float64))


def labels_of(table: pd.DataFrame) -> Labels:
    """Labels of records with ``time``, ``split``, ``storm``, ``rain_mm``, ``flooded_fraction``."""
    flooded = table["flooded_fraction"].to_numpy(np.float64)
    split = table["split"].to_numpy(str)
    splits = (
        Group(name, colour, split == key)
        for (key, name), colour in zip(SPLIT_NAMES.items(), SPLIT_COLOURS, strict=True)
    )
    held_out = next((key for key in ("test", "val") if (split == key).any()), "")
    storms = _storms(table[split == held_out], table)
    return Labels(
        times=table["time"].to_numpy(np.int64),
        rain=table["rain_mm"].to_numpy(np.float64),
        flooded=flooded,
        classes=np.digitize(flooded, FLOODED_CLASSES),
        splits=tuple(group for group in splits if group.members.any()),
        crowd=_crowd(split, storms),
        storms=storms,
        held_out=SPLIT_NAMES.get(held_out, ""),
    )


def repeated(labels: Labels, times: int) -> Labels:
    """The same labels for as many vectors of each record, one kind after the other."""

    def group(one: Group) -> Group:
        return Group(one.name, one.colour, np.tile(one.members, times))

    return Labels(
        times=np.tile(labels.times, times),
        rain=np.tile(labels.rain, times),
        flooded=np.tile(labels.flooded, times),
        classes=np.tile(labels.classes, times),
        splits=tuple(map(group, labels.splits)),
        crowd=tuple(map(group, labels.crowd)),
        storms=tuple(map(group, labels.storms)),
        held_out=labels.held_out,
    )


def _storms(held_out: pd.DataFrame, table: pd.DataFrame) -> tuple[Group, ...]:
    """The held-out storms with most records, named by the time of their first record.

    Storm 0 is what came before the first storm, and is not named.
    """
    found = held_out[held_out["storm"] > 0].groupby("storm")["time"].agg(["size", "min"])
    found = found.sort_values(["size", "min"], ascending=[False, True])[:NAMED_STORMS]
    found = found.sort_values("min")
    days = [iso(int(time))[:10] for time in found["min"]]
    names = [
        f"{day} {iso(int(time))[11:16]}" if days.count(day) > 1 else day
        for day, time in zip(days, found["min"], strict=True)
    ]
    here = table.index.isin(held_out.index)
    return tuple(
        Group(name, colour, here & (table["storm"] == storm).to_numpy())
        for name, colour, storm in zip(names, OKABE_ITO.values(), found.index, strict=False)
    )


def _crowd(split: NDArray[Any], storms: Sequence[Group]) -> tuple[Group, ...]:
    """Who is no named storm: the training records, and the others that are held out."""
    training = split == "train"
    named = np.zeros(split.size, dtype=bool)
    for storm in storms:
        named |= storm.members
    groups = (
        Group("training", BACKGROUND, training),
        Group("other held-out", OTHER, ~training & ~named),
    )
    return tuple(group for group in groups if group.members.any())
