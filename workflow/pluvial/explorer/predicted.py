"""What the depth model predicted for the records of the page, and how far off it was."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pluvial.explorer.thumbnails import MISSING_CLASS, classify, shrink, thumbnail_shape
from pluvial.figures.style import DEPTH_CLASSES
from pluvial.frames.predictions import PredictionsFile
from pluvial.metrics.contingency import count, critical_success_index
from pluvial.metrics.depths import error_sums, root_mean_square_error


class Predicted:
    """Predictions for some of n records, beside what came; filled by :meth:`compare`.

    Args:
        files: of predictions, one or more, on the grid of the records' depth.
        times: NOW of each record, int64[n].
        flooded_m: depth from which a cell counts as flooded, m.

    Attributes:
        thumbnails: uint8[n, h, w], classes of the predicted depth; all missing for a record that
            is not predicted.
        csi: float32[n], critical success index of the cells deeper than ``flooded_m``; NaN for a
            record that is not predicted, or where no cell is flooded nor predicted to be.
        rmse_m: float32[n], root mean square error over the cells that are truly flooded; NaN for
            a record that is not predicted or has none.
    """

    def __init__(self, files: Sequence[Path], times: NDArray[np.int64], flooded_m: float) -> None:
        self._files = [PredictionsFile(path) for path in files]
        self._flooded = flooded_m
        # The place of each record's prediction: its file, and its number there.
        self._places = {
            int(time): (file, number)
            for file in self._files
            for number, time in enumerate(file.references.tolist())
        }
        self._times = times
        shape = thumbnail_shape(*self._files[0].grid.shape)
        self.thumbnails = np.full((times.size, *shape), MISSING_CLASS, dtype=np.uint8)
        self.csi = np.full(times.size, np.nan, dtype=np.float32)
        self.rmse_m = np.full(times.size, np.nan, dtype=np.float32)

    def close(self) -> None:
        """Close the files; what was compared stays."""
        for file in self._files:
            file.close()

    def compare(self, row: int, truth: NDArray[np.float32]) -> None:
        """Take in a record's true depth, float32[h, w] in m, NaN where missing."""
        place = self._places.get(int(self._times[row]))
        if place is None:
            return
        file, number = place
        depth = file.depth(number, number + 1)
        present = np.isfinite(depth) & np.isfinite(truth)
        predicted, flooded = depth > self._flooded, truth[None] > self._flooded
        errors = error_sums(depth, truth[None], flooded & present)
        self.thumbnails[row] = classify(shrink(depth[0]), DEPTH_CLASSES.edges)
        self.csi[row] = critical_success_index(count(predicted, flooded, present))[0]
        self.rmse_m[row] = root_mean_square_error(errors)[0]
