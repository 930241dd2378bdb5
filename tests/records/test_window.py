"""Pooling against the definition, frame by frame."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from pluvial.frames.variables import MISSING
from pluvial.records.window import Window, pool

channels = st.lists(st.integers(1, 9), min_size=1, max_size=4).map(tuple)


@given(channels, st.integers(0, 12), st.integers(0, 2**32 - 1))
def test_pool_is_the_maximum_of_each_channel(steps: tuple[int, ...], more: int, seed: int) -> None:
    window = Window(steps, 1)
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 400, (window.steps + more, 2, 3)).astype(np.uint16)
    codes[rng.random(codes.shape) < 0.05] = MISSING
    pooled = pool(codes, window)
    assert pooled.shape == (more + 1, 2, 3, len(steps))
    for row in range(more + 1):
        now = row + window.steps - 1
        back = now
        for channel, length in zip(reversed(range(len(steps))), steps, strict=True):
            expected = codes[back - length + 1 : back + 1].max(axis=0)
            np.testing.assert_array_equal(pooled[row, ..., channel], expected)
            back -= length


def test_a_cell_missing_once_is_missing_never_dry() -> None:
    codes = np.zeros((4, 1, 2), np.uint16)
    codes[1, 0, 0] = MISSING
    assert pool(codes, Window((2, 2), 0))[0].tolist() == [[[MISSING, 0], [0, 0]]]


def test_the_field_s_pattern_spans_eight_hours() -> None:
    window = Window((1, 3, 3, 5, 12, 24, 48), 1)
    assert window.steps == 96
    assert window.spans() == [(0, 48), (48, 72), (72, 84), (84, 89), (89, 92), (92, 95), (95, 96)]
