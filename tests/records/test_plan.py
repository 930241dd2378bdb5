"""The plan against plain Python: storms, splits, purge, duplicates, dry windows, shards."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from plans import (
    EPOCH,
    STEP,
    Candidates,
    check_layout,
    index_files,
    kept,
    plan_of,
    records_config,
    time_config,
    whole,
)
from pluvial.config.data import SplitConfig
from pluvial.errors import PluvialError
from pluvial.files.documents import read_json
from pluvial.grids.time_axis import iso
from pluvial.records.columns import PLAN
from pluvial.records.duplicates import find_duplicates
from pluvial.records.plan import build_plan, make_plan, purge_seconds
from pluvial.records.segments import segments_by_storm, segments_by_time


@st.composite
def candidates(draw: st.DrawFn) -> Candidates:
    count = draw(st.integers(150, 300))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    wet = np.repeat(rng.random(count // 10 + 1) < 0.4, 10)[:count]
    rates = np.where(rng.random(count) < 0.05, np.nan, np.where(wet, 2.0, 0.0))
    rain = rng.integers(0, 150, count)
    return Candidates(
        np.where(rng.random(count) < 0.9, "complete", "rain gap").tolist(),
        rates.tolist(),
        # Equal pairs have equal rain; equal rain may have another depth.
        (rain * 2 + rng.integers(0, 2, count)).tolist(),
        rain.tolist(),
        np.where(wet, 2.0, 0.0).tolist(),
    )


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
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=15
)
@given(
    given=candidates(),
    by=st.sampled_from(["time", "storm"]),
    cuts=st.lists(st.integers(1, 149), max_size=3, unique=True).map(sorted),
)
def test_plan_against_plain_python(
    tmp_path: Path, given: Candidates, by: str, cuts: list[int]
) -> None:
    config = records_config(split=SplitConfig(by=by, train=0.6, val=0.2, test=0.2, memory_hours=1))
    try:
        plan, _ = plan_of(tmp_path, given, config, cuts)
    except PluvialError:
        reject()  # so few storms that a split got none
    assert plan["time"].tolist() == given.times().tolist()
    assert plan["storm"].tolist() == storms_by_hand(given.rate, gap_steps=12)

    purge = purge_seconds(config, STEP)
    assert purge == (6 + 1) * STEP + 3600
    pairs: dict[int, int] = {}
    rains: set[int] = set()
    boundary = before = None
    for at, row in enumerate(plan.itertuples()):
        if before is not None and row.split != before:
            boundary = row.time
        before = row.split
        if given.state[at] != "complete":
            assert row.reason == given.state[at]
            assert not row.same_rain
        elif boundary is not None and row.time < boundary + purge:
            assert row.reason == "purged"
            assert not row.same_rain
        else:
            assert row.same_rain == (given.rain[at] in rains)
            rains.add(given.rain[at])
            if given.pair[at] in pairs:
                assert row.reason == "duplicate"
                assert row.duplicate_of == pairs[given.pair[at]]
            else:
                assert pd.isna(row.reason)
                pairs[given.pair[at]] = row.time
        assert pd.notna(row.duplicate_of) == (row.reason == "duplicate")
    check_layout(plan, config)


@pytest.mark.parametrize("by", ["time", "storm"])
def test_the_parts_of_the_index_make_no_difference(tmp_path: Path, by: str) -> None:
    """Neither do threads, nor what a killed process left behind."""
    given = storm_every_six_hours(24)
    split = SplitConfig(by=by, train=0.6, val=0.2, test=0.2, memory_hours=1)
    found = set()
    for number, cuts in enumerate(([], [1], [288, 576], list(range(100, 1700, 100)))):
        folder = tmp_path / str(number)
        (folder / ".duplicates").mkdir(parents=True)
        files = index_files(folder / "index", given, cuts)
        time, config = time_config(len(given)), records_config(split=split)
        build_plan(files, [], time, config, folder / "plan.parquet", threads=1 + number % 2)
        assert not (folder / ".duplicates").exists()
        table = pq.read_table(folder / "plan.parquet")
        assert table.schema.equals(PLAN, check_metadata=True)
        found.add(table.to_pandas().to_csv())
    assert len(found) == 1


def test_the_same_plan_has_the_same_bytes(tmp_path: Path) -> None:
    files = index_files(tmp_path / "index", whole(400), [200])
    paths = [tmp_path / name for name in ("one.parquet", "two.parquet")]
    for path in paths:
        build_plan(files, [], time_config(400), records_config(), path)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_no_two_splits_are_within_the_purge(tmp_path: Path) -> None:
    config = records_config()
    plan, _ = plan_of(tmp_path, whole(500), config)
    ends = kept(plan).groupby("split", observed=True)["time"].agg(["min", "max"]).sort_values("min")
    gaps = ends["min"].to_numpy()[1:] - ends["max"].to_numpy()[:-1]
    # From the boundary, which lies behind the last record, exactly the purge is left out.
    assert gaps.tolist() == [purge_seconds(config, STEP) + STEP] * 2


def test_order_is_seeded_and_mixed(tmp_path: Path) -> None:
    one, again, other = (
        plan_of(tmp_path, whole(400), records_config(seed=seed))[0] for seed in (1, 1, 2)
    )
    pd.testing.assert_frame_equal(one, again)
    assert not one["row"].equals(other["row"])
    first = one[(one["split"] == "train") & (one["shard"] == 0)].sort_values("row")
    steps = np.abs(np.diff(first["time"])) / STEP
    assert (steps == 1).mean() < 0.3, "neighbours in a shard are not neighbours in time"


def test_summary_adds_up(tmp_path: Path) -> None:
    given = whole(300)
    given.state[:5] = ["incomplete window"] * 5
    given.pair[10], given.rain[10] = given.pair[9], given.rain[9]
    given.rain[40] = given.rain[39]
    _, summary = plan_of(tmp_path, given, records_config())
    assert summary["candidates"] == 300
    dropped = summary["dropped"]
    assert summary["kept"] + sum(entry["records"] for entry in dropped.values()) == 300
    assert summary["kept"] == sum(split["records"] for split in summary["splits"].values())
    assert dropped["incomplete window"] == {
        "records": 5,
        "first": "2020-02-27T00:00Z",
        "last": "2020-02-27T00:20Z",
    }
    assert dropped["duplicate"]["records"] == 1
    assert summary["kept_with_rain_seen_before"] == 1
    months = summary["months"]
    assert sum(sum(counts.values()) for counts in months.values()) == 300
    assert list(months) == ["2020-02"]
    assert [part["split"] for part in summary["segments"]] == ["train", "val", "test"]
    for split in summary["splits"].values():
        assert split["shards"] == -(-split["records"] // 16)


@pytest.mark.parametrize("part", [1, 7, 300])
def test_the_summary_is_the_same_looked_at_in_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    given = storm_every_six_hours(10)
    given.state[100:140] = ["rain gap"] * 40
    _, expected = plan_of(tmp_path, given, records_config(dry_share=0.8))
    monkeypatch.setattr("pluvial.records.judged.PART", part)
    _, found = plan_of(tmp_path, given, records_config(dry_share=0.8))
    assert found == expected


def test_months_of_the_summary(tmp_path: Path) -> None:
    _, summary = plan_of(tmp_path, whole(4 * 288), records_config())
    assert {month: sum(counts.values()) for month, counts in summary["months"].items()} == {
        "2020-02": 3 * 288,  # 27th to the 29th
        "2020-03": 288,
    }


def test_rain_and_depth_that_never_met(tmp_path: Path) -> None:
    given = whole(20).changed(state=["no depth"] * 20)
    with pytest.raises(
        PluvialError,
        match=r"no candidate record is complete \(20 with no depth, "
        r"2020-02-27T00:00Z to 2020-02-27T01:35Z\)",
    ):
        plan_of(tmp_path, given, records_config())
    assert not (tmp_path / "plan.parquet").exists()


def test_a_split_left_empty_by_the_purge(tmp_path: Path) -> None:
    split = SplitConfig(train=0.6, val=0.2, test=0.2, memory_hours=10)
    with pytest.raises(PluvialError, match=r"the split `val` holds no record.*memory_hours"):
        plan_of(tmp_path, whole(100), records_config(split=split))
    assert not (tmp_path / "plan.parquet").exists()


def test_a_split_that_is_not_asked_for_may_be_empty(tmp_path: Path) -> None:
    split = SplitConfig(train=0.5, val=0, test=0.5, memory_hours=1)
    plan, summary = plan_of(tmp_path, whole(200), records_config(split=split))
    assert set(plan["split"]) == {"train", "test"}
    assert summary["splits"]["val"] == {"records": 0, "shards": 0, "storms": 0}


def storm_every_six_hours(number: int) -> Candidates:
    given = whole(72 * number)
    rates = ([0.0] * 60 + [2.0] * 12) * number
    return given.changed(rate=rates, largest=rates)


def test_splitting_by_storm_keeps_most_of_the_rain(tmp_path: Path) -> None:
    """Sixty storms of an hour every six hours: most wet records survive, in every split."""
    given = storm_every_six_hours(60)
    by_storm = SplitConfig(by="storm", train=0.6, val=0.2, test=0.2, memory_hours=1)
    plan, _ = plan_of(tmp_path, given, records_config(split=by_storm))
    wet = plan[np.array(given.rate) > 0]
    assert wet["reason"].isna().mean() > 0.6
    share = kept(wet)["split"].value_counts(normalize=True)
    assert share["train"] > 0.4
    assert share["val"] > 0.08
    assert share["test"] > 0.08
    spans = kept(plan).astype({"split": str}).groupby("storm")["split"].nunique()
    assert (spans == 1).all(), "a storm lies in one split"


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 1.0, None])
def test_dry_windows_are_capped_in_each_split(tmp_path: Path, share: float | None) -> None:
    given = storm_every_six_hours(30)
    plan, summary = plan_of(tmp_path, given, records_config(dry_share=share))
    plan["dry"] = np.array(given.largest) == 0
    surplus = plan[plan["reason"] == "dry surplus"]
    assert surplus["dry"].all(), "a wet window was dropped"
    assert summary["dropped"].get("dry surplus", {"records": 0})["records"] == len(surplus)
    before = plan[plan["reason"].isna() | (plan["reason"] == "dry surplus")]
    for split, candidates in before.groupby("split", observed=True):
        left = candidates[candidates["reason"].isna()]
        dry, count = int(left["dry"].sum()), len(left)
        if share is None or share == 1:
            assert count == len(candidates)
        else:
            assert dry <= share * count, f"{split}: {dry} of {count} are dry"
            more = dry + 1 > share * (count + 1) - 1e-9
            assert more or dry == candidates["dry"].sum(), f"{split}: more might have stayed"
    check_layout(plan, records_config())


def test_the_dry_that_stay_are_drawn_from_all_of_the_time(tmp_path: Path) -> None:
    given = storm_every_six_hours(30)
    plan, _ = plan_of(tmp_path, given, records_config(dry_share=0.5))
    plan["dry"] = np.array(given.largest) == 0
    train = kept(plan)[kept(plan)["split"] == "train"]
    days = (train[train["dry"]]["time"] - EPOCH) // 86400
    assert days.nunique() == train["time"].floordiv(86400).nunique(), "on some days none is left"


def test_duplicates_beyond_the_memory(tmp_path: Path) -> None:
    """On disk where memory does not suffice; what is purged is the first of nothing."""
    count = 60_000
    rng = np.random.default_rng(0)
    numbers = rng.integers(0, 40_000, count)
    given = whole(count).changed(pair=numbers.tolist(), rain=(numbers // 2).tolist())
    files = index_files(tmp_path / "index", given, [20_000, 40_000])
    times = given.times()
    purged = [(int(times[100]), int(times[9000])), (int(times[30_000]), int(times[30_001]))]
    found = find_duplicates(
        files, [], purged, times=times, folder=tmp_path, threads=2, memory="64MB"
    )
    live = np.ones(count, bool)
    live[100:9000] = live[30_000] = False
    where = np.flatnonzero(live)
    same_rain = times[found.same_rain]
    for values, repeats in ((numbers, found.time), (numbers // 2, same_rain)):
        _, first = np.unique(values[where], return_index=True)
        expected = np.setdiff1d(where, where[first])
        np.testing.assert_array_equal(repeats, times[expected])
    by_number = {int(numbers[at]): int(times[at]) for at in where[::-1]}
    assert found.first.tolist() == [
        by_number[int(numbers[(time - EPOCH) // STEP])] for time in found.time
    ]


def test_segments_by_time_by_hand() -> None:
    parts = segments_by_time(1000, 1999, SplitConfig(train=0.5, val=0.2, test=0.3))
    assert [(part.start, part.split) for part in parts] == [
        (1000, "train"),
        (1500, "val"),
        (1700, "test"),
    ]


@given(
    st.lists(st.integers(1, 10**6), min_size=0, max_size=60, unique=True).map(sorted),
    st.integers(1, 200_000),
    st.integers(0, 1000),
)
def test_segments_by_storm(starts: list[int], least: int, seed: int) -> None:
    shares = SplitConfig(by="storm", train=0.6, val=0.1, test=0.3)
    parts = segments_by_storm(0, starts, shares, seed, least=least)
    begins = [part.start for part in parts]
    assert begins[0] == 0
    assert set(begins[1:]) <= set(starts), "a boundary lies at the start of a storm"
    assert all(later - earlier >= least for earlier, later in itertools.pairwise(begins))
    assert all(one.split != two.split for one, two in itertools.pairwise(parts))
    assert parts == segments_by_storm(0, starts, shares, seed, least=least)


def test_groups_of_storms_are_no_longer_than_they_must_be() -> None:
    """Storms exactly so far apart as the shortest group are groups of their own."""
    shares = SplitConfig(by="storm", train=0.5, val=0, test=0.5)
    starts = list(range(100, 4000, 100))
    drawn = {len(segments_by_storm(0, starts, shares, seed, least=100)) for seed in range(20)}
    assert max(drawn) > 15, "40 groups in two splits, drawn at random"
    assert max(len(segments_by_storm(0, starts, shares, s, least=101)) for s in range(20)) <= 20


def test_storms_behind_the_last_record_have_no_share(tmp_path: Path) -> None:
    """Rain goes on where the depth has ended: its storms belong to no split."""
    given = storm_every_six_hours(60)
    half = len(given) // 2
    given.state[half:] = ["no depth"] * half
    split = SplitConfig(by="storm", train=0.6, val=0.2, test=0.2, memory_hours=1)
    plan, summary = plan_of(tmp_path, given, records_config(split=split))
    last = iso(int(given.times()[half - 1]))
    assert all(part["start"] <= last for part in summary["segments"])
    shares = kept(plan)["split"].value_counts(normalize=True)
    assert shares["train"] == pytest.approx(0.6, abs=0.12)


@pytest.mark.parametrize("number", [5, 7, 10, 23, 30, 47])
@pytest.mark.parametrize("by", [(0.6, 0.2, 0.2), (0.7, 0.1, 0.2), (0.34, 0.33, 0.33)])
def test_any_number_of_storms_is_shared_out(number: int, by: tuple[float, ...]) -> None:
    """To the nearest whole storm, also where a share is no binary fraction."""
    shares = SplitConfig(by="storm", **dict(zip(("train", "val", "test"), by, strict=True)))
    parts = segments_by_storm(0, list(range(100, 100 * number, 100)), shares, 5, least=100)
    ends = [*(part.start for part in parts[1:]), 100 * number]
    for split, share in zip(("train", "val", "test"), by, strict=True):
        length = sum(e - p.start for p, e in zip(parts, ends, strict=True) if p.split == split)
        assert abs(length / 100 - share * number) <= 1, split
    trained = sum(e - p.start for p, e in zip(parts, ends, strict=True) if p.split == "train")
    assert trained / 100 == np.floor(by[0] * number + 0.5)


def test_shares_of_storms_are_met_as_nearly_as_whole_groups_allow() -> None:
    starts = list(range(100, 20_000, 100))
    shares = SplitConfig(by="storm", train=0.6, val=0.1, test=0.3)
    parts = segments_by_storm(0, starts, shares, 3, least=100)
    ends = [*(part.start for part in parts[1:]), 20_000]
    length = dict.fromkeys(("train", "val", "test"), 0)
    for part, end in zip(parts, ends, strict=True):
        length[part.split] += end - part.start
    assert length == {"train": 12_000, "val": 2_000, "test": 6_000}
    assert segments_by_storm(0, starts, shares, 4, least=100) != parts, "the draw has a seed"


def test_the_summary_is_written_beside_the_plan(tmp_path: Path) -> None:
    files = index_files(tmp_path / "index", whole(300))
    plan, summary = tmp_path / "01.parquet", tmp_path / "01.json"
    make_plan(files, [], time_config(300), records_config(), plan, summary, threads=1)
    assert read_json(summary)["kept"] == len(kept(pd.read_parquet(plan)))
