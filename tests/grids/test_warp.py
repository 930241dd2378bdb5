"""Carrying fields between grids: exact crops, kept totals, and missing that stays missing."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from pluvial.errors import PluvialError
from pluvial.grids.grid import Grid
from pluvial.grids.warp import Warp
from rasterio.warp import Resampling, reproject

CRS = "EPSG:27700"


def field(grid: Grid, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).gamma(0.5, 4, grid.shape).astype(np.float32)


@given(st.integers(0, 6), st.integers(0, 5), st.integers(1, 4), st.integers(1, 5))
def test_an_aligned_part_is_cut_out(top: int, left: int, rows: int, cols: int) -> None:
    source = Grid(10, 10, 50.0, 1000.0, 2000.0, CRS)
    target = Grid(rows, cols, 50.0, 1000 + 50 * left, source.north - 50 * (top + rows), CRS)
    values = field(source)
    expected = values[top : top + rows, left : left + cols]
    np.testing.assert_array_equal(Warp(source, target, "conservative")(values), expected)


def overlap(source_edges: np.ndarray, target_edges: np.ndarray) -> np.ndarray:
    """Length that each target cell shares with each source cell, float64[targets, sources]."""
    low = np.maximum(target_edges[:-1, None], source_edges[None, :-1])
    high = np.minimum(target_edges[1:, None], source_edges[None, 1:])
    return np.clip(high - low, 0, None)


@settings(deadline=None)
@given(
    cell=st.sampled_from([25.0, 40.0, 60.0, 100.0, 130.0, 250.0]),
    west=st.integers(1, 19).map(lambda k: 10.3 * k),
    south=st.integers(1, 19).map(lambda k: 10.3 * k),
)
def test_conservative_is_the_mean_weighted_by_shared_area(
    cell: float, west: float, south: float
) -> None:
    """Against the closed form: off the lattice, finer and coarser."""
    source = Grid(20, 20, 100.0, 0.0, 0.0, CRS)
    target = Grid(5, 5, cell, 100 + west, 100 + south, CRS)
    values = field(source)
    rows = overlap(100.0 * np.arange(21), target.south + cell * np.arange(6))[::-1, ::-1]
    cols = overlap(100.0 * np.arange(21), target.west + cell * np.arange(6))
    expected = rows @ values.astype(np.float64) @ cols.T / cell**2
    np.testing.assert_allclose(Warp(source, target, "conservative")(values), expected, rtol=1e-5)


def test_the_amount_of_rain_is_kept() -> None:
    source, coarse = Grid(24, 36, 50.0, crs=CRS), Grid(6, 9, 200.0, crs=CRS)
    fine = Grid(96, 144, 12.5, crs=CRS)
    values = field(source)
    total = values.sum(dtype=np.float64) * 50.0**2
    for target in (coarse, fine):
        carried = Warp(source, target, "conservative")(values)
        assert carried.sum(dtype=np.float64) * target.cell**2 == pytest.approx(total, rel=1e-5)


def test_missing_is_never_dry() -> None:
    source, target = Grid(4, 4, 50.0, crs=CRS), Grid(2, 2, 100.0, crs=CRS)
    values = np.ones((4, 4), np.float32)
    values[0, 0] = np.nan
    strict, lenient = (Warp(source, target, m)(values) for m in ("conservative", "average"))
    np.testing.assert_array_equal(np.isnan(strict), [[True, False], [False, False]])
    np.testing.assert_array_equal(lenient, np.ones((2, 2)))
    assert np.isnan(Warp(source, target, "average")(np.full((4, 4), np.nan, np.float32))).all()


def test_another_crs_as_gdal_does_it() -> None:
    source = Grid(100, 100, 0.05, -6.0, 49.0, "EPSG:4326")
    target = Grid(20, 20, 1000.0, 300_000.0, 200_000.0, CRS)
    values = field(source)
    expected = np.empty(target.shape, np.float32)
    reproject(
        values,
        expected,
        src_transform=rasterio.transform.from_origin(-6.0, source.north, 0.05, 0.05),
        src_crs="EPSG:4326",
        dst_transform=rasterio.transform.from_origin(300_000, target.north, 1000, 1000),
        dst_crs=CRS,
        resampling=Resampling.nearest,
    )
    np.testing.assert_array_equal(Warp(source, target, "nearest")(values), expected)


def test_what_does_not_cover_the_domain_is_refused() -> None:
    source = Grid(10, 10, 100.0, crs=CRS)
    with pytest.raises(PluvialError, match=r"does not cover .*: 25 % of its cells"):
        Warp(source, Grid(8, 8, 100.0, 400.0, 200.0, CRS), "nearest")


def test_one_grid_without_a_crs_is_refused() -> None:
    with pytest.raises(PluvialError, match="names no coordinate reference system"):
        Warp(Grid(10, 10, 100.0), Grid(2, 2, 100.0, crs=CRS), "nearest")
    assert Warp(Grid(10, 10, 100.0), Grid(2, 2, 50.0), "nearest")(
        np.zeros((10, 10), np.float32)
    ).shape == (2, 2)
