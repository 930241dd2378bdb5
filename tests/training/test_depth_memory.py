"""The memory that is foretold: counted by hand for one layer, and less with tiles."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np
import pytest
from pluvial.grids.grid import Grid
from pluvial.models.depth.network import DepthNetwork, build_network
from pluvial.training.depth.memory import GIB, Need, need_of, report_memory
from training.depth_cases import TOWERS, changed, make_dataset


def one_layer(rows: int) -> DepthNetwork:
    """A square of each value and a dense layer of it: the backward pass asks for both inputs."""
    rain = keras.Input((rows, rows, 1))
    coarse = keras.Model(rain, [rain])
    inputs = keras.Input((None, None, 1))
    squared = keras.layers.Lambda(keras.ops.square)(inputs)
    logits = keras.layers.Conv2D(1, 1, use_bias=False)(squared)
    return DepthNetwork(coarse, keras.Model(inputs, [logits, inputs[..., 0]]), 0, {})


def test_one_layer_keeps_what_it_is_given() -> None:
    """A 1 x 1 convolution's gradient asks for its input alone: four bytes a cell."""
    need = need_of(one_layer(8), None)
    assert need.per_record == 4 * 8 * 8
    assert need.fixed == pytest.approx(0, abs=64)
    assert need.weights == 5 * 4


def test_the_largest_batch_fits_and_one_more_does_not() -> None:
    need = Need(weights=1000, fixed=500, per_record=70, workspace_per_record=30)
    assert need.of_batch(10) == 2500
    assert need.largest_batch(2500) == 10
    assert need.largest_batch(2499) == 9
    assert need.largest_batch(100) == 0


def test_tiles_need_less() -> None:
    rows = 32
    elevation = np.random.default_rng(0).normal(0, 5, (rows, rows)).astype(np.float32)
    rain = keras.Input((8, 8, 3), name="rain")
    tower = keras.Model(rain, keras.layers.Conv2D(8, 3, padding="same")(rain))
    facts = {"thresholds": [0.1], "depth_grid": Grid(rows, rows, 1.0).to_dict()}
    network = build_network(
        tower, elevation, facts, decoder="unet", size="tiny", upstream=False, seed=1
    )
    whole, tiled = need_of(network, None), need_of(network, 8)
    assert tiled.per_record < 0.7 * whole.per_record
    assert tiled.weights == whole.weights


def test_the_report_says_which_batch_fits(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path / "flood")
    config = changed(precision="float32", gpu_memory_gib=[1, 2])
    path = tmp_path / "memory.json"
    report_memory(dataset / "manifest.json", dataset / "heightmap.nc", TOWERS, config, path)
    found = json.loads(path.read_text())
    batches = found["float32"]["largest_batch"]
    assert 0 < batches["1 GiB"] < batches["2 GiB"]
    per_record = found["float32"]["activations_mib_per_record"]
    assert batches["2 GiB"] <= 2 * GIB / 2**20 / per_record
