"""A depth model on other ground: the same as if it had been built there, with what it learned."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from pluvial.config.encoders import EncoderConfig, TowerConfig
from pluvial.grids.grid import Grid
from pluvial.models.build import build_dual_encoder
from pluvial.models.depth.network import DepthNetwork, build_network, settle

RAIN, DEPTH = (6, 5, 3), (24, 20)
TOWER = TowerConfig(size="quecto", stem=1)


def ground(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 5, DEPTH).astype(np.float32)


def plane(down: int) -> np.ndarray:
    """A plane that falls along one axis: paths of the shortest or the longest kind."""
    return -np.indices(DEPTH)[down].astype(np.float32)


def network(elevation: np.ndarray, *, upstream: bool = True) -> DepthNetwork:
    normal = {"reference": 1.0, "mean": 0.5, "std": 2.0}
    manifest: dict[str, Any] = {
        "features": {"rain": {"shape": list(RAIN)}, "depth": {"shape": list(DEPTH)}},
        "normalisation_of_train": {"rain": normal, "depth": normal},
    }
    towers = EncoderConfig(rain=TOWER, depth=TOWER, embedding=8)
    tower = build_dual_encoder(towers, manifest, elevation, seed=1).rain_tower
    facts = {"thresholds": [0.05, 0.1], "depth_grid": Grid(*DEPTH, 100.0).to_dict()}
    return build_network(
        tower, elevation, facts, decoder="unet", size="tiny", upstream=upstream, seed=2
    )


def answer(model: DepthNetwork) -> np.ndarray:
    rain = np.random.default_rng(0).gamma(0.5, 8, (2, *RAIN)).astype(np.float32)
    return np.asarray(keras.ops.convert_to_numpy(model(rain)["depth"]))


@pytest.mark.parametrize("upstream", [True, False])
def test_the_same_as_if_it_had_been_built_there(upstream: bool) -> None:
    """Weights are seeded: on mirrored ground, with paths as long, models differ by it alone."""
    mirrored = ground(1)[:, ::-1].copy()
    moved, there = network(ground(1), upstream=upstream), network(mirrored, upstream=upstream)
    assert np.abs(answer(moved) - answer(there)).max() > 1e-4
    settle(moved, mirrored)
    np.testing.assert_allclose(answer(moved), answer(there), rtol=1e-5, atol=1e-7)


def test_back_and_forth_is_where_it_was() -> None:
    model = network(ground(1))
    before = answer(model)
    settle(model, ground(2))
    settle(model, ground(1))
    np.testing.assert_array_equal(answer(model), before)


def test_longer_and_shorter_paths_than_its_own() -> None:
    model = network(ground(1))
    answers = []
    for down in (0, 1):
        settle(model, plane(down))
        answers.append(answer(model))
        assert np.isfinite(answers[-1]).all()
    assert np.abs(answers[0] - answers[1]).max() > 1e-4
