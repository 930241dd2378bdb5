"""Predictions beside the truth, summed up storm by storm.

One pass over a file of predictions leaves a few sums per storm, from which every score of the whole
split, and of any draw of its storms, follows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pluvial.diagnostics.gauges import Gauge
from pluvial.errors import PluvialError
from pluvial.frames.predictions import PROBABILITY_STEPS, PredictionsFile
from pluvial.frames.series import FrameSeries
from pluvial.frames.variables import DEPTH, MISSING, unpack
from pluvial.jobs import progress
from pluvial.metrics.contingency import count
from pluvial.metrics.depths import error_sums
from pluvial.metrics.fractions import fractions
from pluvial.metrics.probability import MISSING_CODE, best_cut, histogram
from pluvial.metrics.resampling import sum_by_group

EVEN = PROBABILITY_STEPS // 2
PART_CELLS = 1 << 21
"""Cells that are looked at together."""


@dataclass(frozen=True)
class Setting:
    """What is judged, and on what.

    Attributes:
        times: what is predicted, int64[N], s since 1970-01-01T00:00Z, ascending.
        storm: each record's storm by its place in ``storms``, intp[N].
        storms: their numbers in the plan, int64[S].
        thresholds: depths, m.
        scales: sides of neighbourhoods, cells.
        gauges: cells that are followed in time.
    """

    times: NDArray[np.int64]
    storm: NDArray[np.intp]
    storms: NDArray[np.int64]
    thresholds: Sequence[float]
    scales: Sequence[int]
    gauges: Sequence[Gauge]


@dataclass(frozen=True)
class Tally:
    """Sums over the records of each of S storms, and the course at each of G gauges.

    Attributes:
        cells: histograms of the exceedance of K thresholds, int64[S, K, 251, 2].
        cuts: from which code on a flood is predicted, per threshold.
        neighbourhoods: both sums of the fractions skill score, int64[S, K, F, 2].
        by_depth: contingency of the map of depths, int64[S, K, 4].
        wet, all_cells: sums of the errors of depth, float64[S, 4]; wet is what truly lies deeper
            than the least threshold.
        predicted, true: depth at the gauges, float64[N, G], m.
    """

    cells: NDArray[np.int64]
    cuts: list[int]
    neighbourhoods: NDArray[np.int64]
    by_depth: NDArray[np.int64]
    wet: NDArray[np.float64]
    all_cells: NDArray[np.float64]
    predicted: NDArray[np.float64]
    true: NDArray[np.float64]


Looks = tuple[slice, NDArray[np.float32], NDArray[np.uint8], NDArray[np.uint16]]
"""Rows; predicted depth in m and codes of exceedance [n, K, h, w]; true depth in mm."""


def choose_cuts(file: PredictionsFile, depth: FrameSeries) -> list[int]:
    """From which probability on a flood is predicted: what is best on a split of validation."""
    cells = np.zeros((len(file.thresholds), PROBABILITY_STEPS + 1, 2), np.int64)
    for _, _, codes, truth in looks_at(file, depth):
        present = truth != MISSING
        for number, threshold in enumerate(file.thresholds):
            found = histogram(codes[:, number], truth > limit_of(threshold), present)
            cells[number] += found.sum(axis=0)
    return [EVEN if cut is None else cut for cut in map(best_cut, cells)]


def cuts_told(file: PredictionsFile) -> list[int]:
    """From which probability on a model itself predicts a flood; even odds if it does not tell."""
    told = file.attributes.get("decision_probabilities")
    if told is None:
        return [EVEN] * len(file.thresholds)
    return [round(float(cut) * PROBABILITY_STEPS) for cut in json.loads(str(told))]


def tally(
    file: PredictionsFile, depth: FrameSeries, setting: Setting, cuts: Sequence[int]
) -> Tally:
    """Sum up a file of predictions beside the true depth."""
    require_same(file, setting)
    sums = _Sums(setting, cuts)
    for rows, water, codes, truth in looks_at(file, depth):
        sums.add(rows, water, codes, truth)
    return Tally(
        sums.cells,
        list(cuts),
        sums.neighbourhoods,
        sums.by_depth,
        sums.wet,
        sums.all_cells,
        sums.predicted,
        sums.true,
    )


def limit_of(threshold: float) -> int:
    """The largest packed depth that is not above ``threshold``, m."""
    return int(np.floor(round(threshold / DEPTH.scale, 6)))


class _Sums:
    """A tally in the making."""

    def __init__(self, setting: Setting, cuts: Sequence[int]) -> None:
        self._setting, self._cuts = setting, list(cuts)
        self._limits = [limit_of(threshold) for threshold in setting.thresholds]
        storms, kinds, scales = setting.storms.size, len(self._limits), len(setting.scales)
        self.cells = np.zeros((storms, kinds, PROBABILITY_STEPS + 1, 2), np.int64)
        self.neighbourhoods = np.zeros((storms, kinds, scales, 2), np.int64)
        self.by_depth = np.zeros((storms, kinds, 4), np.int64)
        self.wet, self.all_cells = np.zeros((2, storms, 4))
        self.predicted, self.true = np.full((2, setting.times.size, len(setting.gauges)), np.nan)

    def add(
        self,
        rows: slice,
        water: NDArray[np.float32],
        codes: NDArray[np.uint8],
        truth: NDArray[np.uint16],
    ) -> None:
        """Add the records at ``rows``."""
        storm, storms = self._setting.storm[rows], self._setting.storms.size
        present = (truth != MISSING) & ~np.isnan(water)
        millimetres = np.rint(np.nan_to_num(water) / DEPTH.scale)
        for number, limit in enumerate(self._limits):
            flooded, odds = truth > limit, codes[:, number]
            here = present & (odds != MISSING_CODE)
            found = histogram(odds, flooded, here)
            self.cells[:, number] += sum_by_group(found, storm, storms)
            found = count(millimetres > limit, flooded, present)
            self.by_depth[:, number] += sum_by_group(found, storm, storms)
            for place, scale in enumerate(self._setting.scales):
                found = fractions(odds >= self._cuts[number], flooded, scale, here)
                self.neighbourhoods[:, number, place] += sum_by_group(found, storm, storms)
        true = unpack(truth, DEPTH)
        wet = error_sums(water, true, present & (truth > self._limits[0]))
        self.wet += sum_by_group(wet, storm, storms)
        self.all_cells += sum_by_group(error_sums(water, true, present), storm, storms)
        for place, gauge in enumerate(self._setting.gauges):
            self.predicted[rows, place] = water[:, gauge.row, gauge.col]
            self.true[rows, place] = true[:, gauge.row, gauge.col]


def looks_at(file: PredictionsFile, depth: FrameSeries) -> Iterator[Looks]:
    """Predictions and truth, a part at a time."""
    size = max(1, PART_CELLS // (file.grid.rows * file.grid.cols))
    starts = range(0, file.times.size, size)
    for start in progress(starts, "parts judged", len(starts)):
        rows = slice(start, min(start + size, file.times.size))
        odds = file.exceedance(rows.start, rows.stop)
        codes = np.where(np.isnan(odds), 255, np.rint(odds * PROBABILITY_STEPS)).astype(np.uint8)
        yield (
            rows,
            file.depth(rows.start, rows.stop),
            codes,
            true_depth(depth, file.times[rows]),
        )


def true_depth(depth: FrameSeries, times: NDArray[np.int64]) -> NDArray[np.uint16]:
    """Packed depth at ``times``, ascending, uint16[n, h, w], mm, 65535 missing."""
    steps, rest = np.divmod(times - depth.axis.start, depth.axis.step)
    if rest.any() or steps.min() < 0 or steps.max() >= depth.axis.count:
        raise PluvialError(
            "some of their times have no depth frame",
            where="predictions",
            remedy="Predict the records of this case: NOW + lead must be a time of its depth",
        )
    found = np.empty((times.size, *depth.grid.shape), dtype=np.uint16)
    cuts = np.flatnonzero(np.diff(steps) != 1) + 1
    for first, last in zip([0, *cuts], [*cuts, times.size], strict=True):
        found[first:last] = depth.read(int(steps[first]), int(steps[last - 1]) + 1)
    return found


def require_same(file: PredictionsFile, setting: Setting) -> None:
    """Refuse predictions for other times or thresholds than those that are judged."""
    where = str(file.attributes.get("title", "predictions"))
    if not np.array_equal(file.times, setting.times):
        raise PluvialError(
            f"it holds {file.times.size} times, and the split has {setting.times.size}, "
            "or they are others",
            where=where,
            remedy="Delete the predictions and run the workflow again: all methods are judged on "
            "the same times",
        )
    if list(file.thresholds) != list(setting.thresholds):
        raise PluvialError(
            f"its thresholds are {file.thresholds.tolist()} m, not {list(setting.thresholds)} m",
            where=where,
            remedy="Delete the predictions and run the workflow again",
        )
