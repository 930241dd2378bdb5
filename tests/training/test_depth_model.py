"""Training the depth model: it learns, it can be interrupted, and it uses what it is granted."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from pluvial.dataset.pipeline import Layout
from pluvial.errors import PluvialError
from pluvial.frames.predictions import PredictionsFile
from pluvial.models.build import build_dual_encoder
from pluvial.models.depth.files import load_network
from pluvial.models.files import save_model
from pluvial.records.manifest import read_manifest
from pluvial.records.window import Records
from pluvial.training.checkpoints import Checkpoints
from pluvial.training.depth.predict import make_predictions
from pluvial.training.depth.source import DepthSource, even_sample, labelled
from pluvial.training.depth.steps import LEAST_SPREAD_M, Statistics
from pluvial.training.depth.validation import contingency, critical_success
from pluvial.training.loop import Loop
from training.depth_cases import CONFIG, TOWERS, catalogue, changed, make_dataset, records_of, train

# What its tests share is made once.
pytestmark = pytest.mark.xdist_group("depth model")

MEASURED = {"pairs_per_second", "input_wait"}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_dataset(tmp_path_factory.mktemp("flood"))


@pytest.fixture(scope="module")
def whole(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training that nothing interrupts: the folder of its model."""
    return train(dataset, tmp_path_factory.mktemp("whole"))


def history(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "history.csv")


def weights(folder: Path) -> list[np.ndarray]:
    return list(load_network(folder / "model.keras").get_weights())


def test_it_learns(whole: Path) -> None:
    rows = history(whole)
    assert rows["loss"].iloc[-1] < 0.6 * rows["loss"].iloc[0]
    assert rows["val_csi"].max() > 0.6


def test_the_account_says_what_made_it(whole: Path) -> None:
    account = json.loads((whole / "training.json").read_text())
    assert account["thresholds"] == [0.05, 0.1, 0.3]
    assert (account["start"], account["label_share"], account["seed"]) == ("scratch", 100, 1)
    assert account["records"] == {"train": 240, "storms": 31}
    rows = history(whole)
    assert account["epoch"] == int(rows["val_csi"].idxmax()) + 1
    assert account["seconds"] > 0
    depth = records_of(0).depth[:240] / 1000
    for threshold in account["thresholds"]:
        share = account["wet_share_of_train"][f"{threshold:g}"]
        assert share == pytest.approx((depth > threshold).mean(), rel=1e-9)


class KilledError(Exception):
    pass


@pytest.mark.long
def test_resumed_is_unbroken_to_the_last_bit(dataset: Path, tmp_path: Path, whole: Path) -> None:
    """Broken off within the second epoch, with noise: the history and every weight are the same."""
    save = Checkpoints.save

    def save_then_die(self: Checkpoints, step: int, *rest: object) -> None:
        save(self, step, *rest)
        if step == 57:
            raise KilledError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Loop, "_due", lambda self, _: self.step == 57)
        patch.setattr(Checkpoints, "save", save_then_die)
        with pytest.raises(KilledError):
            train(dataset, tmp_path)
    resumed = train(dataset, tmp_path)
    for one, two in zip(weights(whole), weights(resumed), strict=True):
        np.testing.assert_array_equal(one, two)
    pd.testing.assert_frame_equal(
        history(whole).drop(columns=[*MEASURED]), history(resumed).drop(columns=[*MEASURED])
    )


@pytest.mark.long
def test_labels_eight_hours_early_teach_nothing(tmp_path: Path, whole: Path) -> None:
    """The earlier system's fault: the depth of 95 steps ago beside the rain of now."""
    early = train(make_dataset(tmp_path / "early", labels_back=95), tmp_path)
    assert history(early)["val_csi"].max() < 0.5 * history(whole)["val_csi"].max()


def test_predictions_of_a_split_are_in_order_and_agree_with_the_model(
    dataset: Path, tmp_path: Path, whole: Path
) -> None:
    path = tmp_path / "test.nc"
    make_predictions(dataset / "manifest.json", whole / "model.keras", "test", path)
    file = PredictionsFile(path)
    records = records_of(0)
    times = records.times[310:360]
    np.testing.assert_array_equal(file.references, times)
    np.testing.assert_array_equal(file.times, times + 300)
    expected = load_network(whole / "model.keras")(records.rain[310:360].astype(np.float32) / 32)
    np.testing.assert_allclose(file.depth(), expected["depth"], atol=6e-4)
    chances = np.moveaxis(keras.ops.convert_to_numpy(expected["exceedance"]), -1, 1)
    np.testing.assert_allclose(file.exceedance(), chances, atol=0.5 / 250 + 1e-5)
    assert (np.diff(file.exceedance(), axis=1) <= 0).all()
    sidecar = (whole / "model.keras.sha256").read_text().split()[0]
    assert file.attributes["model_sha256"] == sidecar


def test_another_window_is_refused(dataset: Path, tmp_path: Path, whole: Path) -> None:
    manifest = json.loads((dataset / "manifest.json").read_text())
    manifest["channels_back_from_now"] = [2, 2, 2]
    other = dataset / "other.json"
    other.write_text(json.dumps(manifest))
    with pytest.raises(PluvialError, match=r"another `channels_back_from_now`: \[1, 2, 3\]"):
        make_predictions(other, whole / "model.keras", "test", tmp_path / "test.nc")


@pytest.mark.long
def test_a_frozen_tower_stays_as_it_was(dataset: Path, tmp_path: Path) -> None:
    manifest = read_manifest(dataset / "manifest.json")
    flat = np.zeros((8, 8), np.float32)
    tower = build_dual_encoder(TOWERS, manifest, flat, seed=9).rain_tower
    save_model(tower, tmp_path / "rain.keras")
    few = {"epochs": 1, "steps_per_epoch": 4, "warmup_steps": 1}
    found = {}
    for start in ("frozen", "finetuned"):
        config = changed(start=start, accumulate=2, tile=4, **few)
        folder = train(dataset, tmp_path / start, config, tmp_path / "rain.keras")
        found[start] = load_network(folder / "model.keras").coarse.get_layer("stem").get_weights()
    before = tower.get_layer("stem").get_weights()
    np.testing.assert_array_equal(found["frozen"][0], before[0])
    assert np.abs(found["finetuned"][0] - before[0]).max() > 0


def test_a_share_of_labels_is_whole_storms_and_nested(dataset: Path) -> None:
    train_split = catalogue(dataset)
    few, some = (
        labelled(train_split, changed(label_share=share)).drawable(dry_windows=False)
        for share in (10, 40)
    )
    assert 0 < few.sum() < some.sum() < train_split.times.size
    assert not (few & ~some).any()
    storms = train_split.storms
    assert not set(storms[few]) & set(storms[~few])
    other = labelled(train_split, changed(label_share=40, seed=2)).drawable(dry_windows=False)
    assert (other != some).any()


def source(dataset: Path, **keys: object) -> DepthSource:
    config = changed(**keys)
    manifest = read_manifest(dataset / "manifest.json")
    found = labelled(catalogue(dataset), config)
    return DepthSource.open(found, manifest["features"], Layout.of(manifest), config)


@pytest.mark.parametrize("memory_gb", [1.0, 0.0])
def test_batches_hold_what_the_shards_hold(dataset: Path, memory_gb: float) -> None:
    """From memory or streamed: each record with its own depth, none twice in a pass."""
    batches = list(
        source(dataset, memory_gb=memory_gb, steps_per_epoch=240 // CONFIG.batch).batches(0, 0)
    )
    records = records_of(0)
    row_of = {int(time): row for row, time in enumerate(records.times[:240])}
    times = np.concatenate([batch["time"].numpy() for batch in batches])
    assert sorted(times.tolist()) == sorted(row_of)
    for batch in batches[:3]:
        rows = [row_of[int(time)] for time in batch["time"].numpy()]
        np.testing.assert_array_equal(batch["rain"].numpy(), records.rain[rows])
        np.testing.assert_array_equal(batch["depth"].numpy()[..., 0], records.depth[rows])


@pytest.mark.parametrize("memory_gb", [1.0, 0.0])
def test_an_epoch_can_be_entered_anywhere(dataset: Path, memory_gb: float) -> None:
    drawn = source(dataset, memory_gb=memory_gb, tile=4)
    whole_epoch, rest = list(drawn.batches(1, 0)), list(drawn.batches(1, 5))
    assert len(rest) == len(whole_epoch) - 5
    for one, two in zip(whole_epoch[5:], rest, strict=True):
        for name, values in one.items():
            np.testing.assert_array_equal(values, two[name])
    assert len({tuple(batch["tile"].numpy()[0]) for batch in whole_epoch}) > 3


def test_every_record_comes_once_before_any_comes_twice(dataset: Path) -> None:
    drawn = source(dataset, steps_per_epoch=7)
    times = [b["time"].numpy() for epoch in range(5) for b in drawn.batches(epoch, 0)]
    seen = np.concatenate(times)
    assert len(set(seen[:240].tolist())) == 240


def test_statistics_are_those_of_the_records() -> None:
    records = records_of(0)
    depth = records.depth.copy()
    depth[::3, 0, 0] = 65535
    depth[:, 1, 1] = 65535
    part = Records(records.times, records.rain, depth)
    layout = Layout(records.rain.shape[1:], (8, 8), 1 / 32, 1 / 1000)
    known = Statistics.of(part, layout, changed(loss={"class_balance": 1.0}))
    metres = np.where(depth == 65535, np.nan, depth / 1000)
    for threshold, wet, weight in zip(CONFIG.thresholds, known.wet, known.balance, strict=True):
        share = np.nanmean(np.where(np.isnan(metres), np.nan, metres > threshold))
        assert wet == pytest.approx(share, rel=1e-6)
        assert weight == pytest.approx((1 - share) / share, rel=1e-5)
    assert known.root_variance == pytest.approx(np.nanvar(np.sqrt(metres)), rel=1e-5)
    assert known.cell_variances[0, 0] == pytest.approx(np.nanvar(metres[:, 0, 0]), rel=1e-4)
    assert known.cell_variances[1, 1] == pytest.approx(LEAST_SPREAD_M**2)


def test_csi_counts_cells_that_are_there() -> None:
    true = np.array([0.2, 0.2, 0.0, np.nan, 0.05], np.float32).reshape(1, 1, 5)
    called = np.array([True, False, True, True, False]).reshape(1, 1, 5, 1)
    counts = contingency(called, true, [0.1])
    np.testing.assert_array_equal(counts[:, 0], [1, 1, 1])
    assert critical_success(counts)[0] == pytest.approx(1 / 3)
    assert critical_success(np.zeros((3, 1)))[0] == 1


def test_a_sample_is_even_over_time(dataset: Path) -> None:
    chosen = labelled(catalogue(dataset), CONFIG)
    times = chosen.times[even_sample(chosen, 24)]
    assert (np.diff(times) > 0).all()
    assert np.diff(times).max() <= 11 * 300
