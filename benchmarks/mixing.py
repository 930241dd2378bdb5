"""How well the batches are mixed: pairs of a batch that are closer than six hours.

    python benchmarks/mixing.py

A year of candidates every five minutes (frames of 2 x 2 cells, so that only the order costs time)
is planned and sharded with the defaults, and one epoch over all training shards is drawn as for
training. A perfect shuffle of the same records is drawn beside it.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(CHECKOUT / "workflow"), str(CHECKOUT / "tests")]

import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
from pluvial.config.data import RecordsConfig  # noqa: E402
from pluvial.config.times import TimeConfig  # noqa: E402
from pluvial.dataset.pipeline import Layout, training_pairs  # noqa: E402
from pluvial.records.columns import INDEX  # noqa: E402
from pluvial.records.plan import build_plan  # noqa: E402
from pluvial.records.window import Records  # noqa: E402
from shards import write_records  # noqa: E402

STEP, BATCH, NEAR = 300, 64, 6 * 3600
START, END = datetime(2019, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC)


def make_index(folder: Path) -> Path:
    """An index of a year in which every candidate is complete and unlike all others."""
    time = np.arange(int(START.timestamp()), int(END.timestamp()), STEP)
    number = np.arange(time.size)
    columns = {
        "time": time,
        "state": np.full(time.size, "complete"),
        "storm_mm_h": np.where(number // 40 % 3 == 0, 1.0, 0.0),
        **{name: number for name in INDEX.names if "digest" in name},
    }
    blank = np.ones(time.size)
    arrays = [
        pa.array(columns.get(name, blank)).cast(INDEX.field(name).type) for name in INDEX.names
    ]
    path = folder / "2019.parquet"
    pq.write_table(pa.table(arrays, schema=INDEX), path)
    return path


def make_shards(plan: Path, folder: Path) -> list[tuple[Path, int]]:
    """The training shards; a record's depth holds its number of the year."""
    table = pq.read_table(plan).to_pandas()
    table = table[table["shard"].notna() & (table["split"] == "train")]
    shards = []
    for shard, rows in table.groupby("shard"):
        times = rows.sort_values("row")["time"].to_numpy()
        hours = ((times - int(START.timestamp())) // STEP).astype(np.int64)
        depth = np.stack([hours % 60_000, hours // 60_000], axis=1).astype(np.uint16)
        records = Records(times, np.ones((times.size, 2, 2, 1), np.uint16), depth.reshape(-1, 1, 2))
        path = folder / "train" / f"01-{int(shard):05d}.tfrecord.gz"
        write_records(records, path)
        shards.append((path, times.size))
    return shards


def near_share(times: np.ndarray) -> float:
    """Share of the pairs of a batch that are closer than six hours; times int64[batches, B]."""
    gaps = np.abs(times[:, :, None] - times[:, None, :])
    pairs = times.shape[1] * (times.shape[1] - 1)
    return float(((gaps < NEAR).sum() - times.size) / (pairs * len(times)))


def main() -> None:
    """Print both shares and their ratio."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plan = folder / "01.parquet"
        build_plan(
            [make_index(folder)], [], TimeConfig(start=START, end=END), RecordsConfig(), plan
        )
        shards = make_shards(plan, folder)
        count = sum(number for _, number in shards)
        pairs = training_pairs(
            shards,
            Layout((2, 2, 1), (1, 2), 1 / 32, 1 / 1000),
            batch=BATCH,
            steps=count // BATCH,
            seed=1,
            dry_windows=True,
        )
        drawn = np.stack([np.rint(depth.numpy() * 1000)[:, 0, :, 0] for _, depth in pairs])
        times = ((drawn[..., 0] + 60_000 * drawn[..., 1]) * STEP).astype(np.int64)
        perfect = np.random.default_rng(0).permutation(times.reshape(-1)).reshape(times.shape)
        ours, theirs = near_share(times), near_share(perfect)
        print(f"{count} records in {len(shards)} shards, batches of {BATCH}")
        print(f"pairs closer than 6 h: {ours:.5%}, perfect shuffle {theirs:.5%}")
        print(f"ratio {ours / theirs:.2f}")


if __name__ == "__main__":
    main()
