"""Training the depth model: from shards and a pretrained rain tower to ``model.keras``."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from pluvial.config.depth_model import DepthModelConfig
from pluvial.config.encoders import EncoderConfig
from pluvial.dataset.catalogue import Catalogue
from pluvial.dataset.pipeline import Layout
from pluvial.dataset.rows import records_at
from pluvial.errors import PluvialError
from pluvial.files.documents import write_json
from pluvial.files.fingerprints import document_sha256, file_sha256
from pluvial.frames.elevation import read_elevation
from pluvial.jobs import logger
from pluvial.models.build import build_dual_encoder
from pluvial.models.depth.files import load_depth
from pluvial.models.depth.network import DepthNetwork, DepthTrainee, build_network
from pluvial.models.files import load_model, save_model
from pluvial.records.manifest import read_manifest
from pluvial.training.checkpoints import Checkpoint, Checkpoints
from pluvial.training.depth.loop import DepthLoop
from pluvial.training.depth.source import DepthSource, even_sample, labelled
from pluvial.training.depth.steps import Statistics
from pluvial.training.depth.validation import DepthJudge
from pluvial.training.history import History
from pluvial.training.outset import precision, require_equal_parts
from pluvial.training.steps import strategy_for

KEYS_OF_THE_MACHINE = {"checkpoint_minutes", "gpu_memory_gib", "label_efficiency"}
"""Keys that do not alter what a training becomes."""
COUNTED_RECORDS = 2048
"""Training records that class weights and variances are found from, evenly over their time."""


@dataclass(frozen=True)
class Material:
    """What a depth model is trained on.

    Attributes:
        manifest: path of the dataset's manifest.
        heightmap: elevations on the depth grid.
        encoder: the pretrained rain tower; None where it starts from scratch.
        towers: the configuration of the towers, for one that does.
    """

    manifest: Path
    heightmap: Path
    encoder: Path | None
    towers: EncoderConfig


def fingerprint(material: Material, config: DepthModelConfig, model: str, code: str) -> str:
    """Hex digest of all that decides what a training becomes: only its equal is gone on with."""
    return document_sha256(
        {
            "config": config.model_dump(mode="json", exclude=KEYS_OF_THE_MACHINE),
            "towers": material.towers.model_dump(mode="json"),
            "data": read_manifest(material.manifest),
            "heightmap": file_sha256(material.heightmap),
            "encoder": file_sha256(material.encoder) if material.encoder else None,
            "model": model,
            "code": code,
            "keras": keras.__version__,
            "tensorflow": tf.__version__,
        }
    )


def make_depth_model(
    material: Material,
    config: DepthModelConfig,
    model: str,
    *,
    code: str,
    checkpoints: Path,
    tensorboard: Path,
    folder: Path,
) -> None:
    """Train a depth model and write ``model.keras``, its history and what made it to ``folder``.

    Args:
        material: what it is trained on.
        config: of the run (see ``DepthModelConfig.named``).
        model: name of the run.
        code: digest of the library files that a training runs through.
        checkpoints: folder for all trainings; this one's is named by its fingerprint.
        tensorboard: folder of the event files.
        folder: to write to.

    Raises:
        PluvialError: if the dataset is not whole or has no labelled record, if the training
            diverges, or if it is told to stop; it then goes on from there the next time.
    """
    began = time.monotonic()
    identity = fingerprint(material, config, model, code)
    name = f"{model}-{identity[:16]}"
    loop, judge = _prepared(
        material, config, Checkpoints(checkpoints / name, load_depth), tensorboard / name
    )
    loop.run()
    rows = loop.history.rows
    scores = [row.get("val_csi", -1.0) for row in rows]
    best = int(np.argmax(scores)) + 1 if scores and max(scores) >= 0 else 0
    network: DepthNetwork = load_depth(loop.kept.best) if best else loop.model.average
    network.facts["cuts"] = judge.cuts(network)
    save_model(network, folder / "model.keras")
    loop.history.copy_to(folder / "history.csv")
    document = _account(loop, network, material, identity, code)
    write_json(
        folder / "training.json",
        {
            "model": model,
            **document,
            "epoch": best or len(rows),
            "seconds_of_last_run": time.monotonic() - began,
        },
    )


def _account(
    loop: DepthLoop, network: DepthNetwork, material: Material, identity: str, code: str
) -> dict[str, Any]:
    """What made a model, as a JSON-like document."""
    config, known = loop.config, loop.known
    assert known is not None
    names = [f"{threshold:g}" for threshold in config.thresholds]
    return {
        "fingerprint": identity,
        "config": config.model_dump(mode="json", exclude={"label_efficiency"}),
        "start": config.start,
        "label_share": config.label_share,
        "seed": config.seed,
        "thresholds": config.thresholds,
        "cuts": network.facts["cuts"],
        "parameters": network.count_params(),
        "trained_parameters": sum(
            int(np.prod(v.shape)) for v in loop.model.network.trainable_variables
        ),
        "records": _counts(loop.source),
        "wet_share_of_train": dict(zip(names, known.wet.tolist(), strict=True)),
        "class_weights": dict(zip(names, known.balance.tolist(), strict=True)),
        "counted_records": known.records,
        "stopped": loop.stopped,
        "seconds": _seconds(loop.history.rows, config),
        "manifest_sha256": file_sha256(material.manifest),
        "encoder_sha256": file_sha256(material.encoder) if material.encoder else None,
        "keras": keras.__version__,
        "tensorflow": tf.__version__,
        "code": code,
    }


def _counts(source: DepthSource) -> dict[str, int]:
    """How many labelled records there are, and of how many storms."""
    chosen = source.catalogue.drawable(dry_windows=False)
    return {
        "train": int(chosen.sum()),
        "storms": int(np.unique(source.catalogue.storms[chosen]).size),
    }


def _seconds(rows: list[dict[str, float]], config: DepthModelConfig) -> float:
    """Seconds of training, interrupted or not, without judging and starting."""
    records = config.batch * config.steps_per_epoch
    return float(sum(records / row["pairs_per_second"] for row in rows))


def _prepared(
    material: Material, config: DepthModelConfig, kept: Checkpoints, logs: Path
) -> tuple[DepthLoop, DepthJudge]:
    """The training, at its newest checkpoint or its beginning, and what judges it."""
    manifest = read_manifest(material.manifest)
    layout, features = Layout.of(manifest), manifest["features"]
    train = labelled(Catalogue.open(material.manifest, "train"), config)
    if not train.drawable(dry_windows=False).any():
        raise PluvialError(
            f"{config.label_share} % of the training storms hold no record to draw",
            where=material.manifest,
            remedy="Raise `depth_model.label_share`, or lengthen `time`",
        )
    val = Catalogue.open(material.manifest, "val")
    val = labelled(val, config.model_copy(update={"label_share": 100, "dry_windows": True}))
    rows = even_sample(val, config.validation_records)
    judge = DepthJudge(records_at(val, rows, features) if rows.size else None, layout, config)
    counted = records_at(train, even_sample(train, COUNTED_RECORDS), features)
    strategy = strategy_for()
    require_equal_parts(config.batch, strategy.num_replicas_in_sync, "depth_model")
    with strategy.scope():
        start = _started(material, manifest, config, kept)
    loop = DepthLoop(
        model=start.model,
        config=config,
        source=DepthSource.open(train, features, layout, config),
        strategy=strategy,
        validation=judge,
        kept=kept,
        history=History(kept.folder / "history.csv", logs, start.step // config.steps_per_epoch),
        step=start.step,
        sums=dict(start.sums),
        known=Statistics.of(counted, layout, config),
    )
    return loop, judge


def _started(
    material: Material, manifest: dict[str, Any], config: DepthModelConfig, kept: Checkpoints
) -> Checkpoint:
    """The newest checkpoint, or the beginning."""
    # Without it the order in which threads add up a gradient would alter its last digits.
    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(config.seed)
    found = kept.latest()
    if found is None:
        return Checkpoint(0, fresh_trainee(material, manifest, config), {})
    done, rest = divmod(found.step, config.steps_per_epoch)
    within = f" and {rest} steps" if rest else ""
    logger.info("resuming after epoch %d of %d%s (%s)", done, config.epochs, within, kept.folder)
    return found


def fresh_trainee(
    material: Material, manifest: dict[str, Any], config: DepthModelConfig
) -> DepthTrainee:
    """The model before its first step, with its optimizer."""
    _, elevation = read_elevation(material.heightmap)
    keras.mixed_precision.set_global_policy(precision(config.precision))
    try:
        network, average = (fresh_network(material, manifest, elevation, config) for _ in range(2))
    finally:
        keras.mixed_precision.set_global_policy("float32")
    average.set_weights(network.get_weights())
    model = DepthTrainee(network, average, config.average, name="trainee")
    model.compile(optimizer(config))
    model.optimizer.build(network.trainable_variables)
    return model


def fresh_network(
    material: Material, manifest: dict[str, Any], elevation: Any, config: DepthModelConfig
) -> DepthNetwork:
    """A network on a rain tower that starts as the configuration says."""
    if material.encoder is None:
        towers = build_dual_encoder(material.towers, manifest, elevation, config.seed)
        tower = towers.rain_tower
    else:
        tower = load_model(material.encoder)
        _require_same_window(tower, manifest, material.encoder)
    tower.trainable = config.start != "frozen"
    facts = {
        "thresholds": list(config.thresholds),
        "rain_units": "mm h-1",
        **{
            key: manifest[key]
            for key in (
                *("step_seconds", "channels_back_from_now", "pooling", "lead_steps"),
                *("rain_grid", "depth_grid"),
            )
        },
        "largest_rain_of_train": manifest["normalisation_of_train"]["rain"]["largest"],
    }
    return build_network(
        tower,
        elevation,
        facts,
        decoder=config.decoder,
        size=config.size,
        upstream=config.upstream,
        seed=config.seed,
    )


def optimizer(config: DepthModelConfig) -> keras.optimizers.Optimizer:
    """AdamW, warmed up linearly, then a cosine to zero; a step every ``accumulate`` batches."""
    total = config.epochs * config.steps_per_epoch // config.accumulate
    rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=config.learning_rate / 100,
        decay_steps=total - config.warmup_steps,
        warmup_target=config.learning_rate,
        warmup_steps=config.warmup_steps,
    )
    accumulate = config.accumulate if config.accumulate > 1 else None
    return keras.optimizers.AdamW(
        rate, weight_decay=config.weight_decay, gradient_accumulation_steps=accumulate
    )


def _require_same_window(tower: keras.Model, manifest: dict[str, Any], where: Path) -> None:
    wanted, found = tuple(manifest["features"]["rain"]["shape"]), tuple(tower.input_shape[1:])
    if wanted != found:
        raise PluvialError(
            f"the encoder takes windows of shape {found}, the dataset has {wanted}",
            where=where,
            remedy="Pretrain on this dataset, or write `depth_model: {start: scratch}`",
        )
