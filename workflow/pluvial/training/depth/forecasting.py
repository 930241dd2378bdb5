"""The forecast of a case: from its rain, or any other, to files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pluvial.case.forecast import ForecastConfig
from pluvial.config.data import FramesConfig
from pluvial.config.domain import DomainConfig
from pluvial.config.simulation import SyntheticStorms
from pluvial.config.times import TimeConfig, epoch_seconds
from pluvial.errors import PluvialError
from pluvial.frames.build import build_frames
from pluvial.frames.gaps import Status
from pluvial.frames.geotiff import write_geotiffs
from pluvial.frames.predictions import Part, write_predictions
from pluvial.frames.rain import open_rain
from pluvial.frames.store import FramesFile, provenance
from pluvial.frames.variables import RAIN
from pluvial.grids.time_axis import Period, TimeAxis, iso
from pluvial.jobs import logger, progress
from pluvial.records.window import Window, pool
from pluvial.sources.registry import HeightmapSource, RainSource
from pluvial.training.depth.forecast import BATCH, Forecaster
from pluvial.training.depth.predict import axes_of, provenance_of


@dataclass(frozen=True)
class RainOfCase:
    """What a case says of its rain.

    Attributes:
        rain: its own rain, for a forecast that names no other.
        heightmap: what made storms take their grid from.
        time: its step, and for made storms its span.
        domain: what rain is carried onto.
        frames: what becomes of gaps and of frames that cannot be read, and how rain is cleaned.
        folder: of the relative paths of sources.
    """

    rain: RainSource
    heightmap: HeightmapSource
    time: TimeConfig
    domain: DomainConfig | None
    frames: FramesConfig
    folder: Path


def make_forecast(
    config: ForecastConfig,
    model: Path,
    case: RainOfCase,
    *,
    rain_path: Path,
    path: Path,
    geotiffs: Path,
) -> None:
    """Write the rain as it was read, the predictions as NetCDF, and GeoTIFFs if asked for.

    Args:
        config: of the forecast.
        model: the ``model.keras``.
        case: what the case says of its rain.
        rain_path: the frames of rain that were read, a CF NetCDF file.
        path: the predictions.
        geotiffs: folder of the GeoTIFFs; empty if none are asked for.

    Raises:
        PluvialError: if the rain does not suit the model (see ``Forecaster.require``).
    """
    forecaster = Forecaster(model)
    references = references_of(config, case.time)
    file = _read_rain(config, case, forecaster, references, rain_path)
    write_predictions(
        path,
        axes_of(forecaster.network, references),
        _parts(forecaster, file, references),
        title="pluvial forecast",
        provenance=provenance_of(forecaster.network, model) | {"rain_files": file.source_files},
        frames=_gaps(file, references, forecaster.window),
    )
    geotiffs.mkdir(parents=True, exist_ok=True)
    if config.geotiff:
        write_geotiffs(path, geotiffs)


def _read_rain(
    config: ForecastConfig,
    case: RainOfCase,
    forecaster: Forecaster,
    references: NDArray[np.int64],
    path: Path,
) -> FramesFile:
    """Write the rain of all windows to ``path``, by the rules of the case's own frames."""
    rain, frames = config.rain or case.rain, case.frames
    span = _span(references, forecaster.window, case.time)
    # Made storms are drawn for the whole span of a case; files are read as far as is needed.
    time = case.time if isinstance(rain, SyntheticStorms) else _time(span)
    tolerant = frames.on_bad_frame == "gap"
    source = open_rain(rain, case.heightmap, time, case.domain, case.folder, tolerant=tolerant)
    forecaster.require(source.grid, case.time.step_minutes, RAIN.units, "forecast.rain")
    build_frames(
        source,
        [path],
        variable=RAIN,
        axis=span,
        periods=[Period("forecast", 0, span.count)],
        config=frames,
        cleaning=frames.clean,
        provenance=lambda: provenance(f"rain, {rain.format}", source.files, rain.model_dump_json()),
    )
    return FramesFile(path, RAIN)


def references_of(config: ForecastConfig, time: TimeConfig) -> NDArray[np.int64]:
    """Every NOW of a forecast, int64[N], s since 1970-01-01T00:00Z."""
    step = time.step_minutes * 60
    every = config.every_minutes * 60
    first, last = epoch_seconds(config.start), epoch_seconds(config.end)
    for key, value in (("start", first - epoch_seconds(time.start)), ("every_minutes", every)):
        if value % step:
            raise PluvialError(
                f"it is no whole number of steps of {time.step_minutes} min",
                where=f"`forecast.{key}`",
                remedy="Rain frames lie that far apart, from `time.start` on",
            )
    return np.arange(first, last + 1, every, dtype=np.int64)


def _span(references: NDArray[np.int64], window: Window, time: TimeConfig) -> TimeAxis:
    """The rain frames of all windows."""
    step = time.step_minutes * 60
    first = int(references[0]) - (window.steps - 1) * step
    return TimeAxis(first, step, (int(references[-1]) - first) // step + 1)


def _time(axis: TimeAxis) -> TimeConfig:
    return TimeConfig(start=iso(axis.start), end=iso(axis.end), step_minutes=axis.step // 60)


def _gaps(
    file: FramesFile, references: NDArray[np.int64], window: Window
) -> dict[str, NDArray[np.int64]]:
    """How many frames of each window are missing or were interpolated; the log tells of each."""
    step = int(file.times[1] - file.times[0]) if file.times.size > 1 else 1
    counts: dict[str, list[int]] = {"missing": [], "interpolated": []}
    for reference in references.tolist():
        last = (reference - int(file.times[0])) // step + 1
        status = file.status[last - window.steps : last]
        missing = int((status == Status.MISSING).sum())
        made = int((status == Status.INTERPOLATED).sum())
        counts["missing"].append(missing)
        counts["interpolated"].append(made)
        if missing or made:
            logger.warning(
                "the window up to %s has %d missing and %d interpolated frames of %d",
                iso(reference), missing, made, window.steps,
            )  # fmt: skip
    return {kind: np.array(found, np.int64) for kind, found in counts.items()}


def _parts(
    forecaster: Forecaster, file: FramesFile, references: NDArray[np.int64]
) -> Iterator[Part]:
    """Predictions of each NOW, whose windows are read one by one."""
    window = forecaster.window
    step = forecaster.network.facts["step_seconds"]
    for start in progress(
        range(0, references.size, BATCH), "batches", -(-references.size // BATCH)
    ):
        pooled = []
        for reference in references[start : start + BATCH].tolist():
            last = (reference - int(file.times[0])) // step + 1
            pooled.append(pool(file.read(last - window.steps, last), window))
        yield from forecaster.predict(np.concatenate(pooled))
