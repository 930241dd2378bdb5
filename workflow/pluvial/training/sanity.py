"""The sanity model: the loop and loss of rain and depth, on pictures whose kinds are known."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import keras
import numpy as np
import tensorflow as tf

from pluvial.config.sanity import Pairs, SanityConfig
from pluvial.errors import PluvialError
from pluvial.files.documents import write_json
from pluvial.files.fingerprints import document_sha256, file_sha256
from pluvial.jobs import logger
from pluvial.models.dual_encoder import DualEncoder
from pluvial.models.files import load_model, save_model
from pluvial.models.pictures import build_picture_encoder
from pluvial.pictures.album import Album, read_album
from pluvial.pictures.embeddings import SIDE, write_embeddings
from pluvial.training.checkpoints import Checkpoint, Checkpoints
from pluvial.training.contrastive import ContrastiveLoop
from pluvial.training.history import History
from pluvial.training.outset import best_epoch, optimizer, precision, require_equal_parts
from pluvial.training.pictures import PictureJudge, PictureSource, embedded
from pluvial.training.steps import strategy_for

Run = Literal["labels", "views", "untrained"]
"""What the encoder is trained on, and the control that is not trained."""

KEYS_OF_OTHERS = {"pictures", "split", "pairs", "pretrained"}
"""Keys that no training reads: the album holds what comes of them."""
KEYS_OF_THE_MACHINE = {"checkpoint_minutes"}
"""Keys that do not alter what a training becomes."""


def make_picture_encoder(
    album_path: Path,
    config: SanityConfig,
    run: Run,
    *,
    code: str,
    checkpoints: Path,
    tensorboard: Path,
    folder: Path,
) -> None:
    """Train, and write the encoder, the embeddings of all pictures and the history.

    Into ``folder`` come ``encoder.keras``, ``embeddings.parquet`` (``picture`` float32[D],
    ``kind``, ``split``, ``name``; in the order of the album), ``history.csv`` and
    ``training.json``.

    Args:
        album_path: the pictures.
        config: of the sanity model.
        run: what to train on; the control ``untrained`` is written as it is before the first step.
        code: digest of the library files that a training runs through.
        checkpoints: folder for all trainings; this one's is named by its fingerprint.
        tensorboard: folder of the event files.
        folder: the folder to write into.

    Raises:
        PluvialError: if there are fewer pictures than a batch needs, if the training diverges, or
            if it is told to stop; it then goes on from there the next time.
    """
    album = read_album(album_path)
    identity = fingerprint(config, album_path, run, code)
    name = f"{run}-{identity[:16]}"
    kept = Checkpoints(checkpoints / name)
    loop = _loop(album, config, run, kept, tensorboard / name)
    if run != "untrained":
        loop.run()
    best = best_epoch(loop.history)
    model = load_model(kept.best) if best else loop.model
    tower = model.rain_tower
    save_model(tower, folder / "encoder.keras")
    write_embeddings(embedded(tower, album.pixels), album, folder / "embeddings.parquet")
    loop.history.copy_to(folder / "history.csv")
    write_json(
        folder / "training.json",
        {
            "run": run,
            "fingerprint": identity,
            "config": config.model_dump(mode="json", exclude=KEYS_OF_OTHERS),
            "album_sha256": file_sha256(album_path),
            "epoch": best,
            "stopped": loop.stopped,
            "parameters": tower.count_params(),
            "keras": keras.__version__,
            "tensorflow": tf.__version__,
            "code": code,
        },
    )


def fingerprint(config: SanityConfig, album: Path, run: Run, code: str) -> str:
    """Hex digest of all that decides what a training becomes: only its equal is gone on with."""
    return document_sha256(
        {
            "config": config.model_dump(mode="json", exclude=KEYS_OF_OTHERS | KEYS_OF_THE_MACHINE),
            "data": file_sha256(album),
            "run": run,
            "code": code,
            "keras": keras.__version__,
            "tensorflow": tf.__version__,
        }
    )


def _loop(
    album: Album, config: SanityConfig, run: Run, kept: Checkpoints, logs: Path
) -> ContrastiveLoop:
    """The training, at its newest checkpoint or its beginning."""
    training = config.training()
    strategy = strategy_for()
    require_equal_parts(training.batch, strategy.num_replicas_in_sync, "sanity")
    pairs: Pairs = "labels" if run == "labels" else "views"
    train = album.split("train")
    _require_enough(train, pairs, config)
    # Without it the order in which threads add up a gradient would alter its last digits.
    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(config.seed)
    with strategy.scope():
        start = kept.latest() or Checkpoint(0, _fresh(config, album.pixels.shape[1]), {})
    done, rest = divmod(start.step, training.steps_per_epoch)
    if start.step:
        logger.info("resuming after epoch %d and %d steps (%s)", done, rest, kept.folder)
    return ContrastiveLoop(
        model=start.model,
        config=training,
        source=PictureSource(train, pairs, config),
        strategy=strategy,
        validation=PictureJudge(album.split("val"), pairs, config),
        kept=kept,
        history=History(kept.folder / "history.csv", logs, done),
        towers=(SIDE,),
        step=start.step,
        sums=dict(start.sums),
    )


def _fresh(config: SanityConfig, side: int) -> DualEncoder:
    """The model before its first step, with its optimizer."""
    training = config.training()
    keras.mixed_precision.set_global_policy(precision(training.precision))
    try:
        model = build_picture_encoder(config.encoder, side, config.embedding, config.seed)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    model.compile(optimizer(training))
    model.optimizer.build(model.trainable_variables)
    return model


def _require_enough(train: Album, pairs: Pairs, config: SanityConfig) -> None:
    """Every kind must have two pictures, and a batch of view pairs a picture for each."""
    _, sizes = np.unique(train.kinds, return_counts=True)
    if sizes.min() < 2:
        raise PluvialError(
            "a kind has fewer than two pictures to train on",
            where="sanity.pictures",
            remedy="Give more pictures, or raise `sanity.split.train`",
        )
    if pairs == "views" and train.kinds.size < config.batch:
        raise PluvialError(
            f"there are {train.kinds.size} pictures to train on, fewer than one batch of "
            f"{config.batch}",
            where="sanity.batch",
            remedy="Lower it, or give more pictures",
        )
