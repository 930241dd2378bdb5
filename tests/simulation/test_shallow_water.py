"""The kernel against closed forms, and against the same equations written for whole arrays.

Mass balance proves nothing here: it reads 1e-15 while a solution swings from step to step. So each
test compares depths or discharges with something that is known without the kernel.
"""

import math

import numpy as np
import pytest
from pluvial.simulation import shallow_water
from pluvial.simulation.shallow_water import FROUDE_CAP, GRAVITY, THIN_M, Flow, Soil, Water

SEALED = Soil(
    capacity=1.0, dry_rate=0.0, saturated_rate=0.0, drainage_rate=0.0, evaporation_rate=0.0
)
WALL_M = 1e4
MM_H = 1 / 3.6e6  # in m/s


def flow_constants(*, cell, manning, courant, edge_slope=0.0):
    return Flow(
        cell=cell,
        manning_squared=manning**2,
        edge_conveyance=math.sqrt(edge_slope) / manning,
        courant=courant,
    )


def water_of(depth):
    water = shallow_water.still_water(*depth.shape)
    water.depth[:] = depth
    water.sums[shallow_water.DEEPEST] = depth.max()
    return water


def run(bed, water, flow, seconds, rain=0.0):
    rates = np.full(bed.shape, rain)
    shallow_water.advance(bed, water, rates, flow, SEALED, float(seconds))


@pytest.mark.parametrize("level", [2.0, 0.5], ids=["drowned", "with islands"])
def test_lake_at_rest_stays_at_rest(level):
    bed = np.random.default_rng(0).random((32, 32))
    water = water_of(np.maximum(level - bed, 0.0))
    start = water.depth.copy()

    run(bed, water, flow_constants(cell=50.0, manning=0.03, courant=0.7), seconds=3600)

    assert np.abs(water.depth - start).max() < 1e-12, "a level lake must not move"
    assert np.abs(water.qx).max() < 1e-12


@pytest.mark.parametrize("courant", [0.3, 0.7])
def test_wave_over_a_plane_follows_the_closed_form(courant):
    """Hunter et al. (2005), as in Bates et al. (2010), section 3.1.1.

    With the front moving at u over a flat bed, ``h(x, t) = (7/3 n^2 u^3 max(0, u t - x))^(3/7)``,
    and the discharge is u h.
    """
    cell, manning, speed, end = 50.0, 0.03, 1.0, 3600.0

    def exact(t, x):
        return (7 / 3 * manning**2 * speed**3 * np.maximum(0.0, speed * t - x)) ** (3 / 7)

    x = (np.arange(100) + 0.5) * cell
    bed = np.zeros((3, x.size))
    water = water_of(bed)
    flow = flow_constants(cell=cell, manning=manning, courant=courant)
    steps = math.ceil(end * math.sqrt(GRAVITY * exact(end, 0.0)) / (courant * cell))
    for step in range(steps):
        now = (step + 1) * end / steps
        water.depth[:, 0] = exact(now, x[0])
        water.qx[:, 0] = speed * exact(now, 0.0)
        shallow_water.substep(bed, water, flow, end / steps)

    found, wanted = water.depth[1, 1:], exact(end, x[1:])
    wet = (wanted > 0) | (found > 0.01)
    front, exact_front = x[1:][found > 0.01].max(), x[1:][wanted > 0.01].max()
    error = math.sqrt(np.mean((found - wanted)[wet] ** 2))
    assert error < 0.03, f"RMSE {error:.3f} m of a depth of 2.4 m"
    assert abs(front - exact_front) <= cell, f"front at {front} m, not {exact_front} m"


@pytest.mark.parametrize("courant", [0.3, 0.7])
@pytest.mark.parametrize(
    ("manning", "slope"),
    [(0.03, 0.002), (0.03, 0.01), (0.06, 0.002), (0.06, 0.01), (0.06, 0.02), (0.06, 0.05)],
)
def test_rain_on_a_tilted_plane_reaches_the_kinematic_steady_state(manning, slope, courant):
    """Steady: discharge = rain x distance from the crest, at Manning's normal depth.

    All these flows stay below the Froude cap; smoother and steeper ones pile up under it.
    """
    cell, cells, rain = 20.0, 50, 50 * MM_H
    bed = np.full((3, cells + 1), WALL_M)
    bed[1, 1:] = slope * cell * np.arange(cells)[::-1]
    rates = np.zeros(bed.shape)
    rates[1, 1:] = rain
    flow = flow_constants(cell=cell, manning=manning, courant=courant, edge_slope=slope)
    water = water_of(np.zeros(bed.shape))
    shallow_water.advance(bed, water, rates, flow, SEALED, 3 * 3600.0)

    depths, outflows = [], []
    one_substep = 0.99 * courant * cell / math.sqrt(GRAVITY * water.depth.max())
    for _ in range(1500):
        shallow_water.advance(bed, water, rates, flow, SEALED, one_substep)
        depths.append(water.depth[1, 1:].copy())
        outflows.append(water.qx[1, -1])

    swing = np.ptp(depths[-20:], axis=0).max() / np.mean(depths[-1])
    distance = cell * np.arange(1, cells + 1)
    normal = (rain * distance * manning / math.sqrt(slope)) ** 0.6
    assert swing < 1e-6, f"the steady state swings by {swing:.2%} of the depth"
    assert outflows[-1] == pytest.approx(rain * cell * cells, rel=1e-6), "rain in = water out"
    lower_half = slice(cells // 2, None)
    np.testing.assert_allclose(depths[-1][lower_half], normal[lower_half], rtol=0.02)


@pytest.mark.parametrize("manning", [0.01, 0.03])
def test_dam_break_on_a_flat_bed_makes_no_waves_from_cell_to_cell(manning):
    """The depth must fall monotonically: the scheme without q-centring fails here."""
    depth = np.full((3, 200), 0.5)
    depth[:, :100] = 2.0
    bed = np.zeros(depth.shape)
    water = water_of(depth)

    run(bed, water, flow_constants(cell=20.0, manning=manning, courant=0.7), seconds=300)

    rises = np.diff(water.depth[1]).clip(min=0)
    assert rises.max() < 1e-6, f"the water level rises by {rises.max():.3f} m behind the wave"


def valley(rows=24, cols=20, seed=3):
    """A rough V-shaped valley, falling to the south."""
    rng = np.random.default_rng(seed)
    row, col = np.mgrid[0:rows, 0:cols]
    return 3.0 * np.abs(col - cols / 2) + 1.0 * (rows - row) + rng.random((rows, cols))


def test_result_does_not_hang_on_the_time_step():
    """A constant q-centring weight fails here: its error grows as the step shrinks."""
    bed = valley()
    depths = {}
    for courant in (0.05, 0.7):
        water = water_of(np.zeros(bed.shape))
        flow = flow_constants(cell=100.0, manning=0.06, courant=courant, edge_slope=0.005)
        run(bed, water, flow, seconds=7200, rain=60 * MM_H)
        depths[courant] = water.depth
    assert depths[0.05].max() > 0.2
    np.testing.assert_allclose(depths[0.7], depths[0.05], atol=2e-3)


def test_cloudburst_on_a_dry_bed_is_resolved_from_its_first_step():
    """Five minutes at 128 mm/h in one call, against 3 s at a time: no step outruns its own rain.

    Steps that are chosen for the water there was before the rain err by 8 mm.
    """
    bed = 5.0 * valley()
    flow = flow_constants(cell=100.0, manning=0.06, courant=0.7, edge_slope=0.05)
    at_once, by_seconds = water_of(np.zeros(bed.shape)), water_of(np.zeros(bed.shape))
    run(bed, at_once, flow, seconds=300, rain=128 * MM_H)
    for _ in range(100):
        run(bed, by_seconds, flow, seconds=3, rain=128 * MM_H)
    np.testing.assert_allclose(at_once.depth, by_seconds.depth, atol=7e-3)


def test_thin_water_flows_on_after_the_rain():
    """A millimetre on a slope of 5 %: at 0.07 m/s, half of it is past the 400 m in an hour."""
    bed = np.tile(1.0 * np.arange(20.0)[::-1], (3, 1))
    water = water_of(np.full(bed.shape, 1e-3))
    flow = flow_constants(cell=20.0, manning=0.03, courant=0.7, edge_slope=0.05)
    run(bed, water, flow, seconds=3600)
    assert water.depth.sum() < 0.5 * 1e-3 * bed.size


def reference_faces(bed, depth, q, flow, dt):
    """Discharges through the faces along the last axis, from the equations for whole arrays."""
    level = bed + depth
    flow_depth = np.maximum(level[:, 1:], level[:, :-1]) - np.maximum(bed[:, 1:], bed[:, :-1])
    wet = flow_depth > THIN_M
    h = np.where(wet, flow_depth, 1.0)
    own, beside = q[:, 1:-1], (q[:, :-2] + q[:, 2:]) / 2
    theta = 1 - dt / flow.cell * np.minimum(np.abs(own) / h, np.sqrt(GRAVITY * h))
    slope = np.diff(level, axis=1) / flow.cell
    right = theta * own + (1 - theta) * beside - GRAVITY * h * dt * slope
    # q' (1 + a |q'|) = right, solved for |q'| by the school formula.
    a = GRAVITY * dt * flow.manning_squared / h ** (7 / 3)
    size = (np.sqrt(1 + 4 * a * np.abs(right)) - 1) / (2 * a)
    size = np.minimum(size, FROUDE_CAP * h * np.sqrt(GRAVITY * h))
    result = q.copy()
    result[:, 1:-1] = np.where(wet, np.sign(right) * size, 0.0)
    outer = np.where(depth > THIN_M, flow.edge_conveyance * depth ** (5 / 3), 0.0)
    result[:, 0], result[:, -1] = -outer[:, 0], outer[:, -1]
    return result


def reference_substep(bed, depth, qx, qy, flow, dt):
    """One step of the flow in NumPy; returns depth, qx, qy and the outflow over the edges."""
    qx = reference_faces(bed, depth, qx, flow, dt)
    qy = reference_faces(bed.T, depth.T, qy.T, flow, dt).T
    ratio = dt / flow.cell
    out_of_cell = ratio * (
        qx[:, 1:].clip(min=0) - qx[:, :-1].clip(max=0) + qy[1:].clip(min=0) - qy[:-1].clip(max=0)
    )
    share = np.where(out_of_cell > depth, depth / np.maximum(out_of_cell, 1e-300), 1.0)
    from_west, from_east = np.pad(share, ((0, 0), (1, 0))), np.pad(share, ((0, 0), (0, 1)))
    from_north, from_south = np.pad(share, ((1, 0), (0, 0))), np.pad(share, ((0, 1), (0, 0)))
    qx = qx * np.where(qx > 0, from_west, from_east)
    qy = qy * np.where(qy > 0, from_north, from_south)
    depth = depth - ratio * (np.diff(qx, axis=1) + np.diff(qy, axis=0))
    leaving = qx[:, -1].sum() - qx[:, 0].sum() + qy[-1].sum() - qy[0].sum()
    return depth.clip(min=0), qx, qy, ratio * leaving


@pytest.mark.parametrize("seed", range(8))
def test_kernel_equals_the_numpy_reference(seed):
    rng = np.random.default_rng(seed)
    shape = (int(rng.integers(2, 14)), int(rng.integers(2, 14)))
    bed = rng.random(shape) * rng.choice([0.1, 5.0])
    depth = np.where(rng.random(shape) < 0.3, 0.0, rng.random(shape)) * rng.choice([0.01, 1.0])
    water = water_of(depth)
    water.qx[:] = rng.normal(size=water.qx.shape) * 0.1
    water.qy[:] = rng.normal(size=water.qy.shape) * 0.1
    flow = flow_constants(cell=30.0, manning=0.05, courant=0.7, edge_slope=0.01)
    qx, qy, left = water.qx.copy(), water.qy.copy(), 0.0
    for _ in range(5):
        dt = 0.7 * 30.0 / math.sqrt(GRAVITY * max(depth.max(), 1e-3))
        depth, qx, qy, leaving = reference_substep(bed, depth, qx, qy, flow, dt)
        left += leaving
        shallow_water.substep(bed, water, flow, dt)

    np.testing.assert_allclose(water.depth, depth, atol=1e-10, rtol=0)
    np.testing.assert_allclose(water.qx, qx, atol=1e-10, rtol=0)
    np.testing.assert_allclose(water.qy, qy, atol=1e-10, rtol=0)
    assert water.sums[shallow_water.FLOWED_OUT] == pytest.approx(left, abs=1e-10)
    assert water.sums[shallow_water.DEEPEST] == pytest.approx(depth.max(), abs=1e-10)


TURNS = {
    "quarter turn": np.rot90,
    "half turn": lambda grid: np.rot90(grid, 2),
    "three-quarter turn": lambda grid: np.rot90(grid, 3),
    "mirrored east-west": np.fliplr,
    "mirrored north-south": np.flipud,
    "transposed": np.transpose,
}


@pytest.mark.parametrize("turn", TURNS.values(), ids=TURNS.keys())
def test_no_direction_is_preferred(turn):
    bed, rng = valley(), np.random.default_rng(5)
    rain = rng.random(bed.shape) * 100 * MM_H
    flow = flow_constants(cell=100.0, manning=0.06, courant=0.5, edge_slope=0.005)
    straight, turned = water_of(np.zeros(bed.shape)), water_of(turn(np.zeros(bed.shape)))

    shallow_water.advance(bed, straight, rain, flow, SEALED, 3600.0)
    turned_bed, turned_rain = np.ascontiguousarray(turn(bed)), np.ascontiguousarray(turn(rain))
    shallow_water.advance(turned_bed, turned, turned_rain, flow, SEALED, 3600.0)

    assert straight.depth.max() > 0.05
    np.testing.assert_allclose(turned.depth, turn(straight.depth), atol=1e-9)


def test_soil_takes_what_it_can_and_loses_what_it_must():
    """One hour in one step, by hand: 10 mm on a soil of 20 mm that holds 4.

    Infiltration 6 mm/h x (1 - 4/20) = 4.8 mm, so 5.2 mm stay above; the store then holds 8.8 mm,
    drains 2 mm/h x 8.8/20 = 0.88 mm and loses 0.1 mm to the air.
    """
    water = shallow_water.still_water(1, 1)
    water.soil[:] = 4e-3
    soil = Soil(
        capacity=20e-3,
        dry_rate=6 * MM_H,
        saturated_rate=0.5 * MM_H,
        drainage_rate=2 * MM_H,
        evaporation_rate=0.1 * MM_H,
    )
    shallow_water.rain_and_soak(water, np.full((1, 1), 10 * MM_H), soil, 3600.0)

    assert water.depth[0, 0] * 1e3 == pytest.approx(5.2)
    assert water.soil[0, 0] * 1e3 == pytest.approx(8.8 - 0.88 - 0.1)
    assert water.sums[shallow_water.LOST] * 1e3 == pytest.approx(0.98)


def test_full_soil_passes_its_saturated_rate_onward():
    water: Water = shallow_water.still_water(1, 1)
    water.soil[:] = 20e-3
    soil = Soil(20e-3, 6 * MM_H, 0.5 * MM_H, 0.0, 0.0)
    shallow_water.rain_and_soak(water, np.full((1, 1), 10 * MM_H), soil, 3600.0)

    assert water.depth[0, 0] * 1e3 == pytest.approx(9.5)
    assert water.soil[0, 0] * 1e3 == pytest.approx(20.0)
    assert water.sums[shallow_water.LOST] * 1e3 == pytest.approx(0.5)
