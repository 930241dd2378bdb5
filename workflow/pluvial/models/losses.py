"""Contrastive losses, as pure functions of embeddings.

Row i of ``rain`` belongs to row i of ``depth``. All other pairs of a batch are negatives, but for
those that ``false_negatives`` names: a window five minutes later has almost the same flood, and to
push the two apart teaches nothing.
"""

from __future__ import annotations

from typing import Any

from keras import ops

LEFT_OUT = -1e9
"""A logit that takes no part: far below any that a scale of 100 can give."""


def clip_loss(rain: Any, depth: Any, scale: Any, left_out: Any = None) -> Any:
    """CLIP's symmetric cross-entropy (Radford et al. 2021, https://arxiv.org/abs/2103.00020).

    With Z = scale * rain @ depth^T and the true pairs on its diagonal:
    L = 1/2 [mean_i(lse_j Z_ij - Z_ii) + mean_j(lse_i Z_ij - Z_jj)].
    A constant model scores ln B; k identical pairs in a batch leave a floor of ln k, unless they
    are left out.

    Args:
        rain: unit vectors, float[B, D].
        depth: unit vectors, float[B, D].
        scale: inverse temperature, float[].
        left_out: pairs that are no negatives, bool[B, B]; on the diagonal it says nothing.

    Returns:
        float32[], nats.
    """
    logits = similarities(rain, depth) * ops.cast(scale, "float32")
    true = ops.diagonal(logits)
    if left_out is not None:
        logits = ops.where(_off_diagonal(left_out), LEFT_OUT, logits)
    rows = ops.mean(ops.logsumexp(logits, axis=1) - true)
    columns = ops.mean(ops.logsumexp(logits, axis=0) - true)
    return (rows + columns) / 2


def siglip_loss(rain: Any, depth: Any, scale: Any, bias: Any, left_out: Any = None) -> Any:
    """SigLIP's pairwise logistic loss (Zhai et al. 2023, https://arxiv.org/abs/2303.15343).

    With z_ij = scale * rain_i . depth_j + bias and y_ij = 1 on the diagonal, else -1:
    L = -1/B sum_ij log sigmoid(y_ij z_ij).

    Args:
        rain: unit vectors, float[B, D].
        depth: unit vectors, float[B, D].
        scale: inverse temperature, float[].
        bias: float[].
        left_out: pairs that are no negatives, bool[B, B]; on the diagonal it says nothing.

    Returns:
        float32[], nats.
    """
    logits = similarities(rain, depth) * ops.cast(scale, "float32") + ops.cast(bias, "float32")
    count = ops.shape(logits)[0]
    terms = ops.softplus(ops.where(ops.eye(count, dtype="bool"), -logits, logits))
    if left_out is not None:
        terms = ops.where(_off_diagonal(left_out), 0.0, terms)
    return ops.sum(terms) / ops.cast(count, "float32")


def clip_chance(left_out: Any) -> Any:
    """CLIP's loss when all pairs are alike, float32[]: the mean ln of how many are told apart.

    Args:
        left_out: pairs that are no negatives, bool[B, B].
    """
    return ops.mean(ops.log(_told_apart(left_out)))


def siglip_chance(left_out: Any) -> Any:
    """What SigLIP's loss is at best when all pairs are alike, float32[].

    With one true pair among k the best logit for all is -ln(k - 1): ln k + (k - 1) ln(k / (k - 1)).

    Args:
        left_out: pairs that are no negatives, bool[B, B].
    """
    count = _told_apart(left_out)
    others = ops.maximum(count - 1, 1e-6)
    return ops.mean(ops.log(count) + others * ops.log(count / others))


def _told_apart(left_out: Any) -> Any:
    """How many pairs of each row are told apart, the true one among them, float32[B]."""
    return ops.sum(ops.cast(ops.logical_not(_off_diagonal(left_out)), "float32"), axis=1)


def similarities(rain: Any, depth: Any) -> Any:
    """Inner products of rows in float32, float32[B, B].

    Half precision would round logits of 100 by 0.02 to 0.06.
    """
    left, right = ops.cast(rain, "float32"), ops.cast(depth, "float32")
    return ops.matmul(left, ops.transpose(right))


def false_negatives(
    rain_times: Any, depth_times: Any, rain_ids: Any, depth_ids: Any, *, seconds: float
) -> Any:
    """Pairs of a batch that are not to be pushed apart, bool[B, B].

    They lie less than ``seconds`` apart, or have the same rain or the same depth: no model could
    tell which of them belong together.

    Args:
        rain_times: time of each rain, int64[B], s.
        depth_times: time of the record of each depth, int64[B], s.
        rain_ids: int64[B], equal where the rain is.
        depth_ids: int64[B], equal where the depth is.
        seconds: how near is too near.
    """
    near = ops.abs(rain_times[:, None] - depth_times[None, :]) < int(seconds)
    same_rain = ops.equal(rain_ids[:, None], rain_ids[None, :])
    same_depth = ops.equal(depth_ids[:, None], depth_ids[None, :])
    return ops.logical_or(near, ops.logical_or(same_rain, same_depth))


def _off_diagonal(pairs: Any) -> Any:
    own = ops.eye(ops.shape(pairs)[0], dtype="bool")
    return ops.logical_and(pairs, ops.logical_not(own))
