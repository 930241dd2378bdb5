"""Windows of rain as pictures: as large as the room allows, however many channels there are."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st
from pluvial.figures.windows import GAP, NAMES, arranged


def test_few_channels_in_a_line_and_many_in_two() -> None:
    assert arranged(9, 1.0, 5.3, 1.2)[0] == 9
    assert arranged(14, 1.0, 5.3, 1.2)[0] == 7


@given(
    st.integers(1, 40), st.floats(0.3, 3), st.floats(1.5, 9), st.floats(0.3, 4), st.integers(1, 40)
)
def test_they_fit_and_no_other_way_is_larger(
    count: int, aspect: float, width: float, height: float, other: int
) -> None:
    across, side = arranged(count, aspect, width, height)
    lines = math.ceil(count / across)
    assert across * (side + GAP) - GAP <= width * (1 + 1e-9)
    assert lines * side * aspect + NAMES * (lines - 1) <= height * (1 + 1e-9)
    others = min(other, count)
    tall = (height - NAMES * (math.ceil(count / others) - 1)) / math.ceil(count / others)
    assert side >= min((width + GAP) / others - GAP, tall / aspect) - 1e-9
