"""The index against the records themselves: digests, states and every statistic."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pluvial.config.data import FramesConfig, RecordsConfig
from pluvial.config.simulation import SimulatedDepth
from pluvial.config.times import TimeConfig
from pluvial.errors import PluvialError
from pluvial.frames.variables import MISSING
from pluvial.grids.time_axis import periods
from pluvial.records.columns import INDEX
from pluvial.records.digest import channel_digest, combine, halves, record_digest
from pluvial.records.index import Thresholds, build_index, make_index
from pluvial.records.shards import materialise
from pluvial.records.window import Window

STEPS, START = 330, 86400 * 59  # 1970-03-01, and over its midnight
WINDOW = Window((1, 3, 2, 5), 2)
LIMITS = Thresholds(0.1, 0.1)


def some_frames(seed: int, *, shape: tuple[int, int] = (5, 4)) -> tuple[np.ndarray, np.ndarray]:
    """Spells of rain with gaps and missing cells, and depth twice as fine."""
    rng = np.random.default_rng(seed)
    rain = rng.integers(0, 60, (STEPS, *shape)).astype(np.uint16)
    rain[np.repeat(rng.random(STEPS // 10 + 1) < 0.6, 10)[:STEPS]] = 0
    rain[rng.random(rain.shape) < 0.01] = MISSING
    rain[rng.random(STEPS) < 0.02] = MISSING
    depth = rng.integers(0, 250, (STEPS, 2 * shape[0], 2 * shape[1])).astype(np.uint16)
    depth[rng.random(depth.shape) < 0.01] = MISSING
    depth[rng.random(STEPS) < 0.02] = MISSING
    return rain, depth


def index_of(frames, window: Window = WINDOW) -> pa.Table:
    rain, depth = frames.open()
    with rain, depth:
        tables = [
            build_index(rain, depth, day, window, LIMITS) for day in periods(frames.axis, "day")
        ]
    for table in tables:
        assert table.schema.equals(INDEX, check_metadata=True)
    return pa.concat_tables(tables)


def digest_of(row: dict[str, Any], of: str = "digest") -> int:
    digest: int = row[f"{of}_hi"] << 64 | row[f"{of}_lo"]
    return digest


@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a seed cannot be made simpler
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    seed=st.integers(0, 2**32 - 1),
    every=st.sampled_from([1, 3]),
    pooling=st.sampled_from(["max", "mean"]),
)
def test_the_index_describes_the_records(make_frames, seed: int, every: int, pooling: str) -> None:
    window = replace(WINDOW, pooling=pooling)
    rain, depth = some_frames(seed)
    filled = frozenset(range(40, 60))
    frames = make_frames(rain, depth[::every], start=START, every=every, filled=filled)
    index = index_of(frames, window).to_pylist()
    assert [row["time"] for row in index] == frames.axis.times().tolist()
    check_states([row["state"] for row in index], rain, depth[::every], every)

    whole = [row for row in index if row["state"] == "complete"]
    assert len(whole) > 30
    described = set(INDEX.names) - {"time", "state", "storm_mm_h"}
    for row in index:
        assert {row[name] is not None for name in described} == {row["state"] == "complete"}
    times = np.array([row["time"] for row in whole])
    for at, records in materialise(times, *frames.open(), window):
        for row, pooled, water in zip(at.tolist(), records.rain, records.depth, strict=True):
            assert digest_of(whole[row]) == record_digest(pooled, water)
            planes = np.moveaxis(pooled, -1, 0)
            assert digest_of(whole[row], "rain_digest") == combine(map(channel_digest, planes))
            check_statistics(whole[row], rain, (times[row] - START) // 300, water, filled)


def check_states(states: list[str], rain: np.ndarray, depth: np.ndarray, every: int) -> None:
    gap = (rain == MISSING).all(axis=(1, 2))
    for now, state in enumerate(states):
        step, rest = divmod(now + WINDOW.lead, every)
        if now < WINDOW.steps - 1:
            expected = "incomplete window"
        elif gap[now - WINDOW.steps + 1 : now + 1].any():
            expected = "rain gap"
        elif rest or step >= len(depth) or (depth[step] == MISSING).all():
            expected = "no depth"
        else:
            expected = "complete"
        assert state == expected, f"candidate {now}"


def check_statistics(
    entry: dict[str, Any], rain: np.ndarray, now: int, water: np.ndarray, filled: frozenset[int]
) -> None:
    steps = range(now - WINDOW.steps + 1, now + 1)
    window = np.where(rain[steps] == MISSING, np.nan, rain[steps] / 32)
    depth = np.where(water == MISSING, np.nan, water / 1000)
    largest = window.max(axis=0)  # NaN where a cell is missing once
    expected = {
        "storm_mm_h": np.nanmean(window[-1]),
        "rain_mm": sum(np.nanmean(field) for field in window) * 300 / 3600,
        "rain_max_mm_h": np.nanmax(largest),
        "wet_fraction": (largest >= 0.1).sum() / (~np.isnan(largest)).sum(),
        "flooded_fraction": (depth > 0.1).sum() / (~np.isnan(depth)).sum(),
        "depth_max_m": np.nanmax(depth),
        "depth_mean_m": np.nanmean(depth),
        "interpolated": len(filled & set(steps)),
    }
    for name, value in expected.items():
        assert entry[name] == pytest.approx(value, rel=1e-5, abs=1e-7), name
    assert not entry["depth_interpolated"]


@pytest.mark.parametrize(("band", "block"), [(8, 16), (24, 1), (1 << 20, 100)])
def test_bands_and_blocks_make_no_difference(
    make_frames, monkeypatch, band: int, block: int
) -> None:
    """Frames of any size are looked at in flat memory, and their digests are those of the whole."""
    frames = make_frames(*some_frames(1), start=START)
    expected = index_of(frames)
    monkeypatch.setattr("pluvial.records.looks.BAND_BYTES", band)
    monkeypatch.setattr("pluvial.records.looks.BLOCK_BYTES", block)
    assert index_of(frames).equals(expected)


def test_a_cell_missing_in_all_of_the_window(make_frames) -> None:
    """The statistics of what is left; and none, not a wrong one, where nothing is left."""
    rain = np.full((60, 1, 2), 32, np.uint16)
    rain[:, 0, 0] = MISSING
    rain[::2, 0] = MISSING, 64
    rain[1::2, 0] = 96, MISSING
    index = index_of(make_frames(rain, np.zeros((60, 1, 2), np.uint16)), Window((2, 2), 0))
    last = index.to_pylist()[-1]
    assert last["state"] == "complete"
    assert (last["rain_max_mm_h"], last["wet_fraction"]) == (0, 0), "each cell is missing once"
    assert last["rain_mm"] == pytest.approx((2 + 3 + 2 + 3) / 12)


def test_thresholds_by_hand(make_frames) -> None:
    """Wet from 0.1 mm/h on (4 steps of 1/32), flooded above 0.1 m (101 steps of 1 mm)."""
    rain = np.array([[[0, 3, 4, 5]]] * 20, np.uint16)
    depth = np.array([[[99, 100, 101, 102]]] * 20, np.uint16)
    index = index_of(make_frames(rain, depth), Window((1,), 0))
    assert set(index["wet_fraction"].to_pylist()) == {0.5}
    assert set(index["flooded_fraction"].to_pylist()) == {0.5}


def test_one_digest_each_for_rain_and_for_the_pair(make_frames) -> None:
    """The same rain with another depth is another record."""
    rain = np.zeros((60, 2, 2), np.uint16)
    depth = np.zeros((60, 2, 2), np.uint16)
    depth[30] = 5
    index = index_of(make_frames(rain, depth), Window((1, 2), 1))
    whole = [row for row in index.to_pylist() if row["state"] == "complete"]
    assert len({digest_of(row, "rain_digest") for row in whole}) == 1
    pairs = Counter(digest_of(row) for row in whole)
    assert sorted(pairs.values()) == [1, len(whole) - 1]


def test_a_digest_tells_where_a_value_stands() -> None:
    """Not only which values: another cell, channel or shape is another record."""
    rain, depth = np.zeros((2, 2, 2), np.uint16), np.zeros((2, 2), np.uint16)
    found = {record_digest(rain, depth)}
    for place in np.ndindex(rain.shape):
        other = rain.copy()
        other[place] = 7
        found.add(record_digest(other, depth))
    for place in np.ndindex(depth.shape):
        other = depth.copy()
        other[place] = 7
        found.add(record_digest(rain, other))
    assert len(found) == 1 + rain.size + depth.size
    digest = record_digest(rain, depth)
    high, low = halves(digest)
    assert high << 64 | low == digest
    assert max(high, low) < 1 << 64


TIME = TimeConfig(start="1970-03-01T00:00Z", end="1970-03-02T03:30Z", step_minutes=5)
CASE = (SimulatedDepth(format="simulate"), FramesConfig(period="day"))
RECORDS = RecordsConfig(channels=[1, 3, 2, 5], lead_steps=2)


def test_a_period_needs_only_the_frames_around_it(make_frames, tmp_path: Path) -> None:
    """As a job has them: the window before, and the depth at the targets behind."""
    frames = make_frames(*some_frames(2), start=START)
    paths = []
    for day in ("1970-03-01", "1970-03-02"):
        paths.append(tmp_path / f"{day}.parquet")
        before = [path for path in frames.rain_paths if path.stem <= day]
        after = [path for path in frames.depth_paths if path.stem >= day]
        make_index(before, after, TIME, *CASE, RECORDS, paths[-1])
    assert pq.read_schema(paths[0]).equals(INDEX, check_metadata=True), "columns bear units"
    assert pa.concat_tables(map(pq.read_table, paths)).equals(index_of(frames))


def test_rain_and_depth_of_other_edges_are_refused(make_frames, tmp_path: Path) -> None:
    frames = make_frames(
        np.zeros((STEPS, 2, 2), np.uint16), np.zeros((STEPS, 5, 4), np.uint16), start=START
    )
    with pytest.raises(PluvialError, match="their edges do not meet"):
        make_index(
            frames.rain_paths,
            frames.depth_paths,
            TIME,
            *CASE,
            RECORDS,
            tmp_path / "1970-03-01.parquet",
        )
    assert not (tmp_path / "1970-03-01.parquet").exists()
