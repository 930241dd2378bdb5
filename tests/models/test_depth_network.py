"""The depth model: any grid, both decoders, what it keeps with it, and outputs that agree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from pluvial.config.encoders import EncoderConfig, TowerConfig
from pluvial.errors import PluvialError
from pluvial.grids.grid import Grid
from pluvial.models.build import build_dual_encoder
from pluvial.models.depth.decoders import DECODERS, SIZES
from pluvial.models.depth.files import load_network
from pluvial.models.depth.layers import HEAVY_MM_H, Ordinal, Upstream
from pluvial.models.depth.network import DepthNetwork, build_network, settle, stage_maps
from pluvial.models.files import OURS, save_model
from pluvial.simulation.drainage import drainage_of

RNG = np.random.default_rng(5)
TOWER = TowerConfig(size="quecto", stem=1)
GRIDS = [((16, 16, 7), (64, 64)), ((13, 9, 3), (26, 18)), ((5, 4, 2), (17, 11))]


def manifest(rain: tuple[int, ...], depth: tuple[int, ...]) -> dict[str, Any]:
    normal = {"reference": 1.0, "mean": 0.5, "std": 2.0}
    return {
        "features": {"rain": {"shape": list(rain)}, "depth": {"shape": list(depth)}},
        "normalisation_of_train": {"rain": normal, "depth": normal},
    }


def network(
    rain: tuple[int, int, int] = (6, 5, 3),
    depth: tuple[int, int] = (24, 20),
    decoder: str = "unet",
    size: str = "tiny",
    upstream: bool = True,
    tower: TowerConfig = TOWER,
) -> DepthNetwork:
    elevation = np.random.default_rng(1).normal(0, 5, depth).astype(np.float32)
    config = EncoderConfig(rain=tower, depth=tower, embedding=8)
    rain_tower = build_dual_encoder(config, manifest(rain, depth), elevation, seed=1).rain_tower
    facts = {"thresholds": [0.05, 0.1, 0.3], "depth_grid": Grid(*depth, 100.0).to_dict()}
    return build_network(
        rain_tower, elevation, facts, decoder=decoder, size=size, upstream=upstream, seed=2
    )


def some_rain(shape: tuple[int, ...] = (4, 6, 5, 3)) -> np.ndarray:
    return np.random.default_rng(0).gamma(0.5, 4, shape).astype(np.float32)


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize(("rain", "depth"), GRIDS)
def test_any_grid(decoder: str, rain: tuple[int, int, int], depth: tuple[int, int]) -> None:
    found = network(rain, depth, decoder)(some_rain((2, *rain)))
    assert found["exceedance"].shape == (2, *depth, 3)
    assert found["depth"].shape == (2, *depth)


def test_a_tower_that_halves_at_once_and_one_of_keras() -> None:
    for tower in (
        TowerConfig(size="quecto", stem=2),
        TowerConfig(architecture="resnetv2", size="50"),
    ):
        found = network((32, 32, 3), (32, 32), tower=tower)(some_rain((1, 32, 32, 3)))
        assert found["depth"].shape == (1, 32, 32)


def test_exceedance_never_rises_with_the_threshold_and_depth_is_never_negative() -> None:
    found = network()(50 * some_rain())
    chances = keras.ops.convert_to_numpy(found["exceedance"])
    assert (np.diff(chances, axis=-1) <= 0).all()
    assert (keras.ops.convert_to_numpy(found["depth"]) >= 0).all()
    wild = Ordinal()(RNG.normal(0, 30, (1000, 4)).astype(np.float32))
    assert (np.diff(keras.ops.convert_to_numpy(wild), axis=-1) <= 0).all()


def test_missing_rain_is_no_number_that_spreads() -> None:
    rain = some_rain()
    rain[:, 2:4] = np.nan
    found = network()(rain)
    assert np.isfinite(keras.ops.convert_to_numpy(found["depth"])).all()
    assert np.isfinite(keras.ops.convert_to_numpy(found["exceedance"])).all()


@pytest.mark.parametrize("tile", [(0, 0), (7, 3), (14, 10)])
def test_a_tile_is_what_the_whole_has_there(tile: tuple[int, int]) -> None:
    model, rain, side = network(), some_rain(), 10
    whole = model.raw(rain)
    part = model.raw(rain, (*tile, side))
    for found, expected in zip(part, whole, strict=True):
        here = expected[:, tile[0] : tile[0] + side, tile[1] : tile[1] + side]
        np.testing.assert_allclose(found, here, atol=2e-5)


def test_it_comes_back_from_the_disk_with_all_it_knows(tmp_path: Path) -> None:
    model, rain = network(), some_rain()
    model.facts["cuts"] = [0.4, 0.5, 0.5]
    save_model(model, tmp_path / "model.keras")
    loaded = load_network(tmp_path / "model.keras")
    for name, expected in model(rain).items():
        np.testing.assert_array_equal(loaded(rain)[name], expected)
    assert dict(loaded.facts) == model.facts


def test_without_its_checksum_it_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    save_model(network(), path)
    (tmp_path / "model.keras.sha256").unlink()
    with pytest.raises(PluvialError, match="checksum file is missing"):
        load_network(path)


def test_an_encoder_is_no_depth_model(tmp_path: Path) -> None:
    config = EncoderConfig(rain=TOWER, depth=TOWER, embedding=8)
    flat = np.zeros((24, 20), np.float32)
    towers = build_dual_encoder(config, manifest((6, 5, 3), (24, 20)), flat, seed=1)
    save_model(towers.rain_tower, tmp_path / "rain.keras")
    with pytest.raises(PluvialError, match="no depth model"):
        load_network(tmp_path / "rain.keras")


def test_encoders_know_nothing_of_the_depth_model() -> None:
    assert not [name for name in OURS if "Depth" in name or "Terrain" in name]


def test_on_another_terrain_it_predicts_another_flood() -> None:
    model, rain = network(), some_rain()
    before = keras.ops.convert_to_numpy(model(rain)["depth"])
    own = np.random.default_rng(1).normal(0, 5, (24, 20)).astype(np.float32)
    settle(model, own)
    np.testing.assert_array_equal(model(rain)["depth"], before)
    settle(model, own[::-1, ::-1])
    assert np.abs(keras.ops.convert_to_numpy(model(rain)["depth"]) - before).max() > 1e-4
    # A plane has the longest paths that there are.
    settle(model, np.repeat(np.arange(24.0, dtype=np.float32)[:, None], 20, axis=1))
    assert np.isfinite(keras.ops.convert_to_numpy(model(rain)["depth"])).all()


def test_upstream_is_the_mean_over_the_paths() -> None:
    terrain = np.random.default_rng(2).normal(0, 5, (9, 7))
    drainage = drainage_of(terrain, 1.0)
    rain = RNG.gamma(1, 3, (2, 9, 7, 2)).astype(np.float32)
    found = Upstream((9, 7), drainage.levels, drainage)(rain)
    found = keras.ops.convert_to_numpy(found).reshape(2, 63, drainage.levels + 1, 2)
    flat = rain.reshape(2, 63, 2)
    for level in range(drainage.levels + 1):
        sums, counts = np.zeros((2, 63, 2)), np.zeros((63, 1))
        for start in range(63):
            cell, steps = start, 0
            while steps < 2**level:
                sums[:, cell] += flat[:, start]
                counts[cell] += 1
                if drainage.downstream[cell] == cell:
                    break
                cell, steps = int(drainage.downstream[cell]), steps + 1
        np.testing.assert_allclose(found[:, :, level], sums / counts / HEAVY_MM_H, rtol=1e-4)


def test_rain_upstream_alone_is_told_of() -> None:
    """On a plane that falls to the north, rain in the south reaches the north, and not back."""
    plane = np.repeat(np.arange(8.0)[:, None], 4, axis=1)
    drainage = drainage_of(plane, 1.0)
    layer = Upstream((8, 4), drainage.levels, drainage)
    south, north = np.zeros((1, 8, 4, 1), np.float32), np.zeros((1, 8, 4, 1), np.float32)
    south[:, 7], north[:, 0] = 10, 10
    farthest = [keras.ops.convert_to_numpy(layer(x))[0, :, 1, -1] for x in (south, north)]
    assert (farthest[0] > 0).all()
    assert farthest[1][0] > 0
    assert (farthest[1][1:] == 0).all()


def test_maps_of_a_tower_are_those_before_its_norms() -> None:
    config = EncoderConfig(rain=TOWER, depth=TOWER, embedding=8)
    flat = np.zeros((32, 32), np.float32)
    tower = build_dual_encoder(config, manifest((16, 16, 7), (32, 32)), flat, seed=1).rain_tower
    maps = stage_maps(tower)
    assert [tuple(x.shape[1:]) for x in maps] == [(16, 16, 16), (8, 8, 32), (4, 4, 64)]


def test_the_full_size_has_five_million_parameters() -> None:
    assert SIZES["full"].width > SIZES["large"].width
    assert network(size="full").count_params() >= 5_000_000
