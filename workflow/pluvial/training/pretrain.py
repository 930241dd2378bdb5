"""Contrastive pretraining: what is trained on what, and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import keras
import tensorflow as tf

from pluvial.config.learning import PretrainConfig
from pluvial.dataset.catalogue import Catalogue
from pluvial.dataset.pipeline import Layout
from pluvial.errors import PluvialError
from pluvial.files.documents import write_json
from pluvial.files.fingerprints import document_sha256, file_sha256
from pluvial.frames.elevation import read_elevation
from pluvial.jobs import logger
from pluvial.models.build import build_dual_encoder
from pluvial.models.dual_encoder import DualEncoder
from pluvial.models.files import load_model, save_model
from pluvial.records.manifest import read_manifest
from pluvial.training.checkpoints import Checkpoint, Checkpoints
from pluvial.training.contrastive import ContrastiveLoop
from pluvial.training.history import History
from pluvial.training.outset import best_epoch, optimizer, precision, require_equal_parts
from pluvial.training.source import RecordSource
from pluvial.training.steps import strategy_for
from pluvial.training.validation import Validation

Run = Literal["trained", "shuffled", "untrained"]
"""The real thing, and its two controls: pairs torn apart, and no training at all."""

KEYS_OF_THE_MACHINE = {"checkpoint_minutes"}
"""Keys that do not alter what a training becomes."""


@dataclass(frozen=True)
class Trained:
    """A finished training.

    Attributes:
        model: as it was after ``epoch`` epochs.
        epoch: the best on the validation split, else the last.
        history: of all epochs.
        identity: fingerprint of the training.
        stopped: why it ended early; None if it did not.
    """

    model: DualEncoder
    epoch: int
    history: History
    identity: str
    stopped: dict[str, Any] | None


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
            "config": config.model_dump(mode="json", exclude=KEYS_OF_THE_MACHINE),
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
    trained = pretrain(
        manifest_path,
        heightmap_path,
        config,
        run,
        code=code,
        checkpoints=checkpoints,
        tensorboard=tensorboard,
    )
    save_model(trained.model.rain_tower, folder / "rain.keras")
    save_model(trained.model.depth_tower, folder / "depth.keras")
    trained.history.copy_to(folder / "history.csv")
    write_json(
        folder / "training.json",
        {
            "run": run,
            "fingerprint": trained.identity,
            "config": config.model_dump(mode="json"),
            "manifest_sha256": file_sha256(manifest_path),
            "epoch": trained.epoch,
            "stopped": trained.stopped,
            "parameters": {
                "rain": trained.model.rain_tower.count_params(),
                "depth": trained.model.depth_tower.count_params(),
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
    devices: list[str] | None = None,
) -> Trained:
    """Train, going on from the newest checkpoint of the same configuration and data.

    Args:
        manifest_path: of the dataset.
        heightmap_path: elevations on the depth grid.
        config: towers and training.
        run: the real training, or a control.
        code: digest of the library files that a training runs through.
        checkpoints: folder for all trainings; this one's is named by its fingerprint.
        tensorboard: folder of the event files.
        devices: to train on; left out, all GPUs, else the processors.

    Raises:
        PluvialError: if the dataset is not whole or too small, if the training diverges, or if it
            is told to stop; it then goes on from there the next time.
    """
    manifest = read_manifest(manifest_path)
    train = Catalogue.open(manifest_path, "train")
    _require_a_batch(train, config, manifest_path)
    identity = fingerprint(config, manifest, heightmap_path, run, code)
    name = f"{run}-{identity[:16]}"
    kept = Checkpoints(checkpoints / name)
    strategy = strategy_for(devices)
    require_equal_parts(config.batch, strategy.num_replicas_in_sync, "pretrain")
    with strategy.scope():
        start = _started(config, manifest, heightmap_path, kept)
    done = start.step // config.steps_per_epoch
    history = History(kept.folder / "history.csv", tensorboard / name, done)
    if run == "untrained":
        return Trained(start.model, 0, history, identity, None)
    layout = Layout.of(manifest)
    loop = ContrastiveLoop(
        model=start.model,
        config=config,
        source=RecordSource(train, layout, config, torn=run == "shuffled"),
        strategy=strategy,
        validation=Validation(
            Catalogue.open(manifest_path, "val"), manifest["features"], layout, config
        ),
        kept=kept,
        history=history,
        step=start.step,
        sums=dict(start.sums),
    )
    if run == "shuffled":
        logger.info("this is a control: its pairs are torn apart, and a tower may well collapse")
    loop.run()
    best = best_epoch(history)
    model = load_model(kept.best) if best else loop.model
    return Trained(model, best or len(history.rows), history, identity, loop.stopped)


def _started(
    config: PretrainConfig, manifest: dict[str, Any], heightmap: Path, kept: Checkpoints
) -> Checkpoint:
    """The newest checkpoint, or the beginning."""
    # Without it the order in which threads add up a gradient would alter its last digits.
    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(config.seed)
    found = kept.latest()
    if found is None:
        return Checkpoint(0, _fresh(config, manifest, heightmap), {})
    done, rest = divmod(found.step, config.steps_per_epoch)
    within = f" and {rest} steps" if rest else ""
    logger.info("resuming after epoch %d of %d%s (%s)", done, config.epochs, within, kept.folder)
    return found


def _fresh(config: PretrainConfig, manifest: dict[str, Any], heightmap: Path) -> DualEncoder:
    """The model before its first step, with its optimizer."""
    _, elevation = read_elevation(heightmap)
    keras.mixed_precision.set_global_policy(precision(config.precision))
    try:
        biased = config.loss.kind == "siglip"
        model = build_dual_encoder(config.encoder, manifest, elevation, config.seed, biased=biased)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    model.compile(optimizer(config))
    model.optimizer.build(model.trainable_variables)
    return model


def _require_a_batch(train: Catalogue, config: PretrainConfig, where: Path) -> None:
    records = int(train.drawable(dry_windows=config.dry_windows).sum())
    if records < config.batch:
        raise PluvialError(
            f"the training split holds {records} records to draw from, fewer than one batch of "
            f"{config.batch}",
            where=where,
            remedy="Lower `pretrain.batch`, or lengthen `time`",
        )
