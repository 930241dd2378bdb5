"""The depth of a case by simulation, one period after the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pluvial.config.simulation import FlowConfig, SimulatedDepth
from pluvial.config.times import TimeConfig
from pluvial.errors import PluvialError
from pluvial.frames.elevation import read_elevation
from pluvial.frames.gaps import Regular, Status
from pluvial.frames.store import FramesFile, provenance, write_period
from pluvial.frames.variables import DEPTH, RAIN, unpack
from pluvial.grids.align import nearest_cells
from pluvial.grids.grid import Grid
from pluvial.grids.time_axis import iso
from pluvial.jobs import progress
from pluvial.simulation.run import Simulator


def make_simulated_depth(
    depth: SimulatedDepth,
    time: TimeConfig,
    *,
    rain_path: Path,
    heightmap: Path,
    previous_state: Path | None,
    depth_path: Path,
    state_path: Path,
) -> None:
    """Write the simulated depth frames of one period, and the state at its end."""
    simulate_period(
        rain_path,
        heightmap,
        previous_state,
        depth_path=depth_path,
        state_path=state_path,
        flow=depth.flow,
        step=time.step_minutes * 60,
        origin=provenance("depth, local-inertial simulation", [], depth.model_dump_json()),
    )


def simulate_period(
    rain_path: Path,
    heightmap_path: Path,
    previous_state: Path | None,
    *,
    depth_path: Path,
    state_path: Path,
    flow: FlowConfig,
    step: int,
    origin: dict[str, str],
) -> None:
    """Simulate the depth of one period on its rain, from the state that the period before left.

    The depth at a time is the state after the rain up to that time, so that the first depth of
    a period is the state it starts from::

        rain    r0      r1      r2           each the rate from its time to the next
        depth   d0 ---> d1 ---> d2 ---> state at the end of the period

    Args:
        rain_path: rain frames of the period.
        heightmap_path: elevations.
        previous_state: restart file of the period before; None at the start (dry ground).
        depth_path: the depth frames to make.
        state_path: the restart file to make, for the next period.
        flow: flow and soil.
        step: seconds between frames.
        origin: global attributes of the depth file.
    """
    grid, elevation = read_elevation(heightmap_path)
    ground = elevation.astype(np.float64)
    seconds = float(step)
    if previous_state is None:
        simulator = Simulator(ground, cell_m=grid.cell, flow=flow, step_seconds=seconds)
    else:
        simulator = Simulator.load_state(
            previous_state, ground, cell_m=grid.cell, flow=flow, step_seconds=seconds
        )
    rain = FramesFile(rain_path, RAIN)

    write_period(
        depth_path,
        _depths(simulator, rain, grid, elevation, rain_path),
        variable=DEPTH,
        grid=grid,
        times=rain.times,
        provenance=lambda: origin,
    )
    simulator.save_state(state_path)
    rain.close()


def _depths(
    simulator: Simulator,
    rain: FramesFile,
    grid: Grid,
    elevation: NDArray[np.float32],
    where: Path,
) -> Iterator[Regular]:
    """The depth at each time of ``rain``; each is followed by the rain up to the next."""
    rows, cols = nearest_cells(rain.grid, grid)
    times = rain.times
    for index in progress(range(times.size), "simulated steps", times.size):
        yield Regular(index, simulator.depth.astype(np.float32), Status.OBSERVED, "simulated")
        rate = unpack(rain.read(index, index + 1)[0], RAIN)[np.ix_(rows, cols)]
        if rain.status[index] == Status.MISSING or np.isnan(rate[~np.isnan(elevation)]).any():
            raise PluvialError(
                f"the rain at {iso(int(times[index]))} is missing, in part or whole; "
                "missing rain is not dry, and nothing can be simulated without it",
                where=where,
                remedy="Raise `frames.interpolate_up_to_minutes`, or shorten `time`",
            )
        simulator.advance(rate)
