"""Records as small pictures: the channels of a rain window in rows, and depth maps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from pluvial.figures.sheet import Sheet, class_bar
from pluvial.figures.style import DEPTH_CLASSES, FAINT, MUTED, NO_DATA, RAIN_CLASSES, SIZES, Classes
from pluvial.frames.variables import DEPTH, RAIN, unpack

GAP = 0.03
"""Between two channels, inches."""
NAMES = 0.17
"""Room for the names of a row of channels where another row follows, inches."""
BARS_HEIGHT = 0.5
"""Room that the two colour bars take."""
LETTER = 0.65
"""Width of a letter and its share of the space to the next name, of the font's size."""


def channel_names(channels: Sequence[int], step_seconds: int) -> list[str]:
    """When each channel begins, oldest first, such as ``−8 h`` or ``−15′``; it ends with the next.

    Args:
        channels: steps in each, counted back from NOW.
        step_seconds: seconds in a step.
    """
    minutes = np.cumsum(channels)[::-1] * step_seconds / 60
    return [f"−{m / 60:.2g} h" if m >= 60 else f"−{m:g}′" for m in minutes]


def draw_window(
    sheet: Sheet,
    left: float,
    top: float,
    rain: NDArray[np.uint16],
    names: Sequence[str],
    width: float,
    height: float,
) -> None:
    """The channels of a rain window, oldest first, as the lines of a text; names are below.

    Args:
        sheet: the page.
        left: where they begin, inches.
        top: the same, inches.
        rain: uint16[H, W, C], 1/32 mm/h.
        names: of the channels.
        width: of them all at most, inches.
        height: of them all at most, but for the names of the last line, inches.
    """
    rows, cols, count = rain.shape
    across, side = arranged(count, rows / cols, width, height)
    tall, lines = side * rows / cols, math.ceil(count / across)
    whole, deep = across * (side + GAP) - GAP, lines * (tall + NAMES) - NAMES
    axes = sheet.axes(left, top, whole, deep)
    axes.set_axis_off()
    values = unpack(rain, RAIN)
    size = SIZES["small"] - 1.5
    # Names that would run into each other: the newest is kept, and of the others every so manieth.
    every = math.ceil(LETTER * size / 72 * max(map(len, names)) / (side + GAP))
    for channel, name in enumerate(names):
        line, place = divmod(channel, across)
        begin, foot = place * (side + GAP), deep - line * (tall + NAMES) - tall
        _field(axes, values[..., channel], RAIN_CLASSES, (begin, begin + side, foot, foot + tall))
        axes.text(
            begin + side / 2,
            foot - 0.03,
            "" if (count - 1 - channel) % every else name,
            ha="center",
            va="top",
            fontsize=size,
            color=MUTED,
        )
    axes.set_xlim(0, whole)
    axes.set_ylim(0, deep)


def arranged(count: int, aspect: float, width: float, height: float) -> tuple[int, float]:
    """How many of ``count`` pictures go side by side, and how wide they are: as wide as can be.

    Args:
        count: pictures.
        aspect: height of each over its width.
        width: of them all at most, inches.
        height: of them all at most, inches.
    """
    found = []
    for lines in range(1, count + 1):
        across = math.ceil(count / lines)
        tall = (height - NAMES * (lines - 1)) / lines
        found.append((min((width - GAP * (across - 1)) / across, tall / aspect), across))
    side, across = max(found)
    return across, side


def draw_depth(
    sheet: Sheet,
    left: float,
    top: float,
    width: float,
    depth: NDArray[np.uint16],
    frame: tuple[str, float] = (FAINT, 0.5),
) -> None:
    """A depth map, uint16[h, w] mm, ``width`` inches wide, in a frame of a colour and a width."""
    rows, cols = depth.shape
    tall = width * rows / cols
    axes = sheet.axes(left, top, width, tall)
    axes.set_axis_off()
    _field(axes, unpack(depth, DEPTH), DEPTH_CLASSES, (0, width, 0, tall), frame)
    axes.set_xlim(0, width)
    axes.set_ylim(0, tall)


def _field(
    axes: Axes,
    values: NDArray[np.floating[Any]],
    classes: Classes,
    box: tuple[float, float, float, float],
    frame: tuple[str, float] = (FAINT, 0.5),
) -> None:
    """A field float[h, w] in classes within left, right, bottom and top; NaN is hatched."""
    left, right, bottom, top = box
    corner, width, height = (left, bottom), right - left, top - bottom
    if np.isnan(values).any():
        axes.add_patch(Rectangle(corner, width, height, **NO_DATA))
    axes.imshow(
        np.ma.masked_invalid(values),
        cmap=classes.colormap.with_extremes(
            bad=(0, 0, 0, 0), under="white", over=classes.colours[-1]
        ),
        norm=classes.norm,
        extent=box,
        interpolation="nearest",
        aspect="auto",
    )
    colour, line = frame
    axes.add_patch(
        Rectangle(
            corner, width, height, fill=False, edgecolor=colour, linewidth=line, clip_on=False
        )
    )


def draw_bars(sheet: Sheet, left: float, top: float, width: float) -> None:
    """The colour bars of rain and of depth, side by side."""
    half = (width - 0.6) / 2
    for at, classes, words in (
        (left, RAIN_CLASSES, "rain rate (mm/h; white is dry)"),
        (left + half + 0.6, DEPTH_CLASSES, "water depth (m; white is dry)"),
    ):
        class_bar(sheet.axes(at, top + 0.18, half, 0.1), classes, words)
