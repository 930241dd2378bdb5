"""Maps of records by UMAP: by a quantity, or by groups; one panel each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, Normalize, PowerNorm, to_rgba
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from pluvial.figures.records import Group, Labels
from pluvial.figures.sheet import Sheet, bare, colour_bar
from pluvial.figures.style import FLOODED, MUTED, SIZES, percent, round_up

Points = NDArray[np.float64]

OUTSIDE = 0.005
"""Share of the records, at either end of an axis, that may lie outside a map."""
BAR_DROP, LEGEND_DROP = 0.43, 0.24
"""From a map down to its colour bar, or its legend, inches."""


def map_axes(sheet: Sheet, left: float, top: float, side: float, flat: Points) -> Axes:
    """Square axes for a UMAP, float64[n, 2]; a few that lie outside are counted."""
    axes = sheet.axes(left, top, side, side)
    low = np.quantile(flat, OUTSIDE, axis=0, method="lower")
    high = np.quantile(flat, 1 - OUTSIDE, axis=0, method="higher")
    reach = 0.56 * max(float((high - low).max()), 1e-6)
    centre = (low + high) / 2
    outside = int((np.abs(flat - centre) > reach).any(axis=1).sum())
    if outside:
        axes.text(
            0.98,
            0.02,
            f"outside: {outside} of {len(flat):,}",
            transform=axes.transAxes,
            ha="right",
            fontsize=SIZES["small"],
            color=MUTED,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
        )
    axes.set_xlim(centre[0] - reach, centre[0] + reach)
    axes.set_ylim(centre[1] - reach, centre[1] + reach)
    bare(axes)
    axes.set_xlabel("UMAP 1 (no unit)", fontsize=SIZES["small"], color=MUTED, loc="right")
    axes.set_ylabel("UMAP 2 (no unit)", fontsize=SIZES["small"], color=MUTED, loc="top")
    axes.xaxis.labelpad = axes.yaxis.labelpad = 2
    return axes


def point_size(count: int, side: float) -> float:
    """Area of a point, pt², on a map of this side: smaller where there are more."""
    return float(np.clip(16_000 / count * (side / 2.9) ** 1.5, 1.5, 30))


def draw_values(
    axes: Axes, flat: Points, values: Points, colormap: Colormap, norm: Normalize, seed: int
) -> None:
    """Points in the colours of ``values``, float64[n], over each other in a random order."""
    order = np.random.default_rng(seed).permutation(values.size)
    axes.scatter(
        flat[order, 0],
        flat[order, 1],
        c=values[order],
        cmap=colormap,
        norm=norm,
        s=point_size(order.size, _side(axes)),
        linewidths=0,
        rasterized=True,
    )


def draw_groups(axes: Axes, flat: Points, layers: Sequence[Sequence[Group]], seed: int) -> None:
    """Points in the colours of their groups; each layer lies over the one before, a bit larger.

    Within a layer the order is random, so that no group hides the others.
    """
    size = point_size(len(flat), _side(axes))
    for height, groups in enumerate(layers):
        if not groups:
            continue
        members = np.concatenate([np.flatnonzero(group.members) for group in groups])
        colours = np.repeat(
            [to_rgba(group.colour) for group in groups],
            [group.members.sum() for group in groups],
            axis=0,
        )
        order = np.random.default_rng(seed).permutation(members.size)
        scale = 1.5 if height == len(layers) - 1 and len(layers) > 1 else 1.0
        axes.scatter(
            flat[members[order], 0],
            flat[members[order], 1],
            c=colours[order],
            s=scale * size,
            linewidths=0,
            rasterized=True,
        )


def draw_flooded(
    sheet: Sheet, left: float, top: float, side: float, flat: Points, labels: Labels, seed: int
) -> Axes:
    """A map by flooded fraction, with its colour bar."""
    axes = map_axes(sheet, left, top, side, flat)
    most = min(round_up(max(float(labels.flooded.max()), 1e-3)), 1.0)
    norm = PowerNorm(0.5, 0, most)
    draw_values(axes, flat, labels.flooded, FLOODED, norm, seed)
    bar_axes = sheet.axes(left, top + side + BAR_DROP, min(0.9 * side, 2.2), 0.09)
    bar = colour_bar(bar_axes, FLOODED, norm, "flooded fraction of the catchment (√ scale)")
    ticks = [share * most for share in (0, 0.04, 0.2, 0.4, 1)]
    bar.set_ticks(ticks, labels=[percent(tick) for tick in ticks])
    return axes


def draw_storms(
    sheet: Sheet, left: float, top: float, side: float, flat: Points, labels: Labels, seed: int
) -> Axes:
    """A map by storm: held-out storms in colour, the crowd in grey behind them."""
    axes = map_axes(sheet, left, top, side, flat)
    draw_groups(axes, flat, [*((group,) for group in labels.crowd), labels.storms], seed)
    title = "number of records"
    if labels.storms:
        title = f"{labels.held_out} storms by their first day (number of records)"
    group_legend(axes, (*labels.storms, *labels.crowd[::-1]), title)
    return axes


def group_legend(axes: Axes, groups: Sequence[Group], title: str, columns: int = 2) -> None:
    """The groups' colours, names and numbers, below a map."""
    height = axes.get_window_extent().height / axes.figure.dpi
    axes.legend(
        handles=[
            Line2D([], [], marker="o", ls="", ms=4, mew=0, color=group.colour, label=group.label)
            for group in groups
        ],
        title=title,
        title_fontproperties={"size": SIZES["small"]},
        alignment="left",
        loc="upper left",
        bbox_to_anchor=(0, -LEGEND_DROP / height),
        borderaxespad=0,
        borderpad=0,
        ncols=columns,
        handletextpad=0.1,
        columnspacing=0.8,
        labelspacing=0.3,
    )


def _side(axes: Axes) -> float:
    """Side of square axes, inches."""
    return float(axes.get_window_extent().width / axes.figure.dpi)
