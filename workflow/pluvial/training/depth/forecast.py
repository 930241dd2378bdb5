"""Forecasts: depth maps from rain that nobody has a depth for.

In Python, three lines::

    forecaster = Forecaster(Path("results/default/depth/main/model.keras"))
    forecast = forecaster(rain, grid=grid, step_minutes=5, units="mm h-1")
    forecast.depth, forecast.exceedance, forecast.missing_rain
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
from pluvial.frames.variables import RAIN, pack, unpack
from pluvial.grids.grid import Grid
from pluvial.grids.time_axis import Period, TimeAxis, iso
from pluvial.jobs import logger, progress
from pluvial.models.depth.files import load_network
from pluvial.records.window import Window, pool
from pluvial.sources.registry import HeightmapSource
from pluvial.training.depth.predict import axes_of, provenance_of
from pluvial.training.depth.validation import predictor

UNITS = "mm h-1"
BATCH = 32


@dataclass(frozen=True)
class Forecast:
    """Predictions of consecutive NOWs, the first with the first whole window of rain.

    Attributes:
        depth: float32[N, h, w], m.
        exceedance: probability, float32[N, T, h, w].
        missing_rain: share of the window's rain that is missing, float32[N]: look twice at what
            has any.
    """

    depth: NDArray[np.float32]
    exceedance: NDArray[np.float32]
    missing_rain: NDArray[np.float32]


class Forecaster:
    """A depth model, ready to be asked.

    Args:
        path: its ``model.keras``; the checksum stands beside it.

    Attributes:
        network: the model.
        window: of rain that it takes.

    Raises:
        PluvialError: if the file is damaged, lacks its checksum, or is no depth model.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.network = load_network(path)
        facts = self.network.facts
        self.window = Window(tuple(facts["channels_back_from_now"]), facts["lead_steps"])
        self._predict = predictor(self.network)

    def __call__(
        self, rain: NDArray[np.floating], *, grid: Grid, step_minutes: float, units: str
    ) -> Forecast:
        """Forecast from consecutive frames of rain, for each NOW with a whole window.

        Args:
            rain: float[T, H, W], mm/h, NaN missing, north up; T is at least the window's steps.
            grid: where it lies.
            step_minutes: from one frame to the next.
            units: of the rain, as a check: ``mm h-1``.

        Raises:
            PluvialError: if the model was made for other units, another step or grid, or there
                are fewer frames than a window has.
        """
        self.require(grid, step_minutes, units, "rain")
        if rain.ndim != 3 or rain.shape[1:] != grid.shape:
            raise PluvialError(
                f"the rain has shape {rain.shape}, its grid {grid.shape}",
                where="rain",
                remedy="Give frames, rows and columns",
            )
        if len(rain) < self.window.steps:
            raise PluvialError(
                f"{len(rain)} frames of rain are fewer than the {self.window.steps} of a window",
                where="rain",
                remedy=f"Give at least {self.window.steps * step_minutes:g} min of rain",
            )
        codes, _ = pack(rain, RAIN)
        parts = list(self.predict(pool(codes, self.window)))
        depth, probability, missing = (
            np.concatenate([np.asarray(part[k], np.float32) for part in parts]) for k in range(3)
        )
        return Forecast(depth, np.moveaxis(probability, -1, 1), missing)

    def predict(self, windows: NDArray[np.uint16]) -> Iterator[Part]:
        """Predictions of pooled windows uint16[N, H, W, C] (see ``window.pool``), in batches."""
        largest = self.network.facts["largest_rain_of_train"]
        for start in range(0, len(windows), BATCH):
            rain = unpack(windows[start : start + BATCH], RAIN)
            present = rain[np.isfinite(rain)]
            if present.size and present.max() > largest:
                logger.warning(
                    "rain of %.1f mm/h is more than the model was trained on (%.1f mm/h)",
                    present.max(), largest,
                )  # fmt: skip
            probability, depth = self._predict(rain)
            yield depth.numpy(), probability.numpy(), np.isnan(rain).mean(axis=(1, 2, 3))

    def require(self, grid: Grid, step_minutes: float, units: str, where: str) -> None:
        """Refuse rain that the model was not made for."""
        facts = self.network.facts
        trained = Grid(**facts["rain_grid"])
        step = facts["step_seconds"] / 60
        if units != facts["rain_units"]:
            raise PluvialError(
                f"the rain is in {units!r}, the model was trained on {facts['rain_units']!r}",
                where=where,
                remedy="Convert it to a rate: mm in 5 min times 12 are mm/h",
            )
        if step_minutes != step:
            raise PluvialError(
                f"the rain has a step of {step_minutes:g} min, the model was trained on one of "
                f"{step:g} min",
                where=where,
                remedy="Give rain of that step: a window of the same number of frames would be "
                "another span of time",
            )
        if grid.shape != trained.shape or not grid.meets(trained):
            raise PluvialError(
                f"the rain lies on {grid.describe()}, the model was trained on "
                f"{trained.describe()}",
                where=where,
                remedy="Write the case's `domain`, onto which rain is carried, or train a model "
                "for this place",
            )


def make_forecast(
    config: ForecastConfig,
    model: Path,
    case_rain: Any,
    heightmap: HeightmapSource,
    time: TimeConfig,
    domain: DomainConfig | None,
    frames: FramesConfig,
    *,
    folder: Path,
    rain_path: Path,
    path: Path,
    geotiffs: Path,
) -> None:
    """Write the rain as it was read, the predictions as NetCDF, and GeoTIFFs if asked for.

    Args:
        config: of the forecast.
        model: the ``model.keras``.
        case_rain: section of the case's own rain, for a forecast that names no other.
        heightmap: of the case.
        time: of the case; its step, and for made storms its span.
        domain: what the rain is carried onto.
        frames: what becomes of gaps and of frames that cannot be read, and how rain is cleaned.
        folder: of the relative paths of sources.
        rain_path: the frames of rain that were read, a CF NetCDF file.
        path: the predictions.
        geotiffs: folder of the GeoTIFFs; empty if none are asked for.

    Raises:
        PluvialError: if the rain does not suit the model (see :meth:`Forecaster.require`).
    """
    forecaster = Forecaster(model)
    references = references_of(config, time)
    rain = config.rain or case_rain
    span = _span(references, forecaster.window, time)
    # Made storms are drawn for the whole span of a case; files are read as far as is needed.
    drawn_for = time if isinstance(rain, SyntheticStorms) else _time(span)
    tolerant = frames.on_bad_frame == "gap"
    source = open_rain(rain, heightmap, drawn_for, domain, folder, tolerant=tolerant)
    forecaster.require(source.grid, time.step_minutes, UNITS, "forecast.rain")
    build_frames(
        source,
        [rain_path],
        variable=RAIN,
        axis=span,
        periods=[Period("forecast", 0, span.count)],
        config=frames,
        cleaning=frames.clean,
        provenance=lambda: provenance(f"rain, {rain.format}", source.files, rain.model_dump_json()),
    )
    file = FramesFile(rain_path, RAIN)
    _tell_gaps(file, references, forecaster.window)
    write_predictions(
        path,
        axes_of(forecaster.network, references),
        _parts(forecaster, file, references),
        title="pluvial forecast",
        provenance=provenance_of(forecaster.network, model)
        | {"rain": rain.model_dump_json(), "rain_files": file.source_files},
    )
    geotiffs.mkdir(parents=True, exist_ok=True)
    if config.geotiff:
        write_geotiffs(path, geotiffs)


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


def _tell_gaps(file: FramesFile, references: NDArray[np.int64], window: Window) -> None:
    """Say in the log which windows have frames that are missing or were interpolated."""
    step = int(file.times[1] - file.times[0]) if file.times.size > 1 else 1
    for reference in references.tolist():
        last = (reference - int(file.times[0])) // step + 1
        status = file.status[last - window.steps : last]
        missing = int((status == Status.MISSING).sum())
        made = int((status == Status.INTERPOLATED).sum())
        if missing or made:
            logger.warning(
                "the window up to %s has %d missing and %d interpolated frames of %d",
                iso(reference), missing, made, window.steps,
            )  # fmt: skip


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
