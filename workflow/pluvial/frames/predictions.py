"""Predicted water depth: CF-1.10 NetCDF4 on the depth grid, without TensorFlow to read or write.

::

    depth(time, y, x)                  m, packed as uint16 millimetres, 65535 missing
    exceedance(time, threshold, y, x)  probability, packed as uint8 of 1/250, 255 missing
    time                               what is predicted: NOW + lead, ascending
    forecast_reference_time(time)      NOW, the last rain that the prediction knows
    missing_rain(time)                 share of the window's rain cells that are missing
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5netcdf
import h5py
import numpy as np
from numpy.typing import NDArray

from pluvial.errors import PluvialError
from pluvial.files.atomic import atomic_path
from pluvial.frames.store import EPOCH, define_grid, grid_of
from pluvial.frames.variables import DEPTH, pack, unpack
from pluvial.grids.grid import Grid

PROBABILITY_STEPS = 250
NO_PROBABILITY = np.uint8(255)
CHUNK_TIMES = 16
"""Times in a chunk: a map is read without its days, and a series without all maps."""

Part = tuple[NDArray[np.floating], NDArray[np.floating], NDArray[np.floating]]
"""(depth [n, h, w] in m, probability [n, h, w, T], share of missing rain [n])."""


@dataclass(frozen=True)
class Axes:
    """What predictions lie on.

    Attributes:
        grid: of depth.
        thresholds: in m, ascending.
        references: NOW of each prediction, int64[N], s since 1970-01-01T00:00Z, ascending.
        lead: seconds from NOW to what is predicted.
    """

    grid: Grid
    thresholds: list[float]
    references: NDArray[np.int64]
    lead: int


def write_predictions(
    path: Path,
    axes: Axes,
    parts: Iterable[Part],
    *,
    title: str,
    provenance: dict[str, Any],
    frames: Mapping[str, NDArray[np.int64]] | None = None,
) -> None:
    """Write predictions, one part after the other, in the order of ``axes.references``.

    Args:
        path: the file to make.
        axes: what they lie on.
        parts: consecutive predictions.
        title: of the file.
        provenance: global attributes; what is no text nor number is written as JSON.
        frames: how many frames of each window are ``missing`` or ``interpolated``, int64[N] by
            that name; written as ``rain_frames_NAME`` where it is known.
    """
    with atomic_path(path) as temporary, h5netcdf.File(temporary, "w") as file:
        file.attrs["title"] = title
        for key, value in provenance.items():
            plain = isinstance(value, str | int | float)
            file.attrs[key] = value if plain else json.dumps(value)
        define_grid(file, axes.grid)
        depth, exceedance, missing = _define(file, axes)
        for kind, counts in (frames or {}).items():
            variable = file.create_variable(f"rain_frames_{kind}", ("time",), np.int64, data=counts)
            variable.attrs.update(long_name=f"frames of the rain window that are {kind}", units="1")
        at = 0
        for metres, probability, missing_rain in parts:
            here = slice(at, at + len(metres))
            depth[here] = pack(metres, DEPTH)[0]
            codes = np.rint(np.nan_to_num(probability, nan=1.0) * PROBABILITY_STEPS)
            codes = np.where(np.isnan(probability), NO_PROBABILITY, codes).astype(np.uint8)
            exceedance[here] = np.moveaxis(codes, -1, 1)
            missing[here] = missing_rain
            at = here.stop
        if at != axes.references.size:
            raise AssertionError(f"{at} predictions for {axes.references.size} times")


def _define(file: h5netcdf.File, axes: Axes) -> tuple[Any, Any, Any]:
    """Dimensions, coordinates and empty variables; returns the datasets to fill."""
    count, thresholds = axes.references.size, len(axes.thresholds)
    file.dimensions["time"], file.dimensions["threshold"] = count, thresholds
    for name, values, standard in (
        ("time", axes.references + axes.lead, "time"),
        ("forecast_reference_time", axes.references, "forecast_reference_time"),
    ):
        variable = file.create_variable(name, ("time",), np.int64, data=values)
        variable.attrs.update(standard_name=standard, units=EPOCH, calendar="standard")
    file["time"].attrs["axis"] = "T"
    variable = file.create_variable(
        "threshold", ("threshold",), np.float64, data=np.array(axes.thresholds)
    )
    variable.attrs.update(
        standard_name=DEPTH.standard_name, long_name="depth that is exceeded", units="m"
    )
    rows, cols = axes.grid.shape
    times = min(CHUNK_TIMES, max(1, count))
    common = {"compression": "gzip", "compression_opts": 1, "shuffle": True}
    coordinates = {"grid_mapping": "crs", "coordinates": "forecast_reference_time"}
    depth = file.create_variable(
        "depth", ("time", "y", "x"), np.uint16, chunks=(times, rows, cols),
        fillvalue=np.uint16(65535), **common,
    )  # fmt: skip
    depth.attrs.update(
        standard_name=DEPTH.standard_name,
        long_name="predicted water depth",
        units="m",
        scale_factor=np.float64(DEPTH.scale),
        **coordinates,
    )
    exceedance = file.create_variable(
        "exceedance", ("time", "threshold", "y", "x"), np.uint8,
        chunks=(times, thresholds, rows, cols), fillvalue=NO_PROBABILITY, **common,
    )  # fmt: skip
    exceedance.attrs.update(
        long_name="probability that the water depth exceeds the threshold",
        units="1",
        scale_factor=np.float64(1 / PROBABILITY_STEPS),
        **coordinates,
    )
    missing = file.create_variable("missing_rain", ("time",), np.float32)
    missing.attrs.update(
        long_name="share of the rain window's cells and channels that is missing", units="1"
    )
    return depth, exceedance, missing


class PredictionsFile:
    """A file of predictions, open for reading.

    Attributes:
        times: what is predicted, int64[N], s since 1970-01-01T00:00Z, ascending.
        references: NOW of each, int64[N].
        thresholds: float64[T], m.
        missing_rain: share of each window's rain that is missing, float32[N].
        grid: of depth.
        attributes: global attributes, the model's SHA-256 among them (``model_sha256``).
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = h5py.File(path, "r")
            self.times: NDArray[np.int64] = self._file["time"][:]
            self.references: NDArray[np.int64] = self._file["forecast_reference_time"][:]
            self.thresholds: NDArray[np.float64] = self._file["threshold"][:]
            self.missing_rain: NDArray[np.float32] = self._file["missing_rain"][:]
            self.grid: Grid = grid_of(self._file)
            self.attributes: dict[str, Any] = dict(self._file.attrs)
        except FileNotFoundError:
            raise PluvialError(
                "the file of predictions is missing", where=path, remedy="Run `depth_model`"
            ) from None
        except (OSError, KeyError) as error:
            raise PluvialError(
                f"not a readable file of predictions ({error})",
                where=path,
                remedy="Delete it and run the workflow again",
            ) from None

    def depth(self, first: int = 0, last: int | None = None) -> NDArray[np.float32]:
        """Depths float32[n, h, w] in m, NaN where missing, of the predictions first..last-1."""
        return unpack(self._file["depth"][first:last], DEPTH)

    def exceedance(self, first: int = 0, last: int | None = None) -> NDArray[np.float32]:
        """Probabilities float32[n, T, h, w], NaN where missing, of predictions first..last-1."""
        codes = self._file["exceedance"][first:last]
        values: NDArray[np.float32] = codes.astype(np.float32) / PROBABILITY_STEPS
        values[codes == NO_PROBABILITY] = np.nan
        return values

    def close(self) -> None:
        """Close the file."""
        self._file.close()
