"""How alike rain and depth of held-out hours are: the matrix of all pairs, trained and controls."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from numpy.typing import NDArray

from pluvial.figures.held_out import HeldOut
from pluvial.figures.sheet import MARGIN, Sheet, colour_bar, label_ends
from pluvial.figures.style import DIVERGING, FAINT, OKABE_ITO, style
from pluvial.grids.time_axis import iso

RUNS = {
    "trained": ("trained", OKABE_ITO["blue"]),
    "shuffled": ("trained on shuffled pairs", OKABE_ITO["vermilion"]),
    "untrained": ("untrained", OKABE_ITO["black"]),
}
SIDE, GAP = 3.2, 0.55
HEAD, CURVE, FOOT = 1.05, 1.9, 0.45
WIDTH = 2 * MARGIN + 0.35 + 3 * SIDE + 2 * GAP
HOURS = (0.0, 0.5, 1.5, 3, 6, 12, 24, 48, 96, 192)
"""Edges of the classes of time between two records."""


def draw_similarity(held_out: HeldOut, path: Path) -> None:
    """Draw the cosine of every rain window and every depth map of the candidates; PNG and SVG."""
    similarity_sheet(held_out).save(path)


@style()
def similarity_sheet(held_out: HeldOut) -> Sheet:
    """The page: a matrix for each run, and how alike pairs are by the time between them."""
    sheet = Sheet(WIDTH, HEAD + SIDE + 1.25 + CURVE + 0.5 + FOOT)
    candidates = held_out.gallery.candidates
    sheet.title(
        "Similarity of every rain window and every depth map of the held-out storms",
        "Cosine of their embeddings. A model that has learned is alike on the diagonal, where rain "
        "and depth are of the same hour.",
        f"{candidates.size:,} candidates of the test split, in order of time",
    )
    left = MARGIN + 0.35
    alike = {run: held_out.similarity(run, candidates) for run in RUNS if run in held_out.sides}
    norm = Normalize(-1, 1)
    for number, (run, values) in enumerate(alike.items()):
        at = left + number * (SIDE + GAP)
        sheet.heading(at, HEAD, "abc"[number], RUNS[run][0].capitalize())
        axes = sheet.axes(at, HEAD + 0.1, SIDE, SIDE)
        axes.imshow(values, cmap=DIVERGING, norm=norm, interpolation="nearest", aspect="auto")
        _storm_ticks(axes, held_out, first=number == 0)
    bar = sheet.axes(left, HEAD + SIDE + 0.87, 2.4, 0.09)
    colour_bar(bar, DIVERGING, norm, "cosine similarity (no unit)")
    top = HEAD + SIDE + 1.45
    sheet.heading(left, top, "d", "Mean similarity by the time between the rain and the depth map")
    axes = sheet.axes(left, top + 0.12, 2 * SIDE + GAP, CURVE)
    _draw_curves(axes, held_out, alike)
    return sheet


def _storm_ticks(axes: Axes, held_out: HeldOut, *, first: bool) -> None:
    """Thin lines between storms; the days of some candidates, with the hour where days repeat."""
    storms = held_out.records["storm"].to_numpy()[held_out.gallery.candidates]
    times = held_out.records["time"].to_numpy(np.int64)[held_out.gallery.candidates]
    begins = np.flatnonzero(np.diff(storms) != 0) + 0.5
    for place in begins:
        axes.axhline(place, color=FAINT, lw=0.3)
        axes.axvline(place, color=FAINT, lw=0.3)
    shown = _spread(times.size, 5)
    days = [iso(int(times[k]))[5:10] for k in shown]
    if len(set(days)) < len(days):
        shown = _spread(times.size, 3)
        days = [f"{iso(int(times[k]))[5:16]}".replace("T", "\n") for k in shown]
    axes.set_xticks(shown, labels=days)
    axes.set_yticks(shown, labels=days if first else [])
    axes.set_xlabel("depth map, by its time; lines part storms", labelpad=2)
    if first:
        axes.set_ylabel("rain window, by its time", labelpad=2)
        # Clear of the first label below, which begins at the same corner.
        axes.get_yticklabels()[-1].set_verticalalignment("bottom")
    for spine in axes.spines.values():
        spine.set_visible(True)


def _spread(size: int, count: int) -> NDArray[np.intp]:
    """At most ``count`` of ``size`` places, evenly from the first to the last."""
    return np.unique(np.linspace(0, size - 1, count).round().astype(np.intp))


def _draw_curves(axes: Axes, held_out: HeldOut, alike: dict[str, NDArray[np.float32]]) -> None:
    times = held_out.records["time"].to_numpy(np.int64)[held_out.gallery.candidates] / 3600
    apart = np.abs(times[:, None] - times[None, :])
    classes = np.digitize(apart, HOURS) - 1
    ends = []
    x = np.arange(len(HOURS))
    for run, values in alike.items():
        name, colour = RUNS[run]
        known = [values[(classes == k) & np.isfinite(values)] for k in x]
        means = np.array([part.mean() if part.size else np.nan for part in known])
        axes.plot(x, means, color=colour, lw=1.3, marker="o", ms=3)
        last = np.flatnonzero(np.isfinite(means))[-1:]
        ends += [(float(means[k]), name, colour) for k in last]
    axes.axhline(0, color=FAINT, lw=0.8, zorder=0)
    axes.set_xlim(-0.3, len(HOURS) - 0.7)
    names = ["< 0.5", *(f"{a:g}–{b:g}" for a, b in pairwise(HOURS[1:]))]
    axes.set_xticks(x, labels=[*names, f"> {HOURS[-1]:g}"])
    axes.set_xlabel("hours between the rain's NOW and the depth map's", labelpad=2)
    axes.set_ylabel("mean cosine (no unit)")
    label_ends(axes, axes.get_xlim()[1], ends)
