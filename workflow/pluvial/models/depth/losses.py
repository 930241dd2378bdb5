"""Losses of the depth model, as pure functions; each is 0 on a perfect prediction.

Cells whose depth is missing take no part. ``present`` is float32, 1 or 0.
"""

from __future__ import annotations

from typing import Any

from keras import ops

LEAST = 1e-6
"""Added to sums in quotients: on ground that is dry, and predicted dry, dice is then 0."""


def cross_entropy(logits: Any, wet: Any, present: Any, balance: Any = 1.0) -> Any:
    """Mean cross-entropy of exceedance, float32[], nats.

    -log sigmoid(z) where wet, -log(1 - sigmoid(z)) where dry, from logits: no probability is ever
    rounded to 0 or 1.

    Args:
        logits: float32[B, h, w, T].
        wet: whether each threshold is exceeded, float32[B, h, w, T], 1 or 0.
        present: float32[B, h, w, 1].
        balance: weight of wet cells, float32[T] or float.
    """
    return _mean(_weight(wet, balance) * _surprise(logits, wet), present, wet)


def focal(logits: Any, wet: Any, present: Any, power: float, balance: Any = 1.0) -> Any:
    """Focal loss, float32[]: cross-entropy times (1 - p)^power, p of what is true.

    Lin et al. 2017, https://arxiv.org/abs/1708.02002. Arguments as of :func:`cross_entropy`.
    """
    surprise = _surprise(logits, wet)
    doubt = -ops.expm1(-surprise)
    # The gradient of a power below 1 at a doubt of 0 is not finite.
    easy = ops.power(ops.maximum(doubt, LEAST), power)
    return _mean(_weight(wet, balance) * easy * surprise, present, wet)


def dice(logits: Any, wet: Any, present: Any) -> Any:
    """1 - 2 |P and Y| / (|P| + |Y|) over the batch as a whole, the mean over thresholds, float32[].

    Milletari et al. 2016, V-Net, https://arxiv.org/abs/1606.04797, with probabilities for P (not
    classes: those have no gradient). Arguments as of :func:`cross_entropy`.
    """
    probability = ops.sigmoid(logits) * present
    wet = wet * present
    axes = (0, 1, 2)
    both = ops.sum(probability * wet, axis=axes)
    total = ops.sum(probability, axis=axes) + ops.sum(wet, axis=axes)
    return ops.mean(1.0 - (2.0 * both + LEAST) / (total + LEAST))


def root_error(root: Any, depth: Any, present: Any, variance: float) -> Any:
    """Mean squared error of the root of the depth, over its variance, float32[].

    Args:
        root: predicted, float32[B, h, w], m^(1/2).
        depth: true, float32[B, h, w], m.
        present: float32[B, h, w].
        variance: of the root of the depth over the training split, m.
    """
    return _mean(ops.square(root - ops.sqrt(depth)), present, root) / variance


def cell_error(root: Any, depth: Any, present: Any, variances: Any) -> Any:
    """Mean over cells of the squared error of the depth over the cell's variance, float32[].

    One less the Nash-Sutcliffe efficiency, the mean over cells (Kratzert et al. 2019, Hydrol. Earth
    Syst. Sci. 23, 5089-5110, eq. 2, with basins for cells).

    Args:
        root: predicted, float32[B, h, w], m^(1/2).
        depth: true, float32[B, h, w], m.
        present: float32[B, h, w].
        variances: of each cell's depth over the training split, float32[h, w], m2, above 0.
    """
    return _mean(ops.square(ops.square(root) - depth) / variances, present, root)


def _surprise(logits: Any, wet: Any) -> Any:
    return ops.softplus(ops.where(wet > 0.5, -logits, logits))


def _weight(wet: Any, balance: Any) -> Any:
    return 1.0 + wet * (balance - 1.0)


def _mean(values: Any, present: Any, like: Any) -> Any:
    """The mean over what is present; 0 where nothing is."""
    present = present * ops.ones_like(like)
    return ops.sum(values * present) / ops.maximum(ops.sum(present), 1.0)
