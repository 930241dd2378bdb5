"""Which way the rain moves: fields that are shifted by a known way, and storms whose way is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pluvial.config.simulation import SyntheticStorms
from pluvial.diagnostics.motion import motion
from pluvial.simulation.storms import StormSeries
from scipy.ndimage import gaussian_filter


def cut(whole: np.ndarray, row: int, col: int) -> np.ndarray:
    return whole[row : row + 24, col : col + 20]


@pytest.mark.parametrize(("south", "east"), [(0, 3), (4, 0), (-2, -5), (7, 6), (1, -1)])
def test_a_field_that_is_shifted(south: int, east: int) -> None:
    rng = np.random.default_rng(0)
    whole = np.maximum(gaussian_filter(rng.normal(size=(60, 60)), 2), 0) * 50
    # What moves south by n rows comes from n rows farther north.
    fields = np.stack([cut(whole, 20 - k * south, 20 - k * east) for k in range(2)])
    assert motion(fields) == pytest.approx((south, east), abs=0.5)


def test_synthetic_storms_go_where_they_were_sent() -> None:
    """The direction of each storm is known; that of its fields agrees within a few degrees."""
    series = StormSeries(
        SyntheticStorms(format="synthetic"), shape=(16, 16), cell_m=400, steps=3000, step_minutes=5
    )
    errors = []
    for storm in [s for s in series.storms if s.end - s.start >= 12 and s.end <= 3000][:15]:
        middle = (storm.start + storm.end) // 2
        south, east = motion(np.stack(list(series.frames(middle - 3, middle + 3))))
        if math.isfinite(south):
            turn = math.atan2(east, -south) - storm.direction
            errors.append(abs(math.degrees(math.remainder(turn, math.tau))))
    assert len(errors) >= 10
    assert np.median(errors) < 5


@pytest.mark.parametrize(
    "fields",
    [
        np.zeros((3, 8, 8)),
        np.ones((3, 8, 8)),
        np.random.default_rng(0).random((1, 8, 8)),
        np.random.default_rng(0).random((2, 2, 2)),
    ],
    ids=["dry", "the same everywhere", "a single field", "too small"],
)
def test_no_motion_can_be_told(fields: np.ndarray) -> None:
    assert np.isnan(motion(fields)).all()


def test_fields_that_have_nothing_in_common_have_no_motion() -> None:
    rng = np.random.default_rng(1)
    found = [motion(rng.random((2, 16, 16))) for _ in range(10)]
    assert np.isnan(found).mean() > 0.8
