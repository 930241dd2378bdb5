"""A field is carried onto another grid by position, whatever the cells."""

from __future__ import annotations

import numpy as np
import pytest
from pluvial.errors import PluvialError
from pluvial.grids.align import nearest_cells
from pluvial.grids.grid import Grid

COARSE = Grid(3, 2, 400.0, west=1000.0, south=5000.0)


def test_cells_of_a_multiple_are_repeated() -> None:
    field = np.arange(6).reshape(3, 2)
    fine = Grid(12, 8, 100.0, west=1000.0, south=5000.0)
    rows, cols = nearest_cells(COARSE, fine)
    assert np.array_equal(field[np.ix_(rows, cols)], np.kron(field, np.ones((4, 4), int)))


def test_part_of_the_source_north_up() -> None:
    north_east = Grid(4, 4, 100.0, west=1400.0, south=5800.0)
    rows, cols = nearest_cells(COARSE, north_east)
    assert set(rows) == {0}
    assert set(cols) == {1}


def test_outside_is_refused() -> None:
    with pytest.raises(PluvialError, match="does not cover"):
        nearest_cells(COARSE, Grid(4, 4, 100.0, west=900.0, south=5000.0))
