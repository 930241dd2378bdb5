"""An image encoder as an ONNX file, of which numpy can work out the answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

WEIGHTS = np.random.default_rng(0).standard_normal((3, 5)).astype(np.float32)


def model_of(
    path: Path, side: Any = 8, outputs: tuple[str, ...] = ("vectors",), channels: int = 3
) -> Path:
    """The mean of each channel, times a matrix."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["pictures"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["vectors"]),
    ]
    shapes = {"vectors": ["N", 5], "flat": ["N", channels], "pooled": ["N", channels, 1, 1]}
    graph = helper.make_graph(
        nodes,
        "means",
        [helper.make_tensor_value_info("pictures", TensorProto.FLOAT, ["N", channels, side, side])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shapes[name]) for name in outputs],
        [
            helper.make_tensor(
                "weights", TensorProto.FLOAT, (channels, 5), WEIGHTS[:channels].ravel()
            )
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, str(path))
    return path
