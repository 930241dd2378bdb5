"""The memory of a training step as it is foretold, and as it is measured.

    python benchmarks/depth_memory.py [--size tiny] [--decoder unet] [--batches 32 128]

Each batch is trained on in a process of its own, on one core. What the largest resident set grows
by from one batch to the next is what a record needs; it is compared with what
``snakemake depth_memory`` says of a record.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
PROGRAM = """
import os, sys, resource
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np, keras, tensorflow as tf
from pluvial.config.encoders import EncoderConfig, TowerConfig
from pluvial.grids.grid import Grid
from pluvial.models.build import build_dual_encoder
from pluvial.models.depth.network import build_network
from pluvial.training.depth.memory import need_of

decoder, size, batch = sys.argv[1], sys.argv[2], int(sys.argv[3])
rain, depth = (16, 16, 7), (64, 64)
normal = {"reference": 1.0, "mean": 0.5, "std": 2.0}
manifest = {
    "features": {"rain": {"shape": rain}, "depth": {"shape": depth}},
    "normalisation_of_train": {"rain": normal, "depth": normal},
}
elevation = np.random.default_rng(1).normal(0, 5, depth).astype(np.float32)
tower = TowerConfig(size="quecto", stem=1)
towers = build_dual_encoder(EncoderConfig(rain=tower, depth=tower), manifest, elevation, seed=1)
facts = {"thresholds": [0.05, 0.1, 0.3], "depth_grid": Grid(*depth, 100.0).to_dict()}
network = build_network(
    towers.rain_tower, elevation, facts, decoder=decoder, size=size, upstream=True, seed=1
)
if not batch:
    need = need_of(network, None)
    print(network.count_params(), need.per_record, need.workspace_per_record)
    sys.exit()
rain = tf.random.uniform((batch, *rain))

@tf.function
def step():
    with tf.GradientTape() as tape:
        total = tf.add_n([tf.reduce_sum(part) for part in network.raw(rain, training=True)])
    return [tf.reduce_sum(g) for g in tape.gradient(total, network.trainable_variables)]

for _ in range(3):
    step()
print(1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def told(decoder: str, size: str, batch: int) -> list[int]:
    """The numbers that the program prints for a batch; for 0 those that are foretold."""
    paths = os.pathsep.join([str(CHECKOUT / "workflow"), os.environ.get("PYTHONPATH", "")])
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, decoder, size, str(batch)],
        env=os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return [int(word) for word in run.stdout.split()]


def main() -> None:
    """Read the command line, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", default="tiny")
    parser.add_argument("--decoder", default="unet")
    parser.add_argument("--batches", type=int, nargs=2, default=[32, 128])
    arguments = parser.parse_args()
    parameters, kept, workspace = told(arguments.decoder, arguments.size, 0)
    few, many = (told(arguments.decoder, arguments.size, n)[0] for n in arguments.batches)
    measured = (many - few) / (arguments.batches[1] - arguments.batches[0])
    print(f"{arguments.decoder}, {arguments.size}: {parameters / 1e6:.2f} M parameters")
    print(f"  foretold   {kept / 2**20:.2f} MiB a record kept, {workspace / 2**20:.2f} passing")
    print(f"  measured   {measured / 2**20:.2f} MiB a record, by the largest resident set")
    print(f"  foretold / measured  {(kept + workspace) / measured:.2f}")


if __name__ == "__main__":
    main()
