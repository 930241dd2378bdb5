"""Contrastive losses, as pure functions of embeddings."""

from __future__ import annotations

from typing import Any

from keras import ops


def clip_loss(rain: Any, depth: Any, scale: Any) -> Any:
    """CLIP's symmetric cross-entropy (Radford et al. 2021, figure 3).

    With Z = scale * rain @ depth^T and the true pairs on its diagonal:
    L = 1/2 [mean_i(lse_j Z_ij - Z_ii) + mean_j(lse_i Z_ij - Z_jj)].
    A constant model scores ln B; k identical pairs in a batch leave a floor of ln k.

    Args:
        rain: unit vectors, float[B, D].
        depth: unit vectors, float[B, D]; row i belongs to row i of ``rain``.
        scale: inverse temperature, float[].

    Returns:
        float32[], nats.
    """
    logits = clip_logits(rain, depth, scale)
    true = ops.diagonal(logits)
    rows = ops.mean(ops.logsumexp(logits, axis=1) - true)
    columns = ops.mean(ops.logsumexp(logits, axis=0) - true)
    return (rows + columns) / 2


def clip_logits(rain: Any, depth: Any, scale: Any) -> Any:
    """Scale * rain @ depth^T in float32, float32[B, B].

    Half precision would round logits of 100 by 0.02 to 0.06.
    """
    left, right = ops.cast(rain, "float32"), ops.cast(depth, "float32")
    return ops.cast(scale, "float32") * ops.matmul(left, ops.transpose(right))
