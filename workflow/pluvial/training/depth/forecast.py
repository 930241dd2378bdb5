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

import numpy as np
from numpy.typing import NDArray

from pluvial.errors import PluvialError
from pluvial.frames.predictions import Part
from pluvial.frames.variables import RAIN, pack, unpack
from pluvial.grids.grid import Grid
from pluvial.jobs import logger
from pluvial.models.depth.files import load_network
from pluvial.records.window import Window, pool
from pluvial.training.depth.validation import predictor

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
        self.window = Window.of(facts)
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
