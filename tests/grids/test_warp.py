"""Carrying fields between grids: exact crops, kept totals, and missing that stays missing."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from pluvial.errors import PluvialError
from pluvial.grids.grid import Grid
from pluvial.grids.warp import Method, Warp
from rasterio.warp import Resampling, reproject

CRS = "EPSG:27700"


def field(grid: Grid, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).gamma(0.5, 4, grid.shape).astype(np.float32)


METHODS: list[Method] = ["conservative", "average", "bilinear", "nearest"]


@given(
    st.integers(0, 6),
    st.integers(0, 5),
    st.integers(1, 4),
    st.integers(1, 5),
    st.sampled_from(METHODS),
    st.sampled_from([0.0, 1e-4, -1e-4]),
)
def test_an_aligned_part_is_cut_out(
    top: int, left: int, rows: int, cols: int, method: Method, off: float
) -> None:
    """Whatever the method, missing cells and all; also where edges are written inexactly."""
    source = Grid(10, 10, 50.0, 1000.0, 2000.0, CRS)
    target = Grid(
        rows, cols, 50.0 + off / 10, 1000 + 50 * left + off, 2000 + 50.0 * (10 - top - rows), CRS
    )
    values = field(source)
    values[np.random.default_rng(1).random(values.shape) < 0.2] = np.nan
    expected = values[top : top + rows, left : left + cols]
    carried = Warp(source, target, method)(values)
    np.testing.assert_array_equal(carried, expected)
    assert carried.flags["C_CONTIGUOUS"]


@pytest.mark.parametrize("off", [0.2, 5.0, 25.0])
def test_what_is_a_little_off_the_lattice_is_no_crop(off: float) -> None:
    source = Grid(10, 10, 50.0, crs=CRS)
    values = field(source)
    carried = Warp(source, Grid(4, 4, 50.0, 100 + off, 100.0, CRS), "conservative")(values)
    west, east = values[4:8, 2:6], values[4:8, 3:7]
    np.testing.assert_allclose(carried, west + (east - west) * off / 50, rtol=1e-5)


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


@settings(deadline=None)
@given(
    cell=st.sampled_from([25.0, 40.0, 100.0, 130.0, 250.0]),
    west=st.integers(1, 19).map(lambda k: 10.3 * k),
    seed=st.integers(0, 1000),
)
def test_missing_cells_by_the_area_they_share(cell: float, west: float, seed: int) -> None:
    """Conservative: missing where any missing cell is touched; average: the mean of the rest."""
    source = Grid(20, 20, 100.0, 0.0, 0.0, CRS)
    target = Grid(5, 5, cell, 100 + west, 150.0, CRS)
    values = field(source, seed)
    values[np.random.default_rng(seed).random(values.shape) < 0.1] = np.nan
    rows = overlap(100.0 * np.arange(21), target.south + cell * np.arange(6))[::-1, ::-1]
    cols = overlap(100.0 * np.arange(21), target.west + cell * np.arange(6))
    present = rows @ (~np.isnan(values)).astype(float) @ cols.T / cell**2
    total = rows @ np.nan_to_num(values.astype(float)) @ cols.T / cell**2
    strict, lenient = (Warp(source, target, m)(values) for m in ("conservative", "average"))
    whole = present > 1 - 1e-9
    np.testing.assert_array_equal(np.isnan(strict), ~whole)
    np.testing.assert_allclose(strict[whole], total[whole], rtol=1e-5)
    some = present > 1e-9
    np.testing.assert_array_equal(np.isnan(lenient), ~some)
    np.testing.assert_allclose(lenient[some], (total / np.maximum(present, 1e-9))[some], rtol=1e-5)


@pytest.mark.parametrize("method", ["conservative", "average"])
@pytest.mark.parametrize("hole", [False, True])
def test_what_hangs_over_the_edge_is_not_dry(method: Method, hole: bool) -> None:
    """Cells whose centres lie inside and whose edges do not: beyond the source nothing is known."""
    source = Grid(10, 10, 100.0, crs=CRS)
    target = Grid(10, 10, 100.0, -30.0, 0.0, CRS)
    values = np.full((10, 10), 2, np.float32)
    if hole:
        values[5, 5] = np.nan  # another cell must make no difference
    try:
        carried = Warp(source, target, method)(values)
    except PluvialError:
        return  # refused, as it reaches beyond the source
    edge = carried[:, 0]
    assert np.isnan(edge).all() or (edge == 2).all(), f"{edge[0]} of rain of 2 mm/h"
    if method == "conservative":
        assert np.isnan(edge).all(), "an amount of rain is not known from a part of a cell"


@pytest.mark.parametrize("method", METHODS)
def test_one_infinite_cell_does_not_spread(method: Method) -> None:
    source, target = Grid(10, 10, 100.0, crs=CRS), Grid(5, 5, 150.0, 100.0, 100.0, CRS)
    values = field(source)
    expected = Warp(source, target, method)(values)
    values[1, 1] = np.inf  # touches the north-western cell at most
    carried = Warp(source, target, method)(values)
    far = np.ones((5, 5), bool)
    far[:2, :2] = False
    np.testing.assert_allclose(carried[far], expected[far], rtol=1e-5)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_fields_of_either_precision(method: Method, kind: type) -> None:
    """Text is read as float64, radar as float32; and the given field is left as it is."""
    source, target = Grid(10, 10, 100.0, crs=CRS), Grid(6, 6, 150.0, crs=CRS)
    values = field(source).astype(kind)
    values[0, 9] = np.nan
    before = values.copy()
    carried = Warp(source, target, method)(values)
    assert carried.dtype == np.float32
    np.testing.assert_array_equal(values, before)
    np.testing.assert_allclose(
        carried, Warp(source, target, method)(before.astype(np.float32)), rtol=1e-5
    )


def test_bilinear_and_nearest_by_hand() -> None:
    """A ramp to the east, seen between its cell centres."""
    source = Grid(4, 8, 100.0, crs=CRS)
    values = np.tile(np.float32(10 * np.arange(8)), (4, 1))
    target = Grid(2, 4, 100.0, 230.0, 100.0, CRS)
    bilinear, nearest = (Warp(source, target, m)(values) for m in ("bilinear", "nearest"))
    np.testing.assert_allclose(bilinear[0], [23, 33, 43, 53], rtol=1e-5)
    np.testing.assert_array_equal(nearest[0], [20, 30, 40, 50])


@pytest.mark.parametrize("method", METHODS)
def test_grids_that_name_no_crs_lie_in_the_same(method: Method) -> None:
    """As the same grids in a CRS, whatever the size of their coordinates."""
    for scale, west in ((1.0, 0.0), (1e-4, -6.1), (10.0, 1e7)):
        source, target = (
            Grid(rows, rows, cell * scale, west + scale * 100, 50.0)
            for rows, cell in ((12, 100.0), (8, 150.0))
        )
        values = field(source)
        plain = Warp(Grid(12, 12, 100.0, crs=CRS), Grid(8, 8, 150.0, crs=CRS), method)(values)
        carried = Warp(source, target, method)(values)
        np.testing.assert_allclose(carried, plain, rtol=1e-4, atol=1e-4)


def test_missing_is_never_dry() -> None:
    source, target = Grid(4, 4, 50.0, crs=CRS), Grid(2, 2, 100.0, crs=CRS)
    values = np.ones((4, 4), np.float32)
    values[0, 0] = np.nan
    strict, lenient = (Warp(source, target, m)(values) for m in ("conservative", "average"))
    np.testing.assert_array_equal(np.isnan(strict), [[True, False], [False, False]])
    np.testing.assert_array_equal(lenient, np.ones((2, 2)))
    assert np.isnan(Warp(source, target, "average")(np.full((4, 4), np.nan, np.float32))).all()


@pytest.mark.parametrize(
    ("method", "resampling"),
    [
        ("nearest", Resampling.nearest),
        ("bilinear", Resampling.bilinear),
        ("average", Resampling.average),
        ("conservative", Resampling.average),
    ],
)
@pytest.mark.parametrize("cell", [1000.0, 8000.0])
def test_another_crs_as_gdal_does_it(method: Method, resampling: Resampling, cell: float) -> None:
    source = Grid(100, 100, 0.05, -6.0, 49.0, "EPSG:4326")
    target = Grid(20, 20, cell, 300_000.0, 200_000.0, CRS)
    values = field(source)
    expected = np.empty(target.shape, np.float32)
    reproject(
        values,
        expected,
        src_transform=rasterio.transform.from_origin(-6.0, source.north, 0.05, 0.05),
        src_crs="EPSG:4326",
        dst_transform=rasterio.transform.from_origin(300_000, target.north, cell, cell),
        dst_crs=CRS,
        resampling=resampling,
    )
    np.testing.assert_array_equal(Warp(source, target, method)(values), expected)


def test_missing_cells_of_another_crs() -> None:
    """Touched is missing with conservative alone."""
    source = Grid(100, 100, 0.05, -6.0, 49.0, "EPSG:4326")
    target = Grid(20, 20, 8000.0, 300_000.0, 200_000.0, CRS)
    values = np.ones(source.shape, np.float32)
    values[30:33, 60:63] = np.nan
    strict, lenient = (Warp(source, target, m)(values) for m in ("conservative", "average"))
    assert 9 * 0.05**2 * 111e3**2 * 0.6 / 8000**2 < np.isnan(strict).sum() < 20
    assert np.isnan(strict).sum() > np.isnan(lenient).sum()
    np.testing.assert_allclose(strict[~np.isnan(strict)], 1, rtol=1e-6)


def test_one_crs_in_two_spellings_is_one() -> None:
    wkt = rasterio.crs.CRS.from_epsg(27700).to_wkt()
    source, target = Grid(10, 10, 100.0, crs=wkt), Grid(5, 5, 100.0, 200.0, 300.0, CRS)
    values = field(source)
    np.testing.assert_array_equal(Warp(source, target, "nearest")(values), values[2:7, 2:7])


def test_what_does_not_cover_the_domain_is_refused() -> None:
    source = Grid(10, 10, 100.0, crs=CRS)
    with pytest.raises(PluvialError, match=r"does not cover .*: 25 % of its cells"):
        Warp(source, Grid(8, 8, 100.0, 400.0, 200.0, CRS), "nearest")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("west", "south"), [(-101, 0), (0, -101), (701, 0), (0, 701)])
def test_each_side_must_be_covered(method: Method, west: float, south: float) -> None:
    source = Grid(10, 10, 100.0, crs=CRS)
    with pytest.raises(PluvialError, match="does not cover"):
        Warp(source, Grid(4, 4, 100.0, west, south, CRS), method)
    with pytest.raises(PluvialError, match="does not cover"):
        Warp(source, Grid(8, 8, 50.0, west, south, CRS), method)


def test_another_crs_must_be_covered_as_well() -> None:
    source = Grid(20, 20, 0.05, -6.0, 49.0, "EPSG:4326")
    with pytest.raises(PluvialError, match=r"does not cover .*: 100 % of its cells"):
        Warp(source, Grid(20, 20, 1000.0, 300_000.0, 900_000.0, CRS), "nearest")


def test_one_grid_without_a_crs_is_refused() -> None:
    with pytest.raises(PluvialError, match="names no coordinate reference system"):
        Warp(Grid(10, 10, 100.0), Grid(2, 2, 100.0, crs=CRS), "nearest")
    with pytest.raises(PluvialError, match="Write `crs` into the section that lacks it"):
        Warp(Grid(10, 10, 100.0, crs=CRS), Grid(2, 2, 100.0), "nearest")
