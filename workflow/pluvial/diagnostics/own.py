"""Embeddings made elsewhere: read from parquet, csv or npz, and given the same verdict."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pluvial.config.learning import OwnEmbeddings, RetrievalConfig, VerdictConfig
from pluvial.diagnostics.choice import HELD_OUT, choose
from pluvial.diagnostics.examine import TRAINED
from pluvial.diagnostics.judge import conclude, judge
from pluvial.diagnostics.pairs import Pairs
from pluvial.errors import PluvialError
from pluvial.files.documents import write_json
from pluvial.jobs import logger
from pluvial.records.segments import SPLITS

Columns = dict[str, NDArray[Any]]


def make_own_judgement(
    own: OwnEmbeddings,
    folder: Path,
    retrieval: RetrievalConfig,
    config: VerdictConfig,
    path: Path,
) -> None:
    """Judge embeddings made elsewhere and write the verdict.

    Args:
        own: where they are and what their columns mean.
        folder: where relative paths start.
        retrieval: tolerance and spacing, for embeddings with times.
        config: of the verdict.
        path: the JSON file to make.
    """
    runs = read_runs(own, folder)
    trained = runs[TRAINED]
    choice = choose(trained.splits, trained.times, retrieval, config.max_records)
    if choice.held_out.candidates.size < 2:
        raise PluvialError(
            f"{choice.held_out.candidates.size} held-out records are too few to be told apart",
            where=folder / own.file,
            remedy=f"Give more rows of the split `{HELD_OUT}`",
        )
    chosen = {name: pairs.take(choice.rows) for name, pairs in runs.items()}
    write_json(path, conclude(judge(chosen, {}, choice, config), None))


def read_runs(own: OwnEmbeddings, folder: Path) -> dict[str, Pairs]:
    """The embeddings and their controls, by run; all of the same records in the same order."""
    runs = {TRAINED: read_own(folder / own.file, own)}
    mine = runs[TRAINED]
    for name, file in own.controls.items():
        other = read_own(folder / file, own)
        same = len(other) == len(mine) and all(
            np.array_equal(a, b)
            for a, b in (
                (mine.splits, other.splits),
                (_or_empty(mine.times), _or_empty(other.times)),
                (_or_empty(mine.groups), _or_empty(other.groups)),
            )
        )
        if not same:
            raise PluvialError(
                f"the control `{name}` does not hold the records of {own.file}, row by row",
                where=folder / file,
                remedy="Embed the same records, with the same times, groups and splits",
            )
        runs[name] = other
    logger.info("%d records of %s", len(mine), " and ".join(mine.sides))
    return runs


def _or_empty(values: NDArray[np.int64] | None) -> NDArray[np.int64]:
    return np.empty(0, np.int64) if values is None else values


def read_own(path: Path, own: OwnEmbeddings) -> Pairs:
    """Read one file; rows are put in order of time, or group by group if there are no times.

    Raises:
        PluvialError: naming the column that is missing or cannot be used.
    """
    columns = read_columns(path)
    sides = {side: _vectors(side, columns, path) for side in own.sides}
    count = len(next(iter(sides.values())))
    widths = {side: vectors.shape[1] for side, vectors in sides.items()}
    if len(set(widths.values())) > 1:
        raise PluvialError(
            f"the sides have different dimensions: {widths}",
            where=path,
            remedy="Give the vectors after the projection into the common space",
        )
    times = None if own.time is None else _times(own.time, columns, path)
    groups = None if own.group is None else _groups(own.group, columns, path)
    splits = np.full(count, HELD_OUT)
    if own.split is not None:
        splits = _splits(own.split, columns, path)
    labels: Columns = {name: _numbers(name, columns, path) for name in own.numbers}
    labels |= {name: _classes(name, columns, path) for name in own.classes}
    for name, values in {**sides, **labels, "time": times, "group": groups}.items():
        if values is not None and len(values) != count:
            raise PluvialError(
                f"`{name}` has {len(values)} rows, `{own.sides[0]}` has {count}",
                where=path,
                remedy="Give one row per record in every column",
            )
    pairs = Pairs(sides, splits, times, groups, labels)
    by = times if times is not None else groups
    return pairs if by is None else pairs.take(np.argsort(by, kind="stable"))


def read_columns(path: Path) -> Columns:
    """All columns of a parquet or csv file, or all arrays of an npz file, by name."""
    kind = path.suffix.lower()
    if kind not in READERS:
        raise PluvialError(
            f"a file that ends in `{kind}` is not read",
            where=path,
            remedy="Give a .parquet, .csv or .npz file",
        )
    try:
        return READERS[kind](path)
    except FileNotFoundError:
        raise PluvialError(
            "the file is missing", where=path, remedy="Correct `file` or `data_folder`"
        ) from None
    except (ValueError, OSError, zipfile.BadZipFile, EOFError) as error:
        raise PluvialError(
            f"it cannot be read ({type(error).__name__}: {error})",
            where=path,
            remedy="Write it anew; an npz file must hold plain arrays",
        ) from None


def _read_npz(path: Path) -> Columns:
    with np.load(path, allow_pickle=False) as file:
        return {name: np.asarray(file[name]) for name in file.files}


def _of_table(table: pd.DataFrame) -> Columns:
    return {str(name): table[name].to_numpy() for name in table.columns}


READERS: dict[str, Callable[[Path], Columns]] = {
    ".npz": _read_npz,
    ".parquet": lambda path: _of_table(pd.read_parquet(path)),
    ".csv": lambda path: _of_table(pd.read_csv(path)),
}


def _column(name: str, columns: Columns, path: Path) -> NDArray[Any]:
    if name not in columns:
        known = ", ".join(sorted(columns)[:12])
        raise PluvialError(
            f"there is no column `{name}`; there are {known}",
            where=path,
            remedy="Write the name as it stands in the file",
        )
    return columns[name]


def _vectors(side: str, columns: Columns, path: Path) -> NDArray[np.float32]:
    """A side's vectors float32[n, D]: an array, a column of lists, or numbered columns."""
    numbered = sorted(
        (int(match[1]), name)
        for name in columns
        if (match := re.fullmatch(rf"{re.escape(side)}_(\d+)", name))
    )
    whole = None if numbered and side not in columns else _column(side, columns, path)
    try:
        if whole is None:
            whole = np.stack([columns[name] for _, name in numbered], axis=1)
        elif whole.dtype == object:
            whole = np.stack([np.asarray(row, dtype=np.float32) for row in whole])
        found = np.asarray(whole, dtype=np.float32)
    except (ValueError, TypeError) as error:
        raise PluvialError(
            f"the vectors of `{side}` are not rows of equally many numbers ({error})",
            where=path,
            remedy="Give each record a list of D numbers, or D columns NAME_0, NAME_1, ...",
        ) from None
    if found.ndim != 2 or not found.size:
        raise PluvialError(
            f"`{side}` has the shape {found.shape}",
            where=path,
            remedy="Give an array of records times dimensions",
        )
    broken = np.flatnonzero(~np.isfinite(found).all(axis=1))
    if broken.size:
        raise PluvialError(
            f"{broken.size} of {len(found)} vectors of `{side}` hold NaN or infinity, the first "
            f"in record {broken[0] + 1}",
            where=path,
            remedy="Leave those records out, or embed them again",
        )
    return found


def _times(name: str, columns: Columns, path: Path) -> NDArray[np.int64]:
    """Seconds since 1970, of numbers or of what pandas reads as a UTC time."""
    values = _column(name, columns, path)
    try:
        if np.issubdtype(values.dtype, np.number):
            stamps = pd.to_datetime(pd.Series(values), unit="s", utc=True)
        else:
            stamps = pd.to_datetime(pd.Series(values), format="ISO8601", utc=True)
    except (ValueError, TypeError, OverflowError) as error:
        raise PluvialError(
            f"the times in `{name}` cannot be read ({error})",
            where=path,
            remedy="Write seconds since 1970 or ISO times such as 2020-01-20T05:05Z",
        ) from None
    if stamps.isna().any():
        raise PluvialError(
            f"{int(stamps.isna().sum())} records have no time in `{name}`",
            where=path,
            remedy="Give every record a time, or leave `time` out",
        )
    seconds = stamps.dt.tz_localize(None).to_numpy("datetime64[s]").astype(np.int64)
    if np.unique(seconds).size < seconds.size:
        raise PluvialError(
            f"times in `{name}` occur more than once",
            where=path,
            remedy="Leave `time` out, and give `group`: records of one time have no order",
        )
    return np.asarray(seconds)


def _groups(name: str, columns: Columns, path: Path) -> NDArray[np.int64]:
    """A number for each group, by its first appearance."""
    number, _ = pd.factorize(_column(name, columns, path))
    if (number < 0).any():
        raise PluvialError(
            f"{int((number < 0).sum())} records have no group in `{name}`",
            where=path,
            remedy="Give every record a group, or leave `group` out",
        )
    return np.asarray(number, dtype=np.int64)


def _splits(name: str, columns: Columns, path: Path) -> NDArray[np.str_]:
    values = _column(name, columns, path).astype(str)
    strange = sorted(set(values) - set(SPLITS))
    if strange:
        raise PluvialError(
            f"`{name}` says {', '.join(strange[:5])}",
            where=path,
            remedy=f"Write one of {', '.join(SPLITS)} for each record",
        )
    return values


def _numbers(name: str, columns: Columns, path: Path) -> NDArray[np.float64]:
    values = _column(name, columns, path)
    try:
        return values.astype(np.float64)
    except (ValueError, TypeError) as error:
        raise PluvialError(
            f"`{name}` does not hold numbers ({error})",
            where=path,
            remedy="Name it among `classes`",
        ) from None


def _classes(name: str, columns: Columns, path: Path) -> NDArray[np.str_]:
    """Names of classes; what is missing is empty."""
    values = pd.Series(_column(name, columns, path), dtype=object)
    return values.where(values.notna(), "").astype(str).to_numpy(str)
