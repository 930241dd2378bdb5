"""How well the batches are mixed: pairs of a batch that are closer than six hours.

    python benchmarks/mixing.py

A year of candidates every five minutes (frames of 2 x 2 cells, so that only the order costs time)
is planned and sharded with the defaults, and one epoch over all training shards is drawn as for
training. A perfect shuffle of the same records is drawn beside it.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(CHECKOUT / "workflow"), str(CHECKOUT / "tests")]

import pyarrow as pa
import pyarrow.parquet as pq
from pluvial.config.data import RecordsConfig
from pluvial.config.times import TimeConfig
from pluvial.dataset.catalogue import Catalogue
from pluvial.dataset.draws import draw_epoch, near, open_batches, same_storm
from pluvial.grids.grid import Grid
from pluvial.records.columns import INDEX
from pluvial.records.manifest import write_manifest
from pluvial.records.plan import build_plan
from pluvial.records.window import Records, Window
from shards import write_records

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


def make_dataset(plan: Path, folder: Path) -> Path:
    """The training shards and their manifest."""
    table = pq.read_table(plan).to_pandas()
    table = table[table["shard"].notna() & (table["split"] == "train")]
    sidecars = []
    for shard, rows in table.sort_values("row").groupby("shard"):
        times, count = rows["time"].to_numpy(), len(rows)
        number = (times - times.min()).astype(np.int64) // STEP
        depth = np.stack([number % 60_000, number // 60_000], axis=1).astype(np.uint16)
        rain = np.ones((count, 2, 2, 1), np.uint16)
        records = Records(times, rain, depth.reshape(-1, 1, 2))
        path = folder / "train" / f"01-{int(shard):05d}.tfrecord.gz"
        storms = dict(zip(times.tolist(), rows["storm"].tolist(), strict=True))
        sidecars.append(write_records(records, path, storms=storms))
    write_manifest(
        folder / "manifest.json",
        sidecars,
        window=Window((1,), 1),
        step=STEP,
        rain_grid=Grid(2, 2, 1.0),
        depth_grid=Grid(1, 2, 2.0),
    )
    return folder / "manifest.json"


def main() -> None:
    """Print the shares and their ratio."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plan = folder / "01.parquet"
        build_plan(
            [make_index(folder)], [], TimeConfig(start=START, end=END), RecordsConfig(), plan
        )
        catalogue = Catalogue.open(make_dataset(plan, folder), "train")
        count = catalogue.times.size
        print(f"{count} records in {len(catalogue.shards)} shards, batches of {BATCH}")
        perfect = np.random.default_rng(0).permutation(count)
        for storms_apart in (True, False):
            draw = draw_epoch(
                catalogue,
                batch=BATCH,
                steps=count // BATCH,
                seed=[1],
                epoch=0,
                dry_windows=True,
                storms_apart=storms_apart,
                opened=open_batches(BATCH, 402_000),
            )
            shuffled = replace(draw, rows=perfect[: draw.rows.size].reshape(draw.rows.shape))
            ours, theirs = (near(d, catalogue, NEAR) for d in (draw, shuffled))
            print(f"storms apart: {storms_apart}")
            print(f"  pairs closer than 6 h: {ours:.5%}, perfect shuffle {theirs:.5%}")
            print(f"  ratio {ours / theirs:.2f}")
            same, by_chance = (same_storm(d, catalogue) for d in (draw, shuffled))
            print(f"  pairs of one storm: {same:.5%}, perfect shuffle {by_chance:.5%}")


if __name__ == "__main__":
    main()
