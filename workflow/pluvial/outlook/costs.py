"""Disk, hours and GPU-hours of a case, from what it comes to and rates that were measured.

The rates are those of the table in docs/planning.md, each with the command that measures it.
"""

from __future__ import annotations

from dataclasses import dataclass

from pluvial.case.case import Case
from pluvial.config.simulation import SimulatedDepth
from pluvial.outlook.counts import CONTROLS, Counts
from pluvial.outlook.geometry import Grids
from pluvial.outlook.network import Cost, pair_cost

HOUR = 3600.0

BYTES_PER_VALUE = {"rain": 0.45, "depth": 0.30, "shards": 0.55}
"""Of the embedded default, after compression; a value is two bytes before it. Its rain is wet and
its valley floods often: dry years take less."""
FRAMES_PER_SECOND = 2.0e7
"""Values of raw text read, checked and stored per CPU second: the slowest of the formats."""
SIMULATED_PER_SECOND = 2.2e6
"""Cells times steps of five minutes that the solver advances per CPU second."""
INDEX_PER_SECOND = 1.0e8
"""Values of frames digested and summarised per CPU second."""
SHARDED_PER_SECOND = 1.1e8
"""Values of records put together, packed, written and read back per CPU second."""
READ_PER_SECOND = 5.6e8
"""Values of records that tf.data delivers in batches per second, with the two threads of
`pretrain` and `embed`."""
START_SECONDS = 1.0
"""CPU seconds that a job spends on starting Python and its libraries; TensorFlow's take more."""
LEARNING_START_SECONDS = 20.0
GPU_FLOPS = 2.0e13
"""Operations per second that a GPU is taken to sustain (an A100's peak is 3.1e14 in bfloat16)."""
CPU_FLOPS = 3.0e10
"""Operations per second that two cores sustained in the default's training."""
BACKWARD = 3
"""A training step costs about three forward passes: one forward, two backward."""
TRAININGS = 2
"""The encoders and the control on pairs torn apart; the untrained control trains nothing."""


@dataclass(frozen=True)
class Costs:
    """What a case costs.

    Attributes:
        disk: bytes by kind of file.
        disk_most: bytes by kind of file if nothing compressed.
        cpu_hours: by rule.
        pairs: that both trainings see.
        towers: the rain and the depth tower.
        flops: of trainings and embeddings.
        gpu_hours: of `pretrain` and `embed` on one GPU.
        cpu_training_hours: of the same on two cores.
    """

    disk: dict[str, float]
    disk_most: dict[str, float]
    cpu_hours: dict[str, float]
    pairs: int
    towers: tuple[Cost, Cost]
    flops: float
    gpu_hours: float
    cpu_training_hours: float


def costs_of(case: Case, counts: Counts, grids: Grids) -> Costs:
    """Estimate; every number is a product of the counts and the rates above."""
    rain, depth = (grid.rows * grid.cols for grid in (grids.rain, grids.depth))
    rain_values, depth_values = rain * counts.rain_frames, depth * counts.depth_frames
    per_record = len(case.records.channels) * rain + depth
    sharded = per_record * counts.total
    values = {"rain": rain_values, "depth": depth_values, "shards": sharded}
    towers = pair_cost(
        case.pretrain.encoder,
        (*grids.rain.shape, len(case.records.channels)),
        grids.depth.shape,
    )
    pairs = TRAININGS * case.pretrain.epochs * case.pretrain.steps_per_epoch * case.pretrain.batch
    runs = 1 + CONTROLS
    embedded = runs * counts.total
    pair = sum(tower.flops for tower in towers)
    flops = pair * (BACKWARD * pairs + embedded)
    read = per_record * (pairs + embedded) / READ_PER_SECOND
    learning = 2 * runs * LEARNING_START_SECONDS
    return Costs(
        disk={kind: values[kind] * BYTES_PER_VALUE[kind] for kind in values},
        disk_most={kind: 2.0 * values[kind] for kind in values},
        cpu_hours=_cpu_hours(case, counts, rain_values, depth_values, sharded),
        pairs=pairs,
        towers=towers,
        flops=flops,
        gpu_hours=(max(flops / GPU_FLOPS, read) + learning) / HOUR,
        cpu_training_hours=(max(flops / CPU_FLOPS, read) + learning) / HOUR,
    )


def _cpu_hours(case: Case, counts: Counts, rain: int, depth: int, sharded: int) -> dict[str, float]:
    simulated = isinstance(case.depth, SimulatedDepth)
    work = {
        "rain_frames": rain / FRAMES_PER_SECOND,
        "depth_frames": depth / (SIMULATED_PER_SECOND if simulated else FRAMES_PER_SECOND),
        "index": (rain + depth) / INDEX_PER_SECOND,
        "shard": sharded / SHARDED_PER_SECOND,
    }
    return {
        rule: (seconds + START_SECONDS * counts.jobs[rule]) / HOUR for rule, seconds in work.items()
    }
