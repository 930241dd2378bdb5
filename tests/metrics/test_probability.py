"""Probabilities: by hand, and equal to the Bureau of Meteorology's and scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from depth_fields import KINDS, labelled, present, some_fields
from pluvial.metrics.contingency import count, critical_success_index
from pluvial.metrics.probability import (
    BINS,
    MISSING_CODE,
    STEPS,
    best_cut,
    brier_score,
    contingency_at,
    histogram,
    reliability,
)
from scores.probability import brier_score as their_brier
from sklearn.calibration import calibration_curve


def some_codes(kind: str, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Codes of probabilities that know something, what came, and what of both is there."""
    forecast, truth = some_fields(kind)
    here = present(forecast, truth)
    noise = np.random.default_rng(seed).random(truth.shape)
    sure = np.nan_to_num(0.5 * (truth > 0.1) + 0.5 * noise) if kind == "random" else noise
    codes = np.where(np.isnan(forecast), MISSING_CODE, np.rint(STEPS * sure)).astype(np.uint8)
    return codes, truth > 0.1, here


@pytest.mark.parametrize("kind", KINDS)
def test_brier_equal_to_the_bureaus(kind: str) -> None:
    codes, truth, here = some_codes(kind)
    p, o = (np.where(here, field, np.nan) for field in (codes / STEPS, truth.astype(float)))
    found = brier_score(histogram(codes, truth, here).sum(axis=0))
    np.testing.assert_allclose(found, float(their_brier(labelled(p), labelled(o))), atol=1e-12)


@pytest.mark.parametrize("kind", ["random", "missing", "all dry"])
def test_reliability_equal_to_scikit_learns(kind: str) -> None:
    codes, truth, here = some_codes(kind)
    diagram = reliability(histogram(codes, truth, here).sum(axis=0))
    shares, means = calibration_curve(truth[here], codes[here] / STEPS, n_bins=BINS)
    filled = diagram[diagram[:, 0] > 0]
    np.testing.assert_allclose(filled[:, 1], means, atol=1e-12)
    np.testing.assert_allclose(filled[:, 2], shares, atol=1e-12)
    assert diagram[:, 0].sum() == here.sum()


@pytest.mark.parametrize("cut", [1, 100, 125, 250])
def test_the_histogram_holds_the_contingency_at_any_cut(cut: int) -> None:
    codes, truth, here = some_codes("missing")
    found = contingency_at(histogram(codes, truth, here), cut)
    np.testing.assert_array_equal(found, count(codes >= cut, truth, here))


def test_the_best_cut_is_the_best() -> None:
    codes, truth, here = some_codes("random")
    cells = histogram(codes, truth, here).sum(axis=0)
    cut = best_cut(cells)
    assert cut is not None
    scores = [
        float(critical_success_index(count(codes >= c, truth, here).sum(axis=0)))
        for c in range(1, STEPS + 1)
    ]
    assert scores[cut - 1] == max(scores)
    # A perfect prediction of sure odds has any cut; even odds are taken.
    sure = np.where(truth, STEPS, 0).astype(np.uint8)
    assert best_cut(histogram(sure, truth).sum(axis=0)) == STEPS // 2
    assert best_cut(histogram(codes, truth & False).sum(axis=0)) is None


def test_by_hand() -> None:
    """Probabilities 0.2, 0.8, 1 and 0; the second and the fourth came."""
    codes = np.array([[50, 200, 250, 0, 255]], dtype=np.uint8)
    truth = np.array([[0, 1, 0, 1, 1]], dtype=bool)
    (cells,) = histogram(codes, truth)
    assert cells.sum() == 4
    assert brier_score(cells) == pytest.approx((0.04 + 0.04 + 1 + 1) / 4)
    assert contingency_at(cells, 125).tolist() == [1, 1, 1, 1]
    diagram = reliability(cells)
    assert diagram[:, 0].tolist() == [1, 1, 0, 0, 0, 0, 0, 1, 0, 1]
    assert diagram[7].tolist() == [1, 0.8, 1]
    assert np.isnan(diagram[4, 1])


def test_over_no_cell_there_is_no_score() -> None:
    assert np.isnan(brier_score(np.zeros((STEPS + 1, 2))))
