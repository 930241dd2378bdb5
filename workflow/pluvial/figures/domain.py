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
from matplotlib.colors import ListedColormap, Normalize, PowerNorm
from numpy.typing import NDArray

from pluvial.config.data import RecordsConfig
from pluvial.figures.georeference import Georeference, carry, named, read_georeference
from pluvial.figures.relief import shade, tint
from pluvial.figures.sheet import MARGIN, Sheet, bare, colour_bar
from pluvial.figures.style import (
    FLOODED,
    MUTED,
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
TOP, BELOW_MAP, LINE, ENTRY, CHECK = 1.15, 1.15, 0.16, 0.44, 0.23
DETAIL, DETAIL_GAP = 1.26, 0.16
MOST_PIXELS, MOST_CORNERS = 1400, 500
REACH = 0.6
"""How far around the ground the map reaches, in sides of the ground."""
LEAST_CELL = 0.06
"""Cells narrower than this, inches, are not drawn one by one."""
EARTH_DEGREE = 111_320.0
"""Metres in a degree of latitude."""


@dataclass(frozen=True)
class View:
    """The map's coordinates.

    Attributes:
        unit: what one unit of the axes is, in units of the CRS (1000 for km of a CRS in m).
        metres: metres in one unit of the CRS.
        degrees: whether the CRS is in degrees.
        stretch: how much longer a unit northwards is drawn than one eastwards.
    """

    unit: float
    metres: float
    degrees: bool
    stretch: float


def draw_domain(
    heightmap: Path,
    rain: Path,
    depth: Path,
    path: Path,
    records: RecordsConfig = DEFAULTS,
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
    column = ENTRY * 3 + 0.5 + _checks_height(found) + 0.62 + DETAIL + 0.3
    sheet = Sheet(PAGE_WIDTH, TOP + max(map_height + BELOW_MAP, column) + 0.15)
    failed = sum(check.fits is False for check in found.checks)
    verdict = "no misfit was found" if not failed else f"{failed} of the checks in c fail"
    sheet.title(
        f"Rain, depth and ground on each other: {verdict}",
        found.frames + (f" In {named(found.ground.crs)}." if found.ground.crs else ""),
    )
    sheet.heading(MARGIN, TOP - 0.12, "a", "The ground, its floods, and the rain above")
    axes = sheet.axes(MAP_LEFT, TOP, map_width, map_height)
    _draw_layers(axes, found, view)
    every = _draw_lines(axes, found, view, limits, map_width)
    _set_view(axes, limits, view, found.ground)
    _draw_bars(sheet, found, TOP + map_height, map_width, limits, view)
    top = _draw_grids(sheet, found, TOP, every)
    top = _draw_checks(sheet, found, top + 0.5)
    _draw_details(sheet, found, view, top + 0.62)
    return sheet


def view_of(ground: Grid) -> View:
    """Kilometres, or degrees if the CRS is in degrees; an unknown CRS is taken to be in metres."""
    if ground.crs:
        from rasterio.crs import CRS

        crs = CRS.from_user_input(ground.crs)
        if crs.is_geographic:
            middle = np.radians((ground.south + ground.north) / 2)
            stretch = 1 / max(float(np.cos(middle)), 0.05)
            return View(1.0, EARTH_DEGREE / stretch, True, stretch)
        metres = float(crs.linear_units_factor[1])
        return View(1000 / metres, metres, False, 1.0)
    return View(1000.0, 1.0, False, 1.0)


def corners(
    grid: Grid, rows: NDArray[np.intp], cols: NDArray[np.intp], target: Grid, view: View
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where the cells' corners lie on the map, float64[len(rows), len(cols)] each."""
    x = grid.west + cols * grid.cell
    y = grid.north - rows * grid.cell
    carried = carry(*np.meshgrid(x, y), grid, target)
    return carried[0] / view.unit, carried[1] / view.unit


def _every(count: int, most: int) -> NDArray[np.intp]:
    """Edges 0 to ``count``: all of them, or ``most`` evenly."""
    return np.unique(np.linspace(0, count, min(count, most) + 1).round().astype(np.intp))


def _extent(grid: Grid, target: Grid, view: View) -> NDArray[np.float64]:
    """West, east, south and north on the map; NaN if it cannot be carried there."""
    x, y = corners(grid, _every(grid.rows, 20), _every(grid.cols, 20), target, view)
    if np.isnan(x).all() or np.isnan(y).all():
        return np.full(4, np.nan)
    return np.array([np.nanmin(x), np.nanmax(x), np.nanmin(y), np.nanmax(y)])


def _union(extents: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    low, high = np.nanmin(extents, axis=0), np.nanmax(extents, axis=0)
    return np.array([low[0], high[1], low[2], high[3]])


def _limits(found: Georeference, view: View) -> NDArray[np.float64]:
    """What the map shows: all three grids, but not the far ends of those that overlap the ground."""
    extents = [
        _extent(grid, found.ground, view) for grid in (found.ground, found.rain, found.depth)
    ]
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
    return union + margin * np.array([-1, 1, -1, 1])


def _draw_layers(axes: Axes, found: Georeference, view: View) -> None:
    """The ground in grey, the rain through which it shows, and what is ever flooded."""
    ground = found.ground
    rows, cols = (
        ((np.arange(min(n, MOST_PIXELS)) + 0.5) * n / min(n, MOST_PIXELS)).astype(np.intp)
        for n in ground.shape
    )
    cell = ground.cell * view.metres * ground.rows / rows.size
    relief = shade(found.elevation[np.ix_(rows, cols)], cell)
    axes.imshow(
        tint(relief, np.ones((*relief.light.shape, 3)), DARKEST),
        extent=tuple(_extent(ground, ground, view)),
        aspect="auto",
        interpolation="nearest",
        rasterized=True,
        zorder=0,
    )
    _draw_field(
        axes, found.rain, found.mean_rain, found, view, RAIN, _rain_norm(found), SEE_THROUGH
    )
    floods = np.where(found.flooded > 0, found.flooded, np.nan)
    _draw_field(axes, found.depth, floods, found, view, FLOODED, _flooded_norm(found), 1.0)


def _draw_field(
    axes: Axes,
    grid: Grid,
    values: NDArray[np.float64],
    found: Georeference,
    view: View,
    colours: ListedColormap,
    norm: Normalize,
    opacity: float,
) -> None:
    """A field where it lies; of more cells than can be seen, the greatest of each few."""
    rows, cols = _every(grid.rows, MOST_CORNERS), _every(grid.cols, MOST_CORNERS)
    x, y = corners(grid, rows, cols, found.ground, view)
    if np.isnan(values).all() or not (np.isfinite(x).all() and np.isfinite(y).all()):
        return
    shown = np.fmax.reduceat(np.fmax.reduceat(values, rows[:-1], axis=0), cols[:-1], axis=1)
    axes.pcolormesh(
        x,
        y,
        np.ma.masked_invalid(shown),
        cmap=colours,
        norm=norm,
        alpha=opacity,
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


def _draw_lines(
    axes: Axes,
    found: Georeference,
    view: View,
    limits: NDArray[np.float64],
    inches: float,
    *,
    cells_of: Sequence[str] = ("rain",),
) -> int:
    """The outlines, and the edges of the cells of ``cells_of``, on a map ``inches`` wide.

    Returns how many cells of the last of them lie between two lines.
    """
    grids = {"ground": found.ground, "depth": found.depth, "rain": found.rain}
    every = 1
    for name in cells_of:
        grid = grids[name]
        extent = _extent(grid, found.ground, view)
        if not np.isfinite(extent).all():
            continue
        cell = (extent[1] - extent[0]) / grid.cols * inches / (limits[1] - limits[0])
        every = _lines_apart(cell)
        _draw_cells(axes, grid, found.ground, view, every, str(LINES[name]["color"]))
    for name, grid in grids.items():
        rows, cols = _every(grid.rows, MOST_CORNERS), _every(grid.cols, MOST_CORNERS)
        around = [
            corners(grid, rows[:1], cols, found.ground, view),
            corners(grid, rows, cols[-1:], found.ground, view),
            corners(grid, rows[-1:], cols[::-1], found.ground, view),
            corners(grid, rows[::-1], cols[:1], found.ground, view),
        ]
        x, y = (np.concatenate([side[axis].ravel() for side in around]) for axis in (0, 1))
        axes.plot(x, y, **LINES[name], solid_joinstyle="miter", zorder=4, label=name)
    return every


def _lines_apart(cell: float) -> int:
    """Of cells of so many inches, every how manieth edge is drawn: 1, 2, 5, 10, ..."""
    return max(1, int(round_up(LEAST_CELL / cell, (1, 2, 5, 10)))) if cell < LEAST_CELL else 1


def _draw_cells(axes: Axes, grid: Grid, target: Grid, view: View, every: int, colour: str) -> None:
    rows, cols = np.arange(0, grid.rows + 1, every), np.arange(0, grid.cols + 1, every)
    across, along = _every(grid.rows, 20), _every(grid.cols, 20)
    lines = [
        np.stack(corners(grid, rows[k : k + 1], along, target, view), -1)[0]
        for k in range(rows.size)
    ]
    lines += [
        np.stack(corners(grid, across, cols[k : k + 1], target, view), -1)[:, 0]
        for k in range(cols.size)
    ]
    axes.add_collection(
        LineCollection(lines, colors=colour, linewidths=0.35, alpha=0.7, zorder=3), autolim=False
    )


def _set_view(axes: Axes, limits: NDArray[np.float64], view: View, ground: Grid) -> None:
    axes.set_xlim(limits[0], limits[1])
    axes.set_ylim(limits[2], limits[3])
    axes.set_aspect("auto")
    axes.ticklabel_format(useOffset=False, style="plain")
    axes.locator_params(nbins=6)
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
    sheet.text(
        MAP_LEFT + MAP,
        top + 0.12,
        f"{shown:g} km",
        ha="right",
        fontsize=SIZES["small"],
        color=MUTED,
    )


def _draw_grids(sheet: Sheet, found: Georeference, top: float, every: int) -> float:
    """The legend: each grid's line, shape, cell and CRS; returns where it ends."""
    sheet.heading(RIGHT, top - 0.12, "b", "The grids")
    for name, words in NAMES.items():
        grid: Grid = getattr(found, name)
        sample = sheet.axes(RIGHT, top + 0.03, 0.34, 0.22)
        sample.plot([0, 0, 1, 1, 0], [0, 1, 1, 0, 0], **LINES[name], solid_joinstyle="miter")
        if name == "rain":
            for k in (1, 2):
                sample.plot([k / 3] * 2, [0, 1], color=LINES[name]["color"], lw=0.35)
            sample.plot([0, 1], [0.5] * 2, color=LINES[name]["color"], lw=0.35)
        sample.set_axis_off()
        unit = "°" if view_of(grid).degrees else " m"
        sheet.text(RIGHT + 0.48, top, words, fontweight="bold")
        if name == "rain":
            lines = "all edges" if every == 1 else f"every {every} edges"
            sheet.text(RIGHT + 0.48, top + LINE, lines, fontsize=SIZES["small"], color=MUTED)
        sheet.text(RIGHT + 1.45, top, f"{grid.rows:,} × {grid.cols:,} cells of {grid.cell:g}{unit}")
        sheet.text(
            RIGHT + 1.45,
            top + LINE,
            f"{named(grid.crs)}; north-west corner {grid.west:.10g}, {grid.north:.10g}",
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


def _draw_details(sheet: Sheet, found: Georeference, view: View, top: float) -> None:
    """All three grids whole, and two corners of the ground from near."""
    sheet.heading(RIGHT, top - 0.28, "d", "All of the three, and two corners of the ground")
    ground = _extent(found.ground, found.ground, view)
    grids = (found.ground, found.rain, found.depth)
    whole = _union([_extent(grid, found.ground, view) for grid in grids])
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
            _draw_layers(axes, found, view)
        cells = ("depth", "rain") if number else ()
        _draw_lines(axes, found, view, limits, DETAIL, cells_of=cells)
        _set_view(axes, limits, view, found.ground)
        axes.set_xlabel("")
        axes.set_ylabel("")
        bare(axes)
        sheet.text(left, top - 0.03, words, va="bottom", fontsize=SIZES["small"], color=MUTED)
