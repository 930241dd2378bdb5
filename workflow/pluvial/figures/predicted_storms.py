"""The largest held-out storms: rain, true depth, predicted depth and error side by side."""

from __future__ import annotations

from pathlib import Path

import cmocean
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from pluvial.figures.layers import show, show_over
from pluvial.figures.predicted import (
    ERROR_CLASSES,
    Moments,
    Sources,
    courses_at,
    largest_storms,
    peak_times,
    read_moments,
)
from pluvial.figures.sheet import MARGIN, Sheet, class_bar, empty
from pluvial.figures.style import DEPTH_CLASSES, MUTED, SIZES, Classes, percent, style
from pluvial.grids.time_axis import iso
from pluvial.metrics.contingency import count, critical_success_index

AMOUNTS = Classes(
    (0.5, 1, 2, 5, 10, 20, 40, 60, 80, 100, 125, 150, 200),
    "white",
    np.asarray(cmocean.cm.rain(np.linspace(0.1, 1, 13))),
)
"""Amount of rain in mm."""
ODDS = Classes(
    (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
    (0, 0, 0, 0),
    np.asarray(cmocean.cm.matter(np.linspace(0.05, 0.9, 10))),
)
"""Probability; below 5 % the ground shows."""
WIDTH, GAP, TOP, CAPTION, BARS = 12.0, 0.14, 1.3, 0.22, 0.75
TALLEST = 4.0


def draw_predicted_storms(sources: Sources, storms: int, path: Path) -> None:
    """Draw the largest held-out storms at their peaks; PNG and SVG.

    Args:
        sources: where it is drawn from.
        storms: how many.
        path: the PNG to make.
    """
    gauge, courses = courses_at(sources.courses)
    chosen = sorted(largest_storms(courses, storms))
    moments = read_moments(sources, peak_times(courses, chosen)) if chosen else None
    storms_sheet(moments, gauge, sources.records.flooded_m).save(path)


@style()
def storms_sheet(moments: Moments | None, gauge: str, flooded_m: float) -> Sheet:
    """The page: a row for each storm, at the time of its peak at the gauge."""
    title = "The largest held-out storms, at the peak of each"
    if moments is None:
        sheet = Sheet(WIDTH, 3.0)
        sheet.title(title, "")
        empty(sheet.axes(MARGIN, 1.0, WIDTH - 2 * MARGIN, 1.5), "no storm has a peak")
        return sheet
    number = moments.threshold(flooded_m)
    headings = (
        "Rain of the window",
        "True depth",
        "Predicted depth",
        "Predicted less true",
        f"Chance of more than {moments.thresholds[number]:g} m",
    )
    rows, cols = moments.true.shape[1:]
    width = (WIDTH - 2 * MARGIN - GAP * (len(headings) - 1)) / len(headings)
    height = min(width * rows / cols, TALLEST)
    width = height * cols / rows
    pitch = height + CAPTION + 0.22
    sheet = Sheet(
        2 * MARGIN + len(headings) * (width + GAP) - GAP, TOP + pitch * moments.times.size + BARS
    )
    sheet.title(title, f"Each row is the time at which the water stands highest at “{gauge}”.")
    for column, words in enumerate(headings):
        left = MARGIN + column * (width + GAP)
        sheet.heading(left, TOP - 0.3, "abcde"[column], words)
    for row in range(moments.times.size):
        top = TOP + row * pitch
        _caption(sheet, top, row, moments, number, width + GAP)
        for column, (field, classes) in enumerate(_layers(moments, row, number)):
            axes = sheet.axes(MARGIN + column * (width + GAP), top + CAPTION - 0.02, width, height)
            _draw(axes, moments, field, classes)
    below = TOP + pitch * moments.times.size + 0.2
    for column, (classes, words) in enumerate(
        (
            (AMOUNTS, "rain (mm)"),
            (DEPTH_CLASSES, "water depth (m)"),
            (DEPTH_CLASSES, "water depth (m)"),
            (ERROR_CLASSES, "error (m), blue: too deep"),
            (ODDS, "probability"),
        )
    ):
        class_bar(sheet.axes(MARGIN + column * (width + GAP), below, width, 0.09), classes, words)
    return sheet


def _layers(moments: Moments, row: int, number: int) -> list[tuple[NDArray[np.float32], Classes]]:
    true, predicted = moments.true[row], moments.predicted[row]
    return [
        (moments.fallen[row], AMOUNTS),
        (true, DEPTH_CLASSES),
        (predicted, DEPTH_CLASSES),
        (predicted - true, ERROR_CLASSES),
        (moments.odds[row, number], ODDS),
    ]


def _draw(axes: Axes, moments: Moments, field: NDArray[np.float32], classes: Classes) -> None:
    """Rain on its own, everything else over the ground."""
    if classes is AMOUNTS:
        show(axes, (field, classes))
    else:
        show_over(axes, moments.relief, field, classes)


def _caption(
    sheet: Sheet, top: float, row: int, moments: Moments, number: int, pitch: float
) -> None:
    """The storm's time, its rain and its flood in numbers, above the maps."""
    true, predicted = moments.true[row], moments.predicted[row]
    limit = moments.thresholds[number]
    present = ~np.isnan(true) & ~np.isnan(predicted)
    over = [(np.rint(1000 * field) > 1000 * limit)[None] for field in (predicted, true)]
    csi = float(critical_success_index(count(over[0], over[1], present[None])[0]))
    flooded = [percent(float(one[0][present].mean())) for one in over]
    error = float(np.sqrt(np.mean((predicted - true)[present & (true > 0.05)] ** 2)))
    words = (
        f"{_clock(moments, row)}, {np.nanmean(moments.fallen[row]):.0f} mm",
        f"{flooded[1]} above {limit:g} m",
        f"{flooded[0]} above {limit:g} m, CSI {csi:.2f}",
        f"RMSE of wet cells {error:.2f} m" if np.isfinite(error) else "",
        "",
    )
    for column, text in enumerate(words):
        left = MARGIN + column * pitch
        sheet.text(left, top, text, fontsize=SIZES["small"], color=MUTED)


def _clock(moments: Moments, row: int) -> str:
    """The time of a row, such as 2020-05-24 06:45."""
    return iso(int(moments.times[row]))[:16].replace("T", " ")
