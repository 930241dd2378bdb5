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
from pluvial.records.shards import materialise, write_shard
from pluvial.records.window import Window

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
    window = Window(CHANNELS, lead)
    rain_series, depth_series = frames.open()
    nows = np.arange(95, STEPS - lead)
    records = materialise(frames.axis.start + 300 * nows, rain_series, depth_series, window)
    write_shard(records, tmp_path / "0.tfrecord.gz", tmp_path / "0.json", {})
    shapes = {"rain": {"shape": [ROWS, COLS, 7]}, "depth": {"shape": [ROWS, COLS]}}
    found = read_shard(tmp_path / "0.tfrecord.gz", shapes)
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
