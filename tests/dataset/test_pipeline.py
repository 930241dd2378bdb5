"""The tf.data pipeline: every record once, in physical units, in an order of the seed alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from pluvial.dataset.pipeline import Layout, evaluation_batches, shuffled_pairs, training_pairs
from pluvial.frames.variables import MISSING
from pluvial.records.window import Records
from shards import write_records

LAYOUT = Layout((2, 2, 3), (4, 4), 1 / 32, 1 / 1000)
SHARDS, SIZE = 3, 20


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Record k has rain k / 32 mm/h and depth k mm everywhere; record 0 is all dry."""
    folder = tmp_path_factory.mktemp("shards")
    paths = []
    for shard in range(SHARDS):
        numbers = np.arange(shard * SIZE, (shard + 1) * SIZE)
        rain = numbers.astype(np.uint16)[:, None, None, None] * np.ones((1, 2, 2, 3), np.uint16)
        depth = numbers.astype(np.uint16)[:, None, None] * np.ones((1, 4, 4), np.uint16)
        rain[1:, 0, 0, 0] = MISSING
        depth[:, 3, 3] = MISSING
        paths.append(folder / f"{shard}.tfrecord.gz")
        write_records(Records(numbers * 300, rain, depth), paths[-1])
    return paths


def counted(shards: list[Path]) -> list[tuple[Path, int]]:
    return [(path, SIZE) for path in shards]


def numbers(batch: tuple[tf.Tensor, tf.Tensor]) -> list[int]:
    return np.rint(batch[1].numpy()[:, 0, 0, 0] * 1000).astype(int).tolist()


def test_evaluation_sees_every_record_once_in_physical_units(shards: list[Path]) -> None:
    seen = []
    for times, rain, depth in evaluation_batches(shards, LAYOUT, batch=7):
        for time, rate, water in zip(times.numpy(), rain.numpy(), depth.numpy(), strict=True):
            number = time // 300
            seen.append(number)
            assert rate.shape == (2, 2, 3)
            assert water.shape == (4, 4, 1)
            assert rate[1, 1, 2] == pytest.approx(number / 32)
            assert np.isnan(rate[0, 0, 0]) == (number % SIZE != 0)
            assert water[0, 0, 0] == pytest.approx(number / 1000)
            assert np.isnan(water[3, 3, 0])
    assert sorted(seen) == list(range(SHARDS * SIZE))


def epoch(shards: list[Path], seed: int, *, dry: bool = True, steps: int = 6) -> list[int]:
    batches = training_pairs(
        counted(shards), LAYOUT, batch=10, steps=steps, seed=seed, dry_windows=dry
    )
    return [number for batch in batches for number in numbers(batch)]


def test_an_epoch_is_a_function_of_its_seed(shards: list[Path]) -> None:
    assert epoch(shards, 3) == epoch(shards, 3)
    assert epoch(shards, 3) != epoch(shards, 4)
    assert sorted(epoch(shards, 3)) == list(range(60)), "each record once before any comes twice"
    assert len(epoch(shards, 3, steps=20)) == 200, "records are drawn without end"


def test_epochs_that_need_a_part_reach_every_record(shards: list[Path]) -> None:
    """An epoch reads as few shards as fill it; over the epochs no record is left out."""
    epochs = [epoch(shards, seed, steps=2) for seed in range(40)]
    for drawn in epochs:
        assert len(set(drawn)) == 20
        assert len({number // SIZE for number in drawn}) <= 2
    times = np.bincount(np.concatenate(epochs), minlength=60)
    assert times.min() >= 4
    assert times.max() <= 25


def test_dry_windows_are_left_out_on_request(shards: list[Path]) -> None:
    assert 0 in epoch(shards, 1)
    assert 0 not in epoch(shards, 1, dry=False, steps=12)


def test_pairs_hold_together_and_are_torn_apart_for_the_control(shards: list[Path]) -> None:
    settings = {"batch": 10, "steps": 6, "seed": 5, "dry_windows": True}
    for rain, depth in training_pairs(counted(shards), LAYOUT, **settings):
        np.testing.assert_allclose(rain[:, 1, 1, 1] * 32, depth[:, 0, 0, 0] * 1000, rtol=1e-5)
    together = []
    for rain, depth in shuffled_pairs(counted(shards), LAYOUT, **settings):
        together += np.isclose(rain[:, 1, 1, 1] * 32, depth[:, 0, 0, 0] * 1000).tolist()
    assert np.mean(together) < 0.1
