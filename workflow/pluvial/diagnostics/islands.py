"""Islands of a map of neighbours, drawn nearer to each other.

UMAP keeps who is near whom. How far apart it puts groups that share no neighbours says nothing,
and one island far off leaves little room on a page for all the others.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

NEIGHBOURS = 10
LONG = 15.0
"""A step to a neighbour is a gap if it is so many times as long as the usual step."""
GAP, LEAST_GAP = 0.12, 2.0
"""Width of a gap that is left, in longest sides of the largest island; and in usual steps, so that
whoever is nearest stays one of one's own."""
STEPS = 200
"""In so many steps an island comes nearer."""

Points = NDArray[np.float32]


def draw_nearer(points: Points) -> Points:
    """Move islands towards the largest one until a gap is left, float32[n, 2].

    Within an island nothing moves; an island that is near enough stays, and none comes nearer to
    another than the gap if it was not so before.

    Args:
        points: float32[n, 2].
    """
    if len(points) < 2:
        return points
    island = islands_of(points)
    order = np.argsort(-np.bincount(island), kind="stable")
    placed = points[island == order[0]].astype(np.float64)
    steps, _ = _steps(points)
    gap = max(GAP * float(np.ptp(placed, axis=0).max()), LEAST_GAP * float(np.median(steps)))
    moved = points.copy()
    for one in _by_distance(points, island, order[1:], placed):
        own = points[island == one].astype(np.float64)
        own = own + _way(own, placed, gap)
        moved[island == one] = own
        placed = np.concatenate([placed, own])
    return moved


def islands_of(points: Points) -> NDArray[np.intp]:
    """Number of the island of each point, intp[n]: who is linked by short steps to neighbours."""
    count = len(points)
    steps, to = _steps(points)
    short = steps <= LONG * np.median(steps)
    rows = np.broadcast_to(np.arange(count)[:, None], to.shape)[short]
    graph = coo_array((np.ones(rows.size), (rows, to[short])), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.intp)


def _steps(points: Points) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """How far the neighbours of each point are, float64[n, k], and who they are, intp[n, k]."""
    neighbours = min(NEIGHBOURS, len(points) - 1)
    distance, nearest = cKDTree(points).query(points, k=neighbours + 1)
    return distance[:, 1:], nearest[:, 1:]


def _by_distance(
    points: Points, island: NDArray[np.intp], numbers: NDArray[np.intp], main: NDArray[np.float64]
) -> list[int]:
    """Islands, the one nearest to the largest first."""
    tree = cKDTree(main)
    far = [float(tree.query(points[island == one])[0].min()) for one in numbers]
    return [int(numbers[k]) for k in np.argsort(far, kind="stable")]


def _way(own: NDArray[np.float64], placed: NDArray[np.float64], gap: float) -> NDArray[np.float64]:
    """How far an island moves, float64[2]: straight to its nearest neighbour, up to the gap."""
    tree = cKDTree(placed)
    distance, nearest = tree.query(own)
    first = int(distance.argmin())
    towards = placed[nearest[first]] - own[first]
    way = np.zeros(2)
    for share in np.arange(1, STEPS) / STEPS:
        if tree.query(own + share * towards)[0].min() < gap:
            break
        way = share * towards
    return np.asarray(way)
