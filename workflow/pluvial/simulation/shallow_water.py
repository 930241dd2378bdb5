"""Local-inertial shallow water on a regular grid, and the soil below it.

Unknowns and where they stand (row 0 is the northernmost, x grows eastwards, y grows with the row)::

                 qy[i, j]
              +-----v-----+
    qx[i, j]  >  bed[i,j] >  qx[i, j + 1]       depth, bed, soil   [rows, cols], m, at cells
              |  depth    |                     qx                 [rows, cols + 1], m2/s, at faces
              +-----v-----+                     qy                 [rows + 1, cols], m2/s, at faces
               qy[i + 1, j]

The momentum equation leaves out advection (Bates, Horritt and Fewtrell 2010, J. Hydrol. 387,
33-45). Two departures from that scheme, each for a measured reason:

* The discharge at a face is q-centred (de Almeida, Bates, Freer and Souvignet 2012, Water Resour.
  Res. 48, W05528) with the weight of Sridharan, Bates, Sen and Kuiry (2021, Adv. Water Resour. 152,
  103930). Without it, flow over smooth flat ground breaks into waves from cell to cell; with a
  constant weight, the result depends on the time step and is worst for the shortest.
* Friction is fully implicit (as in Xia and Liang 2018, Adv. Water Resour. 117, 87-97). The
  semi-implicit form multiplies an error of the discharge by ``(1 - k) / (1 + k)`` a step, with
  ``k = g S dt / u``: on a slope it swings from step to step, while mass stays exact.

All functions work in place, in float64 and SI units. Arrays must be C-contiguous.
"""

from __future__ import annotations

import math
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pluvial.compiled import compiled

Array: TypeAlias = NDArray[np.float64]

GRAVITY = 9.80665
"""Standard gravity, m/s2."""
THIN_M = 1e-5
"""Water thinner than this does not flow, m."""
LEAST_WAVE_DEPTH_M = 1e-3
"""The time step is never chosen for less water than this, m."""
FROUDE_CAP = 0.8
"""Greatest Froude number at a face: without advection the scheme cannot pass critical flow."""


class Flow(NamedTuple):
    """The constants of the flow.

    Attributes:
        cell: side of a cell, m.
        manning_squared: Manning's roughness squared, s2 m^(-2/3).
        edge_conveyance: sqrt(edge slope) / Manning's n, m^(1/3)/s; 0 closes the edges.
        courant: Courant number of the time step.
    """

    cell: float
    manning_squared: float
    edge_conveyance: float
    courant: float


class Soil(NamedTuple):
    """The constants of the soil store.

    Attributes:
        capacity: the water it can hold, m.
        dry_rate: infiltration into the empty store, m/s.
        saturated_rate: infiltration into the full store, which percolates onward, m/s.
        drainage_rate: drainage of the full store, m/s.
        evaporation_rate: constant loss, m/s.
    """

    capacity: float
    dry_rate: float
    saturated_rate: float
    drainage_rate: float
    evaporation_rate: float


class Water(NamedTuple):
    """Everything that changes: the state, the sums of its ledger, and two work arrays.

    Attributes:
        depth: water depth at the cells, [rows, cols], m.
        qx, qy: discharge per unit width through the faces, m2/s.
        soil: water in the soil store, [rows, cols], m.
        sums: [rained, flowed out, lost from the soil, greatest depth now]: three sums over time
            and cells of a depth of water, m, and the bound that the next time step is chosen by.
        next_qx, next_qy: room for the discharges of the next substep.
    """

    depth: Array
    qx: Array
    qy: Array
    soil: Array
    sums: Array
    next_qx: Array
    next_qy: Array


RAINED, FLOWED_OUT, LOST, DEEPEST = range(4)
"""The places in :attr:`Water.sums`."""


def still_water(rows: int, cols: int) -> Water:
    """No water anywhere, above the ground or in it."""
    return Water(
        depth=np.zeros((rows, cols)),
        qx=np.zeros((rows, cols + 1)),
        qy=np.zeros((rows + 1, cols)),
        soil=np.zeros((rows, cols)),
        sums=np.zeros(4),
        next_qx=np.zeros((rows, cols + 1)),
        next_qy=np.zeros((rows + 1, cols)),
    )


@compiled
def face_discharge(
    q: float,
    q_before: float,
    q_after: float,
    bed_a: float,
    depth_a: float,
    bed_b: float,
    depth_b: float,
    flow: Flow,
    dt: float,
) -> float:
    """Discharge at ``dt`` through the face between cells a and b, positive from a to b, m2/s.

    ``q' (1 + g dt n^2 |q'| / h_f^(7/3)) = q_c - g h_f dt S``

    ``h_f`` is the highest water level less the highest bed, ``S`` the slope of the water level.
    ``q_c = theta q + (1 - theta) (q_before + q_after) / 2`` averages over the next faces on either
    side, with ``1 - theta = dt / dx min(|q| / h_f, sqrt(g h_f))``. The left side is a quadratic in
    ``q'``, solved in the form that does not cancel. The result is held below the Froude cap.
    """
    level_a = bed_a + depth_a
    level_b = bed_b + depth_b
    flow_depth = max(level_a, level_b) - max(bed_a, bed_b)
    if flow_depth <= THIN_M:
        return 0.0
    dt_per_cell = dt / flow.cell
    celerity = math.sqrt(GRAVITY * flow_depth)
    spread = dt_per_cell * min(abs(q) / flow_depth, celerity)
    centred = q + spread * (0.5 * (q_before + q_after) - q)
    drive = centred - GRAVITY * flow_depth * dt_per_cell * (level_b - level_a)
    conveyance = flow_depth * flow_depth * np.cbrt(flow_depth)
    friction = GRAVITY * dt * flow.manning_squared / conveyance
    discharge = 2.0 * drive / (1.0 + math.sqrt(1.0 + 4.0 * friction * abs(drive)))
    cap = FROUDE_CAP * flow_depth * celerity
    capped: float = min(max(discharge, -cap), cap)
    return capped


@compiled
def accelerate(bed: Array, water: Water, flow: Flow, dt: float) -> None:
    """Fill ``next_qx`` and ``next_qy`` at all faces between two cells."""
    depth, qx, qy = water.depth, water.qx, water.qy
    next_qx, next_qy = water.next_qx, water.next_qy
    rows, cols = bed.shape
    for i in range(rows):
        for j in range(1, cols):
            next_qx[i, j] = face_discharge(
                qx[i, j],
                qx[i, j - 1],
                qx[i, j + 1],
                bed[i, j - 1],
                depth[i, j - 1],
                bed[i, j],
                depth[i, j],
                flow,
                dt,
            )
    for i in range(1, rows):
        for j in range(cols):
            next_qy[i, j] = face_discharge(
                qy[i, j],
                qy[i - 1, j],
                qy[i + 1, j],
                bed[i - 1, j],
                depth[i - 1, j],
                bed[i, j],
                depth[i, j],
                flow,
                dt,
            )


@compiled
def normal_discharge(depth: float, conveyance: float) -> float:
    """Manning's uniform flow ``q = sqrt(S) / n h^(5/3)``, m2/s."""
    if depth <= THIN_M:
        return 0.0
    root = np.cbrt(depth)
    discharge: float = conveyance * depth * root * root
    return discharge


@compiled
def open_edges(water: Water, flow: Flow) -> None:
    """Let the outer cells flow out of the domain at normal depth (nothing ever flows in)."""
    depth, next_qx, next_qy = water.depth, water.next_qx, water.next_qy
    rows, cols = depth.shape
    for i in range(rows):
        next_qx[i, 0] = -normal_discharge(depth[i, 0], flow.edge_conveyance)
        next_qx[i, cols] = normal_discharge(depth[i, cols - 1], flow.edge_conveyance)
    for j in range(cols):
        next_qy[0, j] = -normal_discharge(depth[0, j], flow.edge_conveyance)
        next_qy[rows, j] = normal_discharge(depth[rows - 1, j], flow.edge_conveyance)


@compiled
def limit_outflow(water: Water, dt_per_cell: float) -> None:
    """Set ``qx`` and ``qy`` to the next discharges, less what the cells cannot give.

    A face's water comes from one cell, so each face is scaled at most once, and depth stays >= 0
    without any water being made.
    """
    depth, qx, qy = water.depth, water.qx, water.qy
    next_qx, next_qy = water.next_qx, water.next_qy
    rows, cols = depth.shape
    qx[:] = next_qx
    qy[:] = next_qy
    for i in range(rows):
        for j in range(cols):
            east, west = max(next_qx[i, j + 1], 0.0), max(-next_qx[i, j], 0.0)
            south, north = max(next_qy[i + 1, j], 0.0), max(-next_qy[i, j], 0.0)
            leaving = ((east + west) + (south + north)) * dt_per_cell
            if leaving > depth[i, j]:
                share = depth[i, j] / leaving
                if east > 0.0:
                    qx[i, j + 1] = share * east
                if west > 0.0:
                    qx[i, j] = -share * west
                if south > 0.0:
                    qy[i + 1, j] = share * south
                if north > 0.0:
                    qy[i, j] = -share * north


@compiled
def move(water: Water, dt_per_cell: float) -> None:
    """Continuity, ``dh/dt = -(dqx/dx + dqy/dy)``, and the ledger of what left over the edges."""
    depth, qx, qy, sums = water.depth, water.qx, water.qy, water.sums
    rows, cols = depth.shape
    deepest = 0.0
    for i in range(rows):
        for j in range(cols):
            net = (qx[i, j] - qx[i, j + 1]) + (qy[i, j] - qy[i + 1, j])
            # The limiter leaves an emptied cell within one rounding of zero, on either side.
            depth[i, j] = max(depth[i, j] + net * dt_per_cell, 0.0)
            deepest = max(deepest, depth[i, j])
    leaving = 0.0
    for i in range(rows):
        leaving += qx[i, cols] - qx[i, 0]
    for j in range(cols):
        leaving += qy[rows, j] - qy[0, j]
    sums[FLOWED_OUT] += leaving * dt_per_cell
    sums[DEEPEST] = deepest


@compiled
def substep(bed: Array, water: Water, flow: Flow, dt: float) -> None:
    """One explicit step of the flow, of ``dt`` seconds."""
    dt_per_cell = dt / flow.cell
    accelerate(bed, water, flow, dt)
    open_edges(water, flow)
    limit_outflow(water, dt_per_cell)
    move(water, dt_per_cell)


@compiled
def rain_and_soak(water: Water, rain: Array, soil: Soil, dt: float) -> None:
    """Rain for ``dt`` seconds, then infiltration, percolation, drainage and evaporation.

    Saturation excess: the infiltration rate falls linearly from ``dry_rate`` to
    ``saturated_rate`` as the store fills. What enters the full store percolates onward; the
    store drains in proportion to its filling.

    Args:
        water: its state, changed.
        rain: rain rate, [rows, cols], m/s.
        soil: constants of the store.
        dt: seconds.
    """
    depth, store = water.depth, water.soil
    rows, cols = depth.shape
    rained = 0.0
    lost = 0.0
    for i in range(rows):
        for j in range(cols):
            fallen = rain[i, j] * dt
            rained += fallen
            ponded = depth[i, j] + fallen
            held = store[i, j]
            rate = max(soil.dry_rate * (1.0 - held / soil.capacity), soil.saturated_rate)
            entering = min(ponded, rate * dt)
            filled = held + entering
            kept = min(filled, soil.capacity)
            draining = soil.drainage_rate * (kept / soil.capacity) + soil.evaporation_rate
            kept = max(kept - draining * dt, 0.0)
            lost += filled - kept
            store[i, j] = kept
            depth[i, j] = ponded - entering
    water.sums[RAINED] += rained
    water.sums[LOST] += lost


@compiled
def advance(bed: Array, water: Water, rain: Array, flow: Flow, soil: Soil, seconds: float) -> None:
    """Run for ``seconds`` under a constant rain, in equal substeps that keep the Courant number.

    ``dt = alpha dx / sqrt(g h_max)`` (Bates et al. 2010), with ``h_max`` the deepest water
    there is plus the rain still to fall: rain on a dry bed would otherwise start with a step that
    its own water is too deep for.

    Args:
        bed: elevation, [rows, cols], m.
        water: its state, changed.
        rain: rain rate, [rows, cols], m/s.
        flow: constants of the flow.
        soil: constants of the soil store.
        seconds: length of the step.
    """
    heaviest = rain.max()
    remaining = seconds
    while remaining > 0.0:
        if heaviest == 0.0 and water.sums[DEEPEST] <= THIN_M:
            # Nothing can flow, so that a long dry spell costs one pass over the soil a step.
            water.qx[:] = 0.0
            water.qy[:] = 0.0
            rain_and_soak(water, rain, soil, remaining)
            return
        expected = max(water.sums[DEEPEST] + heaviest * remaining, LEAST_WAVE_DEPTH_M)
        longest = flow.courant * flow.cell / math.sqrt(GRAVITY * expected)
        dt = remaining / math.ceil(remaining / longest)
        rain_and_soak(water, rain, soil, dt)
        substep(bed, water, flow, dt)
        remaining -= dt
