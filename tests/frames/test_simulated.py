"""Simulated depth, period by period: the same as in one go, and never over missing rain."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pluvial.config.simulation import FlowConfig, SimulatedDepth, SyntheticTerrain
from pluvial.config.times import TimeConfig
from pluvial.errors import PluvialError
from pluvial.frames.elevation import write_elevation
from pluvial.frames.gaps import Regular, Status
from pluvial.frames.simulated import make_simulated_depth
from pluvial.frames.store import FramesFile, write_period
from pluvial.frames.variables import DEPTH, MISSING, RAIN
from pluvial.grids.grid import Grid
from pluvial.simulation.run import Simulator
from pluvial.simulation.terrain import make_terrain

STEPS, START = 24, 1_582_934_400
TIME = TimeConfig(start="2020-02-29T00:00Z", end="2020-02-29T02:00Z", step_minutes=5)
TERRAIN = SyntheticTerrain(format="synthetic", rows=12, cols=8)
SECTION = SimulatedDepth(format="simulate", flow=FlowConfig(soil_capacity_mm=1))
FINE, COARSE = Grid(12, 8, 100.0), Grid(3, 2, 400.0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_elevation(tmp_path / "heightmap.nc", FINE, make_terrain(TERRAIN), {})
    return tmp_path


def rain() -> np.ndarray:
    rates = np.random.default_rng(0).gamma(0.5, 40, (STEPS, 3, 2))
    rates[10:14] = 0
    return np.rint(rates * 32) / 32


def write_rain(path: Path, rates: np.ndarray, first: int = 0) -> None:
    entries = [
        Regular(step, None if np.isnan(field).all() else field, Status.OBSERVED)
        for step, field in enumerate(rates)
    ]
    times = START + 300 * (first + np.arange(len(rates)))
    write_period(path, entries, variable=RAIN, grid=COARSE, times=times, provenance=dict)


def simulate(folder: Path, name: str, previous: str = "") -> FramesFile:
    make_simulated_depth(
        SECTION,
        TIME,
        rain_path=folder / f"{name}.rain.nc",
        heightmap=folder / "heightmap.nc",
        previous_state=folder / f"{previous}.npz" if previous else None,
        depth_path=folder / f"{name}.depth.nc",
        state_path=folder / f"{name}.npz",
    )
    return FramesFile(folder / f"{name}.depth.nc", DEPTH)


def test_the_depth_at_a_time_is_that_after_the_rain_up_to_it(folder: Path) -> None:
    write_rain(folder / "all.rain.nc", rain())
    file = simulate(folder, "all")
    assert file.grid == FINE
    assert file.times.tolist() == [START + 300 * step for step in range(STEPS)]
    simulator = Simulator(
        make_terrain(TERRAIN).astype(np.float32).astype(np.float64),
        cell_m=100.0,
        flow=SECTION.flow,
        step_seconds=300.0,
    )
    for step, rates in enumerate(rain()):
        expected = np.rint(simulator.depth.astype(np.float32).astype(float) * 1000)
        np.testing.assert_array_equal(file.read(step, step + 1)[0], expected)
        simulator.advance(np.kron(rates, np.ones((4, 4))))
    assert not file.read(0, 1).any(), "the ground is dry at first"
    assert file.read(STEPS - 1, STEPS).max() > 20


@pytest.mark.parametrize("cut", [1, 11, 23])
def test_periods_one_after_the_other(folder: Path, cut: int) -> None:
    """The state is handed on, so that they are the run in one go, to the bit."""
    write_rain(folder / "all.rain.nc", rain())
    write_rain(folder / "one.rain.nc", rain()[:cut])
    write_rain(folder / "two.rain.nc", rain()[cut:], first=cut)
    whole = simulate(folder, "all").read(0, STEPS)
    one, two = simulate(folder, "one"), simulate(folder, "two", "one")
    np.testing.assert_array_equal(one.read(0, cut), whole[:cut])
    np.testing.assert_array_equal(two.read(0, STEPS - cut), whole[cut:])
    assert (folder / "two.npz").read_bytes() == (folder / "all.npz").read_bytes()


@pytest.mark.parametrize("part", [False, True])
def test_missing_rain_is_not_dry(folder: Path, part: bool) -> None:
    rates = rain()
    rates[7, 0, 0] = np.nan
    if not part:
        rates[7] = np.nan
    write_rain(folder / "all.rain.nc", rates)
    with pytest.raises(PluvialError, match=r"the rain at 2020-02-29T00:35Z is missing") as raised:
        simulate(folder, "all")
    assert raised.value.where.endswith("all.rain.nc")
    assert not (folder / "all.depth.nc").exists()
    assert not (folder / "all.npz").exists()


def test_rain_may_be_missing_where_there_is_no_ground(folder: Path) -> None:
    """Beyond the coast: no depth there, and none needed."""
    elevation = make_terrain(TERRAIN)
    elevation[:4, :4] = np.nan
    write_elevation(folder / "heightmap.nc", FINE, elevation, {})
    rates = rain()
    rates[:, 0, 0] = np.nan
    write_rain(folder / "all.rain.nc", rates)
    file = simulate(folder, "all")
    codes = file.read(0, STEPS)
    assert (codes[:, :4, :4] == MISSING).all()
    assert (codes[:, 4:] != MISSING).all()
    assert (file.status == Status.OBSERVED).all()
