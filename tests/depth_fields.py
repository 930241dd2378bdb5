"""Depth fields of every kind that a metric must stand: with floods, all dry, all wet, with gaps."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

Fields = NDArray[np.float64]
SHAPE = (5, 12, 14)
KINDS = ("random", "all dry", "all wet", "predicted dry", "missing")


def some_fields(kind: str, seed: int = 0) -> tuple[Fields, Fields]:
    """Forecast and truth, float64[N, h, w], m, NaN where missing."""
    rng = np.random.default_rng(seed)
    forecast, truth = rng.gamma(0.4, 0.3, (2, *SHAPE))
    if kind == "all dry":
        forecast, truth = np.zeros((2, *SHAPE))
    if kind == "all wet":
        forecast, truth = forecast + 1, truth + 1
    if kind == "predicted dry":
        forecast = np.zeros(SHAPE)
    if kind == "missing":
        forecast[rng.random(SHAPE) < 0.1] = np.nan
        truth[rng.random(SHAPE) < 0.1] = np.nan
        truth[2] = np.nan
    return forecast, truth


def present(forecast: Fields, truth: Fields) -> NDArray[np.bool_]:
    return ~np.isnan(forecast) & ~np.isnan(truth)


def labelled(values: NDArray[np.generic]) -> xr.DataArray:
    return xr.DataArray(values, dims=("time", "y", "x")[: values.ndim])
