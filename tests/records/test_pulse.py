"""One wet cell in one frame arrives at exactly the right record, channel, row and column.

And the depth of each record is that of NOW + lead: every depth frame carries its own step as its
value. This is the proof that time is the key from end to end.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pluvial.frames.variables import MISSING
from pluvial.grids.time_axis import periods
from pluvial.records.index import COMPLETE, Thresholds, build_index
from pluvial.records.reading import read_shard
from pluvial.records.shards import materialise
from pluvial.records.window import Window
from shards import features, write_records

STEPS, ROWS, COLS = 400, 3, 4
CHANNELS = (1, 3, 3, 5, 12, 24, 48)
CORNERS = [(0, 0), (0, COLS - 1), (ROWS - 1, 0), (ROWS - 1, COLS - 1), (1, 2)]


def channel_of(age: int) -> int:
    """Which channel, oldest first, holds the frame ``age`` steps before NOW (worked out by hand)."""
    bounds = [48 + 48, 48, 24, 12, 7, 4, 1]
    return max(channel for channel, bound in enumerate(bounds) if age < bound)


@pytest.mark.parametrize("lead", [0, 1, 12])
@pytest.mark.parametrize(("row", "col"), CORNERS)
def test_pulse(make_frames, tmp_path: Path, lead: int, row: int, col: int) -> None:
    pulse = 230
    rain = np.zeros((STEPS, ROWS, COLS), np.uint16)
    rain[pulse, row, col] = 320
    depth = np.arange(STEPS, dtype=np.uint16)[:, None, None] * np.ones((1, ROWS, COLS), np.uint16)
    depth[:, row, col] += 1000
    frames = make_frames(rain, depth, start=86400 * 200 + 600)
    nows = np.arange(95, STEPS - lead)
    with frames.open()[0] as rain_series, frames.open()[1] as depth_series:
        times = frames.axis.start + 300 * nows
        ((rows, records),) = materialise(times, rain_series, depth_series, Window(CHANNELS, lead))
    assert rows.tolist() == list(range(nows.size))
    path = tmp_path / "train" / "01-00000.tfrecord.gz"
    write_records(records, path)
    found = read_shard(path, features(records))
    for now, time, pooled, water in zip(nows, found.times, found.rain, found.depth, strict=True):
        assert time == frames.axis.start + 300 * now
        expected = np.zeros((ROWS, COLS, 7), np.uint16)
        if 0 <= now - pulse < 96:
            expected[row, col, channel_of(now - pulse)] = 320
        np.testing.assert_array_equal(pooled, expected)
        assert water[row, col] == now + lead + 1000
        assert water[(row + 1) % ROWS, col] == now + lead


def test_channels_by_hand() -> None:
    ages = {0: 6, 1: 5, 3: 5, 4: 4, 6: 4, 7: 3, 11: 3, 12: 2, 23: 2, 24: 1, 47: 1, 48: 0, 95: 0}
    assert {age: channel_of(age) for age in ages} == ages


def test_states_of_candidates(make_frames) -> None:
    """A gap in the rain takes exactly the windows it lies in; a gap in the depth one record."""
    rain = np.zeros((STEPS, ROWS, COLS), np.uint16)
    depth = np.ones((STEPS, ROWS, COLS), np.uint16)
    rain[200] = MISSING
    depth[350] = MISSING
    frames = make_frames(rain, depth)
    rain_series, depth_series = frames.open()
    window = Window(CHANNELS, 1)
    states: list[str] = []
    for day in periods(frames.axis, "day"):
        table = build_index(rain_series, depth_series, day, window, Thresholds(0.1, 0.1))
        states += table["state"].to_pylist()
    expected = [COMPLETE] * STEPS
    expected[:95] = ["incomplete window"] * 95
    expected[200:296] = ["rain gap"] * 96
    expected[349] = expected[STEPS - 1] = "no depth"
    assert states == expected


@pytest.mark.parametrize("batch_bytes", [1, 3000, 1 << 26])
@pytest.mark.parametrize("every", [1, 2])
def test_materialised_in_any_order(make_frames, monkeypatch, batch_bytes: int, every: int) -> None:
    """Runs, single records, batches and bands: each record is the same however it is reached."""
    monkeypatch.setattr("pluvial.records.shards.LARGEST_BATCH", batch_bytes)
    monkeypatch.setattr("pluvial.records.shards.BAND_BYTES", max(16, batch_bytes // 64))
    rng = np.random.default_rng(5)
    rain = rng.integers(0, 400, (300, 5, 4)).astype(np.uint16)
    rain[rng.random(rain.shape) < 0.02] = MISSING
    depth = rng.integers(0, 900, (300 // every, 10, 8)).astype(np.uint16)
    frames = make_frames(rain, depth, every=every)
    window = Window((1, 2, 4), 2)
    nows = np.array([100, 101, 102, 7, 297, 40, 41, 43, 288, 287, 60])
    # With coarser depth, a record is where NOW + lead lies on its axis.
    nows = nows[(nows + 2) % every == 0]
    seen: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    for at, records in materialise(nows * 300, *frames.open(), window):
        assert (records.times == 300 * nows[at]).all(), "each row bears its time"
        seen |= dict(zip(at.tolist(), zip(records.rain, records.depth, strict=True), strict=True))
    assert sorted(seen) == list(range(nows.size)), "every row comes once"
    for row, now in enumerate(nows):
        pooled, water = seen[row]
        np.testing.assert_array_equal(pooled[..., 2], rain[now])
        np.testing.assert_array_equal(pooled[..., 1], rain[now - 2 : now].max(axis=0))
        np.testing.assert_array_equal(pooled[..., 0], rain[now - 6 : now - 2].max(axis=0))
        np.testing.assert_array_equal(water, depth[(now + 2) // every])
