"""CLIP's loss against closed forms, its invariances, and an independent float64 implementation."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from pluvial.models.losses import clip_loss


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def pairs(count: int, dimensions: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    draw = lambda: unit(rng.standard_normal((count, dimensions))).astype(np.float32)  # noqa: E731
    return draw(), draw()


def reference(rain: np.ndarray, depth: np.ndarray, scale: float) -> tuple[float, np.ndarray]:
    """Loss and its gradient with respect to the logits, float64, written from the formulas."""
    logits = scale * rain.astype(np.float64) @ depth.astype(np.float64).T
    shifted = np.exp(logits - logits.max())
    rows = shifted / shifted.sum(axis=1, keepdims=True)
    columns = shifted / shifted.sum(axis=0, keepdims=True)
    count = len(logits)
    loss = -(np.log(np.diag(rows)).mean() + np.log(np.diag(columns)).mean()) / 2
    return loss, (rows + columns - 2 * np.eye(count)) / (2 * count)


def loss(rain: np.ndarray, depth: np.ndarray, scale: float) -> float:
    return float(clip_loss(rain, depth, scale))


@pytest.mark.parametrize("count", [2, 64])
def test_collapse_scores_ln_b(count: int) -> None:
    same = np.tile(unit(np.ones((1, 5))), (count, 1)).astype(np.float32)
    assert loss(same, same, 14.3) == pytest.approx(np.log(count), rel=1e-6)


@pytest.mark.parametrize("scale", [1.0, 14.3, 100.0])
def test_orthogonal_pairs(scale: float) -> None:
    eye = np.eye(16, dtype=np.float32)
    assert loss(eye, eye, scale) == pytest.approx(np.log1p(15 * np.exp(-scale)), rel=1e-5, abs=2e-6)


def test_identical_pairs_leave_a_floor_of_ln_k() -> None:
    eye = np.repeat(np.eye(4, dtype=np.float32), 3, axis=0)
    assert loss(eye, eye, 100.0) == pytest.approx(np.log(3), rel=1e-5)


@settings(deadline=None, max_examples=30)
@given(st.integers(2, 40), st.integers(2, 20), st.floats(1, 100), st.integers(0, 2**32 - 1))
def test_value_and_gradient_against_float64(
    count: int, dimensions: int, scale: float, seed: int
) -> None:
    rain, depth = pairs(count, dimensions, seed)
    expected, by_logits = reference(rain, depth, scale)
    left, right = tf.Variable(rain), tf.Variable(depth)
    with tf.GradientTape() as tape:
        found = clip_loss(left, right, scale)
    by_rain, by_depth = tape.gradient(found, [left, right])
    assert float(found) == pytest.approx(expected, rel=1e-5, abs=1e-5)
    np.testing.assert_allclose(by_rain, scale * by_logits @ depth, atol=2e-5 * scale)
    np.testing.assert_allclose(by_depth, scale * by_logits.T @ rain, atol=2e-5 * scale)


def test_invariances() -> None:
    rain, depth = pairs(20, 8, 1)
    rng = np.random.default_rng(2)
    order = rng.permutation(20)
    rotation, _ = np.linalg.qr(rng.standard_normal((8, 8)))
    rotation = rotation.astype(np.float32)
    expected = loss(rain, depth, 10.0)
    assert loss(rain[order], depth[order], 10.0) == pytest.approx(expected, rel=1e-5)
    assert loss(depth, rain, 10.0) == pytest.approx(expected, rel=1e-5)
    assert loss(rain @ rotation, depth @ rotation, 10.0) == pytest.approx(expected, rel=1e-5)
    assert loss(rain, depth[order], 10.0) != pytest.approx(expected, rel=1e-3)
