"""The leak meter: by hand, and on weather in which neighbours in time are nearly the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from built import DEPTH_CONFIG, FRAMES, Results
from pluvial.files.documents import read_json
from pluvial.records import leakage as meter
from pluvial.records.leakage import leakage, make_leakage
from pluvial.records.window import Window


def features(rain: list[float], flooded: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.float32(rain)[:, None], np.array(flooded, dtype=bool)


def test_the_memoriser_by_hand() -> None:
    """Of each test record the three nearest, and what two of them flood."""
    train = features([0, 1, 2, 10, 11, 12], [[0, 0], [0, 0], [0, 1], [1, 1], [1, 0], [1, 0]])
    # Near 1: nothing is flooded twice; near 11: the first cell is.
    test = features([1.1, 11.2], [[0, 1], [1, 1]])
    found = leakage(train, test, seed=0)
    # One hit, two misses, no false alarm.
    assert found["chosen"]["csi"] == pytest.approx(1 / 3)
    assert found["records"] == {"train": 6, "test": 2}


def test_without_any_flood_there_is_no_score() -> None:
    dry = features([0.0, 1, 2, 3], [[0, 0]] * 4)
    found = leakage(dry, features([0.5], [[0, 0]]), seed=0)
    assert found["chosen"]["csi"] is None
    assert found["random"]["csi"] is None


def test_a_split_by_time_leaks_less_than_random_frames() -> None:
    """A storm a day, each of a kind of its own: the neighbours of a frame are its storm's."""
    rng = np.random.default_rng(0)
    storms = rng.normal(size=(40, 12))
    shapes = rng.random((40, 50)) < 0.3
    rain = np.float32(np.repeat(storms, 30, axis=0) + 0.05 * rng.normal(size=(1200, 12)))
    flooded = np.repeat(shapes, 30, axis=0)
    train, test = slice(0, 900), slice(900, 1200)
    found = leakage((rain[train], flooded[train]), (rain[test], flooded[test]), seed=1)
    assert found["random"]["csi"] > 0.95
    assert found["chosen"]["csi"] < 0.4
    assert found == leakage((rain[train], flooded[train]), (rain[test], flooded[test]), seed=1)


def test_the_reading_of_a_dataset(built: Results, tmp_path: Path) -> None:
    path = tmp_path / "leakage.json"
    make_leakage(
        built.frames,
        [built.plans / "01.parquet"],
        built.time,
        DEPTH_CONFIG,
        FRAMES,
        built.records,
        path,
    )
    reading = read_json(path)
    assert reading["chosen"]["by"] == "time"
    assert (reading["threshold_m"], reading["neighbours"]) == (0.1, 3)
    plan = pd.read_parquet(built.plans / "01.parquet")
    kept = plan[plan["reason"].isna()]["split"].value_counts()
    assert reading["records"] == {"train": kept["train"], "test": kept["test"]}
    for score in (reading["chosen"]["csi"], reading["random"]["csi"]):
        assert 0 < score <= 1
    assert reading["random"]["csi"] > reading["chosen"]["csi"]


def test_a_large_dataset_is_sampled_evenly_in_runs(
    built: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meter, "LARGEST_SAMPLE", {"train": 96, "test": 24})
    plans = [built.plans / "01.parquet"]
    plan = pd.read_parquet(plans[0])
    for split, count in (("train", 96), ("test", 24)):
        kept = plan[plan["reason"].isna() & (plan["split"] == split)]["time"].to_numpy()
        sample = meter._sample(plans, split)
        assert sample.size <= count
        assert np.isin(sample, kept).all(), "only kept records of the split"
        assert np.unique(sample).size == sample.size
        steps = np.searchsorted(kept, sample)
        assert (np.diff(steps) == 1).sum() >= sample.size - count // 24, "whole runs"
        if split == "train":
            assert steps[0] == 0
            assert steps[-1] > kept.size - 2 * 24, "over all of the time"


def test_what_the_memoriser_sees(built: Results) -> None:
    """The logarithm of the rain in blocks, and which cells are above the threshold."""
    times = meter._sample([built.plans / "01.parquet"], "test")[:5]
    rain, depth = meter.open_all(built.frames, built.time, DEPTH_CONFIG, FRAMES)
    window = meter.window_of(built.records)
    seen, flooded = meter._features(times, rain, depth, window, 0.1)
    for _, records in meter.materialise(times, rain, depth, window):
        values = np.where(records.rain == 65535, 0, records.rain / 32)
        # 3 x 4 cells are fewer than the blocks at most: each is one.
        np.testing.assert_allclose(seen, np.log1p(values).reshape(5, -1), rtol=1e-6)
        np.testing.assert_array_equal(flooded, records.depth.reshape(5, -1) > 100)


def test_large_grids_are_seen_in_blocks(make_frames) -> None:
    """Means over blocks; a missing cell is no rain there, and no flood."""
    rng = np.random.default_rng(0)
    rain = rng.integers(0, 400, (20, 19, 8)).astype(np.uint16)
    depth = rng.integers(0, 300, (20, 38, 16)).astype(np.uint16)
    rain[rng.random(rain.shape) < 0.1] = 65535
    depth[rng.random(depth.shape) < 0.1] = 65535
    frames = make_frames(rain, depth)
    window = Window((1,), 1)
    seen, flooded = meter._features(300 * np.arange(4, 10), *frames.open(), window, 0.1)
    assert seen.shape == (6, 8 * 8)
    rows = np.unique(np.linspace(0, 19, 8, endpoint=False).astype(int))
    for at, now in enumerate(range(4, 10)):
        values = np.log1p(np.where(rain[now] == 65535, 0, rain[now] / 32))
        parts = [part.mean(axis=0) for part in np.split(values, rows[1:])]
        np.testing.assert_allclose(seen[at].reshape(8, 8), parts, rtol=1e-5)
        water = depth[now + 1]
        expected = (water > 100) & (water != 65535)
        np.testing.assert_array_equal(flooded[at].reshape(38, 16), expected)
