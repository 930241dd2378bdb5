"""The plan against plain Python: storms, splits, purge, duplicates, shards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from pluvial.config.data import RecordsConfig, SplitConfig
from pluvial.errors import PluvialError
from pluvial.records.plan import build_plan, purge_seconds

STEP = 300


def config(**changes: Any) -> RecordsConfig:
    split = SplitConfig(train=0.6, val=0.2, test=0.2, memory_hours=1)
    return RecordsConfig(
        **{
            "channels": [1, 2, 3],
            "records_per_shard": 16,
            "mix_run": 4,
            "storm_gap_hours": 1,
            "split": split,
        }
        | changes
    )


def index_file(folder: Path, states: list[str], rates: list[float], digests: list[int]) -> Path:
    path = folder / "index.parquet"
    pd.DataFrame(
        {
            "time": np.arange(len(states)) * STEP,
            "state": states,
            "storm_mm_h": pd.array(np.float32(rates), dtype="Float32"),
            "digest_hi": np.uint64(digests),
            "digest_lo": np.uint64([7] * len(digests)),
        }
    ).to_parquet(path)
    return path


def plan_of(folder: Path, *columns: list, settings: RecordsConfig) -> pd.DataFrame:
    path = folder / "plan.parquet"
    build_plan([index_file(folder, *columns)], settings, STEP, path)
    return pd.read_parquet(path)


@st.composite
def candidates(draw: st.DrawFn) -> tuple[list[str], list[float], list[int]]:
    count = draw(st.integers(150, 300))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    states = np.where(rng.random(count) < 0.9, "complete", "rain gap").tolist()
    wet = np.repeat(rng.random(count // 10 + 1) < 0.4, 10)[:count]
    rates = np.where(rng.random(count) < 0.05, np.nan, np.where(wet, 2.0, 0.0))
    return states, rates.tolist(), rng.integers(0, 200, count).tolist()


def storms_by_hand(rates: list[float], gap_steps: int) -> list[int]:
    """Number of the storm that started last before each step, 0 before the first."""
    numbers, storm, dry = [], 0, None
    for rate in rates:
        if rate >= 0.1:
            storm += dry is None or dry >= gap_steps
            dry = 0
        elif rate == rate and dry is not None:  # a missing step is not dry
            dry += 1
        numbers.append(storm)
    return numbers


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25
)
@given(columns=candidates(), by=st.sampled_from(["time", "storm"]))
def test_plan_against_plain_python(
    tmp_path: Path, columns: tuple[list[str], list[float], list[int]], by: str
) -> None:
    states, rates, digests = columns
    settings = config(split=SplitConfig(by=by, train=0.6, val=0.2, test=0.2, memory_hours=1))
    try:
        plan = plan_of(tmp_path, *columns, settings=settings)
    except PluvialError:
        reject()  # so few storms that a split got none
    assert plan["time"].tolist() == [k * STEP for k in range(len(states))]
    assert plan["storm"].tolist() == storms_by_hand(rates, gap_steps=12)

    purge = purge_seconds(settings, STEP)
    assert purge == (6 + 1) * STEP + 3600
    seen: dict[int, int] = {}
    boundary = None
    for row in plan.itertuples():
        position = row.time // STEP
        before = plan["split"].iloc[position - 1] if position else None
        if isinstance(before, str) and row.split != before:
            boundary = row.time
        if states[position] != "complete":
            assert row.reason == states[position]
        elif boundary is not None and row.time < boundary + purge:
            assert row.reason == "purged"
        elif digests[position] in seen:
            assert row.reason == "duplicate"
            assert row.duplicate_of == seen[digests[position]]
        else:
            assert pd.isna(row.reason)
            seen[digests[position]] = row.time
    check_layout(plan[plan["reason"].isna()], settings)


def check_layout(kept: pd.DataFrame, settings: RecordsConfig) -> None:
    """Every shard is full but a split's last; rows are 0..n-1, each once."""
    for _, split in kept.groupby("split"):
        sizes = split.groupby("shard").size()
        assert sizes.index.tolist() == list(range(len(sizes)))
        assert (sizes.iloc[:-1] == settings.records_per_shard).all()
        assert 0 < sizes.iloc[-1] <= settings.records_per_shard
        for _, shard in split.groupby("shard"):
            assert sorted(shard["row"]) == list(range(len(shard)))


def whole(count: int) -> tuple[list[str], list[float], list[int]]:
    return ["complete"] * count, [0.0] * count, list(range(count))


def test_no_two_splits_are_within_the_purge(tmp_path: Path) -> None:
    settings = config()
    plan = plan_of(tmp_path, *whole(500), settings=settings)
    kept = plan[plan["reason"].isna()]
    ends = kept.groupby("split")["time"].agg(["min", "max"]).sort_values("min")
    gaps = ends["min"].to_numpy()[1:] - ends["max"].to_numpy()[:-1]
    assert (gaps > purge_seconds(settings, STEP)).all()


def test_order_is_seeded_and_mixed(tmp_path: Path) -> None:
    one = plan_of(tmp_path, *whole(400), settings=config(seed=1))
    again = plan_of(tmp_path, *whole(400), settings=config(seed=1))
    other = plan_of(tmp_path, *whole(400), settings=config(seed=2))
    pd.testing.assert_frame_equal(one, again)
    assert not one["row"].equals(other["row"])
    first = one[(one["split"] == "train") & (one["shard"] == 0)].sort_values("row")
    steps = np.abs(np.diff(first["time"])) / STEP
    assert (steps == 1).mean() < 0.3, "neighbours in a shard are not neighbours in time"


def test_summary_adds_up(tmp_path: Path) -> None:
    states, rates, digests = whole(300)
    states[:5] = ["incomplete window"] * 5
    digests[10] = digests[9]
    path = index_file(tmp_path, states, rates, digests)
    summary = build_plan([path], config(), STEP, tmp_path / "plan.parquet").summary
    assert summary["candidates"] == 300
    assert summary["kept"] + sum(summary["dropped"].values()) == 300
    assert summary["kept"] == sum(split["records"] for split in summary["splits"].values())
    assert summary["dropped"]["incomplete window"] == 5
    assert summary["dropped"]["duplicate"] == 1


def test_rain_and_depth_that_never_met(tmp_path: Path) -> None:
    path = index_file(tmp_path, ["no depth"] * 20, [0.0] * 20, [0] * 20)
    with pytest.raises(PluvialError, match=r"no candidate record is complete \(20 with no depth"):
        build_plan([path], config(), STEP, tmp_path / "plan.parquet")
    assert not (tmp_path / "plan.parquet").exists()


def test_a_split_left_empty_by_the_purge(tmp_path: Path) -> None:
    path = index_file(tmp_path, *whole(100))
    settings = config(split=SplitConfig(train=0.6, val=0.2, test=0.2, memory_hours=10))
    with pytest.raises(PluvialError, match="the split `val` holds no record.*memory_hours"):
        build_plan([path], settings, STEP, tmp_path / "plan.parquet")


def test_splitting_by_storm_keeps_most_of_the_rain(tmp_path: Path) -> None:
    """Sixty storms of an hour every six hours: most wet records survive, in every split."""
    rates = ([0.0] * 60 + [2.0] * 12) * 60
    count = len(rates)
    path = index_file(tmp_path, ["complete"] * count, rates, list(range(count)))
    by_storm = SplitConfig(by="storm", train=0.6, val=0.2, test=0.2, memory_hours=1)
    build_plan([path], config(split=by_storm), STEP, tmp_path / "plan.parquet")
    plan = pd.read_parquet(tmp_path / "plan.parquet")
    wet = plan[np.array(rates) > 0]
    assert wet["reason"].isna().mean() > 0.6
    kept = wet[wet["reason"].isna()]["split"].value_counts(normalize=True)
    assert kept["train"] > 0.4
    assert kept["val"] > 0.08
    assert kept["test"] > 0.08
    spans = plan[plan["reason"].isna()].groupby("storm")["split"].nunique()
    assert (spans == 1).all(), "a storm lies in one split"
