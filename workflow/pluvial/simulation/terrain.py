"""A procedural catchment, and the conditioning that lets every drop of it reach an edge.

Carving alone leaves a pond behind every hump that a channel does not cut through: a metre deep,
there in every frame, and then the best forecast of the flooded cells is a constant map. Hence the
order: fill (so that flow paths exist), carve along them, and fill again.
"""

from __future__ import annotations

import heapq
import math

import numpy as np
from numpy.typing import NDArray

from pluvial.compiled import compiled
from pluvial.config.simulation import SyntheticTerrain
from pluvial.errors import PluvialError

CHANNEL_HEAD_M2 = 0.6e6
"""Drained area at which a channel begins, m2."""
FULL_CHANNEL_M2 = 20 * CHANNEL_HEAD_M2
"""Drained area from which a channel has its full depth, m2."""
ROUTING_DROP_M = 1e-3
"""Fall per cell of the surface that the flow paths are traced on, m."""
NOISE_SHARE = 0.10
"""Standard deviation of the fractal noise, as a share of the relief."""
NOISE_EXPONENT = 3.2
"""Exponent of the noise's power spectrum, the roughness of natural terrain."""


def make_terrain(config: SyntheticTerrain) -> NDArray[np.float64]:
    """The elevation of a catchment without pits: float64[rows, cols], m, row 0 northernmost.

    A valley meanders from the north edge down to the south edge between sides that rise as the
    1.3th power of the distance from it; fractal noise lies over all. The same config gives the
    same bytes.
    """
    rng = np.random.default_rng(config.seed)
    southing, easting = np.meshgrid(
        np.arange(config.rows) / config.rows, np.arange(config.cols) / config.cols, indexing="ij"
    )
    first, second = rng.random(2)
    valley = (
        0.5
        + 0.18 * np.sin(2 * np.pi * (0.9 * southing + first))
        + 0.06 * np.sin(2 * np.pi * (2.3 * southing + second))
    )
    sides = 1.6 * np.minimum(np.abs(easting - valley), 0.45) ** 1.3
    fall = 0.35 * (1 - southing)
    noise = NOISE_SHARE * _fractal_noise(rng, (config.rows, config.cols))
    return condition(
        config.relief_m * (sides + fall + noise),
        cell_m=config.cell_m,
        carve_m=config.carve_m,
        drop_m=config.drop_m,
    )


def condition(
    elevation: NDArray[np.floating], *, cell_m: float, carve_m: float, drop_m: float
) -> NDArray[np.float64]:
    """Carve channels along the flow paths, then fill what would still hold water.

    A channel's depth grows with the logarithm of the area it drains, from nothing at
    :data:`CHANNEL_HEAD_M2` to ``carve_m`` at :data:`FULL_CHANNEL_M2`.

    Args:
        elevation: [rows, cols], m; NaN where there is no data, which no path crosses.
        cell_m: side of a cell, m.
        carve_m: greatest depth of a channel, m.
        drop_m: least fall per cell along the way to the edge, m.

    Returns:
        float64[rows, cols], m. Each cell that is connected to the edge of the grid has one of its
        four neighbours at least ``drop_m`` lower (but for rounding), or lies on the edge.

    Raises:
        PluvialError: the elevation is not a grid, or infinite somewhere.
    """
    surface = np.ascontiguousarray(elevation, dtype=np.float64)
    if surface.ndim != 2 or np.isinf(surface).any():
        raise PluvialError(
            f"not a grid of finite heights (shape {surface.shape})",
            where="elevation",
            remedy="Give rows x columns of metres, NaN where there is no data",
        )
    filled = _fill(surface, ROUTING_DROP_M)
    uphill_first = np.argsort(-filled, axis=None, kind="stable")
    area = _drained_cells(filled, uphill_first) * cell_m**2
    rise = np.log(area / CHANNEL_HEAD_M2) / math.log(FULL_CHANNEL_M2 / CHANNEL_HEAD_M2)
    return _fill(filled - carve_m * np.clip(rise, 0.0, 1.0), drop_m)


def _fractal_noise(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Periodic Gaussian noise with a power-law spectrum: [rows, cols], mean 0, variance 1."""
    wavenumber = np.hypot(np.fft.fftfreq(shape[0])[:, None], np.fft.rfftfreq(shape[1])[None, :])
    wavenumber[0, 0] = np.inf
    spectrum = np.fft.rfft2(rng.standard_normal(shape)) * wavenumber ** (-NOISE_EXPONENT / 2)
    noise = np.fft.irfft2(spectrum, s=shape)
    scaled: NDArray[np.float64] = noise / noise.std()
    return scaled


@compiled
def _fill(surface: NDArray[np.float64], drop: float) -> NDArray[np.float64]:
    """Raise each cell to ``drop`` above the next cell of its lowest way to the edge.

    The priority flood of Barnes, Lehman and Mulla (2014, Computers & Geosciences 62, 117-127,
    algorithm 3), over four neighbours: water moves through faces, not corners.
    """
    rows, cols = surface.shape
    filled = surface.copy()
    reached = np.isnan(surface)
    frontier = [(0.0, 0, 0) for _ in range(0)]  # empty, yet typed for the compiler
    for i in range(rows):
        for j in range(cols):
            on_edge = i == 0 or j == 0 or i == rows - 1 or j == cols - 1
            if on_edge and not reached[i, j]:
                reached[i, j] = True
                heapq.heappush(frontier, (surface[i, j], i, j))
    while frontier:
        level, i, j = heapq.heappop(frontier)
        for di, dj in ((-1, 0), (1, 0), (0, -1), (0, 1)):
            a, b = i + di, j + dj
            if 0 <= a < rows and 0 <= b < cols and not reached[a, b]:
                reached[a, b] = True
                filled[a, b] = max(surface[a, b], level + drop)
                heapq.heappush(frontier, (filled[a, b], a, b))
    return filled


@compiled
def _drained_cells(
    filled: NDArray[np.float64], uphill_first: NDArray[np.intp]
) -> NDArray[np.float64]:
    """The number of cells that drain through each cell, itself included.

    D8: each cell drains to the steepest of its eight neighbours (O'Callaghan and Mark 1984,
    Computer Vision, Graphics and Image Processing 28, 323-344).
    """
    rows, cols = filled.shape
    drained = np.ones((rows, cols))
    for cell in uphill_first:
        i, j = cell // cols, cell % cols
        steepest, to_i, to_j = 0.0, -1, -1
        for a in range(max(i - 1, 0), min(i + 2, rows)):
            for b in range(max(j - 1, 0), min(j + 2, cols)):
                if a != i or b != j:
                    slope = (filled[i, j] - filled[a, b]) / math.hypot(a - i, b - j)
                    if slope > steepest:
                        steepest, to_i, to_j = slope, a, b
        if to_i >= 0:
            drained[to_i, to_j] += drained[i, j]
    return drained
