"""The towers: shapes for any grid, what they keep with them, and how they come back from disk."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
from pluvial.config.encoders import CONVNEXT, EncoderConfig, TowerConfig
from pluvial.errors import PluvialError
from pluvial.grids.grid import Grid
from pluvial.models.build import build_dual_encoder
from pluvial.models.convnext import stages
from pluvial.models.dual_encoder import LARGEST_SCALE, ClampedScale, DualEncoder
from pluvial.models.files import load_model, save_model
from pluvial.models.layers import AppendField, LayerScale, LogStandardise

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


@pytest.mark.parametrize(
    "tower", [TowerConfig(architecture="resnetv2", size="50"), TowerConfig(size="tiny", stem=2)]
)
def test_a_job_is_given_the_tower_that_was_written(tower: TowerConfig) -> None:
    assert TowerConfig(**tower.model_dump(mode="json")) == tower


def test_tiny_is_convnext_tiny() -> None:
    """ConvNeXt-T has 27.8 M parameters without its classifier (Liu et al. 2022, table 9)."""
    inputs = keras.Input((64, 64, 3))
    body = keras.Model(inputs, stages(inputs, CONVNEXT["tiny"], stem=4)[-1])
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


def test_same_seed_same_weights() -> None:
    first, second, other = (
        build_dual_encoder(CONFIG, manifest((8, 8, 7), (16, 16)), np.zeros((16, 16)), seed=seed)
        for seed in (1, 1, 2)
    )
    one, two, three = (
        np.asarray(m.rain_tower.get_layer("embedding").kernel) for m in (first, second, other)
    )
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, three)


def test_temperature_is_clamped(model: DualEncoder) -> None:
    assert isinstance(model.log_scale.constraint, ClampedScale)
    assert float(keras.ops.exp(model.log_scale.constraint(np.float32(10)))) == pytest.approx(
        LARGEST_SCALE
    )
    assert float(model.log_scale.constraint(np.float32(-1))) == 0


@pytest.mark.parametrize(
    ("size", "millions"),
    [("zepto", 1.9), ("atto", 3.4), ("femto", 4.8), ("pico", 8.5), ("nano", 15.0), ("small", 49.5)],
)
def test_sizes_by_their_usual_names(size: str, millions: float) -> None:
    """Parameters without classifier; those of timm have a bias more or less per block."""
    inputs = keras.Input((64, 64, 3))
    body = keras.Model(inputs, stages(inputs, CONVNEXT[size], stem=4)[-1])
    assert body.count_params() == pytest.approx(millions * 1e6, rel=0.02)


def test_layer_scale_starts_as_it_says() -> None:
    inputs = keras.Input((8, 8, 2))
    body = keras.Model(inputs, stages(inputs, CONVNEXT["quecto"], 2, 1e-6)[-1])
    scales = [layer for layer in body.layers if isinstance(layer, LayerScale)]
    assert [layer.gamma.shape for layer in scales] == [(16,), (32,), (64,)]
    for layer in scales:
        np.testing.assert_allclose(layer.gamma, 1e-6)
        np.testing.assert_allclose(layer(np.ones((1, layer.gamma.shape[0]))), 1e-6)


@pytest.mark.parametrize(
    ("where", "towers"), [("depth", {1}), ("rain", {0}), ("both", {0, 1}), ("none", set())]
)
def test_the_heightmap_goes_where_it_is_wanted(where: str, towers: set[int]) -> None:
    """Onto the rain grid as the mean of the cells of the ground."""
    elevation = np.arange(256, dtype=np.float32).reshape(16, 16)
    config = CONFIG.model_copy(update={"heightmap": where})
    grids = {"rain_grid": Grid(8, 8, 20.0).to_dict(), "depth_grid": Grid(16, 16, 10.0).to_dict()}
    model = build_dual_encoder(config, manifest((8, 8, 7), (16, 16)) | grids, elevation, seed=1)
    fields = [
        [layer.field for layer in tower.layers if isinstance(layer, AppendField)]
        for tower in (model.rain_tower, model.depth_tower)
    ]
    assert {at for at, found in enumerate(fields) if found} == towers
    if 0 in towers:
        means = elevation.reshape(8, 2, 8, 2).mean(axis=(1, 3))
        standard = (means - means.mean()) / means.std()
        np.testing.assert_allclose(fields[0][0], standard, rtol=1e-4, atol=1e-5)


def test_heads() -> None:
    """A hidden layer, a ReLU, and no norm: as configured, in the towers themselves."""
    config = CONFIG.model_copy(update={"projection": 40, "activation": "relu", "unit": False})
    model = build_dual_encoder(config, manifest((8, 8, 7), (16, 16)), np.zeros((16, 16)), seed=1)
    assert model.rain_tower.get_layer("projection").units == 40
    vectors = np.asarray(model(some_inputs())[0])
    assert vectors.min() == 0
    assert np.ptp(np.linalg.norm(vectors, axis=1)) > 1e-3


def test_a_resnet_of_keras(tmp_path: Path) -> None:
    """ResNet50V2 has 23.6 M parameters without its classifier (keras.io/api/applications)."""
    config = EncoderConfig(
        rain=TowerConfig(size="quecto", stem=2),
        depth=TowerConfig(architecture="resnetv2", size="50"),
        embedding=8,
        heightmap="none",
    )
    model = build_dual_encoder(config, manifest((8, 8, 7), (32, 32)), np.zeros((32, 32)), seed=1)
    _, vectors = model((some_inputs()[0], np.ones((5, 32, 32, 1), np.float32)))
    assert vectors.shape == (5, 8)
    head = 2 * 2048 + 2048 * 8 + 8
    stem = 2 * 7 * 7 * 64  # one channel instead of three
    assert model.depth_tower.count_params() - head + stem == pytest.approx(23_564_800, abs=10)
    save_model(model.depth_tower, tmp_path / "depth.keras")
    found = load_model(tmp_path / "depth.keras")(np.ones((5, 32, 32, 1), np.float32))
    np.testing.assert_array_equal(found, vectors)


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
