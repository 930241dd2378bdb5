"""The embedding figure, and the same figure for random points: its permanent control."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm, to_rgba
from matplotlib.lines import Line2D
from matplotlib.patheffects import Normal, Stroke
from matplotlib.ticker import FixedLocator
from numpy.typing import NDArray

from pluvial.config.learning import FiguresConfig
from pluvial.figures.parallel import Coordinates, coordinates, eta_squared, line_density
from pluvial.figures.records import (
    CLASS_COLOURS,
    CLASS_NAMES,
    Group,
    Labels,
    Space,
    read_records,
)
from pluvial.figures.sheet import MARGIN, Sheet, bare, colour_bar, empty
from pluvial.figures.style import (
    FAINT,
    FLOODED,
    INK_DENSITY,
    MUTED,
    SIZES,
    percent,
    round_up,
    style,
)

MAP = 2.9
"""Side of a map, inches."""
OUTSIDE = 0.005
"""Share of the records, at either end of an axis, that may lie outside a map."""
MAP_GAP, LINES_GAP = 0.32, 0.78
LINES_WIDTH, LINES_HEIGHT, STRIP_GAP, STRIP_HEIGHT = 5.1, 2.0, 0.14, 0.45
LINES_TOP = 0.3
"""From a panel's heading down to its lines."""
BAR_ROOM = 0.5
"""Right of the lines, for the colour bar of their density."""
ROW_HEIGHT = 4.4
HEAD, FOOT = 1.05, 0.55
STORMS_LEFT = MARGIN + MAP + MAP_GAP
LINES_LEFT = STORMS_LEFT + MAP + LINES_GAP
PAGE_WIDTH = LINES_LEFT + LINES_WIDTH + BAR_ROOM + MARGIN
DENSITY_SHAPE = (410, 1020)
"""Pixels of the density image, rows and (about) columns: 200 to an inch."""

METHOD = (
    "Parallel coordinates: every dimension is standardised (mean 0, standard deviation 1 over the "
    "records shown). Axes are ordered by correlation (average linkage of 1 − |r|, optimal leaf "
    "order); an axis that correlates\nnegatively with its left neighbour is flipped, and all are "
    "turned so that wetter records lie higher. η²: share of a dimension's variance that lies "
    "between the flooded-fraction classes, 0 to 1; dashed: expected of no association."
)


@dataclass(frozen=True)
class Row:
    """One row of the figure: a column of the file, and what it is called."""

    column: str
    name: str


def draw_embeddings(umap: Path, config: FiguresConfig, path: Path) -> None:
    """Draw the rain and the depth embedding, one row each; write ``path`` and its SVG.

    Args:
        umap: parquet file as ``diagnostics.projection.make_projection`` writes it.
        config: what UMAP was run with.
        path: the PNG to make.
    """
    rows = (Row("rain", "rain embedding"), Row("depth", "depth embedding"))
    title = "Embeddings of rain and of water depth"
    subtitle = (
        "Each point, and each line, is one record: hours of rain radar (upper row), "
        "and the water depth that followed (lower row)."
    )
    embedding_sheet(umap, config, rows, title, subtitle).save(path)


def draw_random_control(umap: Path, config: FiguresConfig, path: Path) -> None:
    """Draw random points under the same labels with the same code; see :func:`draw_embeddings`.

    Whatever structure shows here comes from the drawing, and proves nothing elsewhere.
    """
    title = "Control: random points under the labels of the records"
    subtitle = (
        "Uniform on the unit sphere, as many and of as many dimensions as the embeddings. "
        "Nothing here may look structured."
    )
    embedding_sheet(umap, config, (Row("random", "random points"),), title, subtitle).save(path)


@style()
def embedding_sheet(
    umap: Path, config: FiguresConfig, rows: tuple[Row, ...], title: str, subtitle: str
) -> Sheet:
    """The page: a row of three panels for each of ``rows``."""
    labels, spaces = read_records(umap, [row.column for row in rows])
    sheet = Sheet(PAGE_WIDTH, HEAD + ROW_HEIGHT * len(rows) + FOOT)
    sheet.title(title, subtitle, _provenance(labels, config))
    letters = iter("abcdefghi")
    for number, (row, space) in enumerate(zip(rows, spaces, strict=True)):
        top = HEAD + ROW_HEIGHT * number
        draw_flooded(sheet, MARGIN, top, next(letters), row, space, labels, config)
        draw_storms(sheet, STORMS_LEFT, top, next(letters), row, space, labels, config)
        draw_lines(sheet, top, next(letters), row, space, labels)
    sheet.text(MARGIN, sheet.height - FOOT + 0.08, METHOD, fontsize=SIZES["small"], color=MUTED)
    return sheet


def _provenance(labels: Labels, config: FiguresConfig) -> str:
    count = labels.flooded.size
    shown = "a sample, evenly over time: " if count == config.max_records else ""
    splits = ", ".join(f"{n:,} {name}" for name, n in labels.splits.items())
    return (
        f"{count:,} records ({shown}{splits})\n"
        f"UMAP: cosine distance, n_neighbors {config.umap_neighbours}, "
        f"min_dist {config.umap_min_dist:g}, seed {config.seed}; it never saw a label"
    )


def map_axes(sheet: Sheet, left: float, top: float, space: Space) -> Axes:
    """Square axes for the UMAP of ``space``; a few far islands may lie outside, which is said."""
    axes = sheet.axes(left, top + 0.1, MAP, MAP)
    low = np.quantile(space.flat, OUTSIDE, axis=0, method="lower")
    high = np.quantile(space.flat, 1 - OUTSIDE, axis=0, method="higher")
    reach = 0.56 * max(float((high - low).max()), 1e-6)
    centre = (low + high) / 2
    outside = int((np.abs(space.flat - centre) > reach).any(axis=1).sum())
    if outside:
        axes.text(
            0.98,
            0.02,
            f"outside: {outside} of {len(space.flat):,}",
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


def point_size(count: int) -> float:
    """Area of a point, pt²: smaller where there are more."""
    return float(np.clip(16_000 / count, 2.5, 26))


def draw_flooded(
    sheet: Sheet,
    left: float,
    top: float,
    letter: str,
    row: Row,
    space: Space,
    labels: Labels,
    config: FiguresConfig,
) -> None:
    """The map by flooded fraction; points lie over each other in a random order."""
    sheet.heading(left, top, letter, f"{row.name.capitalize()}, by flooded fraction")
    axes = map_axes(sheet, left, top, space)
    most = round_up(max(float(labels.flooded.max()), 1e-3))
    most = min(most, 1.0)
    norm = PowerNorm(0.5, 0, most)
    order = np.random.default_rng(config.seed).permutation(labels.flooded.size)
    axes.scatter(
        space.flat[order, 0],
        space.flat[order, 1],
        c=labels.flooded[order],
        cmap=FLOODED,
        norm=norm,
        s=point_size(order.size),
        linewidths=0,
        rasterized=True,
    )
    bar_axes = sheet.axes(left, top + MAP + 0.53, MAP * 0.66, 0.09)
    bar = colour_bar(bar_axes, FLOODED, norm, "flooded fraction of the catchment (√ scale)")
    ticks = [share * most for share in (0, 0.04, 0.2, 0.4, 1)]
    bar.set_ticks(ticks, labels=[percent(tick) for tick in ticks])


def draw_storms(
    sheet: Sheet,
    left: float,
    top: float,
    letter: str,
    row: Row,
    space: Space,
    labels: Labels,
    config: FiguresConfig,
) -> None:
    """The map by storm: held-out storms in colour, the crowd in grey behind them."""
    what = f"by {labels.held_out} storm" if labels.storms else "no storm held out"
    sheet.heading(left, top, letter, f"{row.name.capitalize()}, {what}")
    axes = map_axes(sheet, left, top, space)
    size = point_size(labels.flooded.size)
    for layer, scale in (*(((group,), 1.0) for group in labels.crowd), (labels.storms, 1.5)):
        scatter_groups(axes, space, layer, scale * size, config.seed)
    handles = [
        Line2D([], [], marker="o", ls="", ms=4, mew=0, color=group.colour, label=group.label)
        for group in (*labels.storms, *labels.crowd[::-1])
    ]
    axes.legend(
        handles=handles,
        title=f"{labels.held_out} storms by their first day (number of records)"
        if labels.storms
        else "number of records",
        title_fontproperties={"size": SIZES["small"]},
        alignment="left",
        loc="upper left",
        bbox_to_anchor=(0, -0.075),
        borderaxespad=0,
        borderpad=0,
        ncols=2,
        handletextpad=0.1,
        columnspacing=0.8,
        labelspacing=0.3,
    )


def scatter_groups(
    axes: Axes, space: Space, groups: Sequence[Group], size: float, seed: int
) -> None:
    """The members of all ``groups`` in a random order, so that none hides the others."""
    if not groups:
        return
    members = np.concatenate([np.flatnonzero(group.members) for group in groups])
    colours = np.repeat(
        [to_rgba(group.colour) for group in groups],
        [group.members.sum() for group in groups],
        axis=0,
    )
    order = np.random.default_rng(seed).permutation(members.size)
    x, y = space.flat[members[order]].T
    axes.scatter(x, y, c=colours[order], s=size, linewidths=0, rasterized=True)


def draw_lines(
    sheet: Sheet, top: float, letter: str, row: Row, space: Space, labels: Labels
) -> None:
    """All dimensions as parallel coordinates, and below them what each separates."""
    found = coordinates(space.vectors, labels.flooded)
    shown = found.dimensions.size
    note = "grey: all lines · colour: median and interquartile band of each flooded-fraction class"
    dimensions = space.vectors.shape[1]
    which = f"{shown} of {dimensions} dimensions vary"
    if not found.constant:
        which = f"all {dimensions} dimensions"
    sheet.heading(LINES_LEFT, top, letter, f"{row.name.capitalize()}, {which}", note)
    axes = sheet.axes(LINES_LEFT, top + LINES_TOP, LINES_WIDTH, LINES_HEIGHT)
    bottom = top + LINES_TOP + LINES_HEIGHT + STRIP_GAP
    strip = sheet.axes(LINES_LEFT, bottom, LINES_WIDTH, STRIP_HEIGHT)
    if shown < 2:
        empty(axes, f"{shown} of {dimensions} dimensions vary: there are no lines to draw")
        bare(axes)
        strip.set_axis_off()
        return
    limit = float(np.clip(np.quantile(np.abs(found.values), 0.999), 2.0, 5.0))
    draw_density(sheet, axes, top + LINES_TOP, found, limit)
    _draw_classes(sheet, axes, bottom + STRIP_HEIGHT + 0.47, found, labels)
    axes.set_xlim(1, shown)
    axes.set_ylim(-limit, limit)
    axes.set_xticks([])
    axes.set_ylabel("standardised value (σ)")
    axes.spines["bottom"].set_visible(False)
    draw_strip(strip, found, labels.classes)


def draw_density(sheet: Sheet, axes: Axes, top: float, found: Coordinates, limit: float) -> None:
    """The image of all lines, with its colour bar to the right, from ``top`` down."""
    shown = found.dimensions.size
    rows, columns = DENSITY_SHAPE
    per_gap = max(1, round(columns / (shown - 1)))
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
    bar_axes = sheet.axes(LINES_LEFT + LINES_WIDTH + 0.15, top + 0.25, 0.09, 1.1)
    bar = colour_bar(bar_axes, INK_DENSITY, norm, "lines per\npixel\n(√ scale)")
    ticks = sorted({0, round(most / 4), most})
    bar.set_ticks(ticks, labels=[*map(str, ticks[:-1]), f"≥ {ticks[-1]}"])


def _draw_classes(sheet: Sheet, axes: Axes, top: float, found: Coordinates, labels: Labels) -> None:
    """Median and interquartile band of each class that has records; their legend at ``top``."""
    x = np.arange(1, found.dimensions.size + 1)
    handles = []
    for one, (name, colour) in enumerate(zip(CLASS_NAMES, CLASS_COLOURS, strict=True)):
        members = labels.classes == one
        if not members.any():
            continue
        low, median, high = np.percentile(found.values[members], [25, 50, 75], axis=0)
        axes.fill_between(x, low, high, color=colour, alpha=0.13, lw=0)
        (line,) = axes.plot(
            x,
            median,
            color=colour,
            lw=1.1,
            solid_joinstyle="round",
            label=f"{name} ({members.sum():,})",
            path_effects=[Stroke(linewidth=2.3, foreground="white", alpha=0.85), Normal()],
        )
        handles.append(line)
    sheet.figure.legend(
        handles=handles,
        title="flooded fraction (number of records)",
        title_fontproperties={"size": SIZES["small"]},
        alignment="left",
        loc="upper left",
        bbox_to_anchor=(LINES_LEFT / sheet.width, 1 - top / sheet.height),
        borderaxespad=0,
        borderpad=0,
        ncols=len(handles),
        handlelength=1.4,
        columnspacing=1.0,
        handletextpad=0.5,
    )


def draw_strip(strip: Axes, found: Coordinates, classes: NDArray[np.intp]) -> None:
    """eta² of each dimension as a step, with the level that no association would give."""
    shown = found.dimensions.size
    eta = eta_squared(found.values, classes)
    edges = np.concatenate([[1], np.arange(1.5, shown), [shown]])
    strip.stairs(eta, edges, fill=True, color=MUTED, lw=0)
    expected = (np.unique(classes).size - 1) / max(classes.size - 1, 1)
    strip.axhline(expected, color=FAINT, lw=0.7, ls=(0, (4, 3)))
    strip.set_xlim(1, shown)
    strip.set_ylim(0, max(0.5, round_up(float(eta.max()), (1, 2.5, 5, 10))))
    strip.yaxis.set_major_locator(FixedLocator([0, strip.get_ylim()[1]]))
    strip.set_ylabel("η²")
    strip.set_xlabel("dimension, in order of correlation", labelpad=2)
    step = int(round_up(max(shown / 5, 1), (1, 2, 5, 10)))
    between = [n for n in range(step, shown, step) if min(n - 1, shown - n) > 0.4 * step]
    strip.set_xticks([1, *between, shown])
