"""Filters of rain on fields made by hand: what they alter, what they count, what they leave."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pluvial.config.data import CleaningConfig
from pluvial.frames.cleaning import clean
from pydantic import ValidationError

NAN = np.nan

fields = arrays(
    np.float32,
    st.tuples(st.integers(1, 6), st.integers(1, 6)),
    elements=st.sampled_from([0, 0, 0, 0.25, 1, 5, 12, 40, 300, NAN]).map(np.float32),
)


def cleaned(values: Any, **keys: Any) -> tuple[np.ndarray, dict[str, int]]:
    before = np.array(values, dtype=np.float32)
    given = before.copy()
    found, counts = clean(given, CleaningConfig(**keys))
    np.testing.assert_array_equal(given, before, "the given field was altered")
    return found, dict(+counts)


def around(values: np.ndarray, row: int, col: int) -> np.ndarray:
    """The up to eight neighbours of a cell."""
    part = values[max(0, row - 1) : row + 2, max(0, col - 1) : col + 2]
    middle = (row - max(0, row - 1)) * part.shape[1] + col - max(0, col - 1)
    return np.delete(part.reshape(-1), middle)


@given(fields)
def test_all_filters_are_off_unless_given(values: np.ndarray) -> None:
    found, counts = cleaned(values)
    np.testing.assert_array_equal(found, values)
    assert counts == {}


@given(
    fields,
    st.sampled_from([None, 3.0]),
    st.sampled_from([None, 1, 2, 8]),
    st.sampled_from([None, 20.0]),
)
def test_missing_cells_stay_missing_and_others_present(
    values: np.ndarray, factor: float | None, neighbours: int | None, cap: float | None
) -> None:
    found, counts = cleaned(
        values, spike_factor=factor, clutter_neighbours=neighbours, cap_mm_h=cap
    )
    np.testing.assert_array_equal(np.isnan(found), np.isnan(values))
    assert (found[~np.isnan(found)] >= 0).all()
    assert found.dtype == np.float32
    altered = (found != values) & ~np.isnan(values)
    assert sum(counts.values()) >= altered.sum(), "an altered cell is not counted"
    assert (sum(counts.values()) == 0) == (not altered.any())


@pytest.mark.parametrize(
    ("middle", "expected"),
    [(20.0, 2.0), (8.5, 8.5), (12.0, 12.0), (12.5, 2.0)],
)
def test_a_spike_takes_the_median_of_its_neighbours(middle: float, expected: float) -> None:
    """Above 3 times its largest neighbour (4 mm/h) and above 10 mm/h."""
    values = [[1, 1, 2], [2, middle, 2], [3, 4, 4]]
    found, counts = cleaned(values, spike_factor=3)
    assert found[1, 1] == expected
    assert counts == ({} if expected == middle else {"spikes": 1})
    np.testing.assert_array_equal(np.delete(found.reshape(-1), 4), [1, 1, 2, 2, 2, 3, 4, 4])


@given(fields)
def test_spikes_against_the_definition(values: np.ndarray) -> None:
    """Only cells that are there are neighbours; a spike is not its own, and one alone stays."""
    found, counts = cleaned(values, spike_factor=4, spike_mm_h=8)
    number = 0
    for (row, col), value in np.ndenumerate(values):
        neighbours = around(values, row, col)
        neighbours = neighbours[~np.isnan(neighbours)]
        if not (neighbours.size and value > max(4 * neighbours.max(), 8)):
            np.testing.assert_array_equal(found[row, col], value)
            continue
        number += 1
        assert found[row, col] == pytest.approx(np.median(neighbours), rel=1e-6)
    assert counts.get("spikes", 0) == number


@given(fields, st.integers(1, 8))
def test_clutter_against_the_definition(values: np.ndarray, neighbours: int) -> None:
    found, counts = cleaned(values, clutter_neighbours=neighbours)
    number = 0
    for (row, col), value in np.ndenumerate(values):
        lonely = value > 0 and (around(values, row, col) > 0).sum() < neighbours
        number += lonely
        np.testing.assert_array_equal(found[row, col], 0 if lonely else value)
    assert counts.get("clutter", 0) == number


def test_rain_over_the_cap_is_cut_down_to_it() -> None:
    found, counts = cleaned([[127.9, 128, 128.1], [NAN, 9999, np.inf]], cap_mm_h=128)
    np.testing.assert_array_equal(found, np.float32([[127.9, 128, 128], [NAN, 128, 128]]))
    assert counts == {"over cap": 3}


def test_spikes_go_before_clutter_and_the_cap_comes_last() -> None:
    """A spike over dry land becomes dry, and is neither clutter nor over the cap any more."""
    lone = np.zeros((5, 5))
    lone[2, 2] = 500
    found, counts = cleaned(lone, spike_factor=4, clutter_neighbours=2, cap_mm_h=128)
    assert not found.any()
    assert counts == {"spikes": 1}
    wide = np.zeros((5, 5))
    wide[2, 2:4] = 500
    found, counts = cleaned(wide, spike_factor=4, clutter_neighbours=2, cap_mm_h=128)
    assert not found.any()
    assert counts == {"clutter": 2}


@pytest.mark.parametrize(
    "keys",
    [{"cap_mm_h": 0}, {"spike_factor": 1}, {"spike_mm_h": 0}, {"clutter_neighbours": 9}],
)
def test_limits_that_make_no_sense_are_refused(keys: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        CleaningConfig(**keys)
