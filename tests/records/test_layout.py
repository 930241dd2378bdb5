"""The layout: every shard full, each row once, an order of the seed alone, and well mixed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pluvial.records.layout import (
    edition_of,
    keys,
    lay_out,
    shard_name,
    shard_number,
    surplus,
)


@st.composite
def times(draw: st.DrawFn) -> np.ndarray:
    """Ascending times with gaps."""
    count = draw(st.integers(1, 400))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return 300 * np.cumsum(rng.integers(1, 4, count)) - 86400


@given(times(), st.integers(1, 40), st.integers(1, 70), st.integers(0, 2**40))
def test_every_shard_is_full_and_each_row_comes_once(
    times: np.ndarray, run: int, size: int, seed: int
) -> None:
    shard, row = lay_out(times, run=run, size=size, seed=seed)
    assert (shard.dtype, row.dtype) == (np.int32, np.int32)
    counts = np.bincount(shard)
    assert counts.sum() == times.size
    assert (counts[:-1] == size).all(), "only the last shard may be short"
    assert 0 < counts[-1] <= size
    for number in range(counts.size):
        assert sorted(row[shard == number]) == list(range(counts[number]))


@given(times(), st.integers(0, 2**40))
def test_the_order_is_a_function_of_the_seed(times: np.ndarray, seed: int) -> None:
    one, again = (lay_out(times, run=4, size=16, seed=seed) for _ in range(2))
    np.testing.assert_array_equal(one, again)
    other = lay_out(times, run=4, size=16, seed=seed + 1)
    assert times.size < 20 or not np.array_equal(one, other)


def test_a_run_travels_together() -> None:
    """A shard needs few frames: runs are dealt whole, cut at most where a shard is full."""
    times = 300 * np.arange(64 * 50)
    shard, _ = lay_out(times, run=16, size=320, seed=7)
    assert (shard.reshape(-1, 16).min(axis=1) == shard.reshape(-1, 16).max(axis=1)).all()


def test_runs_and_rows_are_mixed() -> None:
    times = 300 * np.arange(20_000)
    shard, row = lay_out(times, run=16, size=2000, seed=1)
    for number in range(10):
        here = times[shard == number]
        # Ten equal parts of the series: each shard has its share of each, within chance.
        parts = np.bincount((here * 10) // times.size // 300, minlength=10)
        assert parts.min() > 80, f"shard {number} holds {parts} records of each tenth"
        assert parts.max() < 360, f"shard {number} holds {parts} records of each tenth"
    first = times[shard == 0][np.argsort(row[shard == 0])]
    assert (np.abs(np.diff(first)) == 300).mean() < 0.05, "neighbours stay together within a shard"


@settings(max_examples=50)
@given(
    st.lists(st.integers(-(2**63), 2**63 - 1), unique=True, min_size=2, max_size=300),
    st.integers(0, 2**63 - 1),
)
def test_keys_are_a_bijection(numbers: list[int], seed: int) -> None:
    found = keys(seed, np.array(numbers, np.int64))
    assert found.dtype == np.uint64
    assert np.unique(found).size == len(numbers), "two numbers have one key"
    # The key of a number depends on no other number.
    alone = [int(keys(seed, np.array([number]))[0]) for number in numbers[:5]]
    assert alone == found[:5].tolist()


def test_keys_look_random() -> None:
    found = keys(3, 300 * np.arange(200_000))
    assert np.unique(found).size == found.size
    for bit in range(64):
        share = (found >> np.uint64(bit) & np.uint64(1)).mean()
        assert abs(share - 0.5) < 0.006, f"bit {bit} is set in {share:.4f} of the keys"


def test_splitmix64_against_its_published_sequence() -> None:
    """State 0, finalised once, is the first number of SplitMix64 seeded with 0."""
    mask = (1 << 64) - 1

    def splitmix(state: int) -> int:
        state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 & mask
        state = (state ^ (state >> 27)) * 0x94D049BB133111EB & mask
        return state ^ (state >> 31)

    golden = 0x9E3779B97F4A7C15
    assert splitmix(golden) == 0xE220A8397B1DCDAF
    for seed, number in ((0, 0), (7, 12345), (2**40, -300)):
        expected = splitmix((splitmix((number + seed + golden) & mask) + 2 * golden) & mask)
        assert int(keys(seed, np.array([number]))[0]) == expected


@given(times(), st.integers(0, 500), st.integers(0, 2**30))
def test_surplus_leaves_as_many_as_allowed(times: np.ndarray, allowed: int, seed: int) -> None:
    dropped = surplus(times, allowed, seed)
    assert (~dropped).sum() == min(allowed, times.size)
    fewer = surplus(times, max(0, allowed - 1), seed)
    assert (fewer | ~dropped).all() or not allowed, "a smaller share is a part of a larger one"
    np.testing.assert_array_equal(dropped, surplus(times, allowed, seed))


def test_surplus_is_drawn_from_all_of_the_series() -> None:
    kept = np.flatnonzero(~surplus(300 * np.arange(10_000), 1000, 1))
    assert np.bincount(kept // 1000, minlength=10).min() > 60


@pytest.mark.parametrize(("edition", "number"), [(1, 0), (3, 41), (99, 99_999)])
def test_names_of_shards(edition: int, number: int) -> None:
    name = shard_name(edition, number)
    assert len(name) == 8
    assert (edition_of(name), shard_number(name)) == (f"{edition:02d}", number)
