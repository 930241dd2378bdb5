"""Whether a tower still tells its inputs apart, and if not, by which statistic one sees it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST_SPREAD = 1e-4
LEAST_RANK = 2.0
MOST_EMPTY = 0.5


@dataclass(frozen=True)
class Collapse:
    """How a tower has collapsed.

    Attributes:
        statistic: the name of what shows it.
        value: its value.
        bound: what it would have to be, in words.
        meaning: what that means, in words.
    """

    statistic: str
    value: float
    bound: str
    meaning: str

    def __str__(self) -> str:
        return f"{self.meaning} ({self.statistic} is {self.value:.3g}, {self.bound})"


def collapse_of(vectors: NDArray[np.floating]) -> Collapse | None:
    """How the tower that gave ``vectors`` float[n, D] has collapsed; None if it has not."""
    empty = empty_share(vectors)
    if empty > MOST_EMPTY:
        return Collapse(
            "empty_share",
            empty,
            f"more than {MOST_EMPTY:g}",
            "it gives nothing, or no numbers, for most inputs",
        )
    spread_ = spread(vectors)
    if spread_ < LEAST_SPREAD:
        return Collapse(
            "spread",
            spread_,
            f"less than {LEAST_SPREAD:g}",
            "all inputs are given the same direction",
        )
    rank = effective_rank(vectors)
    if rank < LEAST_RANK:
        return Collapse(
            "effective_rank",
            rank,
            f"less than {LEAST_RANK:g}",
            "all inputs are laid along one line",
        )
    return None


def empty_share(vectors: NDArray[np.floating]) -> float:
    """The share of vectors float[n, D] that are zero, or not finite."""
    lengths = np.linalg.norm(np.asarray(vectors, np.float64), axis=1)
    return float(np.mean(~np.isfinite(lengths) | (lengths == 0)))


def directions(vectors: NDArray[np.floating]) -> NDArray[np.float64]:
    """The vectors float[n, D] that have a direction, at length 1, float64[m, D]."""
    wide = np.asarray(vectors, np.float64)
    lengths = np.linalg.norm(wide, axis=1)
    kept = np.isfinite(lengths) & (lengths > 0)
    return np.asarray(wide[kept] / lengths[kept, None])


def spread(vectors: NDArray[np.floating]) -> float:
    """One minus the squared length of the mean direction: 0 if all are one, 1 if balanced.

    It is half the mean squared distance between two directions (the circular variance of
    directional statistics, squared lengths instead of lengths: Mardia & Jupp 2000, section 9.2).
    """
    return float(1 - np.sum(directions(vectors).mean(axis=0) ** 2))


def effective_rank(vectors: NDArray[np.floating]) -> float:
    """Exp of the entropy of the singular values of the centred directions, 1 to D.

    RankMe (Garrido et al. 2023, https://arxiv.org/abs/2210.02885) after Roy & Vetterli 2007, but
    about the mean: a mean common to all tells nothing apart.
    """
    unit = directions(vectors)
    values = np.linalg.svd(unit - unit.mean(axis=0), compute_uv=False)
    if values.sum() == 0:
        return 1.0
    shares = values / values.sum()
    shares = shares[shares > 0]
    return float(np.exp(-(shares * np.log(shares)).sum()))
