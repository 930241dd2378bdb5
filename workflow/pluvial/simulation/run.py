"""The solver with a terrain, a soil and a clock: rain in, depth out, one step at a time."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pluvial.config.simulation import FlowConfig
from pluvial.errors import PluvialError
from pluvial.simulation import shallow_water
from pluvial.simulation.restart import Setting, read_state, write_state
from pluvial.simulation.shallow_water import Flow, Soil

MM_PER_M = 1e3
MM_H_PER_M_S = 3.6e6
WALL_M = 1e4
"""How far above the highest ground a cell without data stands: no water level reaches over it."""


class Simulator:
    """Shallow water on one terrain, at first dry, with a partly filled soil.

    Cells whose elevation is NaN (NODATA) are walls: nothing flows or rains into them, and their
    depth is NaN. The other cells on the rim of the grid drain over ``flow.edge_slope``.

    Args:
        elevation: [rows, cols], m, row 0 northernmost; NaN where there is no data.
        cell_m: side of a cell, m.
        flow: roughness, edges and soil.
        step_seconds: time between two depths, s.

    Raises:
        PluvialError: the elevation is no grid, holds no data or is infinite somewhere; or the cell
            or the step is not a length.
    """

    def __init__(
        self, elevation: ArrayLike, *, cell_m: float, flow: FlowConfig, step_seconds: float
    ) -> None:
        terrain = np.array(elevation, dtype=np.float64, order="C")
        _check_terrain(terrain)
        _check_length("cell_m", cell_m)
        _check_length("step_seconds", step_seconds)
        self._setting = Setting.of(terrain, cell_m=cell_m, flow=flow, step_seconds=step_seconds)
        self._nodata = np.isnan(terrain)
        self._bed = np.where(self._nodata, np.nanmax(terrain) + WALL_M, terrain)
        self._step_seconds = float(step_seconds)
        self._flow = _flow_constants(flow, cell_m)
        self._soil = _soil_constants(flow)
        self._water = shallow_water.still_water(*terrain.shape)
        self._water.soil[~self._nodata] = flow.initial_saturation * self._soil.capacity
        self._water_at_start = float(self._water.soil.sum())
        self._steps_done = 0

    @property
    def depth(self) -> NDArray[np.float64]:
        """A copy of the water depth now: float64[rows, cols], m, NaN where there is no data."""
        return np.where(self._nodata, np.nan, self._water.depth)

    @property
    def steps_done(self) -> int:
        """How many steps have been simulated, over all restarts."""
        return self._steps_done

    def advance(self, rain_mm_h: NDArray[np.floating]) -> NDArray[np.float64]:
        """Let it rain for one step.

        Args:
            rain_mm_h: rain rate over the step, [rows, cols], mm/h; not read where there is no
                elevation.

        Returns:
            The depth at the end of the step, as :attr:`depth`.

        Raises:
            PluvialError: the rain has another shape than the terrain, or is missing (NaN),
                negative or infinite in a cell.
        """
        rain = self._checked_rain(rain_mm_h) / MM_H_PER_M_S
        shallow_water.advance(
            self._bed, self._water, rain, self._flow, self._soil, self._step_seconds
        )
        self._steps_done += 1
        return self.depth

    def mass_error(self) -> float:
        """Water lost (positive) or made (negative), as a share of all there has been.

        The ledger: soil water at the start + rain = outflow over the edges + loss from the soil +
        water on the ground + water in the soil. Its residual is divided by the left side.
        """
        rained, flowed_out, lost, _ = self._water.sums
        given = self._water_at_start + rained
        stored = self._water.depth.sum() + self._water.soil.sum()
        return float((given - flowed_out - lost - stored) / given) if given > 0 else 0.0

    def save_state(self, path: str | Path) -> None:
        """Write all that a later run needs to go on as if there had been no interruption."""
        write_state(path, self._setting, self._water, steps_done=self._steps_done)

    @classmethod
    def load_state(
        cls,
        path: str | Path,
        elevation: ArrayLike,
        *,
        cell_m: float,
        flow: FlowConfig,
        step_seconds: float,
    ) -> Self:
        """The simulator that :meth:`save_state` wrote, given the arguments it was built from.

        Raises:
            PluvialError: as the constructor; or the file is missing, damaged, or the state of
                another terrain or of other flow settings.
        """
        simulator = cls(elevation, cell_m=cell_m, flow=flow, step_seconds=step_seconds)
        simulator._steps_done = read_state(path, simulator._setting, simulator._water)
        return simulator

    def _checked_rain(self, rain_mm_h: NDArray[np.floating]) -> NDArray[np.float64]:
        """The rain as float64[rows, cols], mm/h, 0 where there is no elevation."""
        if rain_mm_h.shape != self._bed.shape:
            raise PluvialError(
                f"its shape is {rain_mm_h.shape}, that of the terrain {self._bed.shape}",
                where=f"rain of step {self._steps_done}",
                remedy="Bring the rain onto the grid of the terrain first",
            )
        rain = np.where(self._nodata, 0.0, rain_mm_h)
        bad = ~(np.isfinite(rain) & (rain >= 0))
        if bad.any():
            row, col = (int(index[0]) for index in np.nonzero(bad))
            raise PluvialError(
                f"{int(bad.sum())} cells are missing, negative or infinite, the first in "
                f"row {row}, column {col}: {rain[row, col]:g} mm/h",
                where=f"rain of step {self._steps_done}",
                remedy="Fill the gap on purpose or end the run before it: missing rain is not dry",
            )
        return rain


def _check_terrain(terrain: NDArray[np.float64]) -> None:
    if terrain.ndim != 2 or terrain.size == 0:
        problem = f"not a grid of rows and columns (its shape is {terrain.shape})"
    elif np.isinf(terrain).any():
        problem = f"{int(np.isinf(terrain).sum())} cells are infinite"
    elif np.isnan(terrain).all():
        problem = "no cell has data"
    else:
        return
    raise PluvialError(
        problem, where="elevation", remedy="Give metres in rows and columns, NaN for no data"
    )


def _check_length(key: str, value: float) -> None:
    if not (math.isfinite(value) and value > 0):
        raise PluvialError(f"{value:g} is not positive", where=key, remedy="Give a positive number")


def _flow_constants(config: FlowConfig, cell_m: float) -> Flow:
    return Flow(
        cell=float(cell_m),
        manning_squared=config.manning_n**2,
        edge_conveyance=math.sqrt(config.edge_slope) / config.manning_n,
        courant=config.courant,
    )


def _soil_constants(config: FlowConfig) -> Soil:
    return Soil(
        capacity=config.soil_capacity_mm / MM_PER_M,
        dry_rate=config.infiltration_mm_h / MM_H_PER_M_S,
        saturated_rate=config.saturated_mm_h / MM_H_PER_M_S,
        drainage_rate=config.drainage_mm_h / MM_H_PER_M_S,
        evaporation_rate=config.evaporation_mm_h / MM_H_PER_M_S,
    )
