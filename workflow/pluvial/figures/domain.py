"""The domain figure: how rain, depth and ground lie on each other. A misfit shows at a glance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cmocean
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Colormap, ListedColormap, Normalize, PowerNorm
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from pluvial.config.data import RecordsConfig
from pluvial.figures.georeference import Georeference, read_georeference
from pluvial.figures.mapview import View, corners, edges_of, extent_of, named, seen, view_of
from pluvial.figures.relief import shade, tint
from pluvial.figures.sheet import DPI, MARGIN, Sheet, bare, colour_bar
from pluvial.figures.style import (
    FLOODED,
    MUTED,
    NO_DATA,
    OKABE_ITO,
    SIZES,
    round_up,
    style,
)
from pluvial.grids.grid import Grid

DEFAULTS = RecordsConfig()
RAIN = ListedColormap(cmocean.cm.rain(np.linspace(0.08, 0.9, 256))).with_extremes(bad=(0, 0, 0, 0))
SEE_THROUGH, DARKEST = 0.4, 0.35
"""Opacity of the rain, and how light the ground is in full shade."""
NAMES = {"ground": "Heightmap", "depth": "Water depth", "rain": "Rain"}
LINES: dict[str, dict[str, Any]] = {
    "ground": {"color": "black", "lw": 3.6},
    "depth": {"color": OKABE_ITO["sky"], "lw": 2.2},
    "rain": {"color": OKABE_ITO["vermilion"], "lw": 0.9},
}
"""The outlines, from the widest to the thinnest: where they coincide all three still show."""
MARKS = {
    True: ("✓", OKABE_ITO["green"]),
    False: ("✗", OKABE_ITO["vermilion"]),
    None: ("–", MUTED),
}

MAP, AXIS, GAP, COLUMN = 6.3, 0.75, 0.55, 4.1
PAGE_WIDTH = MARGIN + AXIS + MAP + GAP + COLUMN + MARGIN
MAP_LEFT, RIGHT = MARGIN + AXIS, PAGE_WIDTH - MARGIN - COLUMN
TOP, BELOW_MAP, LINE, ENTRY, CHECK = 1.15, 1.15, 0.16, 0.56, 0.23
DETAIL, DETAIL_GAP = 1.26, 0.16
MOST_PIXELS, MOST_CORNERS = 1400, 500
"""Finest images and fields that can be seen."""
REACH = 0.6
"""How far around the ground the map reaches, in sides of the ground."""
LEAST_CELL = 0.06
"""Cells narrower than this, inches, are not drawn one by one."""


@dataclass(frozen=True)
class Layer:
    """A field over the ground.

    Attributes:
        grid: where it lies.
        values: float64[rows, cols], NaN where nothing is drawn.
        colours, norm: how values are shown.
        opacity: 1 where nothing shows through.
    """

    grid: Grid
    values: NDArray[np.float64]
    colours: Colormap
    norm: Normalize
    opacity: float


def draw_domain(
    heightmap: Path, rain: Path, depth: Path, path: Path, records: RecordsConfig = DEFAULTS
) -> None:
    """Draw how rain, depth and ground lie on each other; write ``path`` and its SVG.

    Args:
        heightmap: file of the ground, as ``frames.elevation`` writes it.
        rain: a frames file, of any period.
        depth: another, of the same.
        path: the PNG to make.
        records: tells from what depth on a cell counts as flooded.
    """
    domain_sheet(read_georeference(heightmap, rain, depth, records.flooded_m)).save(path)


@style()
def domain_sheet(found: Georeference) -> Sheet:
    """The page: a map, the grids and the checks in words, and three details."""
    view = view_of(found.ground)
    limits = _limits(found, view)
    width = limits[1] - limits[0]
    height = (limits[3] - limits[2]) * view.stretch
    scale = MAP / max(width, height)
    map_width, map_height = width * scale, height * scale
    column = ENTRY * 3 + 0.42 + _checks_height(found) + 0.62 + DETAIL + 0.3
    sheet = Sheet(PAGE_WIDTH, TOP + max(map_height + BELOW_MAP, column) + 0.15)
    failed = sum(check.fits is False for check in found.checks)
    verdict = (
        f"{failed} check{'s fail' if failed > 1 else ' fails'}" if failed else "no misfit found"
    )
    sheet.title(
        f"Rain, depth and ground on each other: {verdict}",
        found.frames + (f" In {named(found.ground.crs)}." if found.ground.crs else ""),
    )
    sheet.heading(MARGIN, TOP - 0.12, "a", "The ground, its floods, and the rain above")
    axes = sheet.axes(MAP_LEFT, TOP, map_width, map_height)
    image, layers = _ground_image(found, view), _layers(found)
    _draw_ground(axes, image, extent_of(found.ground, found.ground, view))
    for layer in layers:
        _draw_layer(axes, layer, found.ground, view, limits)
    every = _draw_cells(axes, found, "rain", view, limits)
    _draw_outlines(axes, found, view)
    _set_view(axes, limits, view, found.ground)
    _draw_bars(sheet, found, TOP + map_height, map_width, limits, view)
    top = _draw_grids(sheet, found, TOP, every)
    top = _draw_checks(sheet, found, top + 0.42)
    _draw_details(sheet, found, view, image, top + 0.62)
    return sheet


def _union(extents: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    low, high = np.nanmin(extents, axis=0), np.nanmax(extents, axis=0)
    return np.array([low[0], high[1], low[2], high[3]])


def _limits(found: Georeference, view: View) -> NDArray[np.float64]:
    """What the map shows: all three grids, less the far ends of what overlaps the ground."""
    extents = [extent_of(grid, found.ground, view) for grid in found.grids.values()]
    ground = extents[0]
    reach = REACH * max(ground[1] - ground[0], ground[3] - ground[2])
    near = ground + reach * np.array([-1, 1, -1, 1])
    shown = [ground]
    for other in extents[1:]:
        overlaps = (
            other[0] < ground[1] and other[1] > ground[0]
            and other[2] < ground[3] and other[3] > ground[2]
        )  # fmt: skip
        shown.append(np.clip(other, near[[0, 0, 2, 2]], near[[1, 1, 3, 3]]) if overlaps else other)
    union = _union(shown)
    margin = 0.03 * max(union[1] - union[0], union[3] - union[2])
    return np.asarray(union + margin * np.array([-1, 1, -1, 1]))


def _layers(found: Georeference) -> list[Layer]:
    """The rain through which the ground shows, and what is ever flooded."""
    floods = np.where(found.flooded > 0, found.flooded, np.nan)
    return [
        Layer(found.rain, found.mean_rain, RAIN, _rain_norm(found), SEE_THROUGH),
        Layer(found.depth, floods, FLOODED, _flooded_norm(found), 1.0),
    ]


def _ground_image(found: Georeference, view: View) -> NDArray[np.float64]:
    """The ground in light and shade, RGBA float64[rows, cols, 4], no finer than can be seen."""
    rows, cols = (
        ((np.arange(min(n, MOST_PIXELS)) + 0.5) * n / min(n, MOST_PIXELS)).astype(np.intp)
        for n in found.ground.shape
    )
    cell = found.ground.cell * view.metres * found.ground.rows / rows.size
    relief = shade(found.elevation[np.ix_(rows, cols)], cell)
    return tint(relief, np.ones((*relief.light.shape, 3)), DARKEST)


def _draw_ground(axes: Axes, image: NDArray[np.float64], extent: NDArray[np.float64]) -> None:
    """The ground; hatched where it is missing."""
    west, east, south, north = extent
    axes.add_patch(Rectangle((west, south), east - west, north - south, zorder=-1, **NO_DATA))
    axes.imshow(
        image,
        extent=(west, east, south, north),
        aspect="auto",
        interpolation="nearest",
        rasterized=True,
        zorder=0,
    )


def _draw_layer(
    axes: Axes, layer: Layer, target: Grid, view: View, limits: NDArray[np.float64]
) -> None:
    """A field where it lies; of more cells than can be seen, the greatest of each few."""
    rows, cols = seen(layer.grid, target, view, limits, MOST_CORNERS)
    x, y = corners(layer.grid, rows, cols, target, view)
    if np.isnan(layer.values).all() or not (rows.size and np.isfinite([x, y]).all()):
        return
    shown = layer.values[rows[0] : rows[-1], cols[0] : cols[-1]]
    shown = np.fmax.reduceat(shown, rows[:-1] - rows[0], axis=0)
    shown = np.fmax.reduceat(shown, cols[:-1] - cols[0], axis=1)
    axes.pcolormesh(
        x,
        y,
        np.ma.masked_invalid(shown),
        cmap=layer.colours,
        norm=layer.norm,
        alpha=layer.opacity,
        lw=0,
        rasterized=True,
        zorder=1,
    )


def _rain_norm(found: Georeference) -> Normalize:
    known = found.mean_rain[~np.isnan(found.mean_rain)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    return Normalize(low, high if high > low else low + max(0.1 * low, 0.01))


def _flooded_norm(found: Georeference) -> PowerNorm:
    most = float(np.nan_to_num(found.flooded).max())
    return PowerNorm(0.5, 0, round_up(most) if most > 0 else 1.0)


def _draw_outlines(axes: Axes, found: Georeference, view: View) -> None:
    """The edges of the three grids."""
    for name, grid in found.grids.items():
        rows, cols = edges_of(grid.rows, MOST_CORNERS), edges_of(grid.cols, MOST_CORNERS)
        around = [
            corners(grid, rows[:1], cols, found.ground, view),
            corners(grid, rows, cols[-1:], found.ground, view),
            corners(grid, rows[-1:], cols[::-1], found.ground, view),
            corners(grid, rows[::-1], cols[:1], found.ground, view),
        ]
        x, y = (np.concatenate([side[axis].ravel() for side in around]) for axis in (0, 1))
        axes.plot(x, y, **LINES[name], solid_joinstyle="miter", zorder=4, label=name)


def _draw_cells(
    axes: Axes, found: Georeference, name: str, view: View, limits: NDArray[np.float64]
) -> int:
    """The edges of the cells of a grid that lie within ``limits``, on axes that show them.

    Returns how many cells lie between two lines: more than 1 where the cells are too small.
    """
    grid = found.grids[name]
    extent = extent_of(grid, found.ground, view)
    rows, cols = seen(grid, found.ground, view, limits, MOST_CORNERS)
    if not rows.size:
        return 1
    inches = axes.get_position().width * PAGE_WIDTH
    cell = (extent[1] - extent[0]) / grid.cols * inches / (limits[1] - limits[0])
    every = int(round_up(LEAST_CELL / cell, (1, 2, 5, 10))) if cell < LEAST_CELL else 1
    lines = []
    for row in range(-(-rows[0] // every) * every, rows[-1] + 1, every):
        x, y = corners(grid, np.array([row]), cols, found.ground, view)
        lines.append(np.column_stack([x[0], y[0]]))
    for col in range(-(-cols[0] // every) * every, cols[-1] + 1, every):
        x, y = corners(grid, rows, np.array([col]), found.ground, view)
        lines.append(np.column_stack([x[:, 0], y[:, 0]]))
    axes.add_collection(
        LineCollection(lines, colors=LINES[name]["color"], linewidths=0.35, alpha=0.7, zorder=3),
        autolim=False,
    )
    return every


def _set_view(axes: Axes, limits: NDArray[np.float64], view: View, ground: Grid) -> None:
    axes.set_xlim(limits[0], limits[1])
    axes.set_ylim(limits[2], limits[3])
    axes.set_aspect("auto")
    axes.ticklabel_format(useOffset=False, style="plain")
    box = axes.get_window_extent()
    axes.locator_params(axis="x", nbins=max(2, round(box.width / DPI / 0.7)))
    axes.locator_params(axis="y", nbins=max(2, round(box.height / DPI / 0.7)))
    kind = "longitude", "latitude"
    if not view.degrees:
        kind = ("easting", "northing") if ground.crs else ("x", "y")
    unit = "°" if view.degrees else "km"
    axes.set_xlabel(f"{kind[0]} ({unit})")
    axes.set_ylabel(f"{kind[1]} ({unit})")


def _draw_bars(
    sheet: Sheet,
    found: Georeference,
    below: float,
    width: float,
    limits: NDArray[np.float64],
    view: View,
) -> None:
    """The two colour bars and the scale, below the map."""
    top, length = below + 0.72, 1.9
    bar = sheet.axes(MAP_LEFT, top, length, 0.09)
    colour_bar(bar, RAIN, _rain_norm(found), "mean rain (mm/h), seen through")
    bar = sheet.axes(MAP_LEFT + length + 0.4, top, length, 0.09)
    words = f"frames with > {found.flooded_m:g} m of water (%, √)"
    norm = _flooded_norm(found)
    made = colour_bar(bar, FLOODED, norm, words)
    ticks = np.array([0, 0.04, 0.25, 1]) * float(norm.vmax or 1)
    made.set_ticks(ticks.tolist(), labels=[f"{100 * tick:.3g}" for tick in ticks])
    kilometres = (limits[1] - limits[0]) * view.unit * view.metres / 1000
    shown = round_up(kilometres / 8, (1, 2, 5, 10))
    inches = width * shown / kilometres
    scale = sheet.axes(MAP_LEFT + MAP - inches, top + 0.05, inches, 0.035)
    scale.set_facecolor("black")
    bare(scale, frame=False)
    note: dict[str, Any] = {"ha": "right", "fontsize": SIZES["small"], "color": MUTED}
    sheet.text(MAP_LEFT + MAP, top + 0.12, f"{shown:g} km", **note)


def _draw_grids(sheet: Sheet, found: Georeference, top: float, every: int) -> float:
    """The legend: each grid's line, shape, cell and CRS; returns where it ends."""
    sheet.heading(RIGHT, top - 0.12, "b", "The grids")
    for name, words in NAMES.items():
        grid = found.grids[name]
        sample = sheet.axes(RIGHT, top + 0.03, 0.34, 0.22)
        sample.plot([0, 0, 1, 1, 0], [0, 1, 1, 0, 0], **LINES[name], solid_joinstyle="miter")
        if name == "rain":
            sample.vlines([1 / 3, 2 / 3], 0, 1, color=LINES[name]["color"], lw=0.35)
            sample.hlines(0.5, 0, 1, color=LINES[name]["color"], lw=0.35)
        sample.set_axis_off()
        unit = "°" if view_of(grid).degrees else " m"
        sheet.text(RIGHT + 0.48, top, words, fontweight="bold")
        if name == "rain":
            lines = {1: "every edge", 2: "every 2nd edge"}.get(every, f"every {every}th edge")
            sheet.text(RIGHT + 0.48, top + LINE, lines, fontsize=SIZES["small"], color=MUTED)
        sheet.text(RIGHT + 1.45, top, f"{grid.rows:,} × {grid.cols:,} cells of {grid.cell:g}{unit}")
        sheet.text(
            RIGHT + 1.45,
            top + LINE,
            f"{named(grid.crs)}\nnorth-west corner {grid.west:.10g}, {grid.north:.10g}",
            fontsize=SIZES["small"],
            color=MUTED,
        )
        top += ENTRY
    return top


def _checks_height(found: Georeference) -> float:
    return sum(CHECK + LINE * check.words.count("\n") for check in found.checks)


def _draw_checks(sheet: Sheet, found: Georeference, top: float) -> float:
    """The findings, each with its mark; returns where they end."""
    sheet.heading(RIGHT, top - 0.12, "c", "Checks")
    for check in found.checks:
        mark, colour = MARKS[check.fits]
        sheet.text(RIGHT + 0.02, top, mark, color=colour, fontweight="bold")
        words = sheet.text(RIGHT + 0.2, top, check.words)
        if check.fits is False:
            words.set_color(colour)
        top += CHECK + LINE * check.words.count("\n")
    return top


def _draw_details(
    sheet: Sheet, found: Georeference, view: View, image: NDArray[np.float64], top: float
) -> None:
    """All three grids whole, and two corners of the ground from near."""
    sheet.heading(RIGHT, top - 0.28, "d", "All of the three, and two corners of the ground")
    ground = extent_of(found.ground, found.ground, view)
    whole = _union([extent_of(grid, found.ground, view) for grid in found.grids.values()])
    centre = (whole[0] + whole[1]) / 2, (whole[2] + whole[3]) / 2
    side = 0.54 * max(whole[1] - whole[0], (whole[3] - whole[2]) * view.stretch)
    near = 1.3 * max(found.rain.cell, 3 * found.depth.cell) / view.unit
    inward = 0.5 * near
    for number, (words, (x, y), reach) in enumerate(
        (
            ("whole", centre, side),
            ("north-west", (ground[0] + inward, ground[3] - inward / view.stretch), near),
            ("south-east", (ground[1] - inward, ground[2] + inward / view.stretch), near),
        )
    ):
        left = RIGHT + number * (DETAIL + DETAIL_GAP)
        axes = sheet.axes(left, top, DETAIL, DETAIL)
        north = reach / view.stretch
        limits = np.array([x - reach, x + reach, y - north, y + north])
        if number:
            _draw_ground(axes, image, ground)
            for layer in _layers(found):
                _draw_layer(axes, layer, found.ground, view, limits)
            for name in ("depth", "rain"):
                _draw_cells(axes, found, name, view, limits)
        _draw_outlines(axes, found, view)
        _set_view(axes, limits, view, found.ground)
        axes.set_xlabel("")
        axes.set_ylabel("")
        bare(axes)
        sheet.text(left, top - 0.03, words, va="bottom", fontsize=SIZES["small"], color=MUTED)
