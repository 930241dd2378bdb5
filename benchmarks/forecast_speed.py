"""Time to the depth map from an 8 h window of rain: the depth model against the solver.

    python benchmarks/forecast_speed.py [--size tiny] [--repeats 20]

Both on one core. The solver runs the 96 steps of the window from dry ground, which is what it takes
to know the depth at its end from this rain alone; the model is asked once, for one map, with the
pooling of the window counted. Weights do not alter the time, so they are random. Rain is the
wettest window of a made series.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
CHECKOUT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CHECKOUT / "workflow"))

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from pluvial.config.encoders import EncoderConfig, TowerConfig
from pluvial.config.simulation import FlowConfig, SyntheticStorms, SyntheticTerrain
from pluvial.frames.variables import RAIN, pack, unpack
from pluvial.grids.grid import Grid
from pluvial.models.build import build_dual_encoder
from pluvial.models.depth.network import DepthNetwork, build_network
from pluvial.records.window import Window, pool
from pluvial.simulation.run import Simulator
from pluvial.simulation.storms import StormSeries
from pluvial.simulation.terrain import make_terrain
from pluvial.training.depth.validation import predictor

WINDOW = Window((1, 3, 3, 5, 12, 24, 48), 1)
CASES = {
    "the embedded default": ((16, 16), (64, 64), 100.0, 1),
    "1 km radar over 500 m": ((174, 105), (348, 210), 500.0, 2),
}
"""Name: grid of the rain, grid of the depth, side of a depth cell in m, stem of the rain tower."""


def wettest_window(shape: tuple[int, int], cell_m: float, steps: int) -> NDArray[np.float64]:
    """The 96 consecutive frames with the most rain, float64[96, H, W], mm/h."""
    config = SyntheticStorms(format="synthetic")
    series = StormSeries(config, shape=shape, cell_m=cell_m, steps=steps, step_minutes=5)
    rain = np.stack(list(series.frames(0, steps)))
    amount = np.convolve(rain.mean(axis=(1, 2)), np.ones(WINDOW.steps), "valid")
    first = int(amount.argmax())
    return rain[first : first + WINDOW.steps].astype(np.float64)


def network_for(
    rain: tuple[int, int], terrain: NDArray[np.float64], cell_m: float, stem: int, size: str
) -> DepthNetwork:
    """A depth model of the given size."""
    normal = {"reference": 1.0, "mean": 0.5, "std": 1.0}
    channels = len(WINDOW.channels)
    manifest = {
        "features": {"rain": {"shape": [*rain, channels]}, "depth": {"shape": terrain.shape}},
        "normalisation_of_train": {"rain": normal, "depth": normal},
    }
    tower = TowerConfig(size="quecto", stem=stem)
    config = EncoderConfig(rain=tower, depth=TowerConfig(size="quecto", stem=8), embedding=8)
    elevation = terrain.astype(np.float32)
    towers = build_dual_encoder(config, manifest, elevation, seed=1)
    grid = Grid(*terrain.shape, cell_m)
    facts = {"thresholds": [0.05, 0.1, 0.3], "depth_grid": grid.to_dict()}
    return build_network(
        towers.rain_tower, elevation, facts, decoder="unet", size=size, upstream=True, seed=1
    )


def seconds_of(work: Callable[[], object], repeats: int) -> float:
    """The least CPU time of a call, s: other processes do not count."""
    work()
    found = []
    for _ in range(repeats):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return min(found)


def compare(name: str, size: str, repeats: int) -> None:
    """Time both on one case and print the ratio."""
    rain_shape, depth_shape, cell_m, stem = CASES[name]
    terrain = make_terrain(
        SyntheticTerrain(
            format="synthetic", rows=depth_shape[0], cols=depth_shape[1], cell_m=cell_m
        )
    )
    coarsen = depth_shape[0] // rain_shape[0]
    rain = wettest_window(rain_shape, cell_m * coarsen, steps=600)

    def simulate() -> None:
        simulator = Simulator(terrain, cell_m=cell_m, flow=FlowConfig(), step_seconds=300.0)
        for frame in rain:
            simulator.advance(frame.repeat(coarsen, axis=0).repeat(coarsen, axis=1))

    network = network_for(rain_shape, terrain, cell_m, stem, size)
    predict = predictor(network)
    codes, _ = pack(rain, RAIN)

    def ask() -> None:
        window = unpack(pool(codes, WINDOW), RAIN)
        predict(tf.constant(window))[1].numpy()

    solver, model = seconds_of(simulate, 1), seconds_of(ask, repeats)
    print(f"{name}: rain {rain_shape}, depth {depth_shape} of {cell_m:g} m")
    print(f"  solver, 96 steps  {solver * 1e3:10.1f} ms")
    print(f"  model, one map    {model * 1e3:10.1f} ms  ({network.count_params() / 1e6:.2f} M)")
    print(f"  solver / model    {solver / model:10.0f}")


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", default="tiny")
    parser.add_argument("--repeats", type=int, default=20)
    arguments = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    for name in CASES:
        compare(name, arguments.size, arguments.repeats)


if __name__ == "__main__":
    main()
