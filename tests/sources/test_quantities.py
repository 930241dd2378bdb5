"""From reflectivity and accumulation to rain rates, against tables and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pluvial.sources.quantities import (
    ReflectivityConfig,
    rate_of_accumulation,
    rate_of_reflectivity,
)
from pydantic import ValidationError

MARSHALL_PALMER = ReflectivityConfig()


@pytest.mark.parametrize(
    ("dbz", "rate"),
    # As radar textbooks tabulate Z = 200 R^1.6.
    [(10, 0.154), (20, 0.65), (23, 1.0), (30, 2.7), (40, 11.5), (50, 48.6), (53, 74.9)],
)
def test_marshall_and_palmer(dbz: float, rate: float) -> None:
    found = rate_of_reflectivity(np.array([dbz], np.float32), MARSHALL_PALMER)
    assert found.dtype == np.float32
    assert found[0] == pytest.approx(rate, rel=0.02)


@given(st.floats(0.2, 70), st.floats(50, 500), st.floats(1.1, 2.0))
def test_it_inverts_the_relation(rate: float, a: float, b: float) -> None:
    relation = ReflectivityConfig(a=a, b=b, cap_dbz=200, least_dbz=-100)
    dbz = 10 * np.log10(a * rate**b)
    assert rate_of_reflectivity(np.array([dbz]), relation)[0] == pytest.approx(rate, rel=1e-5)


def test_missing_stays_missing_and_no_echo_is_dry() -> None:
    dbz = np.array([np.nan, -np.inf, -32, 6.99, 7.0])
    found = rate_of_reflectivity(dbz, MARSHALL_PALMER)
    assert np.isnan(found[0])
    assert found[1:4].tolist() == [0, 0, 0]
    assert found[4] == pytest.approx(0.1, rel=0.02)


def test_hail_is_cut_down_to_the_cap() -> None:
    found = rate_of_reflectivity(np.array([53.0, 60.0, 95.0, np.inf]), MARSHALL_PALMER)
    assert (found == found[0]).all()


def test_an_accumulation_is_a_mean_rate() -> None:
    """1 mm in five minutes is 12 mm/h; missing stays missing."""
    found = rate_of_accumulation(np.array([1, 0, np.nan], np.float32), 300)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.float32([12, 0, np.nan]))
    assert rate_of_accumulation(np.array([3.5]), 3600)[0] == 3.5


@pytest.mark.parametrize("key", ["a", "b", "cap_dbz"])
def test_impossible_relations_are_refused(key: str) -> None:
    with pytest.raises(ValidationError):
        ReflectivityConfig(**{key: 0})
