"""What rain retrieves, and how alike all pairs are: the right maps are shown and framed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle
from pluvial.figures.held_out import HeldOut
from pluvial.figures.neighbours import RIGHT, STORMS, ask, neighbour_sheet
from pluvial.figures.sheet import Sheet
from pluvial.figures.similarity import similarity_sheet
from pluvial.metrics.retrieval import make_gallery
from pluvial.metrics.vectors import unit
from pluvial.records.window import Records

NAMES = ["−8 h", "−4 h", "−2 h", "−1 h", "−35′", "−20′", "−5′"]


def held_out_of(count: int = 240, storms: int = 12, noise: float = 0.0) -> HeldOut:
    """Rain and depth vectors that are equal but for noise; controls that know nothing."""
    rng = np.random.default_rng(0)
    times = 1_600_000_000 + 600 * np.arange(count)
    records = pd.DataFrame(
        {
            "time": times,
            "storm": 1 + np.arange(count) * storms // count,
            "rain_mm": rng.gamma(0.5, 20, count),
        }
    )
    gallery = make_gallery(times, spacing=3600, tolerance=900)
    vectors = unit(rng.standard_normal((count, 16)))
    # A record between two candidates finds the nearer: it has the vector of its candidate.
    vectors[gallery.queries] = vectors[gallery.candidates[gallery.answers]]
    noisy = unit(vectors + noise * rng.standard_normal((count, 16)))
    constant = unit(np.ones((count, 16)))
    return HeldOut(
        records,
        gallery,
        {
            "trained": {"rain": noisy, "depth": vectors},
            "shuffled": {"rain": constant, "depth": constant},
            "untrained": {"rain": vectors[::-1], "depth": np.full_like(vectors, np.nan)},
        },
    )


def fields(held_out: HeldOut, channels: int = 7) -> Records:
    rng = np.random.default_rng(1)
    times = held_out.records["time"].to_numpy(np.int64)
    rain = rng.integers(0, 900, (times.size, 4, 4, channels)).astype(np.uint16)
    depth = rng.integers(0, 900, (times.size, 6, 6)).astype(np.uint16)
    rain[0, 0, 0, 0] = depth[:, 0, 0] = 65535
    return Records(times, rain, depth)


def test_who_knows_finds_the_right_hour_first() -> None:
    held_out = held_out_of()
    asked = ask(held_out)
    assert asked.queries.size == STORMS
    assert (asked.ranks == 1).all()
    np.testing.assert_array_equal(asked.found[:, 0], asked.answers)
    np.testing.assert_allclose(asked.cosines[:, 0], 1, rtol=1e-5)
    assert (np.diff(asked.cosines, axis=1) <= 0).all()


def test_one_query_a_storm_the_wettest() -> None:
    held_out = held_out_of()
    asked = ask(held_out)
    storms = held_out.records["storm"].to_numpy()
    rain = held_out.records["rain_mm"].to_numpy()
    assert len(set(storms[asked.queries])) == STORMS
    queries = held_out.gallery.queries
    for query in asked.queries:
        assert rain[query] == rain[queries][storms[queries] == storms[query]].max()


def test_a_constant_encoder_finds_nothing() -> None:
    held_out = held_out_of()
    asked = ask(held_out, "shuffled")
    assert (asked.ranks == held_out.gallery.candidates.size).all()


def framed(sheet: Sheet) -> int:
    return sum(
        to_hex(box.get_edgecolor()) == RIGHT.lower() for box in sheet.figure.findobj(Rectangle)
    )


@pytest.mark.parametrize(("noise", "least", "most"), [(0.0, 8, 8), (50.0, 0, 4)])
def test_the_right_hours_are_framed(noise: float, least: int, most: int) -> None:
    held_out = held_out_of(noise=noise)
    asked = ask(held_out)
    sheet = neighbour_sheet(held_out, asked, fields(held_out), NAMES)
    expected = int((asked.found == asked.answers[:, None]).sum())
    assert framed(sheet) == expected
    assert least <= expected <= most


@pytest.mark.parametrize(("count", "storms"), [(240, 12), (60, 3), (14, 1)])
def test_nothing_overlaps_or_is_cut(
    count: int, storms: int, faults_of: Callable[[Sheet], list[str]]
) -> None:
    held_out = held_out_of(count, storms, noise=0.3)
    assert faults_of(neighbour_sheet(held_out, ask(held_out), fields(held_out), NAMES)) == []
    assert faults_of(similarity_sheet(held_out)) == []


def test_the_matrix_is_of_every_pair() -> None:
    held_out = held_out_of(noise=0.3)
    sheet = similarity_sheet(held_out)
    shown = sheet.figure.axes[0].get_images()[0].get_array()
    sides, candidates = held_out.sides["trained"], held_out.gallery.candidates
    for row in (0, 7, 30):
        for column in (0, 5, 39):
            expected = sides["rain"][candidates[row]] @ sides["depth"][candidates[column]]
            assert shown[row, column] == pytest.approx(expected, abs=1e-6)


def test_the_curve_is_the_mean_by_time_apart() -> None:
    """Six hours apart, in the class of six to twelve hours; the same hour by itself."""
    held_out = held_out_of(noise=0.3)
    curves = next(
        axes
        for axes in similarity_sheet(held_out).figure.axes
        if axes.lines[:1] and len(axes.lines[0].get_xdata()) > 5
    )
    alike = held_out.similarity("trained", held_out.gallery.candidates)
    hours = held_out.records["time"].to_numpy()[held_out.gallery.candidates] / 3600
    apart = np.abs(hours[:, None] - hours)
    drawn = curves.lines[0].get_ydata()
    assert drawn[0] == pytest.approx(np.diag(alike).mean(), abs=1e-6)
    assert drawn[4] == pytest.approx(alike[(apart >= 6) & (apart < 12)].mean(), abs=1e-6)
