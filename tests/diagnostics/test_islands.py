"""Islands are drawn nearer, and nothing else of the map changes."""

from __future__ import annotations

import numpy as np
import pytest
from pluvial.diagnostics.islands import GAP, draw_nearer, islands_of


def blob(centre: tuple[float, float], count: int, seed: int, wide: float = 1.0) -> np.ndarray:
    points = np.random.default_rng(seed).uniform(-wide, wide, (count, 2))
    return (points + centre).astype(np.float32)


def far_apart() -> np.ndarray:
    parts = [blob((0, 0), 600, 0), blob((40, 5), 80, 1, 0.3), blob((-7, 60), 50, 2, 0.2)]
    order = np.random.default_rng(9).permutation(730)
    return np.concatenate(parts)[order]


def test_islands_are_found() -> None:
    points = far_apart()
    sizes = np.sort(np.bincount(islands_of(points)))
    assert sizes.tolist() == [50, 80, 600]


def test_within_an_island_nothing_moves_and_a_gap_is_left() -> None:
    points = far_apart()
    island = islands_of(points)
    moved = draw_nearer(points)
    largest = np.bincount(island).argmax()
    np.testing.assert_array_equal(moved[island == largest], points[island == largest])
    gap = GAP * np.ptp(points[island == largest], axis=0).max()
    for one in np.unique(island):
        inside = island == one
        shift = moved[inside] - points[inside]
        np.testing.assert_allclose(shift, np.broadcast_to(shift[0], shift.shape), atol=1e-4)
        rest = moved[~inside]
        nearest = np.linalg.norm(moved[inside][:, None] - rest[None], axis=2).min()
        assert nearest >= 0.999 * gap
    # Seventy wide before, it now takes little more room than the largest island.
    assert np.ptp(moved, axis=0).max() < 2 * np.ptp(points[island == largest], axis=0).max()


def test_one_island_stays_as_it_is() -> None:
    points = blob((3, 4), 500, 5)
    np.testing.assert_array_equal(draw_nearer(points), points)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_few_points(count: int) -> None:
    points = blob((0, 0), count, 6)
    assert draw_nearer(points).shape == (count, 2)


def test_points_at_one_place() -> None:
    points = np.ones((40, 2), np.float32)
    np.testing.assert_array_equal(draw_nearer(points), points)
