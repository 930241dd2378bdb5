"""Errors in metres: by hand, and equal to the Bureau of Meteorology's."""

from __future__ import annotations

import numpy as np
import pytest
from depth_fields import KINDS, labelled, present, some_fields
from pluvial.metrics.depths import (
    error_sums,
    mean_absolute_error,
    mean_error,
    root_mean_square_error,
)
from scores.continuous import additive_bias, mae, rmse


@pytest.mark.parametrize("wet_only", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_equal_to_the_bureaus(kind: str, wet_only: bool) -> None:
    forecast, truth = some_fields(kind)
    counted = present(forecast, truth) & (truth > (0.05 if wet_only else -1))
    sums = error_sums(forecast, truth, counted).sum(axis=0)
    fields = [labelled(np.where(counted, field, np.nan)) for field in (forecast, truth)]
    for ours, theirs in (
        (root_mean_square_error, rmse),
        (mean_absolute_error, mae),
        (mean_error, additive_bias),
    ):
        np.testing.assert_allclose(ours(sums), float(theirs(*fields)), rtol=0, atol=1e-12)


def test_by_hand() -> None:
    forecast, truth = np.array([[1.0, 3.0, 9.0]]), np.array([[0.0, 5.0, np.nan]])
    (sums,) = error_sums(forecast, truth, np.array([[True, True, False]]))
    assert sums.tolist() == [2, -1, 3, 5]
    assert root_mean_square_error(sums) == pytest.approx(np.sqrt(2.5))
    assert mean_absolute_error(sums) == 1.5
    assert mean_error(sums) == -0.5


def test_over_no_cell_there_is_no_error() -> None:
    assert np.isnan(root_mean_square_error(np.zeros(4)))
