"""How long the plan takes, and how much memory: for 15 years of candidates, and for 100 million.

    python benchmarks/plan.py [--candidates 1580000]

The index is made up: a tenth of the candidates repeat an earlier one, one in a hundred is in a gap,
and dry windows share their rain. Files are monthly, or of a million rows where there are many.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow"))

import pyarrow as pa
import pyarrow.parquet as pq
from pluvial.config.data import RecordsConfig
from pluvial.config.times import TimeConfig
from pluvial.records.columns import INDEX
from pluvial.records.plan import build_plan

START = datetime(2006, 1, 1, tzinfo=UTC)
STEP = 300
MONTH, MILLION = 8928, 1_000_000


def make_index(folder: Path, count: int) -> list[Path]:
    """Index files of ``count`` candidates."""
    rng = np.random.default_rng(0)
    size = MONTH if count < 5 * MILLION else MILLION
    files = []
    for first in range(0, count, size):
        rows = min(size, count - first)
        number = np.arange(first, first + rows)
        high, low = rng.integers(0, 2**63, (2, rows), dtype=np.uint64)
        repeated = rng.random(rows) < 0.1
        high[repeated], low[repeated] = rng.integers(0, 1000, repeated.sum()), 0
        wet = number // 100 % 3 == 0
        columns = {
            "time": int(START.timestamp()) + STEP * number,
            "state": np.where(rng.random(rows) < 0.01, "rain gap", "complete"),
            "storm_mm_h": np.where(wet, 1.0, 0.0),
            "digest_hi": high,
            "digest_lo": low,
            "rain_digest_hi": np.where(wet, high, 0),
            "rain_digest_lo": np.where(wet, low, 0),
            "rain_max_mm_h": np.where(wet, 5.0, 0.0),
        }
        blank = np.zeros(rows)
        arrays = [pa.array(columns.get(field.name, blank)).cast(field.type) for field in INDEX]
        files.append(folder / f"{first // size:06d}.parquet")
        pq.write_table(pa.table(arrays, schema=INDEX), files[-1], compression="zstd")
    return files


def main() -> None:
    """Print seconds and memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--candidates", type=int, default=1_580_000)
    count = parser.parse_args().candidates
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # In a process of its own, so that its memory is not counted.
        if not (child := os.fork()):
            make_index(folder, count)
            os._exit(0)
        os.waitpid(child, 0)
        end = START + timedelta(seconds=STEP * count)
        began = time.perf_counter()
        summary = build_plan(
            sorted(folder.glob("*.parquet")),
            [],
            TimeConfig(start=START, end=end),
            RecordsConfig(),
            folder / "plan" / "01.parquet",
            threads=os.cpu_count() or 1,
        )
        seconds = time.perf_counter() - began
        largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
        kept, shards = summary["kept"], sum(s["shards"] for s in summary["splits"].values())
        print(f"{count} candidates: {kept} kept in {shards} shards")
        print(f"{seconds:.1f} s, {largest:.2f} GiB")


if __name__ == "__main__":
    main()
