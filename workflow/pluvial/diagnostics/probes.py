"""Probes: what can be read off embeddings, by a straight line and by the nearest neighbours.

A probe is fitted on the training records and scored on the held-out ones. Its score is the mean
of a score per record, so that an interval can be had by resampling whole storms: R^2 for numbers
(1 is perfect, 0 is what the mean of the held-out records scores), balanced accuracy for classes
(chance is one over their number).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import RidgeClassifierCV, RidgeCV
from sklearn.model_selection import GroupKFold
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pluvial.diagnostics.pairs import Pairs
from pluvial.metrics.vectors import unit

NEIGHBOURS = 10
STRENGTHS = np.logspace(0, 6, 7)
"""Strengths of the ridge. The best is chosen on whole storms of the training records: on single
ones, whose neighbours are nearly the same, the weakest would always seem best."""
LEAST_RECORDS = 30
"""With fewer known labels on either side nothing is fitted."""
FOLDS = 5
"""Where there is no training split, whole groups are held out in turn, in so many parts."""
FOLDS_OF_STRENGTH = 3
KINDS = ("linear", "neighbours")


@dataclass(frozen=True)
class Probe:
    """How well one label is read from one encoder's vectors.

    Attributes:
        scores: per held-out record, float64[n]; their mean is R^2 or balanced accuracy.
        rows: which of the held-out records they belong to, intp[n].
    """

    scores: NDArray[np.float64]
    rows: NDArray[np.intp]


def is_class(values: NDArray[Any]) -> bool:
    """Whether a label names classes, and is not a number."""
    return not np.issubdtype(values.dtype, np.floating)


def probe(side: str, label: str, kind: str, train: Pairs, held_out: Pairs) -> Probe | None:
    """Fit and score one probe; None where too few labels are known or none of them differ.

    Args:
        side: the encoder.
        label: what is asked for.
        kind: ``linear`` (ridge) or ``neighbours`` (the ten nearest by cosine).
        train: the records to fit on; empty to hold groups of ``held_out`` out in turn.
        held_out: the records to score.
    """
    x, y, rows = _known(side, label, held_out)
    if rows.size < LEAST_RECORDS or _constant(y):
        return None
    if len(train):
        before, target, known = _known(side, label, train)
        if known.size < LEAST_RECORDS or _constant(target):
            return None
        model = _model(kind, target, _groups(train, known))
        predicted = model.fit(before, target).predict(x)
    else:
        predicted = _crossed(x, y, kind, _groups(held_out, rows))
        if predicted is None:
            return None
    return Probe(_score(y, predicted), rows)


def _known(
    side: str, label: str, pairs: Pairs
) -> tuple[NDArray[np.float32], NDArray[Any], NDArray[np.intp]]:
    """Unit vectors and labels of the records where both are known, and which those are."""
    vectors, values = unit(pairs.sides[side]), pairs.labels[label]
    known = np.isfinite(vectors).all(axis=1)
    if is_class(values):
        known &= values.astype(str) != ""
    else:
        known &= np.isfinite(values.reshape(len(values), -1)).all(axis=1)
    rows = np.flatnonzero(known)
    return vectors[rows], values[rows], rows


def _constant(y: NDArray[Any]) -> bool:
    return bool((y == y[:1]).all())


def _model(kind: str, y: NDArray[Any], groups: NDArray[np.int64]) -> Any:
    """The model to be fitted to labels ``y`` of records of these groups."""
    classes = is_class(y)
    if kind == "neighbours":
        nearest = KNeighborsClassifier if classes else KNeighborsRegressor
        return nearest(min(NEIGHBOURS, len(y)))
    folds = min(FOLDS_OF_STRENGTH, np.unique(groups).size)
    chosen_on = list(GroupKFold(folds).split(y, groups=groups)) if folds > 1 else None
    ridge = RidgeClassifierCV if classes else RidgeCV
    return make_pipeline(StandardScaler(), ridge(STRENGTHS, cv=chosen_on))


def _groups(pairs: Pairs, rows: NDArray[np.intp]) -> NDArray[np.int64]:
    """Storms; or, where they are not known, stretches of neighbouring records."""
    if pairs.groups is not None:
        return pairs.groups[rows]
    return np.asarray(np.arange(rows.size) * FOLDS // rows.size, dtype=np.int64)


def _crossed(
    x: NDArray[np.float32], y: NDArray[Any], kind: str, groups: NDArray[np.int64]
) -> NDArray[Any] | None:
    """Predictions of each record by a model that saw none of its group; None for one group."""
    folds = min(FOLDS, np.unique(groups).size)
    if folds < 2:
        return None
    predicted = np.empty_like(y)
    for fit, score in GroupKFold(folds).split(x, y, groups):
        if _constant(y[fit]):
            predicted[score] = y[fit][:1]
            continue
        model = _model(kind, y[fit], groups[fit])
        predicted[score] = model.fit(x[fit], y[fit]).predict(x[score])
    return predicted


def _score(true: NDArray[Any], predicted: NDArray[Any]) -> NDArray[np.float64]:
    """Per record, with the mean of R^2 (averaged over the label's parts) or balanced accuracy."""
    if is_class(true):
        _, number, sizes = np.unique(true, return_inverse=True, return_counts=True)
        weight = true.size / (sizes.size * sizes[number])
        return np.where(predicted == true, weight, 0.0)
    wide, guess = (v.reshape(len(true), -1).astype(np.float64) for v in (true, predicted))
    spread = wide.var(axis=0)
    moving = spread > 0
    parts = 1 - (wide - guess)[:, moving] ** 2 / spread[moving]
    return np.asarray(parts.mean(axis=1))
