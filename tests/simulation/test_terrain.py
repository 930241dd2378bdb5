"""The catchment: no pits, the same bytes each time, and channels where water gathers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pluvial.config.simulation import SyntheticTerrain
from pluvial.errors import PluvialError
from pluvial.simulation.terrain import condition, make_terrain


def config(**keys):
    return SyntheticTerrain(format="synthetic", **keys)


def lowest_neighbour(elevation):
    """The lowest of the four neighbours of each inner cell."""
    return np.min(
        [elevation[:-2, 1:-1], elevation[2:, 1:-1], elevation[1:-1, :-2], elevation[1:-1, 2:]],
        axis=0,
    )


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("shape", [(64, 64), (40, 96)], ids=str)
def test_every_inner_cell_falls_to_a_neighbour(seed, shape):
    """Strictly lower each time, so each path ends at the edge."""
    terrain = make_terrain(config(seed=seed, rows=shape[0], cols=shape[1]))
    assert terrain.shape == shape
    fall = terrain[1:-1, 1:-1] - lowest_neighbour(terrain)
    assert fall.min() > 0.05 - 1e-9


def test_same_config_same_bytes():
    assert make_terrain(config()).tobytes() == make_terrain(config()).tobytes()
    assert make_terrain(config(seed=2)).tobytes() != make_terrain(config()).tobytes()


def test_relief_scales_with_its_key():
    low, high = (np.ptp(make_terrain(config(relief_m=relief))) for relief in (20.0, 80.0))
    assert 2.5 < high / low < 5.5


@settings(max_examples=40, deadline=None)
@given(
    hnp.arrays(
        np.float64,
        st.tuples(st.integers(3, 9), st.integers(3, 9)),
        elements=st.floats(-100, 100) | st.just(0.0),
    ),
    st.floats(0, 3),
)
def test_conditioning_leaves_no_pit_in_any_terrain(elevation, carve_m):
    done = condition(elevation, cell_m=1000.0, carve_m=carve_m, drop_m=0.01)
    assert (done[1:-1, 1:-1] - lowest_neighbour(done)).min() > 0.009


def test_conditioning_only_fills_what_holds_water():
    slope = np.tile(np.arange(9.0)[::-1], (9, 1)) + 5.0
    pitted = slope.copy()
    pitted[4, 4] -= 3.0
    done = condition(pitted, cell_m=10.0, carve_m=0.0, drop_m=0.01)
    dry = np.ones(slope.shape, bool)
    dry[4, 4] = False
    np.testing.assert_array_equal(done[dry], slope[dry])
    assert done[4, 4] == pytest.approx(slope[4, 5] + 0.01)


def test_channels_are_carved_where_water_gathers():
    """A straight valley of 2 x 4 km: its floor gathers, its sides do not."""
    row, col = np.mgrid[0:40, 0:21]
    valley = 5.0 * np.abs(col - 10) + 0.5 * (40 - row)
    carved = condition(valley, cell_m=100.0, carve_m=2.0, drop_m=0.01)
    depth = valley - carved
    assert depth[-1, 10] == pytest.approx(2.0 * np.log(8.4 / 0.6) / np.log(20), rel=0.05)
    assert (np.diff(depth[5:, 10]) > -1e-9).all(), "the channel deepens downstream"
    np.testing.assert_array_equal(depth[:, :9], 0.0)


def test_cells_without_data_stay_so_and_carry_no_path():
    elevation = make_terrain(config(rows=20, cols=20, cell_m=500.0))
    elevation[8:12, 6:10] = np.nan
    done = condition(elevation, cell_m=500.0, carve_m=1.0, drop_m=0.05)
    np.testing.assert_array_equal(np.isnan(done), np.isnan(elevation))
    walled = np.where(np.isnan(done), 1e6, done)
    known = ~np.isnan(done[1:-1, 1:-1])
    assert (walled[1:-1, 1:-1] - lowest_neighbour(walled))[known].min() > 0.049


@pytest.mark.parametrize(
    "elevation", [np.zeros(4), np.array([[0.0, np.inf]])], ids=["no grid", "infinite"]
)
def test_conditioning_refuses_what_is_no_terrain(elevation):
    with pytest.raises(PluvialError, match="not a grid of finite heights"):
        condition(elevation, cell_m=100.0, carve_m=1.0, drop_m=0.05)
