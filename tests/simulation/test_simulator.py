"""The simulator: its ledger, its walls, and the input that it refuses."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pluvial.config.simulation import FlowConfig, SyntheticStorms, SyntheticTerrain
from pluvial.errors import PluvialError
from pluvial.simulation.run import Simulator
from pluvial.simulation.storms import StormSeries
from pluvial.simulation.terrain import make_terrain

BOSCASTLE = Path(__file__).parents[3] / "shared" / "data" / "boscastle"


@pytest.fixture
def slope():
    """8 x 10 cells that fall to the east by 1 % of 100 m cells."""
    return np.tile(10.0 - np.arange(10.0), (8, 1))


def simulator(elevation, flow=None, **changes):
    settings = {"cell_m": 100.0, "flow": flow or FlowConfig(), "step_seconds": 300.0} | changes
    return Simulator(elevation, **settings)


def test_starts_dry_and_stays_dry_without_rain(slope):
    sim = simulator(slope)
    assert not sim.depth.any()
    for _ in range(3):
        assert not sim.advance(np.zeros(slope.shape)).any()
    assert sim.steps_done == 3


def test_an_hour_of_10_mm_on_a_sealed_flat_box_is_10_mm(sealed):
    sim = simulator(np.zeros((6, 7)), sealed)
    for _ in range(12):
        depth = sim.advance(np.full((6, 7), 10.0))
    np.testing.assert_allclose(depth, 0.010, rtol=1e-12)


def test_rain_weaker_than_the_soil_leaves_no_water(slope):
    sim = simulator(slope, FlowConfig(infiltration_mm_h=20.0, initial_saturation=0.0))
    assert sim.advance(np.full(slope.shape, 15.0)).max() < 1e-9


def test_returned_depth_is_not_the_state(slope):
    sim = simulator(slope)
    depth = sim.advance(np.full(slope.shape, 50.0))
    before = sim.depth
    depth[:] = 99.0
    np.testing.assert_array_equal(sim.depth, before)


def test_depth_is_that_of_the_end_of_the_step(slope, sealed):
    """The first frame of a run already holds the water of the first step."""
    sim = simulator(slope, sealed)
    depth = sim.advance(np.full(slope.shape, 12.0))
    assert depth.mean() == pytest.approx(0.001), "12 mm/h for 5 minutes is 1 mm"
    np.testing.assert_array_equal(depth, sim.depth)


def test_ledger_closes_over_a_rainy_run_with_soil_and_open_edges():
    terrain = make_terrain(SyntheticTerrain(format="synthetic", rows=32, cols=40))
    sim = simulator(terrain)
    rng = np.random.default_rng(0)
    for step in range(150):
        wet = step % 50 < 20
        sim.advance(rng.gamma(0.5, 40.0, terrain.shape) * wet)
    assert sim.depth.max() > 0.1
    assert abs(sim.mass_error()) < 1e-12


def test_ledger_shows_water_that_comes_from_nowhere(slope):
    sim = simulator(slope)
    sim.advance(np.full(slope.shape, 20.0))
    sim._water.depth[3, 3] += 1e-3
    assert sim.mass_error() < -1e-3


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_water_is_neither_made_nor_lost_nor_negative(data):
    shape = data.draw(st.tuples(st.integers(1, 7), st.integers(1, 7)), label="shape")
    heights = st.floats(-50, 300) | st.just(np.nan) | st.just(0.0)
    terrain = data.draw(hnp.arrays(np.float64, shape, elements=heights), label="terrain")
    if np.isnan(terrain).all():
        terrain[0, 0] = 0.0
    flow = FlowConfig(
        manning_n=data.draw(st.sampled_from([0.01, 0.06, 0.3]), label="roughness"),
        courant=data.draw(st.sampled_from([0.1, 0.3]), label="courant"),
        edge_slope=data.draw(st.sampled_from([0.0, 0.005, 0.3]), label="edge slope"),
    )
    sim = simulator(terrain, flow, cell_m=data.draw(st.sampled_from([2.0, 100.0]), label="cell"))
    for _ in range(3):
        rates = st.floats(0, 128) | st.just(0.0)
        depth = sim.advance(data.draw(hnp.arrays(np.float64, shape, elements=rates), label="rain"))
        np.testing.assert_array_equal(np.isnan(depth), np.isnan(terrain))
        assert np.nanmin(depth) >= 0
        assert np.isfinite(depth[~np.isnan(terrain)]).all()
        assert abs(sim.mass_error()) < 1e-12


def test_cells_without_data_are_walls(slope, sealed):
    slope[:, 4] = np.nan
    rain = np.zeros(slope.shape)
    rain[:, :4] = 60.0
    rain[:, 4] = np.nan  # nothing is known, and nothing is asked, where there is no terrain
    sim = simulator(slope, sealed)
    for _ in range(12):
        depth = sim.advance(rain)
    assert np.isnan(depth[:, 4]).all()
    assert not depth[:, 5:].any(), "water passed through the wall"
    assert depth[:, :4].sum() == pytest.approx(0.060 * 8 * 4), "water was lost at the wall"
    assert depth[0, 3] > depth[0, 0], "the water stands before the wall, at the foot of the slope"


def test_wide_flat_sea_takes_the_river_without_a_wave():
    """A cliff of 60 m over 30 x 30 cells at exactly 0 m, with open edges."""
    terrain = np.zeros((30, 50))
    terrain[:, 30:] = 60.0 + 3.0 * np.arange(20)
    sim = simulator(terrain, FlowConfig(manning_n=0.02, courant=0.3), cell_m=50.0)
    rain = np.full(terrain.shape, 80.0)
    for _ in range(36):
        depth = sim.advance(rain)
    sea = depth[:, :30]
    assert np.isfinite(depth).all()
    assert sea.max() < 0.24, "deeper than all the rain there was"
    towards_land = np.diff(sea[5:-5], axis=1)
    assert towards_land.min() > 0, "the level must rise from the open edge to the river's mouth"
    assert abs(sim.mass_error()) < 1e-12


def test_missing_rain_is_an_error_that_says_where(slope):
    sim = simulator(slope)
    rain = np.zeros(slope.shape)
    sim.advance(rain)
    rain[2, 5] = np.nan
    with pytest.raises(PluvialError, match=r"rain of step 1: 1 cells .* row 2, column 5: nan"):
        sim.advance(rain)
    assert sim.steps_done == 1, "a refused step must not count"


@pytest.mark.parametrize("rate", [-0.1, np.inf], ids=["negative", "infinite"])
def test_impossible_rain_is_refused(slope, rate):
    rain = np.full(slope.shape, rate)
    with pytest.raises(PluvialError, match="missing, negative or infinite"):
        simulator(slope).advance(rain)


def test_rain_on_another_grid_is_refused(slope):
    with pytest.raises(PluvialError, match=r"\(4, 5\), that of the terrain \(8, 10\)"):
        simulator(slope).advance(np.zeros((4, 5)))


@pytest.mark.parametrize(
    ("elevation", "message"),
    [
        (np.zeros(5), "rows and columns"),
        (np.zeros((0, 5)), "rows and columns"),
        (np.full((3, 3), np.nan), "no cell has data"),
        (np.array([[0.0, np.inf]]), "1 cells are infinite"),
    ],
    ids=["flat list", "empty", "no data", "infinite"],
)
def test_impossible_terrain_is_refused(elevation, message):
    with pytest.raises(PluvialError, match=message):
        simulator(elevation)


@pytest.mark.parametrize("changes", [{"cell_m": 0.0}, {"step_seconds": float("nan")}], ids=str)
def test_impossible_lengths_are_refused(slope, changes):
    with pytest.raises(PluvialError, match=next(iter(changes))):
        simulator(slope, **changes)


def test_default_floods_in_its_heaviest_storm_and_dries_after_it():
    """No pond may stay: else a constant map is the best forecast."""
    terrain = make_terrain(SyntheticTerrain(format="synthetic"))
    rain_config = SyntheticStorms(format="synthetic")
    series = StormSeries(rain_config, shape=(16, 16), cell_m=400.0, steps=4000, step_minutes=5)
    heaviest = max(series.storms, key=lambda s: s.intensity * (s.end - s.start))
    sim = simulator(terrain)
    flooded = [
        (sim.advance(rain.repeat(4, 0).repeat(4, 1)) > 0.1).mean()
        for rain in series.frames(heaviest.start, heaviest.end)
    ]
    assert 0.08 < max(flooded) < 0.35
    for _ in range(24 * 12):
        depth = sim.advance(np.zeros(terrain.shape))
    assert depth.max() < 0.03, "water that a day without rain does not drain"


@pytest.mark.realdata
@pytest.mark.skipif(not BOSCASTLE.exists(), reason="the real data is not beside the checkout")
def test_boscastle_floods_where_another_solver_floods_it():
    """Boscastle's first 20 h against HAIL-CAESAR's depths (same roughness, edges and cap)."""
    terrain = np.loadtxt(BOSCASTLE / "dem_50m.asc", skiprows=6)
    zone = np.loadtxt(BOSCASTLE / "hydroindex.asc", skiprows=6).astype(int) - 1
    rain = np.loadtxt(BOSCASTLE / "rain.txt", max_rows=240)
    flow = FlowConfig(
        manning_n=0.04, courant=0.3, infiltration_mm_h=0, saturated_mm_h=0, drainage_mm_h=0
    )
    sim = Simulator(terrain, cell_m=50.0, flow=flow, step_seconds=300.0)
    for rates in rain:
        depth = sim.advance(rates[zone])
    lines_per_grid = 6 + terrain.shape[0]
    with gzip.open(BOSCASTLE / "waterdepth_stream.asc.gz", "rt") as stream:
        for _ in range(1 + len(rain) * lines_per_grid):
            next(stream)
        theirs = np.loadtxt(stream, skiprows=6, max_rows=terrain.shape[0])
    ours, theirs = depth > 0.3, theirs > 0.3
    assert (ours & theirs).sum() / (ours | theirs).sum() > 0.8
