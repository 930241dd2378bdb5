"""Filters of rain frames: a cap, spikes, and clutter. Each is off unless configured."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pluvial.config.data import CleaningConfig

AROUND = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], dtype=bool)


def clean(
    values: NDArray[np.floating], config: CleaningConfig
) -> tuple[NDArray[np.floating], Counter[str]]:
    """Filter one frame: first spikes, then clutter, then the cap.

    Missing cells stay missing, and count neither as wet nor as rain around another.

    Args:
        values: float[rows, cols], mm/h, NaN missing; not altered.
        config: which filters, with their limits.

    Returns:
        The filtered frame, and how many cells each filter altered.
    """
    altered: Counter[str] = Counter()
    if config.spike_factor is not None:
        values, altered["spikes"] = _without_spikes(values, config.spike_factor, config.spike_mm_h)
    if config.clutter_neighbours is not None:
        values, altered["clutter"] = _without_clutter(values, config.clutter_neighbours)
    if config.cap_mm_h is not None:
        above = values > config.cap_mm_h
        altered["over cap"] = int(above.sum())
        values = np.where(above, values.dtype.type(config.cap_mm_h), values)
    return values, altered


def _without_spikes(
    values: NDArray[np.floating], factor: float, least: float
) -> tuple[NDArray[np.floating], int]:
    """A cell that towers above all its neighbours takes their median; one without any stays."""
    known = np.where(np.isnan(values), -np.inf, values)
    around = ndimage.maximum_filter(known, footprint=AROUND, mode="constant", cval=-np.inf)
    spikes = (values > factor * around) & (values > least) & (around > -np.inf)
    cleaned = values.copy()
    rows, cols = values.shape
    # Spikes are few: each is looked at by itself.
    for row, col in np.argwhere(spikes):
        top, left = max(0, row - 1), max(0, col - 1)
        near = values[top : min(rows, row + 2), left : min(cols, col + 2)].copy()
        near[row - top, col - left] = np.nan
        cleaned[row, col] = np.nanmedian(near)
    return cleaned, int(spikes.sum())


def _without_clutter(
    values: NDArray[np.floating], neighbours: int
) -> tuple[NDArray[np.floating], int]:
    """A wet cell with fewer than ``neighbours`` wet ones around it becomes dry."""
    wet = values > 0
    around = ndimage.convolve(wet.astype(np.int8), AROUND.astype(np.int8), mode="constant")
    clutter = wet & (around < neighbours)
    return np.where(clutter, values.dtype.type(0), values), int(clutter.sum())
