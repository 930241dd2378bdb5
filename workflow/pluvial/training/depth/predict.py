"""From a depth model and shards to predictions of a whole split."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pluvial.dataset.catalogue import Catalogue
from pluvial.dataset.pipeline import Layout, physical
from pluvial.dataset.rows import records_at
from pluvial.errors import PluvialError
from pluvial.files.fingerprints import file_sha256
from pluvial.frames.elevation import read_elevation
from pluvial.frames.predictions import Axes, Part, write_predictions
from pluvial.grids.grid import Grid
from pluvial.jobs import progress
from pluvial.models.depth.files import load_network
from pluvial.models.depth.network import DepthNetwork, settle
from pluvial.records.manifest import read_manifest
from pluvial.training.depth.validation import predictor

BATCH = 64


def make_predictions(
    manifest_path: Path,
    model_path: Path,
    split: str,
    path: Path,
    *,
    heightmap: Path | None = None,
) -> None:
    """Predict every record of a split, in order of time, and write the NetCDF file ``path``.

    Args:
        manifest_path: of the dataset.
        model_path: the ``model.keras``.
        split: of the dataset.
        path: the file to make.
        heightmap: of another catchment of the same grids, which the model is put onto.

    Raises:
        PluvialError: if the model was made for another window or grid, or a shard is not whole.
    """
    manifest = read_manifest(manifest_path)
    network = load_network(model_path)
    require_same_dataset(network, manifest, model_path)
    if heightmap is not None:
        settle(network, read_elevation(heightmap)[1])
    catalogue = Catalogue.open(manifest_path, split)
    order = np.argsort(catalogue.times, kind="stable")
    if not order.size:
        raise PluvialError(
            f"the {split} split holds no record", where=manifest_path, remedy="Lengthen `time`"
        )
    axes = axes_of(network, catalogue.times[order])
    write_predictions(
        path,
        axes,
        _parts(network, catalogue, order, manifest),
        title=f"pluvial depth model: {split}",
        provenance=provenance_of(network, model_path) | {"split": split},
    )


def axes_of(network: DepthNetwork, references: NDArray[np.int64]) -> Axes:
    """What predictions of a model from those NOWs lie on."""
    facts = network.facts
    lead = facts["lead_steps"] * facts["step_seconds"]
    return Axes(Grid(**facts["depth_grid"]), list(facts["thresholds"]), references, lead)


def provenance_of(network: DepthNetwork, path: Path) -> dict[str, Any]:
    """Global attributes: which model, and from which probability it calls a threshold exceeded."""
    return {
        "source": "pluvial depth model",
        "model_sha256": file_sha256(path),
        "model_parameters": int(network.count_params()),
        "decision_probabilities": [float(cut) for cut in network.facts["cuts"]],
    }


def require_same_dataset(network: DepthNetwork, manifest: dict[str, Any], where: Path) -> None:
    """Refuse a dataset that is not of the window, step and grids that the model was made for."""
    for key in (
        *("step_seconds", "channels_back_from_now", "pooling", "lead_steps"),
        *("rain_grid", "depth_grid"),
    ):
        ours, theirs = network.facts[key], manifest[key]
        if _plain(ours) != _plain(theirs):
            raise PluvialError(
                f"the model was made for another `{key}`: {_plain(ours)}, not {_plain(theirs)}",
                where=where,
                remedy="Use the model on data of its own case, or train one on this dataset",
            )


def _plain(value: Any) -> Any:
    """A document with lists for tuples and the like, to be compared."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    return list(value) if isinstance(value, list | tuple) else value


def _parts(
    network: DepthNetwork,
    catalogue: Catalogue,
    order: NDArray[np.int64],
    manifest: dict[str, Any],
) -> Iterator[Part]:
    layout = Layout.of(manifest)
    predict = predictor(network)
    starts = range(0, order.size, BATCH)
    for start in progress(starts, "batches", len(starts)):
        records = records_at(catalogue, order[start : start + BATCH], manifest["features"])
        fields = {"rain": tf.constant(records.rain), "depth": tf.constant(records.depth)}
        rain, _ = physical(fields, layout)
        probability, depth = predict(rain)
        missing = np.isnan(rain.numpy()).mean(axis=(1, 2, 3))
        yield depth.numpy(), probability.numpy(), missing
