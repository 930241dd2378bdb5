"""Parallel coordinates against definitions: density, order, and what separates classes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pluvial.figures.parallel import coordinates, eta_squared, line_density, seriate


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(2, 5), st.integers(1, 6))
def test_density_against_following_every_line(
    seed: int, count: int, axes: int, per_gap: int
) -> None:
    values = np.random.default_rng(seed).uniform(-1.4, 1.4, (count, axes))
    rows, limit = 20, 1.0
    image = line_density(values, limit=limit, rows=rows, per_gap=per_gap)
    expected = np.zeros_like(image)
    for line in values:
        for column in range(image.shape[1]):
            gap, step = divmod(column, per_gap)
            ends = [line[gap] + (line[gap + 1] - line[gap]) * s / per_gap for s in (step, step + 1)]
            low, high = sorted((y + limit) * rows / (2 * limit) for y in ends)
            for row in range(rows):
                expected[row, column] += int(np.floor(low)) <= row <= int(np.floor(high))
    np.testing.assert_array_equal(image, expected)


def test_twins_stand_side_by_side_and_opposites_are_flipped() -> None:
    rng = np.random.default_rng(0)
    base = rng.standard_normal((300, 4))
    twins = np.concatenate([base, -base], axis=1) + 0.01 * rng.standard_normal((300, 8))
    order, signs = seriate((twins - twins.mean(0)) / twins.std(0))
    places = {int(dimension): place for place, dimension in enumerate(order)}
    for dimension in range(4):
        one, two = places[dimension], places[dimension + 4]
        assert abs(one - two) == 1
        assert signs[one] == -signs[two]


def test_constant_dimensions_are_left_out_and_wetter_lies_higher() -> None:
    label = np.linspace(0, 1, 50)
    vectors = np.stack([-label, np.ones(50), -2 * label + 0.1 * label**2], axis=1)
    found = coordinates(vectors, label)
    assert found.constant == 1
    assert sorted(found.dimensions) == [0, 2]
    assert (np.corrcoef(found.values.T, label)[-1, :2] > 0.99).all()
    np.testing.assert_allclose(found.values.std(axis=0), 1)


def test_eta_squared_by_hand() -> None:
    """Groups (1, 3), (5, 7): between 2 * (2 - 4)^2 + 2 * (6 - 4)^2 = 16; in all 9 + 1 + 1 + 9 = 20."""
    values = np.array([[1.0, 1], [3, -1], [5, 1], [7, -1]])
    found = eta_squared(values, np.array([0, 0, 1, 1]))
    assert found.tolist() == pytest.approx([0.8, 0.0])
