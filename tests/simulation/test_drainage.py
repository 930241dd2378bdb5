"""Flow paths: followed step by step they lead where the doublings say."""

from __future__ import annotations

import numpy as np
import pytest
from pluvial.config.simulation import SyntheticTerrain
from pluvial.simulation.drainage import Drainage, drainage_of
from pluvial.simulation.terrain import make_terrain


@pytest.fixture(scope="module")
def drainage() -> Drainage:
    return drainage_of(make_terrain(SyntheticTerrain(format="synthetic", rows=24, cols=20)), 100.0)


def path_from(drainage: Drainage, cell: int) -> list[int]:
    cells = [cell]
    while drainage.downstream[cells[-1]] != cells[-1]:
        cells.append(int(drainage.downstream[cells[-1]]))
        assert len(cells) <= drainage.downstream.size
    return cells


def test_every_path_goes_down_to_the_edge(drainage: Drainage) -> None:
    level = drainage.filled.reshape(-1)
    rows, cols = drainage.filled.shape
    for cell in range(level.size):
        path = path_from(drainage, cell)
        assert (np.diff(level[path]) < 0).all()
        row, col = divmod(path[-1], cols)
        assert row in (0, rows - 1) or col in (0, cols - 1)
        assert len(path) <= 2**drainage.levels


def test_drained_cells_are_counted_path_by_path(drainage: Drainage) -> None:
    expected = np.zeros(drainage.downstream.size)
    for cell in range(expected.size):
        expected[path_from(drainage, cell)] += 1
    np.testing.assert_array_equal(drainage.drained_cells().reshape(-1), expected)


def test_doublings_are_steps_along_the_path(drainage: Drainage) -> None:
    for level, target in enumerate(drainage.doublings()):
        for cell in range(0, target.size, 7):
            path = path_from(drainage, cell)
            steps = 2**level
            assert target[cell] == (path[steps] if steps < len(path) else target.size)


def test_a_tilted_plane_drains_in_columns() -> None:
    plane = np.repeat(np.arange(6.0)[:, None], 3, axis=1)
    drainage = drainage_of(plane, 1.0)
    np.testing.assert_array_equal(drainage.drained_cells()[0], [6, 6, 6])
    height = drainage.height_above_drainage(plane)
    assert height.min() == 0
    assert height.max() < 6


def test_height_above_drainage_of_a_trench() -> None:
    """A trench down the middle column: each cell's height is that over the trench beside it."""
    rows, cols = 60, 41
    fall = 0.1 * np.arange(rows)[::-1][:, None]
    sides = 5.0 * np.abs(np.arange(cols) - 20.0)
    terrain = fall + sides
    height = drainage_of(terrain, 1.0).height_above_drainage(terrain)
    # The edges of the grid are ways out of their own.
    inner = height[1:-1, 1:-1]
    np.testing.assert_allclose(inner, np.broadcast_to(sides[1:-1], inner.shape), atol=1e-6)


def test_no_path_crosses_missing_cells() -> None:
    terrain = np.repeat(np.arange(8.0)[:, None], 8, axis=1)
    terrain[4, 1:7] = np.nan
    drainage = drainage_of(terrain, 1.0)
    missing = np.flatnonzero(np.isnan(terrain.reshape(-1)))
    leads = drainage.downstream
    for cell in np.setdiff1d(np.arange(64), missing):
        assert leads[cell] not in missing
