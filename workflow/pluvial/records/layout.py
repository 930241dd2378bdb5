"""Which record goes where: a seeded, well mixed order, cut into shards."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def keys(seed: int, numbers: NDArray[np.int64]) -> NDArray[np.uint64]:
    """A pseudo-random key of each number, uint64[N], that depends on it and the seed alone.

    The finaliser of SplitMix64 (Steele, Lea and Flood 2014, https://doi.org/10.1145/2660193.2660195),
    a bijection of 64 bits: equal numbers alone have equal keys.
    """
    mixed = numbers.astype(np.uint64)
    for round_of in (np.uint64(seed), np.uint64(0x9E3779B97F4A7C15)):
        mixed = mixed + round_of + np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
    return mixed


def lay_out(
    times: NDArray[np.int64], *, run: int, size: int, seed: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Shard and row of each record of a split, int32[N] each.

    Runs of ``run`` consecutive records are dealt in a seeded order and cut into shards of exactly
    ``size``; inside a shard all records are shuffled. Runs keep the frames a shard needs few; a
    reader that reads several shards side by side sees next to no trace of them.

    Args:
        times: NOW of the records, int64[N], ascending.
        run: consecutive records that travel together.
        size: records in a shard; the last may be shorter.
        seed: of both orders.
    """
    starts = np.arange(0, times.size, run)
    dealt = starts[np.argsort(keys(seed, starts), kind="stable")].astype(np.int32)
    order = (dealt[:, None] + np.arange(run, dtype=np.int32)).reshape(-1)
    order = order[order < times.size]
    shard, row = np.empty((2, times.size), dtype=np.int32)
    for number, first in enumerate(range(0, times.size, size)):
        members = order[first : first + size]
        shard[members] = number
        shuffled = np.argsort(keys(seed + 1, times[members]), kind="stable")
        row[members[shuffled]] = np.arange(members.size)
    return shard, row


def surplus(times: NDArray[np.int64], allowed: int, seed: int) -> NDArray[np.bool_]:
    """Which of the records to drop so that ``allowed`` are left, drawn by the seed: bool[N]."""
    drawn = np.zeros(times.size, dtype=bool)
    drawn[np.argsort(keys(seed + 2, times), kind="stable")[allowed:]] = True
    return drawn


def shard_name(edition: int, number: int) -> str:
    """Name of a shard: the edition of the dataset that it came with, and its number there."""
    return f"{edition:02d}-{number:05d}"


def shard_number(name: str) -> int:
    """The number of a shard in its edition, from its name."""
    return int(name.partition("-")[2])


def edition_of(name: str) -> str:
    """The edition that a shard came with, from its name."""
    return name.partition("-")[0]
