"""A page measured in inches, and the way of a page onto the disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure
from matplotlib.text import Text
from numpy.typing import NDArray

from pluvial.errors import PluvialError
from pluvial.figures.style import FAINT, MUTED, SIZES, Classes, style
from pluvial.files.atomic import atomic_path

DPI = 200
MARGIN = 0.35
"""White at the left and right edge, inches."""


class Sheet:
    """A page of ``width`` x ``height`` inches; places are inches from its top left corner."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.figure = Figure(figsize=(width, height), dpi=DPI)
        FigureCanvasAgg(self.figure)

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Axes whose frame fills this box."""
        bottom = self.height - top - height
        return self.figure.add_axes(
            (
                left / self.width,
                bottom / self.height,
                width / self.width,
                height / self.height,
            )
        )

    def text(self, left: float, top: float, words: str, **options: Any) -> Text:
        """Text whose upper left corner (or as ``ha`` and ``va`` say) is at this place."""
        defaults: dict[str, Any] = {
            "ha": "left",
            "va": "top",
            "fontsize": SIZES["text"],
            "linespacing": 1.35,
        }
        return self.figure.text(
            left / self.width, 1 - top / self.height, words, **(defaults | options)
        )

    def title(self, words: str, subtitle: str, corner: str = "") -> None:
        """The page's title, what it shows, and how it was made, in the upper right corner."""
        self.text(MARGIN, 0.2, words, fontsize=SIZES["title"], fontweight="bold")
        self.text(MARGIN, 0.48, subtitle, color=MUTED)
        self.text(
            self.width - MARGIN, 0.22, corner, ha="right", color=MUTED, fontsize=SIZES["small"]
        )

    def heading(self, left: float, top: float, letter: str, words: str, note: str = "") -> None:
        """A panel's letter and heading, standing on ``top``; the ``note`` follows below it."""
        self.text(left, top, letter, fontsize=SIZES["heading"], fontweight="bold", va="baseline")
        self.text(left + 0.17, top, words, fontsize=SIZES["heading"], va="baseline")
        if note:
            self.text(left, top + 0.06, note, fontsize=SIZES["small"], color=MUTED)

    def save(self, path: Path) -> None:
        """Write ``path`` (PNG, 200 dpi) and, beside it, the same as SVG; each whole or not at all.

        The bytes depend on the drawing alone: no date and no random name is written.
        """
        if path.suffix != ".png":
            raise PluvialError(
                "the figure's name does not end in .png",
                where=path,
                remedy="Name a .png; the .svg is written beside it",
            )
        with style():
            for target, metadata in (
                (path, {"Software": None}),
                (path.with_suffix(".svg"), {"Date": None, "Creator": None}),
            ):
                with atomic_path(target) as temporary:
                    self.figure.savefig(
                        temporary, format=target.suffix[1:], dpi=DPI, metadata=metadata
                    )


def _page(axes: Axes) -> Figure:
    """The page that ``axes`` are on."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    return figure


def colour_bar(axes: Axes, colormap: Colormap, norm: Normalize, label: str) -> Colorbar:
    """A colour bar that fills ``axes``, lying or standing as they do, with its label on top."""
    box = axes.get_window_extent()
    lying = box.width >= box.height
    bar = _page(axes).colorbar(
        ScalarMappable(norm, colormap),
        cax=axes,
        orientation="horizontal" if lying else "vertical",
    )
    bar.outline.set_edgecolor(FAINT)
    bar.outline.set_linewidth(0.5)
    axes.minorticks_off()
    axes.tick_params(length=2, pad=1.5)
    axes.set_title(label, loc="left", fontsize=SIZES["small"], color=MUTED, pad=4 if lying else 8)
    return bar


def class_bar(axes: Axes, classes: Classes, label: str) -> Colorbar:
    """A colour bar of classes, all equally long; as many of their edges on ticks as have room."""
    bar = colour_bar(axes, classes.colormap, classes.norm, label)
    box = axes.get_window_extent()
    room = max(box.width, box.height) / _page(axes).dpi / len(classes.edges)
    every = int(np.ceil((0.33 if box.width >= box.height else 0.13) / room))
    edges = classes.edges[::every]
    bar.set_ticks(edges, labels=[f"{edge:g}" for edge in edges])
    return bar


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> NDArray[np.float64]:
    """Places near ``wanted`` and at least ``gap`` apart, in the same order, float64[n].

    They stay within ``low`` to ``high`` if that has room for all.
    """
    order = np.argsort(wanted, kind="stable")
    places = np.asarray(wanted, dtype=np.float64)[order]
    gap = min(gap, (high - low) / max(len(places) - 1, 1))
    steps = gap * np.arange(len(places))
    # The nearest non-decreasing sequence to (wanted - steps), pooled from neighbours in conflict.
    blocks: list[list[float]] = []
    for value in places - steps:
        blocks.append([value])
        while len(blocks) > 1 and np.mean(blocks[-2]) > np.mean(blocks[-1]):
            last = blocks.pop()
            blocks[-1].extend(last)
    fitted = np.concatenate([np.full(len(b), np.mean(b)) for b in blocks]) if blocks else places
    result = np.empty_like(places)
    result[order] = np.clip(fitted, low, high - (steps[-1] if len(steps) else 0)) + steps
    return result


def label_ends(
    axes: Axes, x: float, labels: Sequence[tuple[float, str, str]], *, gap_points: float = 10.0
) -> None:
    """Name lines at their right ends, beside ``axes``, moved apart where they would overlap.

    Args:
        axes: whose limits are final.
        x: where the lines end, in data.
        labels: (height in data, words, colour) of each line.
        gap_points: least distance between two lines of text.
    """
    to_pixels = axes.transData
    points = 72 / _page(axes).dpi
    heights = [float(to_pixels.transform((x, y))[1]) * points for y, _, _ in labels]
    box = axes.get_window_extent()
    places = spread(heights, gap_points, box.y0 * points, box.y1 * points)
    for (y, words, colour), height, place in zip(labels, heights, places, strict=True):
        axes.annotate(
            words,
            (x, y),
            xytext=(12, place - height),
            textcoords="offset points",
            ha="left",
            va="center",
            fontsize=SIZES["small"],
            color=colour,
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "lw": 0.5,
                "color": FAINT,
                "relpos": (0, 0.5),
                "shrinkA": 0,
                "shrinkB": 2,
            },
        )


def empty(axes: Axes, words: str) -> None:
    """Say in the middle of ``axes`` why there is nothing to see."""
    axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", color=MUTED)


def bare(axes: Axes, *, frame: bool = True) -> None:
    """Take the ticks off a map, and keep a thin frame or none."""
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(frame)
        spine.set_linewidth(0.5)
        spine.set_color(FAINT)
