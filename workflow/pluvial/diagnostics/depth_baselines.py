"""Depth without learning: the bar that a trained model has to clear.

Each method is fitted on records of the training split alone, and what it has to choose, it chooses
on the validation split (without one, on the last fifth of the training records, and is fitted anew
on all). Each gives a depth and a probability of exceedance per threshold, as a model does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from pluvial.compiled import compiled
from pluvial.metrics.contingency import critical_success_index
from pluvial.metrics.probability import (
    STEPS,
    best_cut,
    brier_score,
    contingency_at,
    histogram,
)

MISSING_DEPTH = np.uint16(65535)
METRES = 1000
"""Packed depths in one metre."""
MOST_JUDGED = 700
"""Records on which a choice is made, at most."""
MOST_QUANTILES = 1500
"""Training records from which the thresholds of a cell are found, at most."""
LARGEST_PART = 1 << 22
"""Cells that are predicted at a time."""
SPREADS = (0.1, 0.25, 0.5, 1.0, 2.0)
"""Factors on the spread of the residuals, of which the validation split chooses."""

Odds = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Depth float32[n, cells] in m, and exceedance float32[n, K, cells]."""


@dataclass(frozen=True)
class Fitted:
    """Records that methods are fitted or judged on.

    Attributes:
        rain: amounts, float32[N, F], mm.
        depth: uint16[N, cells], mm, 65535 missing.
    """

    rain: NDArray[np.float32]
    depth: NDArray[np.uint16]

    def take(self, rows: NDArray[np.intp] | slice) -> Fitted:
        """The records at ``rows``."""
        return Fitted(self.rain[rows], self.depth[rows])

    def __len__(self) -> int:
        return len(self.rain)


class Method(Protocol):
    """A way from rain to depth.

    Attributes:
        described: what it does and what it chose, in words.
    """

    described: str

    def predict(self, rain: NDArray[np.float32]) -> Odds:
        """Depth and exceedance for amounts of rain float32[n, F]."""


def parts(count: int, cells: int) -> Iterator[slice]:
    """Ranges of ``count`` records of so many cells that are predicted at a time."""
    size = max(1, LARGEST_PART // cells)
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def over(depth: NDArray[np.uint16], thresholds: Sequence[float]) -> NDArray[np.bool_]:
    """Whether the depth uint16[n, cells] is above each threshold, bool[n, K, cells]."""
    limits = np.array([limit_of(threshold) for threshold in thresholds], dtype=np.int64)
    return np.asarray(depth[:, None] > limits[:, None])


def limit_of(threshold: float) -> int:
    """The largest packed depth that is not above ``threshold``, m."""
    return int(np.floor(round(threshold * METRES, 6)))


class AllDry:
    """Nothing is ever flooded."""

    described = "no water anywhere, ever"

    def __init__(self, cells: int, thresholds: Sequence[float]) -> None:
        self._shape = len(thresholds), cells

    def predict(self, rain: NDArray[np.float32]) -> Odds:
        """No depth, and no chance of any."""
        shape = (len(rain), *self._shape)
        return np.zeros((len(rain), shape[-1]), np.float32), np.zeros(shape, np.float32)


class Climatology:
    """The same map at all times: how often each cell was flooded, and its mean depth."""

    described = "the training records' mean depth and share of flooded times of each cell"

    def __init__(self, train: Fitted, thresholds: Sequence[float]) -> None:
        cells = train.depth.shape[1]
        total, number = np.zeros((2, cells))
        exceeded = np.zeros((len(thresholds), cells))
        for rows in parts(len(train), cells):
            codes = train.depth[rows]
            here = codes != MISSING_DEPTH
            total += np.where(here, codes, 0).sum(axis=0)
            number += here.sum(axis=0)
            exceeded += (over(codes, thresholds) & here[:, None]).sum(axis=0)
        known = np.where(number > 0, number, np.nan)
        self._depth = (total / known / METRES).astype(np.float32)
        self._odds = (exceeded / known).astype(np.float32)

    def predict(self, rain: NDArray[np.float32]) -> Odds:
        """The same for each record."""
        count = len(rain)
        return (
            np.repeat(self._depth[None], count, axis=0),
            np.repeat(self._odds[None], count, axis=0),
        )


class LookUp:
    """What followed the most alike rain windows of the training split.

    Windows are alike where the logarithms of their amounts, block by block and channel by channel,
    lie near each other.
    """

    def __init__(self, train: Fitted, thresholds: Sequence[float], neighbours: int) -> None:
        self._rain = np.log1p(train.rain)
        self._squares = (self._rain**2).sum(axis=1)
        self._depth = train.depth
        self._limits = np.array([limit_of(threshold) for threshold in thresholds], np.int64)
        self._neighbours = min(neighbours, len(train))
        self.described = (
            f"mean of what followed the {self._neighbours} training windows with the most alike "
            f"rain, among {len(train):,}"
        )

    def predict(self, rain: NDArray[np.float32]) -> Odds:
        """The mean depth and the shares of exceedance of the neighbours."""
        total, number, exceeded = _gathered(self._depth, self._nearest(rain), self._limits)
        known = np.where(number > 0, number, np.nan).astype(np.float32)
        return (total / known / METRES).astype(np.float32), exceeded / known[:, None]

    def _nearest(self, rain: NDArray[np.float32]) -> NDArray[np.intp]:
        wanted = np.log1p(rain)
        distance = self._squares - 2 * wanted @ self._rain.T
        if self._neighbours == len(self._rain):
            return np.tile(np.arange(self._neighbours), (len(rain), 1))
        return np.argpartition(distance, self._neighbours, axis=1)[:, : self._neighbours]


@compiled
def _gathered(
    depth: NDArray[np.uint16], nearest: NDArray[np.intp], limits: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float32]]:
    """Over the neighbours of each record: sum of depth, number, and how many are above each limit.

    Args:
        depth: of the training records, uint16[N, cells], 65535 missing.
        nearest: positions of the neighbours, intp[n, k].
        limits: packed depths, int64[K].
    """
    count, cells = nearest.shape[0], depth.shape[1]
    total = np.zeros((count, cells))
    number = np.zeros((count, cells), np.int64)
    exceeded = np.zeros((count, limits.size, cells), np.float32)
    for row in range(count):
        for one in nearest[row]:
            for cell in range(cells):
                code = depth[one, cell]
                if code != 65535:
                    total[row, cell] += code
                    number[row, cell] += 1
                    for place in range(limits.size):
                        if code > limits[place]:
                            exceeded[row, place, cell] += 1
    return total, number, exceeded


class Ridge:
    """A linear map from amounts of rain to the depth of every cell, with a penalty on its weights.

    Hoerl and Kennard 1970, Technometrics 12, 55-67. Each cell has thresholds of its own: above
    them it is predicted to be flooded as often as it was in training.
    """

    def __init__(self, train: Fitted, thresholds: Sequence[float]) -> None:
        self._mean = train.rain.mean(axis=0, dtype=np.float64).astype(np.float32)
        self._scale = float(train.rain.std(axis=0, dtype=np.float64).mean()) or 1.0
        self._thresholds = list(thresholds)
        level = np.zeros(train.depth.shape[1])
        rain = self._standard(train.rain)
        gram = np.zeros((rain.shape[1],) * 2)
        cross = np.zeros((rain.shape[1], train.depth.shape[1]), np.float32)
        known = np.zeros(train.depth.shape[1])
        for rows in parts(len(train), train.depth.shape[1]):
            water, here = metres(train.depth[rows])
            level += water.sum(axis=0, dtype=np.float64)
            known += here.sum(axis=0)
            gram += rain[rows].T @ rain[rows]
            cross += rain[rows].T @ water
        self._level = (level / np.maximum(known, 1)).astype(np.float32)
        self._never = known == 0
        self._values, vectors = np.linalg.eigh(gram)
        self._vectors = vectors.astype(np.float32)
        # The rain is centred, so that the mean depth adds nothing to the product.
        self._turned = self._vectors.T @ cross
        self.sample = train.take(np.linspace(0, len(train) - 1, MOST_QUANTILES).astype(np.intp))
        if len(train) < MOST_QUANTILES:
            self.sample = train
        self.described = ""

    def with_penalty(self, penalty: float) -> Ridge:
        """Set the penalty, and find each cell's thresholds and spread under it; returns itself."""
        shrunk = self._turned / (np.maximum(self._values, 0) + penalty).astype(np.float32)[:, None]
        self._weights = self._vectors @ shrunk
        self._spread_by = 1.0
        raw = self._raw(self.sample.rain)
        truth, here = metres(self.sample.depth)
        residuals = np.where(here, raw - truth, np.nan)
        self._spread = np.maximum(np.nan_to_num(_std(residuals)), 1e-4).astype(np.float32)
        shares = np.where(here[:, None], over(self.sample.depth, self._thresholds), False).mean(0)
        raw.sort(axis=0)
        self._cuts = np.empty(shares.shape, np.float32)
        for number, share in enumerate(shares):
            rank = np.rint((1 - share) * len(raw)).astype(np.intp)
            inside = np.clip(rank, 1, len(raw) - 1)
            columns = np.arange(raw.shape[1])
            between = (raw[inside - 1, columns] + raw[inside, columns]) / 2
            always = np.where(share >= 1, -np.inf, between)
            self._cuts[number] = np.where(share <= 0, np.inf, always)
        self.described = (
            f"linear in the rain of each block and channel, penalty {penalty:g}, thresholds of "
            "each cell's own"
        )
        return self

    def with_spread(self, factor: float) -> Ridge:
        """Set how sure it is; returns itself."""
        self._spread_by = factor
        return self

    def predict(self, rain: NDArray[np.float32]) -> Odds:
        """The depth, not below zero, and the exceedance under normal residuals."""
        raw = self._raw(rain)
        raw[:, self._never] = np.nan
        odds = ndtr((raw[:, None] - self._cuts) / (self._spread_by * self._spread))
        return np.maximum(raw, 0), odds.astype(np.float32)

    def _standard(self, rain: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray((rain - self._mean) / self._scale, dtype=np.float32)

    def _raw(self, rain: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(self._standard(rain) @ self._weights + self._level, dtype=np.float32)


def metres(codes: NDArray[np.uint16]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Depths float32[n, cells] in m, 0 where missing, and where they are present."""
    here = codes != MISSING_DEPTH
    return np.where(here, codes / np.float32(METRES), np.float32(0)), here


def _std(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Standard deviation down the rows, NaN where there is none."""
    count = np.maximum(1, (~np.isnan(values)).sum(axis=0))
    filled = np.nan_to_num(values)
    mean = filled.sum(axis=0, dtype=np.float64) / count
    return np.asarray(np.sqrt((filled**2).sum(axis=0, dtype=np.float64) / count - mean**2))


@dataclass(frozen=True)
class Marks:
    """How a method does on the records a choice is made on.

    Attributes:
        csi: mean over the thresholds of the CSI at the best cut; where none is flooded, 0.
        brier: mean Brier score over the thresholds.
    """

    csi: float
    brier: float


def mark(method: Method, judged: Fitted, thresholds: Sequence[float]) -> Marks:
    """Judge a method on records that it was not fitted on."""
    cells = np.zeros((len(thresholds), STEPS + 1, 2), np.int64)
    for rows in parts(len(judged), judged.depth.shape[1]):
        _, odds = method.predict(judged.rain[rows])
        codes = np.rint(np.nan_to_num(odds) * STEPS).astype(np.uint8)
        truth = over(judged.depth[rows], thresholds)
        here = (judged.depth[rows] != MISSING_DEPTH) & ~np.isnan(odds[:, 0])
        for number in range(len(thresholds)):
            found = histogram(codes[:, number], truth[:, number], here)
            cells[number] += found.sum(axis=0)
    cuts = [best_cut(one) for one in cells]
    scores = [
        0.0 if cut is None else float(critical_success_index(contingency_at(one, cut)))
        for one, cut in zip(cells, cuts, strict=True)
    ]
    return Marks(float(np.mean(scores)), float(np.nan_to_num(brier_score(cells)).mean()))


def fit_look_up(
    train: Fitted, judged: Fitted | None, thresholds: Sequence[float], choices: Sequence[int]
) -> LookUp:
    """The look-up with the number of neighbours that does best where it was not fitted."""
    if len(choices) == 1:
        return LookUp(train, thresholds, choices[0])
    fitted, on = _apart(train, judged)
    scores = {k: mark(LookUp(fitted, thresholds, k), on, thresholds).csi for k in choices}
    return LookUp(train, thresholds, max(scores, key=lambda k: scores[k]))


def fit_ridge(
    train: Fitted, judged: Fitted | None, thresholds: Sequence[float], choices: Sequence[float]
) -> Ridge:
    """The ridge regression with the penalty and the spread that do best where it was not fitted."""
    fitted, on = _apart(train, judged)
    ridge = Ridge(fitted, thresholds)
    scores = {p: mark(ridge.with_penalty(p), on, thresholds).csi for p in choices}
    penalty = max(scores, key=lambda p: scores[p])
    ridge.with_penalty(penalty)
    losses = {s: mark(ridge.with_spread(s), on, thresholds).brier for s in SPREADS}
    final = ridge if judged is not None else Ridge(train, thresholds).with_penalty(penalty)
    return final.with_spread(min(losses, key=lambda s: losses[s]))


def _apart(train: Fitted, judged: Fitted | None) -> tuple[Fitted, Fitted]:
    """What a method is fitted on for its choice, and what the choice is made on."""
    if judged is None:
        cut = max(1, len(train) * 4 // 5)
        train, judged = train.take(slice(0, cut)), train.take(slice(cut, None))
    most = np.unique(np.linspace(0, len(judged) - 1, MOST_JUDGED).astype(np.intp))
    return train, judged.take(most)
