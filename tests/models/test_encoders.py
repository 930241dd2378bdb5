"""The towers: shapes for any grid, what they keep with them, and how they come back from disk."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
from pluvial.config.encoders import EncoderConfig, TowerConfig
from pluvial.errors import PluvialError
from pluvial.models.build import build_dual_encoder
from pluvial.models.convnext import SIZES
from pluvial.models.dual_encoder import LARGEST_SCALE, DualEncoder
from pluvial.models.files import load_model, save_model
from pluvial.models.layers import AppendField, LogStandardise

CONFIG = EncoderConfig(
    rain=TowerConfig(size="quecto", stem=2), depth=TowerConfig(size="atto", stem=4), embedding=24
)


def manifest(rain: tuple[int, int, int], depth: tuple[int, int]) -> dict:
    normal = {"reference": 1.0, "mean": 0.5, "std": 2.0}
    return {
        "features": {"rain": {"shape": list(rain)}, "depth": {"shape": list(depth)}},
        "normalisation_of_train": {"rain": normal, "depth": normal | {"reference": 0.1}},
    }


@pytest.fixture
def model() -> DualEncoder:
    elevation = np.arange(256, dtype=np.float32).reshape(16, 16)
    elevation[0, 0] = np.nan
    return build_dual_encoder(CONFIG, manifest((8, 8, 7), (16, 16)), elevation, seed=1)


def some_inputs(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return (
        rng.gamma(1, 2, (5, 8, 8, 7)).astype(np.float32),
        rng.gamma(1, 0.1, (5, 16, 16, 1)).astype(np.float32),
    )


@pytest.mark.parametrize(
    ("rain", "depth"), [((16, 16, 7), (64, 64)), ((29, 18, 3), (58, 35)), ((5, 3, 1), (9, 7))]
)
def test_any_grid_and_channel_count(rain: tuple[int, int, int], depth: tuple[int, int]) -> None:
    model = build_dual_encoder(CONFIG, manifest(rain, depth), np.zeros(depth, np.float32), seed=1)
    one, two = model((np.ones((2, *rain), np.float32), np.ones((2, *depth, 1), np.float32)))
    assert one.shape == two.shape == (2, 24)
    np.testing.assert_allclose(np.linalg.norm(one, axis=1), 1, rtol=1e-5)


def test_tiny_is_convnext_tiny() -> None:
    """ConvNeXt-T has 27.8 M parameters without its classifier (Liu et al. 2022, table 9)."""
    inputs = keras.Input((64, 64, 3))
    from pluvial.models.convnext import stages

    body = keras.Model(inputs, stages(inputs, SIZES["tiny"], stem=4)[-1])
    assert body.count_params() == pytest.approx(27.8e6, rel=0.01)


def test_missing_is_neither_dry_nor_contagious(model: DualEncoder) -> None:
    layer = LogStandardise(1.0, 0.5, 2.0)
    out = keras.ops.convert_to_numpy(layer(np.float32([0, np.e - 1, np.nan])))
    np.testing.assert_allclose(out, [-0.25, 0.25, 0], atol=1e-6)
    rain, depth = some_inputs()
    rain[0, 0, 0, 0] = depth[1, 2, 2, 0] = np.nan
    for vectors in model((rain, depth)):
        assert np.isfinite(np.asarray(vectors)).all()


def test_heightmap_travels_with_the_model(model: DualEncoder, tmp_path: Path) -> None:
    _, depth = some_inputs()
    before = model.depth_tower(depth)
    save_model(model.depth_tower, tmp_path / "depth.keras")
    loaded = load_model(tmp_path / "depth.keras")
    np.testing.assert_array_equal(loaded(depth), before)
    fields = [layer for layer in loaded.layers if isinstance(layer, AppendField)]
    field = np.asarray(fields[0].field)
    assert field[0, 0] == 0
    assert field.std() == pytest.approx(1, abs=0.01)


def test_checkpoint_goes_on_bit_for_bit(model: DualEncoder, tmp_path: Path) -> None:
    """Train, save, load, train: the weights are those of training without a break."""
    model.compile(keras.optimizers.AdamW(1e-3))
    for step in range(3):
        model.train_on_batch(some_inputs(step))
    save_model(model, tmp_path / "model.keras")
    loaded = load_model(tmp_path / "model.keras")
    for step in range(3, 6):
        model.train_on_batch(some_inputs(step))
        loaded.train_on_batch(some_inputs(step))
    for one, two in zip(model.variables, loaded.variables, strict=True):
        np.testing.assert_array_equal(one, two)


def test_temperature_is_clamped(model: DualEncoder) -> None:
    model.compile(keras.optimizers.SGD(1e-3))
    model.log_scale.assign(10.0)
    model.train_on_batch(some_inputs())
    assert float(keras.ops.exp(model.log_scale)) <= LARGEST_SCALE * 1.0001


def test_same_seed_same_weights() -> None:
    first, second, other = (
        build_dual_encoder(CONFIG, manifest((8, 8, 7), (16, 16)), np.zeros((16, 16)), seed=seed)
        for seed in (1, 1, 2)
    )
    one, two, three = (np.asarray(m.rain_tower.layers[-1].kernel) for m in (first, second, other))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, three)


@pytest.mark.parametrize("damage", ["byte", "sidecar", "foreign"])
def test_damaged_models_are_refused(model: DualEncoder, tmp_path: Path, damage: str) -> None:
    path = tmp_path / "rain.keras"
    save_model(model.rain_tower, path)
    content = bytearray(path.read_bytes())
    if damage == "sidecar":
        path.with_name("rain.keras.sha256").unlink()
    else:
        content[len(content) // 2] ^= 1
        path.write_bytes(bytes(content) if damage == "byte" else b"PK")
    with pytest.raises(PluvialError, match="rain.keras"):
        load_model(path)
