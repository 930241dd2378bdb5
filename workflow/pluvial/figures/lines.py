"""Parallel coordinates of all dimensions as one panel: density, classes, what each tells apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.lines import Line2D
from matplotlib.patheffects import Normal, Stroke
from matplotlib.ticker import FixedLocator
from numpy.typing import NDArray

from pluvial.figures.parallel import Coordinates, coordinates, eta_squared, line_density
from pluvial.figures.records import CLASS_COLOURS, CLASS_NAMES, Group, Labels
from pluvial.figures.sheet import MARGIN, Sheet, bare, colour_bar, empty
from pluvial.figures.style import FAINT, INK_DENSITY, MUTED, SIZES, round_up, two_digits

HEIGHT, STRIP_GAP, STRIP_HEIGHT = 2.2, 0.14, 0.45
DROP = 0.3
"""From the panel's heading down to its lines."""
AXIS_ROOM, BAR_ROOM = 0.5, 0.5
"""Left of the lines, and right of them for the colour bar of their density."""
PANEL_HEIGHT = DROP + HEIGHT + STRIP_GAP + STRIP_HEIGHT + 0.95
"""From the heading down to below the legend."""
PIXELS = 200
"""Of the density image, to an inch."""


@dataclass(frozen=True)
class Grading:
    """What the dimensions may tell apart.

    Attributes:
        values: float64[n]; all axes are turned so that larger ones lie higher on most.
        groups: the classes, with their colours.
        title: what they are classes of.
        ordered: whether a larger value means more of something.
    """

    values: NDArray[np.float64]
    groups: tuple[Group, ...]
    title: str
    ordered: bool = True

    @property
    def classes(self) -> NDArray[np.intp]:
        """Number of each vector's group, intp[n]; -1 for none."""
        found = np.full(self.values.size, -1, dtype=np.intp)
        for number, group in enumerate(self.groups):
            found[group.members] = number
        return found


def flooded_grading(labels: Labels) -> Grading:
    """Classes of flooded fraction."""
    groups = tuple(
        Group(name, colour, labels.classes == one)
        for one, (name, colour) in enumerate(zip(CLASS_NAMES, CLASS_COLOURS, strict=True))
    )
    return Grading(labels.flooded, groups, "flooded fraction")


def method_of(grading: Grading) -> str:
    """How the lines were made, in words."""
    turned = f", and all are turned so that a larger {grading.title} lies higher"
    return (
        "Parallel coordinates: every dimension is standardised (mean 0, standard deviation 1 over "
        "what is shown). Axes are ordered by correlation (average linkage of\n1 − |r|, optimal "
        "leaf order); an axis that correlates negatively with its left neighbour is flipped"
        f"{turned if grading.ordered else ''}.\nη²: share of a dimension's variance that lies "
        f"between the classes of {grading.title}, 0 to 1; dashed: expected of no association "
        f"({two_digits(eta_squared_of_none(grading.classes))})."
    )


@dataclass(frozen=True)
class Drawn:
    """Vectors of one kind whose classes are drawn with one kind of line.

    Attributes:
        name: in the legend; empty where there is but one.
        members: which of the vectors, bool[n].
        dashes: matplotlib's line style.
    """

    name: str
    members: NDArray[np.bool_]
    dashes: Any = "-"


def draw_lines(
    sheet: Sheet,
    top: float,
    letter: str,
    name: str,
    vectors: NDArray[np.float64],
    grading: Grading,
    kinds: Sequence[Drawn] = (),
    begin: float = MARGIN,
) -> None:
    """All dimensions as parallel coordinates, and what each tells apart.

    Args:
        sheet: the page.
        top: of the panel's heading, inches.
        letter: of the panel.
        name: of the vectors.
        vectors: float64[n, D].
        grading: classes of the n records.
        kinds: parts of the vectors to tell apart; of one kind, also quartiles are drawn.
        begin: left edge of the panel, inches; it reaches to the page's right margin.
    """
    kinds = kinds or (Drawn("", np.ones(len(vectors), dtype=bool)),)
    found = coordinates(vectors, grading.values)
    shown, dimensions = found.dimensions.size, vectors.shape[1]
    of = "median and interquartile band" if len(kinds) == 1 else "median"
    note = f"grey: all lines · colour: {of} of each class of {grading.title}"
    which = f"all {dimensions} dimensions"
    if found.constant:
        which = f"{shown} of {dimensions} dimensions vary"
    sheet.heading(begin, top, letter, f"{name[:1].upper()}{name[1:]}, {which}", note)
    left = begin + AXIS_ROOM
    width = sheet.width - left - BAR_ROOM - MARGIN
    axes = sheet.axes(left, top + DROP, width, HEIGHT)
    bottom = top + DROP + HEIGHT + STRIP_GAP
    strip = sheet.axes(left, bottom, width, STRIP_HEIGHT)
    if shown < 2:
        empty(axes, f"{shown} of {dimensions} dimensions vary: there are no lines to draw")
        bare(axes)
        strip.set_axis_off()
        return
    limit = float(np.clip(np.quantile(np.abs(found.values), 0.999), 2.0, 5.0))
    bar_axes = sheet.axes(left + width + 0.15, top + DROP + 0.25, 0.09, 1.1)
    draw_density(axes, bar_axes, found, limit)
    handles = draw_classes(axes, found, grading.groups, kinds)
    _legend(sheet, left, bottom + STRIP_HEIGHT + 0.47, handles, grading.title)
    axes.set_xlim(1, shown)
    axes.set_ylim(-limit, limit)
    axes.set_xticks([])
    axes.set_ylabel("standardised value (σ)")
    axes.spines["bottom"].set_visible(False)
    draw_strip(strip, found, grading.classes)


def draw_density(axes: Axes, bar_axes: Axes, found: Coordinates, limit: float) -> None:
    """The image of all lines, and its colour bar."""
    shown = found.dimensions.size
    box = axes.get_window_extent()
    inches = box.width / axes.figure.dpi, box.height / axes.figure.dpi
    per_gap = max(1, round(inches[0] * PIXELS / (shown - 1)))
    rows = round(inches[1] * PIXELS)
    image = line_density(found.values, limit=limit, rows=rows, per_gap=per_gap)
    most = max(round(float(np.quantile(image, 0.997))), 1)
    norm = PowerNorm(0.5, 0, most)
    axes.imshow(
        image,
        origin="lower",
        aspect="auto",
        extent=(1, shown, -limit, limit),
        cmap=INK_DENSITY,
        norm=norm,
        interpolation="antialiased",
        rasterized=True,
    )
    bar = colour_bar(bar_axes, INK_DENSITY, norm, "lines per\npixel\n(√ scale)")
    ticks = sorted({0, round(most / 4), most})
    bar.set_ticks(ticks, labels=[*map(str, ticks[:-1]), f"≥ {ticks[-1]}"])


def draw_classes(
    axes: Axes, found: Coordinates, groups: Sequence[Group], kinds: Sequence[Drawn]
) -> list[Line2D]:
    """Median of each class of each kind, with its quartiles if there is one kind; their lines."""
    x = np.arange(1, found.dimensions.size + 1)
    handles = []
    for kind in kinds:
        for group in groups:
            members = kind.members & group.members
            if not members.any():
                continue
            low, median, high = np.percentile(found.values[members], [25, 50, 75], axis=0)
            if len(kinds) == 1:
                axes.fill_between(x, low, high, color=group.colour, alpha=0.13, lw=0)
            (line,) = axes.plot(
                x,
                median,
                color=group.colour,
                ls=kind.dashes,
                lw=1.1,
                solid_joinstyle="round",
                label=f"{kind.name} {group.name} ({members.sum():,})".lstrip(),
                path_effects=[Stroke(linewidth=2.3, foreground="white", alpha=0.85), Normal()],
            )
            handles.append(line)
    return handles


def _legend(sheet: Sheet, left: float, top: float, handles: list[Line2D], title: str) -> None:
    sheet.figure.legend(
        handles=handles,
        title=f"{title} (number of each)",
        title_fontproperties={"size": SIZES["small"]},
        alignment="left",
        loc="upper left",
        bbox_to_anchor=(left / sheet.width, 1 - top / sheet.height),
        borderaxespad=0,
        borderpad=0,
        ncols=len(handles),
        handlelength=1.8,
        columnspacing=1.0,
        handletextpad=0.5,
    )


def eta_squared_of_none(classes: NDArray[np.intp]) -> float:
    """The mean of eta² where classes (intp[n], of n vectors) have nothing to do with the values."""
    return (np.unique(classes).size - 1) / max(classes.size - 1, 1)


def draw_strip(strip: Axes, found: Coordinates, classes: NDArray[np.intp]) -> None:
    """eta² of each dimension as a step, with the level that no association would give."""
    shown = found.dimensions.size
    eta = eta_squared(found.values, classes)
    edges = np.concatenate([[1], np.arange(1.5, shown), [shown]])
    strip.stairs(eta, edges, fill=True, color=MUTED, lw=0)
    strip.axhline(eta_squared_of_none(classes), color=FAINT, lw=0.7, ls=(0, (4, 3)))
    strip.set_xlim(1, shown)
    strip.set_ylim(0, max(0.5, round_up(float(eta.max()), (1, 2.5, 5, 10))))
    strip.yaxis.set_major_locator(FixedLocator([0, strip.get_ylim()[1]]))
    strip.set_ylabel("η²")
    strip.set_xlabel("dimension, in order of correlation", labelpad=2)
    step = int(round_up(max(shown / 5, 1), (1, 2, 5, 10)))
    between = [n for n in range(step, shown, step) if min(n - 1, shown - n) > 0.4 * step]
    strip.set_xticks([1, *between, shown])
