"""Probes: the solver itself keeps every rule, and models with known faults break the right one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pluvial.config.simulation import FlowConfig
from pluvial.diagnostics.depth_probes import Depth, Probed, Rain, World, probe_storm
from pluvial.grids.grid import Grid

WINDOW, STEP = 24, 300.0
ROWS = COLS = 12
FLOW = FlowConfig(infiltration_mm_h=0.1, saturated_mm_h=0.0)


def valley() -> np.ndarray:
    """A valley that falls southwards and lies west of the middle."""
    rows, cols = np.indices((ROWS, COLS))
    return np.asarray(10.0 - 0.2 * rows + 0.5 * np.abs(cols - 3))


def storm() -> Rain:
    rain = np.zeros((12, 3, 3), np.float32)
    rain[:, :, 0] = 40.0
    rain[:, :, 1] = 15.0
    return rain


def world(change: Callable[[World, Rain, bool], Depth]) -> World:
    """A world whose model is made from the solver."""
    cells = np.arange(ROWS) // 4
    made: World

    def predict(rain: Rain) -> Depth:
        return change(made, rain, False)

    def mirrored(rain: Rain) -> Depth:
        return change(made, rain, True)

    made = World(
        predict,
        mirrored,
        valley(),
        Grid(ROWS, COLS, 50.0),
        (cells, cells),
        FLOW,
        STEP,
        WINDOW,
        1,
    )
    return made


def truth(made: World, rain: Rain, mirror: bool) -> Depth:
    return made.simulate(rain, mirror=mirror)


def broken(found: Probed) -> set[str]:
    assert len(found.table) == 9
    return {row["probe"] for row in found.table if row["kept"] is False}


def test_the_solver_keeps_every_rule() -> None:
    found = probe_storm(world(truth), storm())
    assert broken(found) == set()
    for row in found.table:
        if row["asks"] != "the same of the model that was not told of it":
            assert row["model"] == pytest.approx(row["solver"], abs=1e-6), row


def by_heart(_made: World, rain: Rain, _: bool) -> Depth:
    """The same flood whatever falls, and wherever."""
    return np.full((len(rain) - WINDOW + 1, ROWS, COLS), 0.2, np.float32)


def too_early(made: World, rain: Rain, mirror: bool) -> Depth:
    return np.roll(made.simulate(rain, mirror=mirror), -12, axis=0)


def upside_down(made: World, rain: Rain, mirror: bool) -> Depth:
    """The more rain, the less water."""
    depth = made.simulate(rain, mirror=mirror)
    return np.where(rain.max() > 0, depth * (40.0 / max(float(rain.max()), 1.0)) ** 3, depth)


def blind_to_terrain(made: World, rain: Rain, _: bool) -> Depth:
    return made.simulate(rain)


def blind_to_place(made: World, rain: Rain, mirror: bool) -> Depth:
    """It knows how much falls, not where."""
    everywhere = np.broadcast_to(rain.mean(axis=(1, 2), keepdims=True), rain.shape)
    return made.simulate(everywhere, mirror=mirror)


SCALED = {"rain scaled from 0.5 to 1.5", "rain times 0.5", "rain times 1.5"}


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (by_heart, {"storm deleted", "storm an hour later", "rain times 0.5", "rain times 1.5"}),
        (too_early, {"storm an hour later"}),
        (upside_down, SCALED),
        (blind_to_terrain, {"terrain mirrored"}),
        (blind_to_place, {"storm a cell eastwards"}),
    ],
)
def test_each_fault_breaks_its_rule(model: Any, expected: set[str]) -> None:
    assert expected <= broken(probe_storm(world(model), storm()))


def test_model_and_solver_are_asked_for_the_same_times() -> None:
    """The depth after the rain of NOW, for each NOW with a whole window; the lead adds dry steps."""
    rain = np.zeros((WINDOW + 3, 3, 3), np.float32)
    rain[WINDOW - 1] = 60.0  # falls during the first NOW
    found = world(truth).simulate(rain)
    assert len(found) == 4
    assert found[0].mean() == pytest.approx(0.005, rel=0.05)  # 60 mm/h for 5 min
    before = np.zeros_like(rain)
    before[WINDOW] = 60.0
    assert world(truth).simulate(before)[0].max() == 0
