"""The losses against closed forms, their invariances, and an independent float64 implementation."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from pluvial.config.encoders import EncoderConfig, TowerConfig
from pluvial.models.build import tower
from pluvial.models.layers import AppendField, LogStandardise
from pluvial.models.losses import (
    clip_chance,
    clip_loss,
    false_negatives,
    siglip_chance,
    siglip_loss,
)


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def pairs(count: int, dimensions: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    draw = lambda: unit(rng.standard_normal((count, dimensions))).astype(np.float32)  # noqa: E731
    return draw(), draw()


def reference(
    rain: np.ndarray, depth: np.ndarray, scale: float, left_out: np.ndarray | None = None
) -> tuple[float, np.ndarray]:
    """Loss and its gradient with respect to the logits, float64, written from the formulas."""
    logits = scale * rain.astype(np.float64) @ depth.astype(np.float64).T
    shifted = np.exp(logits - logits.max())
    if left_out is not None:
        shifted[left_out & ~np.eye(len(logits), dtype=bool)] = 0
    rows = shifted / shifted.sum(axis=1, keepdims=True)
    columns = shifted / shifted.sum(axis=0, keepdims=True)
    count = len(logits)
    loss = -(np.log(np.diag(rows)).mean() + np.log(np.diag(columns)).mean()) / 2
    return loss, (rows + columns - 2 * np.eye(count)) / (2 * count)


def siglip_reference(
    rain: np.ndarray, depth: np.ndarray, scale: float, bias: float, left_out: np.ndarray
) -> tuple[float, np.ndarray]:
    """Likewise for the pairwise logistic loss."""
    logits = scale * rain.astype(np.float64) @ depth.astype(np.float64).T + bias
    sign = 2.0 * np.eye(len(logits)) - 1
    counted = ~left_out | np.eye(len(logits), dtype=bool)
    loss = (counted * np.log1p(np.exp(-sign * logits))).sum() / len(logits)
    return loss, -1.0 * counted * sign / (1 + np.exp(sign * logits)) / len(logits)


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


@settings(deadline=None, max_examples=30)
@given(st.integers(2, 20), st.floats(1, 50), st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_pairs_left_out_against_float64(count: int, scale: float, share: float, seed: int) -> None:
    rain, depth = pairs(count, 6, seed)
    left_out = np.random.default_rng(seed).random((count, count)) < share
    for found, (expected, by_logits) in (
        (lambda a, b: clip_loss(a, b, scale, left_out), reference(rain, depth, scale, left_out)),
        (
            lambda a, b: siglip_loss(a, b, scale, -3.0, left_out),
            siglip_reference(rain, depth, scale, -3.0, left_out),
        ),
    ):
        left, right = tf.Variable(rain), tf.Variable(depth)
        with tf.GradientTape() as tape:
            value = found(left, right)
        by_rain, by_depth = tape.gradient(value, [left, right])
        assert float(value) == pytest.approx(expected, rel=1e-5, abs=1e-5)
        np.testing.assert_allclose(by_rain, scale * by_logits @ depth, atol=2e-5 * scale)
        np.testing.assert_allclose(by_depth, scale * by_logits.T @ rain, atol=2e-5 * scale)


def test_identical_pairs_left_out_leave_no_floor() -> None:
    """Golden: four kinds thrice, ln 3 with them as negatives, ln(1 + 9 exp(-100)) without."""
    eye = np.repeat(np.eye(4, dtype=np.float32), 3, axis=0)
    ids = np.repeat(np.arange(4), 3)
    left_out = false_negatives(np.arange(12) * 9999, np.arange(12) * 9999, ids, ids, seconds=60)
    assert float(clip_loss(eye, eye, 100.0, left_out)) == pytest.approx(0, abs=1e-6)


def test_the_losses_at_chance() -> None:
    """What a constant model scores; for SigLIP with the bias that is best for it."""
    same = np.tile(unit(np.ones((1, 5))), (9, 1)).astype(np.float32)
    left_out = np.zeros((9, 9), bool)
    left_out[0, 3:5] = left_out[3:5, 0] = left_out[7, 7] = True
    expected = float(clip_loss(same, same, 20.0, left_out))
    assert float(clip_chance(left_out)) == pytest.approx(expected, rel=1e-6)
    none = np.zeros((9, 9), bool)
    biases = -20 - np.log(8) + np.linspace(-0.5, 0.5, 11)
    scores = [float(siglip_loss(same, same, 20.0, bias, none)) for bias in biases]
    assert int(np.argmin(scores)) == 5
    assert float(siglip_chance(none)) == pytest.approx(min(scores), rel=1e-5)


def test_siglip_golden_values() -> None:
    """The published start, t = ln 10 and b = -10: of orthogonal pairs worked out by hand."""
    eye = np.eye(8, dtype=np.float32)
    expected = np.log1p(1) + 7 * np.log1p(np.exp(-10.0))
    assert float(siglip_loss(eye, eye, 10.0, -10.0)) == pytest.approx(expected, rel=1e-6)


def test_which_pairs_are_false_negatives() -> None:
    times = np.array([0, 300, 3600, 7200])
    unlike = np.arange(4)
    near = np.array(false_negatives(times, times, unlike, unlike + 10, seconds=3600))
    assert near.tolist() == (np.abs(times[:, None] - times) < 3600).tolist()
    same_rain = np.array(false_negatives(times, times, np.array([0, 1, 2, 1]), unlike, seconds=0))
    assert np.argwhere(same_rain).tolist() == [[0, 0], [1, 1], [1, 3], [2, 2], [3, 1], [3, 3]]
    same_depth = np.array(false_negatives(times, times, unlike, np.array([5, 6, 7, 5]), seconds=0))
    assert np.argwhere(same_depth).tolist() == [[0, 0], [0, 3], [1, 1], [2, 2], [3, 0], [3, 3]]


def test_without_a_norm_the_loss_is_another() -> None:
    """Embeddings that were not brought to length 1, as the field's ports forget to."""
    rng = np.random.default_rng(0)
    rain, depth = rng.standard_normal((2, 64, 16)).astype(np.float32)
    assert loss(rain, depth, 14.3) > 5 * loss(unit(rain), unit(depth), 14.3)


def test_half_precision_is_widened_before_it_is_multiplied() -> None:
    rain, depth = (part.astype(np.float16) for part in pairs(32, 16, 3))
    expected, _ = reference(rain, depth, 100.0)
    assert loss(rain, depth, 100.0) == pytest.approx(expected, rel=1e-5)


JAX = """
import numpy as np, sys
sys.path.insert(0, {workflow!r})
import keras
assert keras.backend.backend() == "jax"
from pluvial.config.encoders import EncoderConfig, TowerConfig
from pluvial.models.build import tower
from pluvial.models.layers import AppendField, LogStandardise
from pluvial.models.losses import clip_loss, siglip_loss
given = np.load({given!r})
left_out = given["left_out"]
size = TowerConfig(size="quecto", stem=2, layer_scale=0.1)
before = [LogStandardise(1.0, 0.5, 2.0), AppendField((8, 8), np.ones((8, 8)))]
model = tower((8, 8, 2), size, EncoderConfig(embedding=16), before, "rain")
model.set_weights([given[f"weight{{k}}"] for k in range(len(model.weights))])
np.savez({found!r}, vectors=np.asarray(model(given["fields"])),
         clip=np.asarray(clip_loss(given["rain"], given["depth"], 14.3, left_out)),
         siglip=np.asarray(siglip_loss(given["rain"], given["depth"], 10.0, -10.0, left_out)))
"""


def test_under_jax(tmp_path: Path, root: Path) -> None:
    """Layers and losses give the same on Keras' JAX backend, in a process of its own.

    Set PLUVIAL_JAX to a folder of packages that has jax, unless it is installed.
    """
    folder = os.environ.get("PLUVIAL_JAX", "")
    if not folder and find_spec("jax") is None:
        pytest.skip("JAX is not installed, and PLUVIAL_JAX names no folder that has it")
    rain, depth = pairs(12, 8, 5)
    left_out = np.random.default_rng(1).random((12, 12)) < 0.2
    size = TowerConfig(size="quecto", stem=2, layer_scale=0.1)
    before = [LogStandardise(1.0, 0.5, 2.0), AppendField((8, 8), np.ones((8, 8)))]
    model = tower((8, 8, 2), size, EncoderConfig(embedding=16), before, "rain")
    fields = np.random.default_rng(2).gamma(1, 2, (5, 8, 8, 2)).astype(np.float32)
    fields[0, 0, 0, 0] = np.nan
    weights = {f"weight{k}": value for k, value in enumerate(model.get_weights())}
    given, found = tmp_path / "given.npz", tmp_path / "found.npz"
    np.savez(given, rain=rain, depth=depth, left_out=left_out, fields=fields, **weights)
    script = JAX.format(workflow=str(root / "workflow"), given=str(given), found=str(found))
    environment = os.environ | {
        "KERAS_BACKEND": "jax",
        "JAX_PLATFORMS": "cpu",
        "PYTHONPATH": os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), folder))),
    }
    subprocess.run([sys.executable, "-c", script], check=True, env=environment)
    theirs = np.load(found)
    np.testing.assert_allclose(theirs["vectors"], model(fields), atol=1e-5)
    assert float(theirs["clip"]) == pytest.approx(
        float(clip_loss(rain, depth, 14.3, left_out)), rel=1e-5
    )
    assert float(theirs["siglip"]) == pytest.approx(
        float(siglip_loss(rain, depth, 10.0, -10.0, left_out)), rel=1e-5
    )
