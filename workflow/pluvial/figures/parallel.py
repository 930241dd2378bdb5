"""Parallel coordinates of hundreds of dimensions: order, density, and what separates classes.

A line per record across unordered axes is a grey band. Three things make it readable: the axes
in an order that puts correlated ones side by side, an image of how many lines pass, and, over
it, the median of each class.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
from scipy.spatial.distance import squareform

Floats = NDArray[np.float64]

LEAST_SPREAD = 1e-6
"""A dimension that spreads less than this share of the widest one is constant but for rounding."""


@dataclass(frozen=True)
class Coordinates:
    """Records on ordered axes.

    Attributes:
        values: float64[n, K], standardised per dimension (no unit), in order, flipped.
        dimensions: intp[K], which dimension each axis is.
        signs: float64[K], -1 where the axis is flipped.
        constant: dimensions left out because they do not vary.
    """

    values: Floats
    dimensions: NDArray[np.intp]
    signs: Floats
    constant: int


def coordinates(vectors: NDArray[np.floating[Any]], label: Floats) -> Coordinates:
    """Standardise, order and flip the dimensions of ``vectors``.

    The whole is turned over, if need be, so that records with a larger ``label`` lie higher on
    most axes; neither the order nor the flips between neighbours see the label.

    Args:
        vectors: float[n, D].
        label: float64[n], the quantity that shall grow upwards.
    """
    values = np.asarray(vectors, dtype=np.float64)
    spread = values.std(axis=0)
    varying = np.flatnonzero(spread > max(LEAST_SPREAD * spread.max(initial=0.0), 1e-12))
    standard = (values[:, varying] - values[:, varying].mean(axis=0)) / spread[varying]
    order, signs = seriate(standard)
    ordered = standard[:, order] * signs
    if (ordered.sum(axis=1) * (label - label.mean())).sum() < 0:
        ordered, signs = -ordered, -signs
    return Coordinates(ordered, varying[order], signs, values.shape[1] - varying.size)


def seriate(standard: Floats) -> tuple[NDArray[np.intp], Floats]:
    """Order of the axes, intp[K], and their signs, float64[K].

    Hierarchical clustering (average linkage) of the dimensions with the distance 1 - abs(r), its
    leaves in the order that brings neighbours closest (Bar-Joseph et al. 2001,
    https://doi.org/10.1093/bioinformatics/17.suppl_1.S22). An axis is flipped where it
    correlates negatively with its left neighbour as drawn.

    Args:
        standard: float64[n, K], standardised.
    """
    count = standard.shape[1]
    if count < 2:
        return np.arange(count), np.ones(count)
    correlation = np.clip(standard.T @ standard / len(standard), -1, 1)
    distance = squareform(1 - np.abs(correlation), checks=False)
    order = leaves_list(optimal_leaf_ordering(linkage(distance, "average"), distance))
    neighbours = correlation[order[:-1], order[1:]]
    signs = np.cumprod(np.concatenate([[1.0], np.where(neighbours < 0, -1.0, 1.0)]))
    return np.asarray(order, dtype=np.intp), signs


def line_density(values: Floats, *, limit: float, rows: int, per_gap: int) -> NDArray[np.int64]:
    """How many lines touch each pixel, int64[rows, (K - 1) * per_gap]; row 0 is the lowest.

    Lines are straight between axes, and cut off at -limit and limit.

    Args:
        values: float64[n, K], K >= 2.
        limit: the picture reaches from -limit to limit.
        rows: its height in pixels.
        per_gap: pixel columns from one axis to the next.
    """
    height = (values + limit) * (rows / (2 * limit))
    gaps = values.shape[1] - 1
    image = np.empty((rows, gaps * per_gap), dtype=np.int64)
    for column in range(image.shape[1]):
        gap, step = divmod(column, per_gap)
        left, right = height[:, gap], height[:, gap + 1]
        enters = left + (right - left) * (step / per_gap)
        leaves = left + (right - left) * ((step + 1) / per_gap)
        lowest = np.floor(np.minimum(enters, leaves)).astype(np.int64)
        highest = np.floor(np.maximum(enters, leaves)).astype(np.int64)
        seen = (highest >= 0) & (lowest < rows)
        begins = np.bincount(np.maximum(lowest[seen], 0), minlength=rows + 1)
        ends = np.bincount(np.minimum(highest[seen], rows - 1) + 1, minlength=rows + 1)
        image[:, column] = np.cumsum(begins - ends)[:rows]
    return image


def eta_squared(values: Floats, classes: NDArray[np.intp]) -> Floats:
    """How well each dimension separates the classes, float64[K], 0 to 1.

    eta² = (variance between class means) / (variance in all); without any association it is
    expected to be (classes - 1) / (n - 1).

    Args:
        values: float64[n, K], none constant.
        classes: intp[n].
    """
    centred = values - values.mean(axis=0)
    between = np.zeros(values.shape[1])
    for one in np.unique(classes):
        members = centred[classes == one]
        between += len(members) * members.mean(axis=0) ** 2
    return np.asarray(between / (centred**2).sum(axis=0))
