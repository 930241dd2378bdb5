"""Packing: within half a step of the truth, missing stays missing, and nothing becomes dry."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pluvial.frames.variables import DEPTH, MISSING, RAIN, Variable, pack, unpack

fields = arrays(
    np.float32,
    (3, 4),
    elements=st.one_of(
        st.floats(0, 60, width=32), st.just(np.float32(np.nan)), st.floats(0, 2.0**-100, width=32)
    ),
)


@pytest.mark.parametrize("variable", [RAIN, DEPTH], ids=lambda v: v.name)
@given(values=fields)
def test_round_trip(variable: Variable, values: np.ndarray) -> None:
    codes, found = pack(values, variable)
    again = unpack(codes, variable)
    np.testing.assert_array_equal(np.isnan(values), np.isnan(again))
    np.testing.assert_allclose(again, values, atol=variable.scale / 2 * 1.0001, rtol=1e-6)
    assert not found.total()


@given(codes=arrays(np.uint16, (5,), elements=st.integers(0, 65535)))
def test_codes_survive_unpacking(codes: np.ndarray) -> None:
    for variable in (RAIN, DEPTH):
        np.testing.assert_array_equal(pack(unpack(codes, variable), variable)[0], codes)


def test_what_cannot_be_packed_is_counted() -> None:
    codes, found = pack(np.array([-1.0, -0.0, -1e-12, np.inf, -np.inf, 1e9, 3.0]), RAIN)
    assert codes.tolist() == [MISSING, 0, 0, MISSING, MISSING, MISSING - 1, 96]
    assert found == {"negative": 1, "infinite": 2, "beyond the largest code": 1}
