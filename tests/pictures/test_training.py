"""The sanity model: its loss, its judge, that it learns, and that it can be interrupted."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from pluvial.config.sanity import PictureSplit, SanityConfig
from pluvial.errors import PluvialError
from pluvial.files.documents import read_json
from pluvial.models.files import load_model, save_model
from pluvial.models.losses import clip_chance, clip_loss, false_negatives
from pluvial.models.pictures import build_picture_encoder
from pluvial.pictures.album import make_album, read_album
from pluvial.training.pictures import PictureSource, precision
from pluvial.training.sanity import make_picture_encoder
from sklearn.metrics import average_precision_score

CONFIG = SanityConfig.model_validate(
    {
        "pictures": {"format": "synthetic", "per_kind": 60, "side": 16},
        "encoder": {"size": "quecto", "stem": 2},
        "embedding": 16,
        "views": {"least_area": 0.7},
        "batch": 24,
        "epochs": 3,
        "steps_per_epoch": 8,
        "warmup_steps": 4,
    }
)


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("album")
    path = folder / "pictures.npz"
    make_album(CONFIG.pictures, PictureSplit(), folder, 1, path, folder / "report.json")
    return path


def train(album: Path, folder: Path, run: str = "labels", config: SanityConfig = CONFIG) -> Path:
    make_picture_encoder(
        album,
        config,
        run,  # type: ignore[arg-type]
        code="test",
        checkpoints=folder / "checkpoints",
        tensorboard=folder / "tensorboard",
        folder=folder / run,
    )
    return folder / run


@pytest.fixture(scope="module")
def whole(album: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(album, tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize("scale", [1.0, 10.0])
def test_the_loss_of_label_pairs_at_its_best(scale: float) -> None:
    """Three kinds in the corners of a triangle: cosines 1 and -1/2, and of a batch of 12 each row
    is told apart from the 8 of other kinds: ln(1 + 8 exp(-3/2 scale)); at chance ln 9."""
    corners = np.array([[np.cos(a), np.sin(a)] for a in 2 * np.pi * np.arange(3) / 3])
    ids = np.arange(12) % 3
    still = np.zeros(12, np.int64)
    left_out = false_negatives(still, still, ids, ids, seconds=0)
    x = corners[ids].astype(np.float32)
    loss = float(clip_loss(x, x, scale, left_out))
    assert loss == pytest.approx(np.log1p(8 * np.exp(-1.5 * scale)), rel=1e-4, abs=1e-6)
    assert float(clip_chance(left_out)) == pytest.approx(np.log(9), rel=1e-6)
    # Were the others of a kind negatives, so good a model could not go below ln 4.
    assert float(clip_loss(x, x, scale)) > np.log(4)


def test_the_gradient_leaves_out_others_of_a_kind() -> None:
    rng = np.random.default_rng(2)
    x, y = (tf.Variable(rng.normal(size=(9, 4)).astype(np.float32)) for _ in range(2))
    ids = np.arange(9) % 3
    still = np.zeros(9, np.int64)
    left_out = false_negatives(still, still, ids, ids, seconds=0)
    with tf.GradientTape() as tape:
        logits = tf.matmul(x, y, transpose_b=True)
        tape.watch(logits)
        # The loss is of vectors; with the identity on one side they are the logits themselves.
        loss = clip_loss(logits, tf.eye(9), 1.0, left_out)
    gradient = tape.gradient(loss, logits).numpy()
    same = (ids[:, None] == ids[None, :]) & ~np.eye(9, dtype=bool)
    assert (gradient[same] == 0).all()
    assert (gradient[~same] != 0).all()


def test_precision_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    alike = rng.normal(size=(30, 30))
    ids = rng.integers(3, size=30)
    expected = [average_precision_score(ids == one, row) for one, row in zip(ids, alike)]  # noqa: B905
    assert precision(alike, ids) == pytest.approx(np.mean(expected))
    unique = np.arange(30)
    rank = 1 + (alike > np.diag(alike)[:, None]).sum(axis=1)
    assert precision(alike, unique) == pytest.approx((1 / rank).mean())
    np.fill_diagonal(alike, -np.inf)
    off = ~np.eye(30, dtype=bool)
    without = [
        average_precision_score((ids == ids[k])[off[k]], alike[k][off[k]]) for k in range(30)
    ]
    assert precision(alike, ids) == pytest.approx(np.mean(without))


def test_both_sides_are_one_tower_and_stay_so(tmp_path: Path) -> None:
    model = build_picture_encoder(CONFIG.encoder, 16, 8, 1)
    assert model.rain_tower is model.depth_tower
    x = np.random.default_rng(1).uniform(0, 255, (5, 16, 16, 3)).astype(np.float32)
    left, right = model((x, x))
    assert np.array_equal(left, right)
    assert np.linalg.norm(left, axis=1) == pytest.approx(np.ones(5), abs=1e-5)
    save_model(model, tmp_path / "m.keras")
    again = load_model(tmp_path / "m.keras")
    assert again.rain_tower is again.depth_tower
    assert len(again.trainable_variables) == len(model.trainable_variables)
    assert np.array_equal(again((x, x))[0], left)


@pytest.mark.parametrize("pairs", ["labels", "views"])
def test_batches_are_gone_on_with_from_any(album: Path, pairs: str) -> None:
    source = PictureSource(read_album(album).split("train"), pairs, CONFIG)  # type: ignore[arg-type]
    every = list(source.batches(2, 0))
    rest = list(source.batches(2, 5))
    assert len(every) == 8
    assert len(rest) == 3
    for one, other in zip(every[5:], rest, strict=True):
        for side, again in zip(source.inputs(one), source.inputs(other), strict=True):
            assert np.array_equal(side, again)
        assert np.array_equal(one["rain_id"], other["rain_id"])


def test_an_interrupted_training_ends_the_same(album: Path, whole: Path, tmp_path: Path) -> None:
    """With the checkpoint of the first epoch alone it goes on with the second, bit for bit."""
    place = tmp_path / "place"
    shutil.copytree(whole.parent, place)
    shutil.rmtree(place / "labels")
    (kept,) = place.glob("checkpoints/labels-*")
    for path in kept.glob("step-00000024.*"):
        path.unlink()
    again = train(album, place)
    one, other = (load_model(folder / "encoder.keras") for folder in (whole, again))
    for a, b in zip(one.variables, other.variables, strict=True):
        assert np.array_equal(a, b), a.path
    assert pd.read_csv(again / "history.csv")["epoch"].tolist() == [1, 2, 3]


def test_what_is_written(album: Path, whole: Path) -> None:
    table = pd.read_parquet(whole / "embeddings.parquet")
    pictures = read_album(album)
    assert table["name"].tolist() == pictures.names.tolist()
    assert table["kind"].tolist() == pictures.kinds.tolist()
    assert np.stack(table["picture"]).shape == (180, 16)
    training = read_json(whole / "training.json")
    assert training["run"] == "labels"
    assert training["epoch"] in {1, 2, 3}
    row = pd.read_csv(whole / "history.csv").iloc[-1]
    assert row["chance_loss"] == pytest.approx(np.log(17), rel=1e-4), "24 less the 7 of its kind"
    assert row["same_id"] == pytest.approx(7 / 24)


def test_the_control_is_not_trained(album: Path, tmp_path: Path) -> None:
    folder = train(album, tmp_path, "untrained")
    fresh = build_picture_encoder(CONFIG.encoder, 16, CONFIG.embedding, CONFIG.seed).rain_tower
    for a, b in zip(load_model(folder / "encoder.keras").variables, fresh.variables, strict=True):
        assert np.array_equal(a, b)
    assert read_json(folder / "training.json")["epoch"] == 0


def test_fewer_pictures_than_a_batch_of_views_are_refused(album: Path, tmp_path: Path) -> None:
    config = CONFIG.model_copy(update={"batch": 120})
    with pytest.raises(PluvialError, match=r"sanity\.batch.*108 pictures"):
        train(album, tmp_path, "views", config)
