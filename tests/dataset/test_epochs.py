"""The order of an epoch: known before, the same for any reader, and gone on with from any batch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from dataset.catalogues import LAYOUT, made_up, make_dataset
from hypothesis import given, settings
from hypothesis import strategies as st
from pluvial.dataset.catalogue import Catalogue
from pluvial.dataset.draws import Draw, draw_epoch, interleaved, near, open_batches, same_storm
from pluvial.dataset.epochs import epoch_batches

SETTINGS = {"epoch": 0, "dry_windows": True, "storms_apart": True, "opened": 4}


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """Twenty shards of different sizes: more than are read side by side."""
    sizes = [3 + 7 * k % 11 for k in range(20)]
    return Catalogue.open(make_dataset(tmp_path_factory.mktemp("dataset"), sizes), "train")


def times(batches: tf.data.Dataset) -> list[list[int]]:
    return [fields["time"].numpy().tolist() for fields in batches]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 9), max_size=12), st.integers(1, 5))
def test_the_order_is_that_of_tensorflow(sizes: list[int], side_by_side: int) -> None:
    files = tf.data.Dataset.from_tensor_slices((range(len(sizes)), sizes) if sizes else ([0], [0]))
    rows = files.interleave(
        lambda file, size: tf.data.Dataset.zip(
            tf.data.Dataset.from_tensors(file).repeat(),
            tf.data.Dataset.range(tf.cast(size, "int64")),
        ),
        cycle_length=side_by_side,
        block_length=1,
        num_parallel_calls=min(2, side_by_side),
        deterministic=True,
    )
    found = [(int(file), int(row)) for file, row in rows]
    assert list(interleaved(sizes, side_by_side)) == found


@pytest.mark.parametrize("dry_windows", [False, True])
@pytest.mark.parametrize("storms_apart", [False, True])
def test_every_record_of_a_round_once_before_any_twice(
    dry_windows: bool, storms_apart: bool
) -> None:
    catalogue = made_up([40, 25, 35], storm=8)
    count = int(catalogue.drawable(dry_windows=dry_windows).sum())
    draw = draw_epoch(
        catalogue,
        batch=10,
        steps=20,
        seed=[1],
        epoch=0,  # later ones begin within a round
        dry_windows=dry_windows,
        storms_apart=storms_apart,
        opened=5,
    )
    times_drawn = np.bincount(draw.rows.ravel(), minlength=100)
    drawn = times_drawn[catalogue.drawable(dry_windows=dry_windows)]
    assert set(drawn) <= {200 // count, 200 // count + 1}
    assert times_drawn.sum() == draw.rows.size == 200
    assert (draw.batches >= 0).sum() == 200
    # A batch is full before one of a higher number is.
    last = [np.flatnonzero(draw.batches == number)[-1] for number in range(20)]
    assert last == sorted(last)


def test_a_function_of_the_seed_and_the_epoch() -> None:
    catalogue = made_up([40, 25, 35], storm=8)

    def rows(seed: int, epoch: int) -> list[list[int]]:
        keys = SETTINGS | {"seed": [seed], "epoch": epoch}
        return draw_epoch(catalogue, batch=10, steps=6, **keys).rows.tolist()

    assert rows(1, 0) == rows(1, 0)
    assert rows(1, 0) != rows(1, 1)
    assert rows(1, 0) != rows(2, 0)


def test_epochs_that_need_a_part_go_through_all_shards_in_turn() -> None:
    """An epoch reads as few shards as fill it; the next goes on where it ended."""
    catalogue = made_up([20] * 6, storm=8)
    drawn, orders = np.zeros(120, int), []
    for epoch in range(60):
        keys = SETTINGS | {"epoch": epoch}
        draw = draw_epoch(catalogue, batch=10, steps=3, seed=[0], **keys)
        (order,) = draw.passes
        assert len(order) == 2
        orders += order
        drawn += np.bincount(draw.rows.ravel(), minlength=120)
    rounds = [orders[first : first + 6] for first in range(0, 120, 6)]
    assert all(sorted(order) == list(range(6)) for order in rounds)
    assert len({tuple(order) for order in rounds}) > 10
    # Of the 20 times that a record is read it is left out five times on average.
    assert drawn.mean() == 15
    assert drawn.min() >= 8
    assert drawn.max() <= 20


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 30), min_size=1, max_size=9),
    st.integers(1, 12),
    st.integers(1, 12),
    st.integers(0, 5),
)
def test_no_shard_is_read_again_before_all_others(
    sizes: list[int], batch: int, steps: int, seed: int
) -> None:
    """Whatever an epoch's length, and where in it a round of all shards ends."""
    catalogue = made_up(sizes, storm=8)
    read: list[int] = []
    for epoch in range(4):
        keys = SETTINGS | {"epoch": epoch}
        draw = draw_epoch(catalogue, batch=batch, steps=steps, seed=[seed], **keys)
        read += [shard for order in draw.passes for shard in order]
        assert all(len(order) == len(set(order)) for order in draw.passes)
        assert draw.rows.shape == (steps, batch)
        last = catalogue.sizes[draw.passes[-1][-1]]
        assert (
            sum(int(catalogue.sizes[order].sum()) for order in draw.passes) - last < batch * steps
        )
    for first in range(0, len(read), len(sizes)):
        one_round = read[first : first + len(sizes)]
        assert len(set(one_round)) == len(one_round)


def test_no_two_of_a_storm_where_there_are_enough() -> None:
    """40 storms of 16 records in shards of runs of 8; batches of 16 of them."""
    catalogue = made_up([160] * 4, storm=16)
    apart, mixed = (
        draw_epoch(
            catalogue,
            batch=16,
            steps=40,
            seed=[0],
            **SETTINGS | {"storms_apart": way, "opened": 32},
        )
        for way in (True, False)
    )
    assert same_storm(apart, catalogue) < same_storm(mixed, catalogue) / 4
    assert near(apart, catalogue, 3600) < near(mixed, catalogue, 3600)


def test_where_storms_are_few_their_records_are_spread_evenly() -> None:
    catalogue = made_up([120], storm=30)
    draw = draw_epoch(catalogue, batch=12, steps=10, seed=[0], **SETTINGS | {"opened": 10})
    for storms in catalogue.storms[draw.rows]:
        assert np.bincount(storms).tolist() == [3, 3, 3, 3]


def test_the_shares_of_pairs_by_hand() -> None:
    catalogue = made_up([4], storm=2)
    draw = Draw([[0]], np.zeros(4, int), np.array([[0, 1, 2, 3]]))
    assert same_storm(draw, catalogue) == pytest.approx(4 / 12)
    assert near(draw, catalogue, 300) == pytest.approx(6 / 12)


def test_memory_bounds_the_open_batches() -> None:
    assert open_batches(64, 1000) == 64
    assert open_batches(256, 400_000) == 20
    assert open_batches(4096, 10_000_000) == 2


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_any_number_of_readers_gives_the_drawn_batches(catalogue: Catalogue, workers: int) -> None:
    draw = draw_epoch(catalogue, batch=16, steps=25, seed=[3], **SETTINGS)
    assert len(draw.passes) > 1
    expected = catalogue.times[draw.rows].tolist()
    assert times(epoch_batches(draw, catalogue, LAYOUT, seed=(3, 0), workers=workers)) == expected


def test_gone_on_with_from_every_batch(catalogue: Catalogue) -> None:
    draw = draw_epoch(catalogue, batch=16, steps=8, seed=[3], **SETTINGS | {"dry_windows": False})
    keys = {"seed": (3, 0), "gain_noise": 0.2, "torn": True}
    whole = list(epoch_batches(draw, catalogue, LAYOUT, **keys))
    for first in range(9):
        rest = list(epoch_batches(draw, catalogue, LAYOUT, **keys, first=first))
        assert len(rest) == 8 - first
        for one, two in zip(whole[first:], rest, strict=True):
            for name in one:
                np.testing.assert_array_equal(one[name], two[name], name)


def test_pairs_hold_together_and_are_torn_apart_for_the_control(catalogue: Catalogue) -> None:
    draw = draw_epoch(catalogue, batch=16, steps=20, seed=[3], **SETTINGS)
    for fields in epoch_batches(draw, catalogue, LAYOUT, seed=(3, 0)):
        np.testing.assert_array_equal(fields["rain"][:, 1, 1, 1], fields["depth"][:, 0, 0, 0])
        np.testing.assert_array_equal(fields["time"], fields["depth_time"])
        np.testing.assert_array_equal(fields["gain"], 1)
        rows = fields["time"].numpy() // 300
        assert (fields["rain_id"].numpy().view(np.uint64) == catalogue.rain_digests[rows]).all()
    together = []
    for fields in epoch_batches(draw, catalogue, LAYOUT, seed=(3, 0), torn=True):
        number = fields["depth"].numpy()[:, 0, 0, 0]
        np.testing.assert_array_equal(number * 300, fields["depth_time"])
        ids = fields["depth_id"].numpy().view(np.uint64)
        assert (ids == catalogue.depth_digests[number.astype(int)]).all()
        assert sorted(number * 300) == sorted(fields["time"].numpy())
        together.append(np.mean(number == fields["rain"].numpy()[:, 1, 1, 1]))
    assert np.mean(together) == pytest.approx(1 / 16, abs=0.05)


def test_noise_is_log_normal_and_new_in_each_batch_and_epoch(catalogue: Catalogue) -> None:
    draw = draw_epoch(catalogue, batch=16, steps=25, seed=[3], **SETTINGS)
    gains = [
        np.log([fields["gain"] for fields in epoch_batches(draw, catalogue, LAYOUT, **keys)])
        for keys in ({"seed": (3, 0), "gain_noise": 0.2}, {"seed": (3, 1), "gain_noise": 0.2})
    ]
    assert np.std(gains) == pytest.approx(0.2, rel=0.1)
    assert np.unique(gains).size == 800


def test_other_shards_than_were_drawn_are_refused(tmp_path: Path) -> None:
    """Whatever the reason for which they are not read in the order that was worked out."""
    catalogue = Catalogue.open(make_dataset(tmp_path, [12, 12]), "train")
    draw = draw_epoch(catalogue, batch=4, steps=6, seed=[3], **SETTINGS)
    first, second = catalogue.shards
    first.rename(tmp_path / "kept")
    second.rename(first)
    (tmp_path / "kept").rename(second)
    with pytest.raises(tf.errors.InvalidArgumentError, match="not read in the order of the draw"):
        times(epoch_batches(draw, catalogue, LAYOUT, seed=(3, 0)))
