"""The storm series: any part of it is the same part of the whole, and it rains as it should."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pluvial.config.simulation import SyntheticStorms
from pluvial.errors import PluvialError
from pluvial.simulation.storms import CAP_MM_H, StormSeries

STEPS_PER_HOUR = 12


def make_series(steps=2000, shape=(16, 16), cell_m=400.0, **keys):
    config = SyntheticStorms(format="synthetic", **keys)
    return StormSeries(config, shape=shape, cell_m=cell_m, steps=steps, step_minutes=5)


@pytest.fixture(scope="module")
def series():
    return make_series()


@pytest.fixture(scope="module")
def rain(series):
    return np.array(list(series.frames(0, series.steps)))


@pytest.fixture(scope="module")
def default_run():
    """Whether it rains anywhere, at each step of the embedded default: bool[8000]."""
    series = make_series(steps=8000)
    return np.array([frame.any() for frame in series.frames(0, 8000)])


def dry_spells(wet):
    """Lengths of the dry spells between wet steps, in hours."""
    return (np.diff(np.flatnonzero(wet)) - 1) / STEPS_PER_HOUR


def test_frames_have_their_type_shape_and_number(rain):
    assert rain.shape == (2000, 16, 16)
    assert rain.dtype == np.float32


@settings(max_examples=25, deadline=None)
@given(ends=st.tuples(st.integers(0, 2000), st.integers(0, 80)))
def test_any_range_alone_is_that_range_of_the_whole(series, rain, ends):
    first, last = ends[0], min(ends[0] + ends[1], 2000)
    alone = list(series.frames(first, last))
    assert len(alone) == last - first
    for step, frame in zip(range(first, last), alone, strict=True):
        assert frame.tobytes() == rain[step].tobytes(), f"step {step} differs"


def test_range_may_start_and_end_within_a_storm(series, rain):
    storm = max(series.storms, key=lambda s: s.end - s.start)
    first, last = storm.start + 5, storm.end - 3
    alone = np.array(list(series.frames(first, last)))
    assert alone.any()
    np.testing.assert_array_equal(alone, rain[first:last])


@pytest.mark.parametrize("steps", [1, 500, 1999])
def test_shorter_series_is_the_beginning_of_a_longer_one(series, rain, steps):
    shorter = make_series(steps=steps)
    assert shorter.storms == series.storms[: len(shorter.storms)]
    assert all(storm.start >= steps for storm in series.storms[len(shorter.storms) :])
    np.testing.assert_array_equal(list(shorter.frames(0, steps)), rain[:steps])


def test_seed_is_all_that_chance_has(rain):
    np.testing.assert_array_equal(list(make_series().frames(0, 2000)), rain)
    other = np.array(list(make_series(seed=102).frames(0, 2000)))
    assert (other != rain).any()


@pytest.mark.parametrize("ends", [(-1, 5), (7, 6), (0, 2001)], ids=str)
def test_range_outside_the_series_is_refused(series, ends):
    with pytest.raises(PluvialError, match="not within 0 to 2000"):
        series.frames(*ends)


def test_rates_are_whole_multiples_of_a_32nd(rain):
    np.testing.assert_array_equal(rain * 32, np.round(rain * 32))
    assert rain[rain > 0].min() >= 0.09


def test_rates_are_capped():
    rates = np.array(list(make_series(steps=500, gain=500.0).frames(0, 500)))
    assert rates.max() == CAP_MM_H
    assert rates.min() == 0


def test_it_rains_within_the_storms_only(series, rain):
    inside = np.zeros(2000, bool)
    for storm in series.storms:
        inside[storm.start : storm.end] = True
    wet = rain.any(axis=(1, 2))
    assert not wet[~inside].any()
    assert wet[inside].mean() > 0.6


def test_storms_do_not_touch_and_last_as_long_as_configured():
    storms = make_series(steps=200_000, mean_wet_hours=3.0, mean_dry_hours=8.0).storms
    gaps = [(b.start - a.end) / STEPS_PER_HOUR for a, b in pairwise(storms)]
    lengths = [(storm.end - storm.start) / STEPS_PER_HOUR for storm in storms]
    assert min(gaps) >= 0.25
    assert min(lengths) >= 0.25
    assert np.mean(gaps) == pytest.approx(8.0, rel=0.08)
    assert np.mean(lengths) == pytest.approx(3.0, rel=0.08)
    assert [storm.number for storm in storms] == list(range(len(storms)))


def test_default_has_thirty_storms_and_few_dry_windows(default_run):
    assert 1 + (dry_spells(default_run) >= 6).sum() >= 30
    window = 8 * STEPS_PER_HOUR
    wet_in_window = np.convolve(default_run, np.ones(window), "valid")
    assert (wet_in_window == 0).mean() <= 0.25, "dry windows are all alike"


def test_rain_is_correlated_in_space_and_less_so_farther_away():
    rain = np.array(list(make_series(steps=4000, cell_m=1000.0).frames(0, 4000)))
    heavy = rain[rain.mean(axis=(1, 2)) > 0.5].reshape(-1, 256)
    correlation = np.corrcoef(np.log1p(heavy).T).reshape(16, 16, 16, 16)

    def at_distance(cells):
        return np.mean(
            [correlation[r, c, r, c + cells] for r in range(16) for c in range(16 - cells)]
        )

    near, middle, far = at_distance(1), at_distance(5), at_distance(15)
    assert near > 0.8
    assert near > middle + 0.1
    assert middle > far + 0.1


def test_rain_moves_with_the_speed_and_direction_of_its_storm():
    """The shift that best maps a frame onto the next one, against the schedule's."""
    cell_m = 1000.0
    series = make_series(steps=1500, shape=(48, 48), cell_m=cell_m, speed_m_s=15.0)
    errors = []
    for storm in series.storms:
        middle = (storm.start + storm.end) // 2
        if storm.end - storm.start < 6:
            continue
        before, after = (np.log1p(frame) for frame in series.frames(middle, middle + 2))
        way = storm.speed * 300 / cell_m
        expected = -math.cos(storm.direction) * way, math.sin(storm.direction) * way
        best = best_shift(before, after, reach=10)
        errors.append(math.dist(best, expected))
    assert len(errors) >= 5
    assert np.median(errors) < 1.0, "cells between the way found and the way scheduled"


def best_shift(before, after, reach):
    """(southward, eastward) in whole cells, by the least squared difference of the inner parts."""
    size = before.shape[0]
    inner = slice(reach, size - reach)
    misfit = {
        (south, east): np.mean(
            (
                after[inner, inner]
                - before[reach - south : size - reach - south, reach - east : size - reach - east]
            )
            ** 2
        )
        for south in range(-reach, reach + 1)
        for east in range(-reach, reach + 1)
    }
    return min(misfit, key=misfit.__getitem__)


def test_each_storm_has_a_field_of_its_own():
    """Standing still, so that two storms with the same noise would peak in the same cell."""
    series = make_series(speed_m_s=0.0, steps=3000)
    peaks = [
        int(frame.argmax())
        for storm in series.storms[:-1]
        for frame in series.frames(storm.start + 1, storm.start + 2)
        if frame.any()
    ]
    assert len(peaks) >= 8
    assert len(set(peaks)) > len(peaks) / 2


def test_storm_grows_and_fades(series):
    storm = max(series.storms, key=lambda s: s.end - s.start)
    strength = [storm.envelope(step) for step in range(storm.start, storm.end)]
    assert max(strength) == pytest.approx(1.0, abs=0.01)
    assert strength[0] == pytest.approx(strength[-1])
    assert strength[0] < 0.3
