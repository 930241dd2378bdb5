"""Tiles put together, against rasterio.merge."""

from __future__ import annotations

from contextlib import ExitStack

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pluvial.errors import PluvialError
from pluvial.grids.grid import Grid
from pluvial.grids.mosaic import mosaic
from rasterio.io import MemoryFile
from rasterio.merge import merge
from rasterio.transform import from_origin

Tile = tuple[Grid, np.ndarray]


def cut(whole: np.ndarray, top: int, left: int, rows: int, cols: int, cell: float = 50.0) -> Tile:
    """A tile of a grid whose north-western corner is (1000, 9000)."""
    south = 9000 - (top + rows) * cell
    grid = Grid(rows, cols, cell, 1000 + left * cell, south, "EPSG:27700")
    return grid, whole[top : top + rows, left : left + cols]


def merged(tiles: list[Tile]) -> tuple[np.ndarray, tuple[float, ...]]:
    """What rasterio makes of the tiles, and its bounds."""
    with ExitStack() as stack:
        datasets = []
        for grid, values in tiles:
            memory = stack.enter_context(MemoryFile())
            keys = {"height": grid.rows, "width": grid.cols, "count": 1, "dtype": "float64"}
            place = from_origin(grid.west, grid.north, grid.cell, grid.cell)
            with memory.open(driver="GTiff", nodata=np.nan, transform=place, **keys) as writer:
                writer.write(values, 1)
            datasets.append(stack.enter_context(memory.open()))
        (values,), place = merge(datasets, nodata=np.nan)
    rows, cols = values.shape
    return values, (place.c, place.f + rows * place.e, place.c + cols * place.a, place.f)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_agrees_with_rasterio(data: st.DataObject) -> None:
    """Cuts of one map with holes, in any order, overlapping or apart."""
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    whole = rng.normal(size=(12, 15))
    tiles = []
    for _ in range(data.draw(st.integers(1, 6))):
        top, left = data.draw(st.integers(0, 9)), data.draw(st.integers(0, 11))
        grid, values = cut(whole, top, left, data.draw(st.integers(1, 3)), 4)
        tiles.append((grid, np.where(rng.random(values.shape) < 0.3, np.nan, values)))
    grid, values = mosaic(tiles)
    expected, bounds = merged(tiles)
    np.testing.assert_array_equal(values, expected)
    assert (grid.west, grid.south, grid.east, grid.north) == pytest.approx(bounds)
    assert (grid.cell, grid.crs) == (50, "EPSG:27700")


def test_two_tiles_of_os_terrain_50_by_hand() -> None:
    """10 km each, touching at a corner."""
    south_east = Grid(200, 200, 50, 500000, 400000)
    north_west = Grid(200, 200, 50, 490000, 410000)
    grid, values = mosaic(
        [(south_east, np.full((200, 200), 1.0)), (north_west, np.full((200, 200), 2.0))]
    )
    assert grid == Grid(400, 400, 50, 490000, 400000)
    assert (values[:200, :200] == 2).all()
    assert (values[200:, 200:] == 1).all()
    assert np.isnan(values[:200, 200:]).all()
    assert np.isnan(values[200:, :200]).all()


def test_one_tile_stays_what_it_is() -> None:
    values = np.array([[1, np.nan], [3, 4]], dtype=np.float32)
    grid, found = mosaic([(Grid(2, 2, 5.0, 10.5, 0.25), values)])
    assert grid == Grid(2, 2, 5.0, 10.5, 0.25)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, values)
    assert not np.shares_memory(found, values)


def test_degrees_that_no_float_holds() -> None:
    """Tiles of arc seconds meet, though 1/3600 is no float."""
    cell = 1 / 3600
    tiles = [
        (Grid(5, 5, cell, -4 + k * 5 * cell, 50 + k * 5 * cell), np.full((5, 5), float(k)))
        for k in range(300)
    ]
    grid, values = mosaic(tiles)
    assert grid.shape == (1500, 1500)
    assert (values[-5 * 137 - 1, 5 * 137], np.isfinite(values).sum()) == (137, 300 * 25)


def test_nan_gives_way_in_both_orders() -> None:
    grid = Grid(1, 2, 10.0)
    one, two = np.array([[1, np.nan]]), np.array([[np.nan, 2]])
    for tiles in ([(grid, one), (grid, two)], [(grid, two), (grid, one)]):
        np.testing.assert_array_equal(mosaic(tiles)[1], [[1, 2]])


def test_a_millimetre_is_no_difference() -> None:
    grid = Grid(1, 1, 10.0)
    _, values = mosaic([(grid, np.array([[5.0]])), (grid, np.array([[5.0009]]))])
    assert values[0, 0] == 5
    with pytest.raises(PluvialError, match="two tiles differ"):
        mosaic([(grid, np.array([[5.0]])), (grid, np.array([[5.0011]]))])


def test_a_conflict_names_both_tiles_and_the_place() -> None:
    whole = np.arange(100.0).reshape(10, 10)
    other = np.full((10, 10), np.nan)
    tiles = [cut(other, 0, 0, 9, 9), cut(whole, 0, 0, 4, 4), cut(whole, 6, 6, 2, 2)]
    grid, values = cut(whole, 3, 2, 4, 5)
    wrong = values.copy()
    wrong[0, 1] += 7
    with pytest.raises(PluvialError) as raised:
        mosaic([*tiles, (grid, wrong)])
    # Row 3, column 3 of the whole.
    assert raised.value.problem == (
        "two tiles differ at (1175, 8825): 33 in 4 rows x 4 columns of 50 from (1000, 8800) in "
        "EPSG:27700, 40 in 4 rows x 5 columns of 50 from (1100, 8650) in EPSG:27700"
    )


@pytest.mark.parametrize(
    "grid",
    [
        Grid(2, 2, 50.0, 1025.0, 1000.0),
        Grid(2, 2, 50.0, 1000.0, 1000.1),
        Grid(2, 2, 25.0, 1000.0, 1000.0),
        Grid(2, 2, 100.0, 1000.0, 1000.0),
        Grid(2, 1000, 50.0001, 1000.0, 1000.0),
    ],
)
def test_tiles_off_the_lattice(grid: Grid) -> None:
    first = Grid(2, 2, 50.0, 0.0, 0.0)
    with pytest.raises(PluvialError, match="not lie on one lattice") as raised:
        mosaic([(first, np.zeros((2, 2))), (grid, np.zeros(grid.shape))])
    assert first.describe() in raised.value.problem
    assert grid.describe() in raised.value.problem


@pytest.mark.parametrize("crs", ["", "EPSG:32630"])
def test_tiles_of_another_crs(crs: str) -> None:
    tiles = [(Grid(1, 1, 50.0, 0, 0, text), np.zeros((1, 1))) for text in ("EPSG:27700", crs)]
    with pytest.raises(PluvialError, match="different coordinate reference systems"):
        mosaic(tiles)


def test_a_tile_far_away_takes_no_memory() -> None:
    tiles = [(Grid(1, 1, 50.0, k * 1e9, k * 1e9), np.zeros((1, 1))) for k in (0, 1)]
    with pytest.raises(PluvialError, match="20000001 rows and 20000001 columns"):
        mosaic(tiles)


def test_no_tile() -> None:
    with pytest.raises(PluvialError, match="no tile"):
        mosaic([])
