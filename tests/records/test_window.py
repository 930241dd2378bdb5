"""Pooling against the definition, frame by frame."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pluvial.frames.variables import MISSING
from pluvial.records.window import Window, pool

channels = st.lists(st.integers(1, 9), min_size=1, max_size=4).map(tuple)


def largest(codes: NDArray[np.uint16]) -> NDArray[np.uint16]:
    most: NDArray[np.uint16] = codes.max(axis=0)
    return most


def mean(codes: NDArray[np.uint16]) -> NDArray[np.uint16]:
    rounded = np.floor(codes.mean(axis=0) + 0.5).astype(np.uint16)
    return np.where((codes == MISSING).any(axis=0), MISSING, rounded)


@pytest.mark.parametrize(("pooling", "pooled_of"), [("max", largest), ("mean", mean)])
@given(channels, st.integers(0, 12), st.integers(0, 2**32 - 1))
def test_each_channel_is_pooled_as_defined(
    pooling: str,
    pooled_of: Callable[[NDArray[np.uint16]], NDArray[np.uint16]],
    steps: tuple[int, ...],
    more: int,
    seed: int,
) -> None:
    window = Window(steps, 1, pooling)
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 400, (window.steps + more, 2, 3)).astype(np.uint16)
    codes[rng.random(codes.shape) < 0.05] = MISSING
    pooled = pool(codes, window)
    assert pooled.shape == (more + 1, 2, 3, len(steps))
    for row in range(more + 1):
        now = row + window.steps - 1
        back = now
        for channel, length in zip(reversed(range(len(steps))), steps, strict=True):
            expected = pooled_of(codes[back - length + 1 : back + 1])
            np.testing.assert_array_equal(pooled[row, ..., channel], expected)
            back -= length


def test_a_cell_missing_once_is_missing_never_dry() -> None:
    codes = np.zeros((4, 1, 2), np.uint16)
    codes[1, 0, 0] = MISSING
    for pooling in ("max", "mean"):
        pooled = pool(codes, Window((2, 2), 0, pooling))
        assert pooled[0].tolist() == [[[MISSING, 0], [0, 0]]]


def test_the_field_s_pattern_spans_eight_hours() -> None:
    window = Window((1, 3, 3, 5, 12, 24, 48), 1)
    assert window.steps == 96
    assert window.spans() == [(0, 48), (48, 72), (72, 84), (84, 89), (89, 92), (92, 95), (95, 96)]
