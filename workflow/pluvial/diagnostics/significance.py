"""Could it be chance? Tests and intervals for records that are not independent of their neighbours.

Rain windows five minutes or an hour apart are nearly the same, and so are their floods: an
ordinary permutation test takes them for independent and finds proof where there is none. Here the
rain keeps its order and so does the depth, but the one is shifted against the other in a circle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST_GROUPS = 5
"""With fewer storms (or blocks) than this no interval is given: it would be far too narrow."""
CONFIDENCE = 0.95


@dataclass(frozen=True)
class ChanceTest:
    """How a statistic of the true pairs stands among those of pairs that are not.

    Attributes:
        kind: ``circular shift`` for records in order, ``permutation`` for independent ones.
        statistics: float64[S], the true pairs first; at index s the pairs shifted by s records.
    """

    kind: str
    statistics: NDArray[np.float64]

    @property
    def p(self) -> float:
        """Share of all of them, the true pairs included, that are at least as good as these."""
        at_least = self.statistics >= self.statistics[0] - 1e-12
        return float(at_least.mean())

    @property
    def smallest_p(self) -> float:
        """What ``p`` is at best, with as many records."""
        return 1 / self.statistics.size


def shift_test(scores: NDArray[np.floating]) -> ChanceTest:
    """Circular shift test of the mean score of true pairs, which lie on the diagonal.

    ::

        rain    A B C D E        A B C D E        A B C D E
        depth   a b c d e   ->   e a b c d   ->   d e a b c   ...
                shift 0          shift 1          shift 2

    All shifts together are a group: if the two series have nothing to do with each other, however
    much each of them resembles itself, each shift is as likely as any other to come out best, and
    p is exact (for series that begin as they end; nearly so for long ones). Small shifts are not
    left out: without them the test would find more than there is.

    Args:
        scores: float[N, N]; [i, j] is how well record j of the one side suits record i of the
            other, rows and columns in order of time.
    """
    count = len(scores)
    twice = np.hstack([scores, scores]).astype(np.float64)
    means = [float(np.diagonal(twice, shift)[:count].mean()) for shift in range(count)]
    return ChanceTest("circular shift", np.array(means))


def permutation_test(scores: NDArray[np.floating], draws: int, seed: int) -> ChanceTest:
    """The same for records that are independent: pairs torn apart at random ``draws`` times."""
    rng = np.random.default_rng(seed)
    rows = np.arange(len(scores))
    torn = [float(scores[rows, rng.permutation(rows)].mean()) for _ in range(draws)]
    true = float(scores[rows, rows].mean())
    return ChanceTest("permutation", np.array([true, *torn], dtype=np.float64))


def autocorrelation(vectors: NDArray[np.floating]) -> NDArray[np.float64]:
    """Mean inner product of centred vectors k records apart, over that of a vector with itself.

    Args:
        vectors: float[N, D], in order.

    Returns:
        float64[N // 2 + 1], 1 at lag 0; all zero but that if the vectors are all equal.
    """
    centred = vectors - vectors.mean(axis=0, dtype=np.float64)
    count = len(centred)
    power = np.abs(np.fft.rfft(centred, 2 * count, axis=0)) ** 2
    products = np.fft.irfft(power.sum(axis=1), 2 * count)[: count // 2 + 1]
    found = np.zeros(products.size)
    found[0] = 1.0
    if products[0] > 0:
        found[1:] = products[1:] / products[0]
    return found


def independent_pairs(left: NDArray[np.floating], right: NDArray[np.floating]) -> float:
    """How many independent pairs N autocorrelated ones are worth, from 1 to N.

    N / (1 + 2 sum rho_left(k) rho_right(k)), up to the first lag at which a product is not
    positive (Bartlett 1935, J. R. Stat. Soc. 98, 536-543).
    """
    product = (autocorrelation(left) * autocorrelation(right))[1:]
    end = np.flatnonzero(product <= 0)
    kept = product[: end[0]] if end.size else product
    return float(np.clip(len(left) / (1 + 2 * kept.sum()), 1, len(left)))


def blocks(groups: NDArray[np.int64] | None, count: int, length: float) -> NDArray[np.intp]:
    """The block of each of ``count`` records in order, intp[count]: what is resampled as one.

    Storms where they are known and there are enough; else runs of ``length`` records.
    """
    if groups is not None:
        _, number = np.unique(groups, return_inverse=True)
        if number.max(initial=0) + 1 >= LEAST_GROUPS:
            return np.asarray(number, dtype=np.intp)
    return np.asarray(np.arange(count) // max(1, int(np.ceil(length))), dtype=np.intp)


def interval(
    values: NDArray[np.floating | np.bool_], block: NDArray[np.intp], draws: int, seed: int
) -> tuple[float, float] | None:
    """Bootstrap interval of the mean of ``values``, float[n], over whole blocks.

    Blocks are drawn with replacement, and the mean is taken over all records of those drawn
    (Efron and Tibshirani 1993, chapter 8; percentiles). None below :data:`LEAST_GROUPS` blocks.
    """
    count = int(block.max(initial=-1)) + 1
    if count < LEAST_GROUPS:
        return None
    sums = np.bincount(block, weights=values, minlength=count)
    sizes = np.bincount(block, minlength=count).astype(np.float64)
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), draws)
    means = (drawn @ sums) / np.maximum(drawn @ sizes, 1)
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(means, [tail, 100 - tail])
    return float(low), float(high)
