"""Storms: the same however the series is parted, and as plain Python finds them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pluvial.records.storms import Storms, find_storms

STEP = 300


def storms_by_hand(rates: list[float], dry_steps: float) -> list[tuple[int, int]]:
    """First and last wet step of each storm."""
    storms: list[list[int]] = []
    dry = 0
    for step, rate in enumerate(rates):
        if rate >= 0.1:
            if not storms or dry >= dry_steps:
                storms.append([step, step])
            storms[-1][1] = step
            dry = 0
        elif rate == rate:  # a missing step is not dry
            dry += 1
    return [(first, last) for first, last in storms]


def storms_of(rates: list[float], cuts: list[int], dry_steps: float) -> Storms:
    times, values = STEP * np.arange(len(rates)), np.float32(rates)
    parts = zip(np.split(times, cuts), np.split(values, cuts), strict=True)
    return find_storms(parts, wet_mm_h=0.1, dry_steps=dry_steps)


@st.composite
def parted(draw: st.DrawFn) -> tuple[list[float], list[int]]:
    """A series of spells, and where it is cut into parts, some of them empty or all dry."""
    value = st.sampled_from([0.0, 0.0, 0.05, 0.1, 2.0, float("nan")])
    spells = draw(st.lists(st.tuples(value, st.integers(1, 6)), max_size=12))
    rates = [rate for rate, length in spells for _ in range(length)]
    return rates, sorted(draw(st.lists(st.integers(0, len(rates)), max_size=6)))


@settings(max_examples=300)
@given(parted(), st.sampled_from([0.5, 1, 2, 3, 4.5, 7, 12]))
def test_any_parts_are_one_series(series: tuple[list[float], list[int]], dry_steps: float) -> None:
    rates, cuts = series
    expected = storms_by_hand(rates, dry_steps)
    found = storms_of(rates, cuts, dry_steps)
    assert (found.start.dtype, found.last.dtype) == (np.int64, np.int64)
    assert list(zip(found.start // STEP, found.last // STEP, strict=True)) == expected


def test_the_timeline_of_the_docstring() -> None:
    wet = ".##..#......###.#.......#"
    found = storms_of([2.0 * (mark == "#") for mark in wet], [], 4)
    assert (found.start // STEP).tolist() == [1, 12, 24]
    assert (found.last // STEP).tolist() == [5, 16, 24]


def test_no_rain_at_all() -> None:
    found = storms_of([0.0, float("nan"), 0.0], [1], 1)
    assert found.start.size == found.last.size == 0
    assert found.number(np.array([0, 10**9])).tolist() == [0, 0]


def test_numbers_count_from_the_first_storm() -> None:
    storms = Storms(np.array([100, 500]), np.array([200, 500]))
    assert storms.number(np.array([99, 100, 499, 500, 9999])).tolist() == [0, 1, 1, 2, 2]
    assert storms.number(np.array([1])).dtype == np.int32


@pytest.mark.parametrize("missing", [1, 50])
def test_missing_steps_end_no_storm(missing: int) -> None:
    """Only steps known to be dry count: a radar outage amid a storm does not cut it in two."""
    series = [2.0, *[float("nan")] * missing, 0.0, 2.0]
    assert storms_of(series, [], 2).start.size == 1
    assert storms_of(series, [], 1).start.size == 2
