"""What pictures of predictions show: rain, true and predicted depth at some times of a storm."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import cmcrameri.cm
import numpy as np
import pandas as pd
from matplotlib.colors import to_hex
from numpy.typing import NDArray

from pluvial.config.data import FramesConfig, RecordsConfig
from pluvial.config.times import TimeConfig
from pluvial.diagnostics.skill_tally import true_depth
from pluvial.errors import PluvialError
from pluvial.figures.relief import Relief, shade
from pluvial.figures.style import Classes
from pluvial.frames.elevation import read_elevation
from pluvial.frames.predictions import PredictionsFile
from pluvial.frames.series import FrameSeries, open_all
from pluvial.frames.variables import DEPTH, RAIN, unpack
from pluvial.records.window import Window, window_of
from pluvial.sources.registry import DepthSource

Fields = NDArray[np.float32]

ERROR_EDGES = (-0.5, -0.2, -0.1, -0.05, -0.02, 0.02, 0.05, 0.1, 0.2, 0.5)


_TOO_DRY: NDArray[np.float64] = np.asarray(cmcrameri.cm.vik_r(0.0))


def _error_colours() -> NDArray[np.float64]:
    """From too dry (brown) over right (transparent) to too wet (blue), a colour a class."""
    count = len(ERROR_EDGES)
    colours = np.asarray(cmcrameri.cm.vik_r(np.linspace(0.05, 0.95, count)))
    colours[count // 2 - 1, 3] = 0
    return colours


ERROR_CLASSES = Classes(ERROR_EDGES, to_hex(cmcrameri.cm.vik_r(0.0)), _error_colours())
"""Predicted less true depth, in m; within 2 cm the ground shows."""


@dataclass(frozen=True)
class Sources:
    """Where pictures of predictions are drawn from.

    Attributes:
        predictions: file of the model's predictions of the split that is judged.
        folder: of the frames.
        heightmap: elevations.
        courses: the table of depths at gauges, as ``diagnostics.skill`` writes it.
        time, depth, frames, records: of the case.
    """

    predictions: Path
    folder: Path
    heightmap: Path
    courses: Path
    time: TimeConfig
    depth: DepthSource
    frames: FramesConfig
    records: RecordsConfig


@dataclass(frozen=True)
class Moments:
    """Fields at N times of storms.

    Attributes:
        times: what is predicted, int64[N], s since 1970-01-01T00:00Z.
        rate: rain rate at NOW, float32[N, H, W], mm/h.
        fallen: rain of the window up to NOW, float32[N, H, W], mm.
        true, predicted: depth, float32[N, h, w], m.
        odds: probability of each threshold, float32[N, K, h, w].
        thresholds: float64[K], m.
        relief: the ground in light and shade.
        cell: side of a depth cell, in the unit of the CRS.
    """

    times: NDArray[np.int64]
    rate: Fields
    fallen: Fields
    true: Fields
    predicted: Fields
    odds: Fields
    thresholds: NDArray[np.float64]
    relief: Relief
    cell: float

    def threshold(self, wanted: float) -> int:
        """The position of the threshold nearest to ``wanted``, m."""
        return int(np.abs(self.thresholds - wanted).argmin())


def courses_at(path: Path) -> tuple[str, pd.DataFrame]:
    """The name of the first gauge, and the rows of the table of courses that are its own."""
    table = pd.read_parquet(path)
    if table.empty:
        raise PluvialError(
            "it holds no course", where=path, remedy="Run the workflow again to remake it"
        )
    gauge = str(table["gauge"].iloc[0])
    return gauge, table[table["gauge"] == gauge].reset_index(drop=True)


def largest_storms(courses: pd.DataFrame, most: int) -> list[int]:
    """Numbers of the storms whose water rises highest at a gauge, highest first.

    Where the water is highest at the first record, it is what an earlier storm has left.
    """
    found: dict[int, float] = {}
    for storm, rows in courses.groupby("storm"):
        true = rows["true"].to_numpy(np.float64)
        if np.isfinite(true).any() and np.nanargmax(true) > 0:
            found[int(str(storm))] = float(np.nanmax(true))
    return sorted(found, key=lambda storm: -found[storm])[:most]


def peak_times(courses: pd.DataFrame, storms: Sequence[int]) -> NDArray[np.int64]:
    """When the true water is highest at the gauge, for each of ``storms``, int64[len(storms)]."""
    peaks = []
    for storm in storms:
        rows = courses[courses["storm"] == storm]
        highest = int(np.nanargmax(rows["true"].to_numpy(np.float64)))
        peaks.append(rows["time"].to_numpy(np.int64)[highest])
    return np.array(peaks, dtype=np.int64)


def read_moments(sources: Sources, times: NDArray[np.int64]) -> Moments:
    """The fields at ``times`` (int64[N]), each a time that is predicted."""
    grid, elevation = read_elevation(sources.heightmap)
    rain, depth = open_all(sources.folder, sources.time, sources.depth, sources.frames)
    with rain, depth, closing(PredictionsFile(sources.predictions)) as file:
        rows = np.searchsorted(file.times, times)
        if (rows >= file.times.size).any() or not np.array_equal(file.times[rows], times):
            raise PluvialError(
                "some of the times that are drawn are not predicted",
                where=sources.predictions,
                remedy="Delete the predictions and run the workflow again",
            )
        nows = file.references[rows]
        windows = [_window(rain, int(now), window_of(sources.records)) for now in nows]
        predicted = [file.depth(row, row + 1)[0] for row in rows.tolist()]
        odds = [file.exceedance(row, row + 1)[0] for row in rows.tolist()]
        true = [unpack(true_depth(depth, times[[k]]), DEPTH)[0] for k in range(times.size)]
        return Moments(
            times,
            np.stack([window[-1] for window in windows]),
            np.stack([window.sum(axis=0) for window in windows])
            * np.float32(rain.axis.step / 3600),
            np.stack(true),
            np.stack(predicted),
            np.stack(odds),
            file.thresholds,
            shade(elevation, grid.cell),
            grid.cell,
        )


def _window(rain: FrameSeries, now: int, window: Window) -> Fields:
    """Rain rate of the steps of a window, float32[steps, H, W], mm/h."""
    last = (now - rain.axis.start) // rain.axis.step
    return unpack(rain.read(last - window.steps + 1, last + 1), RAIN)
