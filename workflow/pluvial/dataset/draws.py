"""Which records an epoch draws, and into which batch each goes.

All of it is worked out before anything is read, from the tables beside the shards and a seed: what
a training sees can be told, counted, and drawn again from any batch on.

::

    shards, in a seeded order that goes on from epoch to epoch, 16 read side by side
      a a a b b c ...   one stream of records, in runs of one storm
      | | | | | |
      v v v v v v       each record goes into one of the open batches, at random among those
    [1] [2] [3] [4]     that have the fewest records of its storm
                        a full batch goes to the model, and another is opened
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count, repeat

import numpy as np
from numpy.typing import NDArray

from pluvial.dataset.catalogue import Catalogue

SHARDS_SIDE_BY_SIDE = 16
MOST_OPEN = 64
OPEN_BYTES = 1 << 31
"""Bytes of records, inflated, that may wait in open batches."""
NOT_DRAWN = -1
EPOCHS, ROUNDS = 0, 1
"""What a seed is for: the batches of an epoch, the order of the shards in a round."""


@dataclass(frozen=True)
class Draw:
    """An epoch.

    Attributes:
        passes: for each pass over the shards their numbers, in the order in which they are read.
        batches: for each record as it is read the batch that it goes into, int64[n], or
            ``NOT_DRAWN``; batches are numbered in the order in which they become full.
        rows: of the records of each batch, as they come, in the catalogue, int64[steps, B].
    """

    passes: list[list[int]]
    batches: NDArray[np.int64]
    rows: NDArray[np.int64]


def same_storm(draw: Draw, catalogue: Catalogue) -> float:
    """The share of the pairs of a batch that are of one storm: likely false negatives."""
    return _share(storms[:, None] == storms for storms in catalogue.storms[draw.rows])


def near(draw: Draw, catalogue: Catalogue, seconds: float) -> float:
    """The share of the pairs of a batch that lie within ``seconds`` of each other."""
    return _share(np.abs(t[:, None] - t) <= seconds for t in catalogue.times[draw.rows])


def _share(batches: Iterable[NDArray[np.bool_]]) -> float:
    """The mean share of true ones off the diagonals of bool[B, B], which are all true."""
    return float(np.mean([(p.sum() - len(p)) / (p.size - len(p)) for p in batches]))


def open_batches(batch: int, record_bytes: int) -> int:
    """How many batches may be open at once."""
    return int(np.clip(OPEN_BYTES // (batch * record_bytes), 2, MOST_OPEN))


def draw_epoch(
    catalogue: Catalogue,
    *,
    batch: int,
    steps: int,
    seed: Sequence[int],
    epoch: int,
    dry_windows: bool,
    storms_apart: bool,
    opened: int,
) -> Draw:
    """Draw ``steps`` batches, a function of the seed and the number of the epoch alone.

    An epoch reads the fewest shards that are needed, from where the one before it ended: all shards
    are read once before any is read again, however many epochs that takes. What the last of them
    hold beyond the epoch's end is left out at random.

    Args:
        catalogue: of the split; it has at least one record to draw.
        batch: pairs in a batch.
        steps: batches.
        seed: of the training; all of its epochs have the same order of shards.
        epoch: its number, from 0.
        dry_windows: whether windows without any rain are drawn too.
        storms_apart: whether the records of one storm are kept out of each other's batches;
            otherwise they go into any open one.
        opened: how many batches may be open at once.
    """
    rng = np.random.default_rng([*seed, EPOCHS, epoch])
    drawable = catalogue.drawable(dry_windows=dry_windows)
    passes = _passes(catalogue, drawable, batch * steps, seed, epoch)
    stream = np.concatenate([_rows(catalogue, order) for order in passes])
    at = np.flatnonzero(drawable[stream])
    # What the last pass reads too many is left out at random, not what it reads last.
    surplus = at.size - batch * steps
    in_last = int(drawable[stream[-int(catalogue.sizes[passes[-1]].sum()) :]].sum())
    at = np.delete(at, at.size - 1 - rng.choice(in_last, surplus, replace=False))
    rows = stream[at]
    # Storms that are all different keep nothing apart.
    storms = catalogue.storms[rows] if storms_apart else np.arange(rows.size)
    chosen = _assign(catalogue.times[rows], storms, batch, opened, rng)
    last = np.zeros(steps, dtype=np.int64)
    np.maximum.at(last, chosen, np.arange(chosen.size))
    number = np.empty(steps, dtype=np.int64)
    number[np.argsort(last)] = np.arange(steps)
    batches = np.full(stream.size, NOT_DRAWN)
    batches[at] = number[chosen]
    in_batches = rows[np.argsort(number[chosen], kind="stable")]
    return Draw(passes, batches, in_batches.reshape(steps, batch))


def _passes(
    catalogue: Catalogue,
    drawable: NDArray[np.bool_],
    wanted: int,
    seed: Sequence[int],
    epoch: int,
) -> list[list[int]]:
    """The shards that an epoch reads for ``wanted`` records; no shard twice in a pass."""
    starts = np.cumsum(catalogue.sizes) - catalogue.sizes
    held = np.add.reduceat(drawable, starts, dtype=np.int64).tolist()
    drawn = (np.random.default_rng([*seed, ROUNDS, number]) for number in count())
    shards = chain.from_iterable(rng.permutation(len(held)).tolist() for rng in drawn)
    passes: list[list[int]] = []
    for _ in range(epoch + 1):
        passes, found = [[]], 0
        while found < wanted:
            shard = next(shards)
            if shard in passes[-1]:
                passes.append([])
            passes[-1].append(shard)
            found += held[shard]
    return passes


def _rows(catalogue: Catalogue, order: Sequence[int]) -> NDArray[np.int64]:
    """The rows of the catalogue as they come when shards are read in that order."""
    starts = np.cumsum(catalogue.sizes) - catalogue.sizes
    at = np.array(list(interleaved(catalogue.sizes[list(order)].tolist())), dtype=np.int64)
    return np.asarray(starts[list(order)][at[:, 0]] + at[:, 1])


def interleaved(
    sizes: Sequence[int], side_by_side: int = SHARDS_SIDE_BY_SIDE
) -> Iterator[tuple[int, int]]:
    """(file, row) in the order in which ``tf.data.Dataset.interleave`` reads files in turn.

    A file that ends leaves its slot empty for the rest of the round.
    """
    waiting = iter(range(len(sizes)))
    slots: list[Iterator[tuple[int, int]] | None] = [None] * side_by_side
    slot, ended = 0, False
    while not ended or any(slots):
        if slots[slot] is None and not ended:
            following = next(waiting, None)
            ended = following is None
            if following is not None:
                slots[slot] = zip(repeat(following), range(sizes[following]))
        rows = slots[slot]
        found = next(rows, None) if rows is not None else None
        if found is None:
            slots[slot] = None
        else:
            yield found
        slot = (slot + 1) % side_by_side


def _assign(
    times: NDArray[np.int64],
    storms: NDArray[np.integer],
    batch: int,
    opened: int,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """The batch that each record of the stream goes into, int64[n]; see the module.

    Where every open batch has records of its storm, the record goes, among those with the fewest,
    to where the nearest of them is the farthest in time.
    """
    batches = times.size // batch
    opened = min(opened, batches)
    number = np.arange(opened)
    filled = np.zeros(opened, dtype=np.int64)
    in_storms = np.full((opened, batch), NOT_DRAWN, dtype=np.int64)
    in_times = np.zeros((opened, batch), dtype=np.int64)
    chosen = np.empty(times.size, dtype=np.int64)
    for at, (time, storm) in enumerate(zip(times.tolist(), storms.tolist(), strict=True)):
        same = in_storms == storm
        fewest = np.where(filled < batch, same.sum(axis=1), batch)
        best = np.flatnonzero(fewest == fewest.min())
        merit = rng.random(best.size)
        if fewest[best[0]]:
            away = np.where(same[best], np.abs(in_times[best] - time), np.iinfo(np.int64).max)
            merit = merit + away.min(axis=1)
        slot = best[merit.argmax()]
        chosen[at] = number[slot]
        in_storms[slot, filled[slot]], in_times[slot, filled[slot]] = storm, time
        filled[slot] += 1
        following = int(number.max()) + 1
        if filled[slot] == batch and following < batches:
            number[slot], filled[slot] = following, 0
            in_storms[slot] = NOT_DRAWN
    return chosen
