"""The lag proof, on rain and depth whose lag is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pluvial.errors import PluvialError
from pluvial.records.lag import Lag, check_lag, measure_lag

STEP, COUNT = 300, 3000


def storms(seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    wet = np.repeat(rng.random(COUNT // 20) < 0.2, 20)
    return np.where(wet, rng.gamma(0.7, 4, COUNT), 0.0)


def measured(late: int, lead: int = 1, keep: float = 1.0) -> Lag:
    """Depth at T that holds the rain up to ``T - late`` steps, in records of a lead."""
    rain = storms()
    water = np.zeros(COUNT + 400)
    for k in range(COUNT):
        # The rain of frame k falls until k + 1, and is in the depth ``late`` steps after.
        at = k + 1 + late
        if 0 < at < water.size:
            water[at] = rain[k]
    depth = np.zeros_like(water)
    for k in range(1, water.size):
        depth[k] = 0.98 * depth[k - 1] + water[k]
    now = np.flatnonzero(np.random.default_rng(1).random(COUNT) < keep)
    now = now[now + lead < depth.size]
    order = np.random.default_rng(2).permutation(now.size)
    times = 10**9 + STEP * now[order]
    return measure_lag(
        times, rain[now[order]], depth[now[order] + lead], step=STEP, lead_steps=lead, reach=96
    )


@pytest.mark.parametrize("lead", [0, 1, 6])
@pytest.mark.parametrize("late", [0, 3, 24, -12, 95])
def test_the_lag_is_found(late: int, lead: int) -> None:
    lag = measured(late, lead)
    assert lag.minutes == 5 * late
    assert lag.correlation > 0.8


def test_only_the_rise_of_the_depth_counts() -> None:
    """A gully that empties within a step falls as fast as it rose: that is no answer to rain."""
    rain = storms()
    depth = np.r_[0, rain]
    times = 10**9 + STEP * np.arange(COUNT)
    lag = measure_lag(times, rain, depth[1 : COUNT + 1], step=STEP, lead_steps=1, reach=12)
    rise = np.diff(np.r_[0, rain]).clip(0)[1:]
    assert lag.minutes == 0
    assert lag.correlation == pytest.approx(np.corrcoef(rain[1:], rise)[0, 1], rel=1e-6)


def test_gaps_do_not_hide_it() -> None:
    lag = measured(2, keep=0.7)
    assert lag.minutes == 10
    assert lag.pairs < COUNT * 0.7


def test_a_depth_eight_hours_before_its_rain_is_refused() -> None:
    """What the earlier system's pairing by position gave: each window had the depth of its start."""
    with pytest.raises(PluvialError, match="475 min after its rain falls"):
        check_lag(measured(95), largest_minutes=240, where=Path("manifest.json"))


@pytest.mark.parametrize(("late", "good"), [(0, True), (48, True), (49, False), (-1, False)])
def test_what_is_believed(late: int, good: bool) -> None:
    lag = measured(late)
    if good:
        check_lag(lag, largest_minutes=240, where=Path("manifest.json"))
    else:
        with pytest.raises(PluvialError, match="not of the same clock"):
            check_lag(lag, largest_minutes=240, where=Path("manifest.json"))


@pytest.mark.parametrize("what", ["dry", "constant depth", "missing", "one record", "noise"])
def test_where_it_cannot_be_told_nothing_is_refused(what: str) -> None:
    rng = np.random.default_rng(5)
    count = 1 if what == "one record" else 500
    rain, depth = rng.random(count), rng.random(count)
    rain = {"dry": np.zeros(count), "missing": np.full(count, np.nan)}.get(what, rain)
    depth = np.ones(count) if what == "constant depth" else depth
    lag = measure_lag(STEP * np.arange(count), rain, depth, step=STEP, lead_steps=1, reach=12)
    assert not np.isnan(lag.correlation)
    if what != "noise":
        assert lag.minutes is None
        check_lag(lag, largest_minutes=60, where=Path("x"))
