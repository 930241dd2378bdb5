"""Training that is interrupted ends as if it had not been, bit for bit on one processor."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pluvial.config.encoders import EncoderConfig, TowerConfig
from pluvial.config.learning import PretrainConfig
from pluvial.errors import PluvialError
from pluvial.files.fingerprints import sidecar
from pluvial.frames.elevation import write_elevation
from pluvial.grids.grid import Grid
from pluvial.records.manifest import read_manifest, write_manifest
from pluvial.records.window import Records, Window
from pluvial.training.checkpoints import Checkpoints
from pluvial.training.pretrain import Run, fingerprint, make_encoders, pretrain
from shards import write_records

TOWER = TowerConfig(size="quecto", stem=2)
CONFIG = PretrainConfig(
    encoder=EncoderConfig(rain=TOWER, depth=TOWER, embedding=16),
    batch=8,
    epochs=4,
    steps_per_epoch=12,
    warmup_steps=2,
)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Depth is the rain of the newest channel: something to learn."""
    folder = tmp_path_factory.mktemp("dataset")
    rng = np.random.default_rng(0)
    sidecars = []
    for split, count in (("train", 64), ("val", 24)):
        rain = rng.gamma(0.5, 200, (count, 4, 4, 2)).astype(np.uint16)
        depth = np.kron(rain[..., 1], np.ones((1, 2, 2), np.uint16))
        path = folder / split / "01-00000.tfrecord.gz"
        times = 300 * np.arange(count)
        sidecars.append(write_records(Records(times, rain, depth), path))
    write_manifest(
        folder / "manifest.json",
        sidecars,
        window=Window((1, 2), 1),
        step=300,
        rain_grid=Grid(4, 4, 200.0),
        depth_grid=Grid(8, 8, 100.0),
    )
    write_elevation(folder / "heightmap.nc", Grid(8, 8, 100.0), rng.random((8, 8)), {})
    return folder


def train(dataset: Path, folder: Path, run: Run = "trained", config: PretrainConfig = CONFIG):
    return pretrain(
        dataset / "manifest.json",
        dataset / "heightmap.nc",
        config,
        run,
        code="code",
        checkpoints=folder / "checkpoints",
        tensorboard=folder / "tensorboard",
    )


@pytest.fixture(scope="module")
def whole(dataset: Path, tmp_path_factory: pytest.TempPathFactory):
    """An unbroken training: its folder, model and history."""
    folder = tmp_path_factory.mktemp("whole")
    trained = train(dataset, folder)
    return folder, trained.model, trained.history


def test_resumed_is_unbroken(dataset: Path, tmp_path: Path, whole) -> None:
    """Killed after the second checkpoint, and gone on with."""
    _, model, history = whole

    class KilledError(Exception):
        pass

    save = Checkpoints.save

    def save_then_die(self: Checkpoints, epoch: int, model: object) -> None:
        save(self, epoch, model)
        if epoch == 2:
            raise KilledError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Checkpoints, "save", save_then_die)
        with pytest.raises(KilledError):
            train(dataset, tmp_path)
    resumed, again, _ = train(dataset, tmp_path)
    for one, two in zip(model.variables, resumed.variables, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-6)
    for key in ("epoch", "loss", "val_loss"):
        assert [row[key] for row in again.rows] == pytest.approx(
            [row[key] for row in history.rows], rel=1e-4
        )


def test_it_learns_and_the_control_does_not(dataset: Path, tmp_path: Path, whole) -> None:
    chance = np.log(8)
    assert whole[2].rows[-1]["loss"] < 0.8 * chance
    _, torn, _ = train(dataset, tmp_path, "shuffled")
    assert torn.rows[-1]["loss"] > 0.9 * chance


def test_what_a_training_becomes_is_in_its_fingerprint(dataset: Path, tmp_path: Path) -> None:
    """Other code, another heightmap or other keys must never go on from these checkpoints."""
    heightmap = tmp_path / "heightmap.nc"
    heightmap.write_bytes(b"one")
    manifest = read_manifest(dataset / "manifest.json")
    found = {fingerprint(CONFIG, manifest, heightmap, "trained", "code")}
    found.add(fingerprint(CONFIG, manifest, heightmap, "trained", "edited"))
    found.add(fingerprint(CONFIG, manifest, heightmap, "shuffled", "code"))
    other = CONFIG.model_copy(update={"seed": 2})
    found.add(fingerprint(other, manifest, heightmap, "trained", "code"))
    heightmap.write_bytes(b"two")
    found.add(fingerprint(CONFIG, manifest, heightmap, "trained", "code"))
    assert len(found) == 5


def test_damaged_checkpoint_falls_back_to_the_one_before(tmp_path: Path, whole) -> None:
    (source,) = (whole[0] / "checkpoints").iterdir()
    folder = tmp_path / "checkpoints"
    shutil.copytree(source, folder)
    last = folder / "epoch-00004.keras"
    content = bytearray(last.read_bytes())
    content[1000] ^= 1
    last.write_bytes(bytes(content))
    found = Checkpoints(folder).latest()
    assert found is not None
    assert found[0] == 3
    sidecar(folder / "epoch-00003.keras").unlink()
    assert Checkpoints(folder).latest() is None


def test_outputs(dataset: Path, tmp_path: Path) -> None:
    make_encoders(
        dataset / "manifest.json",
        dataset / "heightmap.nc",
        CONFIG,
        "untrained",
        code="code",
        checkpoints=tmp_path / "checkpoints",
        tensorboard=tmp_path / "tensorboard",
        folder=tmp_path / "out",
    )
    names = {path.name for path in (tmp_path / "out").iterdir()}
    towers = {f"{tower}.keras{end}" for tower in ("rain", "depth") for end in ("", ".sha256")}
    assert names == towers | {"history.csv", "training.json"}
    assert pd.read_csv(tmp_path / "out" / "history.csv").empty


def test_fewer_records_than_a_batch_are_refused(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(PluvialError, match="64 records to draw from, fewer than one batch of 128"):
        train(dataset, tmp_path, config=CONFIG.model_copy(update={"batch": 128}))
    assert not list(tmp_path.rglob("*.keras"))
