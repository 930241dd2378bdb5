"""What the features of a record are: shapes, scales and units, as the manifest names them."""

from __future__ import annotations

from typing import Any

from pluvial.frames.variables import DEPTH, MISSING, RAIN, Variable
from pluvial.grids.grid import Grid
from pluvial.records.window import Window


def features_of(rain: Grid, depth: Grid, window: Window) -> dict[str, Any]:
    """The features of a dataset on these grids, as a JSON-like document."""
    rain_shape = [*rain.shape, len(window.channels)]
    return {
        "time": {"dtype": "int64", "units": "s since 1970-01-01T00:00Z", "of": "NOW"},
        "rain": _feature(RAIN, rain_shape, "rows, columns, channels (oldest first)"),
        "depth": _feature(DEPTH, list(depth.shape), "rows, columns"),
    }


def _feature(variable: Variable, shape: list[int], axes: str) -> dict[str, Any]:
    return {
        "dtype": "uint16, little-endian bytes",
        "shape": shape,
        "axes": axes,
        "scale": variable.scale,
        "units": variable.units,
        "missing": int(MISSING),
    }
