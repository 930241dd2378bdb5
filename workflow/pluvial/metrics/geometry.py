"""The shape of a cloud of embeddings: where it lies, how far it spreads, in how many directions.

None of these numbers says that anything was learned: an untrained encoder may have a high rank,
and a constant one has perfect alignment. They tell a collapse, and what kind of space it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pluvial.metrics.vectors import evenly, unit

RANK_EPSILON = 1e-7
"""Added to the share of each singular value, as RankMe has it."""
MOST_FOR_UNIFORMITY = 2000
"""Rows whose mutual distances are taken, at most; of more, a sample evenly over the rows."""
LEAST_ROWS = 10
"""With fewer rows no shape is told: two points always lie on a line."""
STILL = 1e-6
"""A dimension whose standard deviation over the records is below it is dead."""

MOST_WITHOUT_DIRECTION = 0.5
"""Share of records to which an encoder may give no direction (a vector of zeros, or NaN)."""
ONE_POINT = 0.99
"""Mean cosine between vectors of different storms from which they are one point."""
ONE_LINE = 1.5
"""Effective rank of the centred vectors below which they are one line."""
MOST_ALONG_ONE = 0.99
"""Share of their variance along one direction from which they are one line too."""


def alignment(left: NDArray[np.floating], right: NDArray[np.floating]) -> float:
    """Mean squared distance of true pairs of unit vectors, E |x - y|^2, from 0 to 4.

    Wang and Isola 2020, https://arxiv.org/abs/2005.10242 (with alpha = 2).
    """
    difference = left.astype(np.float64) - right
    return float((difference**2).sum(axis=1).mean())


def uniformity(vectors: NDArray[np.floating]) -> float:
    """How evenly unit vectors cover the sphere: ln E exp(-2 |x - x'|^2) over different rows.

    0 for a single point; -4 for many points at right angles. Wang and Isola 2020 (with t = 2).
    """
    sample = vectors[evenly(len(vectors), MOST_FOR_UNIFORMITY)].astype(np.float64)
    squares = (sample**2).sum(axis=1)
    distance = squares[:, None] + squares - 2 * sample @ sample.T
    upper = np.triu_indices(len(sample), 1)
    return float(np.log(np.exp(-2 * np.maximum(distance[upper], 0)).mean()))


def spectrum(vectors: NDArray[np.floating], *, centred: bool) -> NDArray[np.float64]:
    """Singular values of the rows, float64[min(n, D)], largest first, as shares of their sum.

    All zero if the rows are all zero (centred: all equal).
    """
    rows = vectors.astype(np.float64)
    scale = np.abs(rows).max(initial=0.0)
    if centred:
        rows = rows - rows.mean(axis=0)
    values = np.linalg.svd(rows, compute_uv=False)
    # What is left of equal rows after centring is the rounding of float32.
    if values.max(initial=0.0) <= np.finfo(np.float32).eps * scale * np.sqrt(rows.size):
        return np.zeros_like(values)
    return np.asarray(values / values.sum())


def effective_rank(shares: NDArray[np.float64]) -> float:
    """RankMe: exp of the entropy of the singular values' shares; k equal directions give k.

    Garrido et al. 2023, https://arxiv.org/abs/2210.02885. 0 if all shares are zero.
    """
    if not shares.any():
        return 0.0
    p = shares + RANK_EPSILON
    return float(np.exp(-(p * np.log(p)).sum()))


def along_one(shares: NDArray[np.float64]) -> float | None:
    """Share of the variance along the first direction; None if there is no variance.

    Unlike the effective rank it does not rise with a little noise in many dimensions.
    """
    power = float((shares**2).sum())
    return float(shares[0] ** 2 / power) if power > 0 else None


def modality_gap(left: NDArray[np.floating], right: NDArray[np.floating]) -> float:
    """Distance of the two sides' centroids; Liang et al. 2022, https://arxiv.org/abs/2203.02053."""
    return float(np.linalg.norm(left.mean(axis=0, dtype=float) - right.mean(axis=0, dtype=float)))


def mean_cosine_between(
    vectors: NDArray[np.floating], groups: NDArray[np.int64] | None
) -> float | None:
    """Mean cosine of unit vectors of different groups; of all different rows if there is but one.

    Sums over pairs are taken from sums of vectors: |sum of all|^2 is the sum of all cosines.
    """
    count = len(vectors)
    wide = vectors.astype(np.float64)
    inside, within = count, float((wide**2).sum())
    if groups is not None and np.unique(groups).size > 1:
        _, number, sizes = np.unique(groups, return_inverse=True, return_counts=True)
        sums = np.zeros((sizes.size, wide.shape[1]))
        np.add.at(sums, number, wide)
        within, inside = float((sums**2).sum()), int((sizes**2).sum())
    pairs = count**2 - inside
    total = float((wide.sum(axis=0) ** 2).sum())
    return (total - within) / pairs if pairs else None


def describe_side(
    vectors: NDArray[np.floating], groups: NDArray[np.int64] | None
) -> dict[str, Any]:
    """All that is said of one encoder's vectors, float[n, D], as a JSON-like document.

    Numbers are None where fewer than :data:`LEAST_ROWS` rows have a direction.
    """
    directions = unit(vectors)
    known = np.isfinite(directions).all(axis=1)
    found: dict[str, Any] = {
        "records": int(known.size),
        "dimensions": int(vectors.shape[1]),
        "without_direction": float(1 - known.mean()) if known.size else 1.0,
        "dead_dimensions": None,
        "mean_cosine": None,
        "uniformity": None,
        "rank_me": None,
        "effective_rank": None,
        "along_one": None,
        "spectrum": [],
    }
    if known.sum() < LEAST_ROWS:
        return found
    rows = directions[known]
    shares = spectrum(rows, centred=True)
    return found | {
        "dead_dimensions": int((rows.std(axis=0, dtype=np.float64) < STILL).sum()),
        "mean_cosine": mean_cosine_between(rows, None if groups is None else groups[known]),
        "uniformity": uniformity(rows),
        "rank_me": effective_rank(spectrum(rows, centred=False)),
        "effective_rank": effective_rank(shares),
        "along_one": along_one(shares),
        "spectrum": [round(float(share), 6) for share in shares],
    }


def collapse_of(shape: Mapping[str, Any]) -> str:
    """How an encoder has collapsed, by what :func:`describe_side` says of it; empty if it has not.

    It has if it gives no direction, all records one place, or lays them along one line.
    """
    keys = ("without_direction", "mean_cosine", "effective_rank", "along_one")
    lost, cosine, rank, along = (shape[key] for key in keys)
    faults = []
    if lost > MOST_WITHOUT_DIRECTION:
        faults.append(f"{lost:.0%} of its vectors are zero or not a number")
    if cosine is not None and cosine >= ONE_POINT:
        faults.append(f"the mean cosine between storms is {cosine:.4f}, so that they are one point")
    if rank is not None and rank < ONE_LINE:
        faults.append(f"the effective rank is {rank:.2f}, so that its vectors are one line")
    if along is not None and along >= MOST_ALONG_ONE:
        faults.append(f"{along:.1%} of the variance lies along one line")
    return "; ".join(faults)
