"""The largest held-out storm as a moving picture: rain, true and predicted depth, and the gauge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.text import Text
from PIL import Image

from pluvial.diagnostics.skill import MODEL
from pluvial.figures.layers import show, show_depth
from pluvial.figures.predicted import (
    Moments,
    Sources,
    courses_at,
    largest_storms,
    read_moments,
)
from pluvial.figures.sheet import MARGIN, Sheet, class_bar
from pluvial.figures.style import (
    DEPTH_CLASSES,
    FAINT,
    INK,
    MUTED,
    OKABE_ITO,
    RAIN_CLASSES,
    SIZES,
    style,
)
from pluvial.files.atomic import atomic_path
from pluvial.grids.time_axis import iso
from pluvial.jobs import progress

MOST_FRAMES, LEAST_SECONDS = 72, 900
"""Frames at most, and the least time between two of them."""
MILLISECONDS, LAST_MILLISECONDS = 120, 1500
"""How long a frame is shown, and the last one."""
DOTS = 100
MAP, TALLEST, GAP, TOP, COURSE = 2.6, 3.4, 0.35, 1.0, 1.3


@dataclass(frozen=True)
class _Page:
    """The page and what of it moves."""

    sheet: Sheet
    rain: AxesImage
    true: AxesImage
    predicted: AxesImage
    cursor: Line2D
    clock: Text


def draw_storm_animation(sources: Sources, gif: Path, apng: Path) -> None:
    """Draw the held-out storm with most water at the gauge, as GIF and as APNG.

    Args:
        sources: where it is drawn from.
        gif: the file to make.
        apng: the file to make.
    """
    gauge, courses = courses_at(sources.courses)
    storms = largest_storms(courses, 1)
    if not storms:
        pictures = [_nothing(gauge)]
    else:
        course = courses[courses["storm"] == storms[0]]
        moments = read_moments(sources, chosen_times(course["time"].to_numpy(np.int64)))
        drawn = frames(moments, course, gauge)
        pictures = list(progress(drawn, "frames", moments.times.size))
    for path, kind in ((gif, "GIF"), (apng, "PNG")):
        _save(pictures, path, kind)


@style()
def _nothing(gauge: str) -> Image.Image:
    """A picture that says that there is nothing to see."""
    sheet = Sheet(6.0, 2.0)
    sheet.title("The largest held-out storm", f"At “{gauge}” no held-out storm has a peak.")
    sheet.figure.set_dpi(DOTS)
    canvas = FigureCanvasAgg(sheet.figure)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())


def chosen_times(times: np.ndarray) -> np.ndarray:
    """Times of a storm, int64[n], evenly: at most so many, and not closer than needed."""
    chosen = [int(times[0])]
    apart = max(LEAST_SECONDS, int(times[-1] - times[0]) / (MOST_FRAMES - 1))
    for time in times.tolist():
        if time - chosen[-1] >= apart:
            chosen.append(time)
    return np.array(chosen, dtype=np.int64)


def frames(moments: Moments, course: pd.DataFrame, gauge: str) -> Iterator[Image.Image]:
    """The pictures, one after the other; only what moves is set anew."""
    page = _page(moments, course, gauge)
    canvas = FigureCanvasAgg(page.sheet.figure)
    page.sheet.figure.set_dpi(DOTS)
    for row, time in enumerate(moments.times.tolist()):
        page.rain.set_data(moments.rate[row])
        page.true.set_data(moments.true[row])
        page.predicted.set_data(moments.predicted[row])
        when = np.datetime64(time, "s")
        page.cursor.set_xdata([when, when])
        page.clock.set_text(f"{iso(time)[:16].replace('T', ' ')} UTC")
        canvas.draw()
        yield Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())


@style()
def _page(moments: Moments, course: pd.DataFrame, gauge: str) -> _Page:
    rows, cols = moments.true.shape[1:]
    height = min(MAP * rows / cols, TALLEST)
    width = height * cols / rows
    maps = TOP + height + 0.75
    sheet = Sheet(2 * MARGIN + 3 * width + 2 * GAP, maps + 0.35 + COURSE + 0.5)
    sheet.title(
        "The largest held-out storm",
        "Depth at the time shown, and the rain that was last known when it was predicted.",
    )
    images = []
    for column, (words, classes, unit) in enumerate(
        (
            ("Rain rate", RAIN_CLASSES, "mm/h"),
            ("True depth", DEPTH_CLASSES, "m"),
            ("Predicted depth", DEPTH_CLASSES, "m"),
        )
    ):
        left = MARGIN + column * (width + GAP)
        sheet.heading(left, TOP - 0.1, "abc"[column], words)
        axes = sheet.axes(left, TOP, width, height)
        if column:
            show_depth(axes, moments.relief, moments.true[0])
        else:
            show(axes, (moments.rate[0], classes))
        images.append(axes.get_images()[-1])
        class_bar(sheet.axes(left, TOP + height + 0.25, width, 0.08), classes, unit)
    box = (MARGIN + 0.4, maps + 0.35, sheet.width - 2 * MARGIN - 0.4, COURSE)
    sheet.heading(MARGIN, maps + 0.25, "d", f"Depth at “{gauge}” (m)")
    cursor = _draw_course(sheet.axes(*box), course)
    clock = sheet.text(sheet.width - MARGIN, 0.25, "", ha="right", fontsize=SIZES["heading"])
    return _Page(sheet, images[0], images[1], images[2], cursor, clock)


def _draw_course(axes: Axes, course: pd.DataFrame) -> Line2D:
    times = course["time"].to_numpy(np.int64).astype("datetime64[s]")
    axes.plot(times, course["true"], color=INK, lw=1.8, label="true")
    axes.plot(times, course[MODEL], color=OKABE_ITO["blue"], lw=1.4, label="predicted")
    axes.set_ylim(bottom=0)
    axes.set_xlim(times[0], times[-1])
    locator = mdates.AutoDateLocator(minticks=3, maxticks=9)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator))
    axes.legend(loc="upper right", labelcolor=MUTED)
    cursor: Line2D = axes.axvline(times[0], color=FAINT, lw=1.2)
    return cursor


def _save(pictures: list[Image.Image], path: Path, kind: str) -> None:
    """Write an animation that repeats itself, whole or not at all."""
    shown = pictures
    if kind == "GIF":
        palette = _palette(pictures)
        shown = [one.quantize(palette=palette, dither=Image.Dither.NONE) for one in pictures]
    times = [MILLISECONDS] * (len(shown) - 1) + [LAST_MILLISECONDS]
    with atomic_path(path) as temporary:
        shown[0].save(
            temporary,
            format=kind,
            save_all=True,
            append_images=shown[1:],
            duration=times,
            loop=0,
            optimize=kind == "GIF",
        )


def _palette(pictures: list[Image.Image]) -> Image.Image:
    """One palette for all pictures, found on four of them; what is nearly white in it is white."""
    chosen = [pictures[k] for k in np.linspace(0, len(pictures) - 1, 4).astype(int)]
    together = Image.fromarray(np.concatenate([np.asarray(one) for one in chosen]))
    palette = together.quantize(colors=255, method=Image.Quantize.MEDIANCUT)
    colours = np.array(palette.getpalette(), dtype=np.int64).reshape(-1, 3)
    colours[colours.min(axis=1) >= 248] = 255
    palette.putpalette(colours.ravel().tolist())
    return palette
