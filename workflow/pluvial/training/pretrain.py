"""Contrastive pretraining, epoch by epoch, resumable after any of them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from pluvial.config.learning import PretrainConfig
from pluvial.dataset.pipeline import Layout, shuffled_pairs, training_pairs
from pluvial.errors import PluvialError
from pluvial.files.documents import write_json
from pluvial.files.fingerprints import document_sha256, file_sha256
from pluvial.frames.elevation import read_elevation
from pluvial.jobs import logger
from pluvial.models.build import build_dual_encoder
from pluvial.models.dual_encoder import DualEncoder
from pluvial.models.files import save_model
from pluvial.records.manifest import read_manifest, whole_shards
from pluvial.training.checkpoints import Checkpoints
from pluvial.training.history import History

Run = Literal["trained", "shuffled", "untrained"]
"""The real thing, and its two controls: pairs torn apart, and no training at all."""

EPOCH_STRIDE = 1_000
VALIDATION_STEPS = 8


@dataclass(frozen=True)
class Dataset:
    """A manifest and its checked shards, each with its number of records."""

    manifest: dict[str, Any]
    layout: Layout
    train: list[tuple[Path, int]]
    val: list[tuple[Path, int]]

    @classmethod
    def open(cls, path: Path) -> Dataset:
        """Read the manifest at ``path`` and check every shard for training against it."""
        manifest = read_manifest(path)

        def counted(split: str) -> list[tuple[Path, int]]:
            counts = [shard["records"] for shard in manifest["splits"][split]["shards"]]
            return list(zip(whole_shards(path, split), counts, strict=True))

        return cls(manifest, Layout.of(manifest), counted("train"), counted("val"))


def fingerprint(
    config: PretrainConfig, manifest: dict[str, Any], heightmap: Path, run: Run, code: str
) -> str:
    """Hex digest of all that decides what a training becomes: only its equal is gone on with.

    Args:
        config: towers and training.
        manifest: of the dataset; it holds the digest of every shard.
        heightmap: its bytes count.
        run: the real training, or a control.
        code: digest of the library files that a training runs through.
    """
    return document_sha256(
        {
            "config": config.model_dump(mode="json"),
            "data": manifest,
            "heightmap": file_sha256(heightmap),
            "run": run,
            "code": code,
            "keras": keras.__version__,
            "tensorflow": tf.__version__,
        }
    )


def make_encoders(
    manifest_path: Path,
    heightmap_path: Path,
    config: PretrainConfig,
    run: Run,
    *,
    code: str,
    checkpoints: Path,
    tensorboard: Path,
    folder: Path,
) -> None:
    """Train and write the towers, their history and what made them into ``folder``.

    See :func:`pretrain` for the arguments.
    """
    model, history, identity = pretrain(
        manifest_path,
        heightmap_path,
        config,
        run,
        code=code,
        checkpoints=checkpoints,
        tensorboard=tensorboard,
    )
    save_model(model.rain_tower, folder / "rain.keras")
    save_model(model.depth_tower, folder / "depth.keras")
    history.copy_to(folder / "history.csv")
    write_json(
        folder / "training.json",
        {
            "run": run,
            "fingerprint": identity,
            "config": config.model_dump(mode="json"),
            "manifest_sha256": file_sha256(manifest_path),
            "parameters": {
                "rain": model.rain_tower.count_params(),
                "depth": model.depth_tower.count_params(),
            },
            "keras": keras.__version__,
            "tensorflow": tf.__version__,
            "code": code,
        },
    )


def pretrain(
    manifest_path: Path,
    heightmap_path: Path,
    config: PretrainConfig,
    run: Run,
    *,
    code: str,
    checkpoints: Path,
    tensorboard: Path,
) -> tuple[DualEncoder, History, str]:
    """Train, going on from the newest checkpoint of the same configuration and data.

    Args:
        manifest_path: of the dataset.
        heightmap_path: elevations on the depth grid.
        config: towers and training.
        run: the real training, or a control.
        code: digest of the library files that a training runs through.
        checkpoints: folder for all trainings; this one's is named by its fingerprint.
        tensorboard: folder of the event files.

    Returns:
        The model, its history and the training's fingerprint.
    """
    dataset = Dataset.open(manifest_path)
    _require_batches(dataset, config, manifest_path)
    _, elevation = read_elevation(heightmap_path)
    identity = fingerprint(config, dataset.manifest, heightmap_path, run, code)
    name = f"{run}-{identity[:16]}"
    kept = Checkpoints(checkpoints / name)
    # tf.data mixes the global seed into every shuffle; a resumed training must set it alike.
    keras.utils.set_random_seed(config.seed)
    found = kept.latest()
    if found is None:
        done, model = (
            0,
            build_dual_encoder(config.encoder, dataset.manifest, elevation, config.seed),
        )
        model.compile(_optimizer(config))
    else:
        done, model = found
        logger.info("resuming after epoch %d of %d (%s)", done, config.epochs, kept.folder)
    history = History(kept.folder / "history.csv", tensorboard / name, done)
    epochs = 0 if run == "untrained" else config.epochs
    for epoch in range(done, epochs):
        row = _train_epoch(model, dataset, config, run, epoch)
        # The history first: on resuming, rows beyond the checkpoint are dropped, never missed.
        history.add(row)
        kept.save(epoch + 1, model)
        logger.info(
            "epoch %d of %d: loss %.3f (chance %.3f), in-batch hits %.0f %%, "
            "validation loss %.3f, %.0f pairs/s",
            epoch + 1, epochs, row["loss"], row["chance_loss"], 100 * row["rain_to_depth"],
            row.get("val_loss", float("nan")), row["pairs_per_second"],
        )  # fmt: skip
    return model, history, identity


def _train_epoch(
    model: DualEncoder, dataset: Dataset, config: PretrainConfig, run: Run, epoch: int
) -> dict[str, float]:
    """Train one virtual epoch; its order is a function of seed and epoch alone."""
    pairs = shuffled_pairs if run == "shuffled" else training_pairs
    seed = config.seed * EPOCH_STRIDE + epoch
    began = time.monotonic()
    fitted = model.fit(
        pairs(
            dataset.train,
            dataset.layout,
            batch=config.batch,
            steps=config.steps_per_epoch,
            seed=seed,
            dry_windows=config.dry_windows,
        ).map(_as_inputs),
        epochs=epoch + 1,
        initial_epoch=epoch,
        shuffle=False,
        verbose=0,
    )
    seconds = time.monotonic() - began
    row = {name: float(values[-1]) for name, values in fitted.history.items()}
    if not np.isfinite(row["loss"]):
        raise PluvialError(
            f"the loss is {row['loss']} in epoch {epoch + 1}: the training has diverged",
            where=f"pretrain, {run}",
            remedy="Lower `pretrain.learning_rate`, or raise `pretrain.warmup_steps`",
        )
    steps = min(VALIDATION_STEPS, drawable(dataset, "val", config) // config.batch)
    if steps:
        row |= _validate(model, dataset, config, steps)
    return {
        "epoch": float(epoch + 1),
        **row,
        "chance_loss": float(keras.ops.log(float(config.batch))),
        "inverse_temperature": float(keras.ops.exp(model.log_scale)),
        "pairs_per_second": config.steps_per_epoch * config.batch / seconds,
    }


def _validate(
    model: DualEncoder, dataset: Dataset, config: PretrainConfig, steps: int
) -> dict[str, float]:
    """Loss and hits on the same few batches of validation pairs after each epoch."""
    pairs = training_pairs(
        dataset.val,
        dataset.layout,
        batch=config.batch,
        steps=steps,
        seed=config.seed,
        dry_windows=config.dry_windows,
    )
    found = model.evaluate(pairs.map(_as_inputs), verbose=0, return_dict=True)
    return {f"val_{name}": float(value) for name, value in found.items()}


def _as_inputs(rain: tf.Tensor, depth: tf.Tensor) -> tuple[tuple[tf.Tensor, tf.Tensor]]:
    return ((rain, depth),)


def _optimizer(config: PretrainConfig) -> keras.optimizers.Optimizer:
    """AdamW, warmed up linearly, then a cosine down to zero; gradients clipped to norm 1."""
    total = config.epochs * config.steps_per_epoch
    rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=config.learning_rate / 100,
        decay_steps=total - config.warmup_steps,
        warmup_target=config.learning_rate,
        warmup_steps=config.warmup_steps,
    )
    return keras.optimizers.AdamW(rate, weight_decay=config.weight_decay, global_clipnorm=1.0)


def drawable(dataset: Dataset, split: str, config: PretrainConfig) -> int:
    """How many records of a split training draws from: all, or those with rain."""
    key = "records" if config.dry_windows else "records_with_rain"
    return int(dataset.manifest["splits"][split][key])


def _require_batches(dataset: Dataset, config: PretrainConfig, where: Path) -> None:
    records = drawable(dataset, "train", config)
    if records < config.batch:
        raise PluvialError(
            f"the training split holds {records} records to draw from, fewer than one batch of "
            f"{config.batch}",
            where=where,
            remedy="Lower `pretrain.batch`, or lengthen `time`",
        )
