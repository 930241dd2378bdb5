"""Where predictions are right: hits, misses, false alarms and errors of each cell of the map."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pluvial.config.data import FramesConfig
from pluvial.config.times import TimeConfig
from pluvial.diagnostics.skill_tally import limit_of, looks_at
from pluvial.frames.predictions import PredictionsFile
from pluvial.frames.series import open_all
from pluvial.frames.variables import DEPTH, MISSING, unpack
from pluvial.metrics.contingency import ratio
from pluvial.sources.registry import DepthSource


@dataclass(frozen=True)
class CellSums:
    """Sums over all N records, cell by cell, each [h, w].

    Attributes:
        records: how many.
        threshold: depth above which a cell is flooded, m.
        hits, misses, false_alarms: int64, of the map of predicted depth.
        known: records in which the cell is known in both, int64.
        error, square: sums of the error in m and of its square, float64.
        true, true_square: sums of the true depth and of its square, float64.
    """

    records: int
    threshold: float
    hits: NDArray[np.int64]
    misses: NDArray[np.int64]
    false_alarms: NDArray[np.int64]
    known: NDArray[np.int64]
    error: NDArray[np.float64]
    square: NDArray[np.float64]
    true: NDArray[np.float64]
    true_square: NDArray[np.float64]

    @property
    def csi(self) -> NDArray[np.float64]:
        """CSI of each cell, NaN where it is never flooded nor predicted so."""
        return ratio(self.hits, self.hits + self.misses + self.false_alarms)

    @property
    def mean_error(self) -> NDArray[np.float64]:
        """Mean error of each cell over all records, in m, positive where too deep."""
        return ratio(self.error, self.known)

    @property
    def efficiency(self) -> NDArray[np.float64]:
        """NSE of each cell; NaN where the water never rises above a millimetre's spread."""
        spread = self.true_square - ratio(self.true**2, self.known)
        enough = spread > self.known * DEPTH.scale**2
        return 1 - ratio(self.square, np.where(enough, spread, 0.0))


def sum_cells(
    predictions: Path,
    folder: Path,
    time: TimeConfig,
    depth_config: DepthSource,
    frames: FramesConfig,
    threshold: float,
) -> CellSums:
    """Sum up a file of predictions beside the true depth, cell by cell.

    Args:
        predictions: the file.
        folder: of the frames.
        time: of the case.
        depth_config: of the case.
        frames: of the case.
        threshold: depth above which a cell is flooded, m.
    """
    rain, depth = open_all(folder, time, depth_config, frames)
    limit = limit_of(threshold)
    with rain, depth, closing(PredictionsFile(predictions)) as file:
        counts = np.zeros((4, *file.grid.shape), np.int64)
        sums = np.zeros((4, *file.grid.shape))
        for _, water, _, codes in looks_at(file, depth):
            here = (codes != MISSING) & ~np.isnan(water)
            flooded = here & (codes > limit)
            predicted = here & (np.rint(np.nan_to_num(water) / DEPTH.scale) > limit)
            hits = flooded & predicted
            for place, one in enumerate((hits, flooded & ~hits, predicted & ~hits, here)):
                counts[place] += one.sum(axis=0)
            true = np.where(here, unpack(codes, DEPTH), 0).astype(np.float64)
            error = np.where(here, water, 0) - true
            for place, each in enumerate((error, error**2, true, true**2)):
                sums[place] += each.sum(axis=0)
        return CellSums(file.times.size, threshold, *counts, *sums)
