"""Candidates for tests of the plan, in index files, and what must become of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pluvial.config.data import RecordsConfig, SplitConfig
from pluvial.config.times import TimeConfig
from pluvial.records.columns import INDEX
from pluvial.records.plan import build_plan

STEP = 300
START = datetime(2020, 2, 27, tzinfo=UTC)
EPOCH = int(START.timestamp())
DAY_STEPS = 288


@dataclass(frozen=True)
class Candidates:
    """Candidates at consecutive steps; equal numbers in a digest are equal arrays."""

    state: list[str]
    rate: list[float]
    pair: list[int]
    rain: list[int]
    largest: list[float]

    def __len__(self) -> int:
        return len(self.state)

    def changed(self, **columns: Any) -> Candidates:
        return replace(self, **columns)

    def times(self) -> np.ndarray:
        return EPOCH + STEP * np.arange(len(self))


def whole(count: int, *, unique_from: int = 0) -> Candidates:
    """Dry candidates, all complete and all different."""
    pair, rain = (list(range(unique_from, unique_from + count)) for _ in range(2))
    return Candidates(["complete"] * count, [0.0] * count, pair, rain, [1.0] * count)


def index_files(folder: Path, candidates: Candidates, cuts: Sequence[int] = ()) -> list[Path]:
    """Index files of consecutive parts of the candidates."""
    folder.mkdir(parents=True, exist_ok=True)
    present = np.array(candidates.state) == "complete"

    def column(values: Any, kind: pa.DataType) -> pa.Array:
        return pa.array(np.asarray(values), kind, mask=~present)

    rates = np.array(candidates.rate)
    columns = {
        "time": pa.array(candidates.times()),
        "state": pa.array(candidates.state),
        "storm_mm_h": pa.array(rates, pa.float32(), mask=np.isnan(rates)),
        "rain_max_mm_h": column(np.float32(candidates.largest), pa.float32()),
    }
    for name, digests in (("digest", candidates.pair), ("rain_digest", candidates.rain)):
        columns[f"{name}_hi"] = column(np.uint64(digests) + np.uint64(1 << 63), pa.uint64())
        columns[f"{name}_lo"] = column([7] * len(candidates), pa.uint64())
    table = pa.table(columns)
    for name in INDEX.names:
        if name not in columns:
            table = table.append_column(name, pa.nulls(len(candidates), INDEX.field(name).type))
    table = table.select(INDEX.names).cast(INDEX)
    paths = []
    for number, (first, last) in enumerate(zip([0, *cuts], [*cuts, len(candidates)], strict=True)):
        if last > first:
            paths.append(folder / f"{number:03d}.parquet")
            pq.write_table(table.slice(first, last - first), paths[-1])
    return paths


def time_config(count: int, appended: Sequence[int] = ()) -> TimeConfig:
    """The time of a case of ``count`` steps; ``appended`` are former counts."""
    end, *former = (START + timedelta(seconds=STEP * n) for n in (count, *appended))
    return TimeConfig(start=START, end=end, step_minutes=STEP // 60, appended=former)


def records_config(**changes: Any) -> RecordsConfig:
    split = SplitConfig(train=0.6, val=0.2, test=0.2, memory_hours=1)
    defaults = {
        "channels": [1, 2, 3],
        "records_per_shard": 16,
        "mix_run": 4,
        "storm_gap_hours": 1,
        "split": split,
    }
    return RecordsConfig(**defaults | changes)


def plan_of(
    folder: Path, candidates: Candidates, config: RecordsConfig, cuts: Sequence[int] = ()
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The plan of the candidates, built at once, and its summary."""
    path = folder / "plan.parquet"
    files = index_files(folder / "index", candidates, cuts)
    summary = build_plan(files, [], time_config(len(candidates)), config, path)
    return pd.read_parquet(path), summary


def kept(plan: pd.DataFrame) -> pd.DataFrame:
    return plan[plan["reason"].isna()]


def check_layout(plan: pd.DataFrame, config: RecordsConfig) -> None:
    """Every shard is full but a split's last; rows are 0..n-1, each once; dropped ones have none."""
    for _, split in kept(plan).groupby("split", observed=True):
        sizes = split.groupby("shard").size()
        assert sizes.index.tolist() == list(range(len(sizes)))
        assert (sizes.iloc[:-1] == config.records_per_shard).all()
        assert 0 < sizes.iloc[-1] <= config.records_per_shard
        for _, shard in split.groupby("shard"):
            assert sorted(shard["row"]) == list(range(len(shard)))
    dropped = plan[plan["reason"].notna()]
    assert dropped[["shard", "row"]].isna().all(axis=None)
