"""Training: what it learns, what comes out of it, when it ends, and what it says."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from pluvial.config.learning import LossConfig
from pluvial.errors import PluvialError
from pluvial.files.documents import read_json
from pluvial.files.fingerprints import sidecar
from pluvial.records.manifest import read_manifest
from pluvial.training.checkpoints import Checkpoints
from pluvial.training.history import History
from pluvial.training.interruption import Interruption
from pluvial.training.loop import Loop
from pluvial.training.pretrain import Trained, fingerprint, make_encoders
from training.cases import CONFIG, changed, make_dataset, train

# What its tests share is made once.
pytestmark = pytest.mark.xdist_group("pretrain")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_dataset(tmp_path_factory.mktemp("dataset"))


@pytest.fixture(scope="module")
def whole(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Trained]:
    """An unbroken training: its folder, and what came of it."""
    folder = tmp_path_factory.mktemp("whole")
    return folder, train(dataset, folder)


def weights(trained: Trained) -> list[np.ndarray]:
    return [np.asarray(variable) for variable in trained.model.variables]


def test_it_learns_and_the_control_does_not(
    dataset: Path, tmp_path: Path, whole: tuple[Path, Trained]
) -> None:
    rows = whole[1].history.rows
    assert rows[-1]["loss"] < 0.5 * rows[-1]["chance_loss"]
    assert rows[-1]["val_retrieval"] > 2 * rows[0]["val_retrieval"]
    torn = train(dataset, tmp_path, "shuffled").history.rows
    assert torn[-1]["loss"] > 0.9 * torn[-1]["chance_loss"]
    assert torn[-1]["val_retrieval"] < 0.5 * rows[-1]["val_retrieval"]


def test_what_a_row_of_the_history_says(whole: tuple[Path, Trained]) -> None:
    for number, row in enumerate(whole[1].history.rows, start=1):
        assert row["epoch"] == number
        assert np.log(5) < row["chance_loss"] < np.log(8), "some pairs are false negatives"
        assert 0 <= row["input_wait"] <= 1
        assert row["val_chance"] == pytest.approx(10 / 24)
        assert row["rain_collapsed"] == row["depth_collapsed"] == 0
        assert 0 <= row["same_storm"] < 0.2


def test_the_best_epoch_is_what_comes_out(whole: tuple[Path, Trained]) -> None:
    folder, trained = whole
    scores = [row["val_retrieval"] for row in trained.history.rows]
    assert trained.epoch == int(np.argmax(scores)) + 1
    (kept,) = (folder / "checkpoints").iterdir()
    assert sorted(path.name for path in kept.glob("*.keras")) == [
        "best.keras",
        "step-00000036.keras",
        "step-00000048.keras",
    ]
    assert int(trained.model.optimizer.iterations) == 12 * trained.epoch


class KilledError(Exception):
    pass


def test_resumed_is_unbroken_to_the_last_bit(
    dataset: Path, tmp_path: Path, whole: tuple[Path, Trained]
) -> None:
    """Broken off within an epoch, with noise: the history and every weight are the same."""
    save = Checkpoints.save

    def save_then_die(self: Checkpoints, step: int, *rest: object) -> None:
        save(self, step, *rest)
        if step == 17:
            raise KilledError

    each_step = changed(checkpoint_minutes=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Checkpoints, "save", save_then_die)
        with pytest.raises(KilledError):
            train(dataset, tmp_path, config=each_step)
    resumed = train(dataset, tmp_path, config=each_step)
    for one, two in zip(weights(whole[1]), weights(resumed), strict=True):
        np.testing.assert_array_equal(one, two)
    measured = {"pairs_per_second", "input_wait"}
    for one, two in zip(whole[1].history.rows, resumed.history.rows, strict=True):
        assert {k: v for k, v in one.items() if k not in measured} == {
            k: v for k, v in two.items() if k not in measured
        }


@pytest.mark.parametrize(
    ("number", "at", "left"),
    [(signal.SIGTERM, 24, 24), pytest.param(signal.SIGUSR1, 30, 31, marks=pytest.mark.long)],
)
def test_told_to_stop_it_keeps_its_step_and_leaves(
    dataset: Path, tmp_path: Path, whole: tuple[Path, Trained], number: int, at: int, left: int
) -> None:
    """Between two steps, or when an epoch has been judged."""
    due = Loop._due

    def signal_then_due(self: Loop, interruption: Interruption) -> bool:
        if self.step == at:
            os.kill(os.getpid(), number)
        return due(self, interruption) and self.step >= left

    before = signal.getsignal(number)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Loop, "_due", signal_then_due)
        name = signal.Signals(number).name
        with pytest.raises(PluvialError, match=rf"\({name}\) after step {left}, "):
            train(dataset, tmp_path)
    assert signal.getsignal(number) == before
    for one, two in zip(weights(whole[1]), weights(train(dataset, tmp_path)), strict=True):
        np.testing.assert_array_equal(one, two)


def test_patience(dataset: Path, tmp_path: Path) -> None:
    """Without learning nothing gets better."""
    config = changed(learning_rate=1e-12, patience=2, epochs=9)
    trained = train(dataset, tmp_path, config=config)
    assert trained.stopped is not None
    assert trained.stopped["reason"] == "patience"
    assert (trained.epoch, len(trained.history.rows)) == (1, 3)
    again = train(dataset, tmp_path, config=config)
    assert (again.stopped, len(again.history.rows)) == (trained.stopped, 3)


def test_a_dead_tower_ends_training_by_its_name(dataset: Path, tmp_path: Path) -> None:
    """Embeddings behind a ReLU that lets nothing through."""
    fresh = Loop.run

    def kill_then_run(self: Loop) -> None:
        layer = self.model.depth_tower.get_layer("embedding")
        layer.bias.assign(tf.fill(layer.bias.shape, -1e3))
        fresh(self)

    encoder = CONFIG.encoder.model_copy(update={"activation": "relu", "unit": False})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Loop, "run", kill_then_run)
        trained = train(dataset, tmp_path, config=changed(encoder=encoder))
    assert trained.stopped is not None
    assert (trained.stopped["reason"], trained.stopped["towers"]) == ("collapsed", ["depth"])
    assert len(trained.history.rows) == 3


def test_a_loss_that_is_no_number_ends_training(dataset: Path, tmp_path: Path) -> None:
    encoder = CONFIG.encoder.model_copy(update={"unit": False})
    config = changed(encoder=encoder, learning_rate=0.99, clip_norm=1e30, warmup_steps=0)
    fresh = Loop.run

    def blow_up_then_run(self: Loop) -> None:
        for weight in self.model.rain_tower.trainable_variables:
            weight.assign(weight * 1e20)
        fresh(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Loop, "run", blow_up_then_run)
        with pytest.raises(PluvialError, match=r"at step \d+: the training has diverged") as caught:
            train(dataset, tmp_path, config=config)
    assert "weights of the rain tower are not finite" in str(caught.value)
    assert not list(tmp_path.rglob("*.keras")), "what is no number is never kept"


def test_siglip_and_pairs_pushed_apart(dataset: Path, tmp_path: Path) -> None:
    """The other loss learns too, and its bias is trained and comes back from the disk."""
    loss = LossConfig(kind="siglip", false_negative_minutes=None)
    trained = train(dataset, tmp_path, config=changed(loss=loss))
    rows = trained.history.rows
    assert rows[-1]["loss"] < rows[0]["loss"]
    assert float(trained.model.bias) != -10
    (kept,) = (tmp_path / "checkpoints").iterdir()
    found = Checkpoints(kept).latest()
    assert found is not None
    assert found.model.optimizer.iterations == 48
    assert len(found.model.optimizer.variables) == len(trained.model.optimizer.variables)


def test_without_validation_records_the_last_epoch_comes_out(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path)
    for file in (dataset / "val").iterdir():
        file.unlink()
    manifest = read_json(dataset / "manifest.json")
    manifest["splits"]["val"] = {"records": 0, "records_with_rain": 0, "shards": []}
    from pluvial.files.documents import write_json

    write_json(dataset / "manifest.json", manifest)
    trained = train(dataset, tmp_path, config=changed(epochs=2))
    assert trained.epoch == 2
    assert "val_loss" not in trained.history.rows[-1]


def test_what_a_training_becomes_is_in_its_fingerprint(dataset: Path, tmp_path: Path) -> None:
    """Other code, another heightmap or other keys must never go on from these checkpoints."""
    heightmap = tmp_path / "heightmap.nc"
    heightmap.write_bytes(b"one")
    manifest = read_manifest(dataset / "manifest.json")
    found = {fingerprint(CONFIG, manifest, heightmap, "trained", "code")}
    machine = changed(checkpoint_minutes=3)
    assert fingerprint(machine, manifest, heightmap, "trained", "code") in found
    found.add(fingerprint(CONFIG, manifest, heightmap, "trained", "edited"))
    found.add(fingerprint(CONFIG, manifest, heightmap, "shuffled", "code"))
    found.add(fingerprint(changed(seed=2), manifest, heightmap, "trained", "code"))
    heightmap.write_bytes(b"two")
    found.add(fingerprint(CONFIG, manifest, heightmap, "trained", "code"))
    assert len(found) == 5


def test_damaged_checkpoint_falls_back_to_the_one_before(
    tmp_path: Path, whole: tuple[Path, Trained]
) -> None:
    (source,) = (whole[0] / "checkpoints").iterdir()
    folder = tmp_path / "checkpoints"
    shutil.copytree(source, folder)
    last = folder / "step-00000048.keras"
    content = bytearray(last.read_bytes())
    content[1000] ^= 1
    last.write_bytes(bytes(content))
    found = Checkpoints(folder).latest()
    assert found is not None
    assert found.step == 36
    sidecar(folder / "step-00000036.keras").unlink()
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
    assert read_json(tmp_path / "out" / "training.json")["stopped"] is None


def test_a_history_goes_on_after_the_epoch_that_is_resumed(tmp_path: Path) -> None:
    """Rows beyond it are dropped; columns that not every row has stay empty."""
    csv = tmp_path / "history.csv"
    history = History(csv, tmp_path / "t", 0)
    history.add({"epoch": 1.0, "loss": 3.0})
    history.add({"epoch": 2.0, "loss": 2.0, "gpu_utilisation": 0.5})
    assert [row["loss"] for row in History(csv, tmp_path / "t", 1).rows] == [3.0]


def test_fewer_records_than_a_batch_are_refused(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(PluvialError, match="64 records to draw from, fewer than one batch of 128"):
        train(dataset, tmp_path, config=changed(batch=128))
    assert not list(tmp_path.rglob("*.keras"))
