"""Running maxima and means against brute force."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pluvial.frames.variables import MISSING
from pluvial.records.running import RunningMaxima, RunningMeans


def largest_code(codes: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """The largest code of each cell over the first axis; missing is larger than all others."""
    most: NDArray[np.uint16] = codes.max(axis=0)
    return most


def mean_code(codes: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """The nearest code to the mean of each cell over the first axis, by exact fractions."""
    out = np.full(codes.shape[1:], MISSING)
    for cell in np.ndindex(out.shape):
        values = [int(code) for code in codes[(slice(None), *cell)]]
        if int(MISSING) not in values:
            out[cell] = math.floor(Fraction(sum(values), len(values)) + Fraction(1, 2))
    return out


@pytest.mark.parametrize(
    ("kind", "pooled"), [(RunningMaxima, largest_code), (RunningMeans, mean_code)]
)
@settings(deadline=None)
@given(lengths=st.sets(st.integers(1, 40), min_size=1, max_size=4), seed=st.integers(0, 2**32 - 1))
def test_against_brute_force(
    kind: type[RunningMaxima | RunningMeans],
    pooled: Callable[[NDArray[np.uint16]], NDArray[np.uint16]],
    lengths: set[int],
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, int(MISSING), (max(lengths) + 30, 2, 3)).astype(np.uint16)
    codes[rng.random(codes.shape) < 0.03] = MISSING
    running = kind(lengths, (2, 3))
    for at, frame in enumerate(codes):
        found = running.push(frame)
        assert set(found) == lengths
        for length in lengths:
            if at >= length - 1:
                expected = pooled(codes[at - length + 1 : at + 1])
                np.testing.assert_array_equal(found[length], expected, f"{length} up to {at}")


def test_the_field_s_pattern_keeps_no_more_frames_than_its_window() -> None:
    maxima = RunningMaxima({1, 3, 5, 12, 24, 48, 96}, (10, 10))
    kept = sum(ring.shape[0] for ring in maxima._rings)
    assert kept <= 2 * 96, "the memory of a window, not more"


def test_a_frame_may_be_reused_by_the_caller() -> None:
    """Readers hand out views that they overwrite."""
    maxima, frame = RunningMaxima({2}, (1, 1)), np.zeros((1, 1), np.uint16)
    for value, expected in ((5, None), (3, 5), (1, 3)):
        frame[:] = value
        found = maxima.push(frame)[2]
        if expected is not None:
            assert found[0, 0] == expected


@pytest.mark.parametrize("length", [1, 2, 3, 4, 7, 8, 9])
def test_missing_outlasts_all_rain(length: int) -> None:
    maxima = RunningMaxima({length}, (1, 1))
    codes = [0, int(MISSING), *[0] * 12]
    found = [int(maxima.push(np.uint16([[code]]))[length][0, 0]) for code in codes]
    for at in range(length - 1, len(codes)):
        assert (found[at] == MISSING) == (at - length < 1 <= at), f"step {at}"


def test_sums_that_wrap_around_do_no_harm() -> None:
    means = RunningMeans({3}, (1, 1))
    means._sums[:] = 2**32 - 5
    for code in (60000, 60001, 60002, 7, 7, 7):
        found = means.push(np.uint16([[code]]))[3]
    assert found[0, 0] == 7
