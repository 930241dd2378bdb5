"""How much memory a training needs, and the largest batch that fits, before a GPU is booked.

A step is traced, not taken. What its backward pass asks for of its forward pass has to be kept
until then: that is the activation memory, and it grows with the batch. Weights take five times
their size: themselves, gradients, AdamW's two moments and the running mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from pluvial.config.depth_model import DepthModelConfig
from pluvial.config.encoders import EncoderConfig
from pluvial.files.documents import write_json
from pluvial.frames.elevation import read_elevation
from pluvial.jobs import logger
from pluvial.models.depth.network import DepthNetwork
from pluvial.records.manifest import read_manifest
from pluvial.training.depth.train import Material, fresh_network

COPIES_OF_WEIGHTS = 5
WORKSPACE_TENSORS = 4
"""Room for so many of the largest tensor: a convolution's scratch, and gradients under way."""
GIB = 1 << 30
PRECISIONS = {"auto": ("float32", "mixed_bfloat16")}
"""What layers may compute in, by the key of the configuration; `auto` depends on the GPU."""


@dataclass(frozen=True)
class Need:
    """Bytes that a training step needs.

    Attributes:
        weights: all copies of them.
        fixed: of activations, however small the batch: the terrain's.
        per_record: of activations, for each record of a batch.
        workspace_per_record: of passing tensors, for each record of a batch.
    """

    weights: int
    fixed: int
    per_record: int
    workspace_per_record: int

    def of_batch(self, batch: int) -> int:
        """Bytes of a step on a batch."""
        return self.weights + self.fixed + batch * (self.per_record + self.workspace_per_record)

    def largest_batch(self, available: float) -> int:
        """The largest batch whose step needs at most so many bytes; 0 if none does."""
        left = available - self.weights - self.fixed
        return max(0, int(left // (self.per_record + self.workspace_per_record)))


def need_of(network: DepthNetwork, tile: int | None) -> Need:
    """What a training step of ``network`` needs, on tiles or on the whole grid."""
    one, two = _kept(network, 1, tile), _kept(network, 2, tile)
    per_record = two[0] - one[0]
    return Need(
        weights=COPIES_OF_WEIGHTS * sum(_size(v.shape, 4) for v in network.trainable_variables),
        fixed=one[0] - per_record,
        per_record=per_record,
        workspace_per_record=WORKSPACE_TENSORS * (two[1] - one[1]),
    )


def _kept(network: DepthNetwork, batch: int, tile: int | None) -> tuple[int, int]:
    """Bytes that the backward pass asks for of the forward pass, and of the largest tensor."""
    shape = (batch, *network.coarse.input_shape[1:])

    @tf.function
    def step(rain: tf.Tensor) -> Any:
        with tf.GradientTape() as tape:
            at = (tf.constant(0), tf.constant(0), tile) if tile else None
            found = network.raw(rain, at, training=True)
            total = tf.add_n([tf.reduce_sum(part) for part in found])
        return total, tape.gradient(total, network.trainable_variables)

    graph = step.get_concrete_function(tf.TensorSpec(shape, tf.float32)).graph
    operations = graph.get_operations()
    # The gradient of the total is the first that the backward pass makes.
    seeds = [k for k, op in enumerate(operations) if op.name.startswith("gradient_tape/")]
    forward = set(operations[: seeds[0]])
    fixed = {"Const", "ReadVariableOp", "Placeholder"}
    asked = {
        tensor.ref(): tensor
        for op in operations[seeds[0] :]
        for tensor in op.inputs
        if tensor.op in forward and tensor.op.type not in fixed
    }
    sizes = [_bytes(tensor) for tensor in asked.values()]
    largest = max((_bytes(t) for op in operations for t in op.outputs), default=0)
    return sum(sizes), largest


def _bytes(tensor: tf.Tensor) -> int:
    known = tensor.shape.is_fully_defined() and tensor.dtype not in (tf.resource, tf.variant)
    return _size(tensor.shape, tensor.dtype.size) if known else 0


def _size(shape: Any, each: int) -> int:
    size = each
    for length in shape:
        size *= int(length)
    return size


def report_memory(
    manifest: Path, heightmap: Path, towers: EncoderConfig, config: DepthModelConfig, path: Path
) -> None:
    """Write parameters, memory and the largest batch for each size of GPU as JSON, and log them.

    Args:
        manifest: of the dataset, for shapes.
        heightmap: elevations on the depth grid.
        towers: configuration of the towers.
        config: of the depth model.
        path: the file to make.
    """
    document: dict[str, Any] = {"decoder": config.decoder, "size": config.size}
    _, elevation = read_elevation(heightmap)
    read = read_manifest(manifest)
    material = Material(manifest, heightmap, None, towers)
    for kind in PRECISIONS.get(config.precision, (config.precision,)):
        keras.mixed_precision.set_global_policy(kind)
        try:
            network = fresh_network(material, read, elevation, config)
        finally:
            keras.mixed_precision.set_global_policy("float32")
        need = need_of(network, config.tile)
        parameters = int(network.count_params())
        document["parameters"] = parameters
        document[kind] = {
            "weights_mib": need.weights / 2**20,
            "activations_fixed_mib": need.fixed / 2**20,
            "activations_mib_per_record": need.per_record / 2**20,
            "workspace_mib_per_record": need.workspace_per_record / 2**20,
            "batch": config.batch,
            "batch_gib": need.of_batch(config.batch) / GIB,
            "largest_batch": {
                f"{size:g} GiB": need.largest_batch(size * GIB) for size in config.gpu_memory_gib
            },
        }
        logger.info(
            "%s, %s, %s: %.2f M parameters; a batch of %d needs %.2f GiB; %s",
            config.decoder, config.size, kind, parameters / 1e6, config.batch,
            need.of_batch(config.batch) / GIB,
            ", ".join(
                f"{size} holds {largest} records"
                for size, largest in document[kind]["largest_batch"].items()
            ),
        )  # fmt: skip
    write_json(path, document)
