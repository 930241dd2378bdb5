"""The catchment figure: what the data is. Ground, floods, rain, and one storm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cmcrameri.cm
import numpy as np
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.patches import Patch
from numpy.typing import NDArray

from pluvial.config.data import RecordsConfig
from pluvial.errors import PluvialError
from pluvial.figures.layers import show, show_depth
from pluvial.figures.overview import (
    Series,
    Storm,
    read_depth,
    read_frames,
    read_rain,
    wettest_storm,
)
from pluvial.figures.relief import Relief, shade, tint
from pluvial.figures.sheet import MARGIN, Sheet, bare, class_bar, colour_bar
from pluvial.figures.style import (
    DEPTH_CLASSES,
    MUTED,
    NO_DATA,
    RAIN_CLASSES,
    SIZES,
    percent,
    round_up,
    style,
    two_digits,
)
from pluvial.figures.timeline import draw_timeline
from pluvial.frames.elevation import read_elevation
from pluvial.frames.variables import DEPTH, RAIN
from pluvial.grids.grid import Grid
from pluvial.grids.time_axis import iso

DEFAULTS = RecordsConfig()
GROUND = ListedColormap(cmcrameri.cm.bamako(np.linspace(0.12, 1, 256)))
MAP, TALLEST = 3.2, 4.4
"""Widest and tallest map, inches."""
MAPS_GAP, SERIES_GAP, SERIES_WIDTH, SERIES_HEIGHT = 0.4, 0.85, 4.1, 2.4
PAGE_WIDTH = MARGIN + 2 * MAP + MAPS_GAP + SERIES_GAP + SERIES_WIDTH + MARGIN
TOP, UNDER_MAPS, STRIP_HEAD, CAPTION, FOOT = 1.05, 0.75, 0.85, 0.24, 0.3
FRAME_GAP, ROW_NAME, BAR_ROOM, MOMENTS = 0.1, 0.25, 0.85, 6
FRAME = (PAGE_WIDTH - 2 * MARGIN - ROW_NAME - BAR_ROOM) / MOMENTS - FRAME_GAP
"""Widest frame of the storm, inches."""
TALLEST_FRAME, LEAST_ROW = TALLEST * FRAME / MAP, 0.85


@dataclass(frozen=True)
class Catchment:
    """All that the figure shows.

    Attributes:
        grid: the depth grid.
        elevation: float32[rows, cols], m, NaN where missing.
        relief: its light and shade.
        rain: areal mean rain rate, mm/h.
        flooded: flooded fraction, 0 to 1.
        greatest: greatest depth of each cell, float32[rows, cols], m, NaN where never known.
        storm: the wettest one; None if it never rains.
        rain_fields, depth_fields: at its moments, float32[rows, cols] each, mm/h and m.
        flooded_m: depth above which a cell counts as flooded, m.
    """

    grid: Grid
    elevation: NDArray[np.float32]
    relief: Relief
    rain: Series
    flooded: Series
    greatest: NDArray[np.float32]
    storm: Storm | None
    rain_fields: list[NDArray[np.float32]]
    depth_fields: list[NDArray[np.float32]]
    flooded_m: float

    @property
    def gaps(self) -> bool:
        """Whether anything shown is partly without data."""
        fields = (self.elevation, self.greatest, *self.rain_fields, *self.depth_fields)
        series = (self.rain.values, self.flooded.values)
        holes = [np.isnan(one).any() for one in fields] + [np.isnan(one).any() for one in series]
        return any(map(bool, holes))

    def fit(self, width: float, height: float) -> tuple[float, float]:
        """Width and height, inches, of the largest map that this box holds."""
        scale = min(width / self.grid.cols, height / self.grid.rows)
        return scale * self.grid.cols, scale * self.grid.rows


def draw_catchment(
    heightmap: Path,
    rain: Sequence[Path],
    depth: Sequence[Path],
    path: Path,
    records: RecordsConfig = DEFAULTS,
) -> None:
    """Draw the ground, the greatest depths, both series and a storm; write ``path`` and its SVG.

    Frames are read in blocks: memory does not grow with the span.

    Args:
        heightmap: elevations on the depth grid.
        rain: rain frames files.
        depth: depth frames files.
        path: the PNG to make.
        records: where a storm ends, and where flooded begins.
    """
    catchment_sheet(read_catchment(heightmap, rain, depth, records)).save(path)


def read_catchment(
    heightmap: Path, rain: Sequence[Path], depth: Sequence[Path], records: RecordsConfig = DEFAULTS
) -> Catchment:
    """Read and summarise; see :func:`draw_catchment` for the arguments."""
    try:
        grid, elevation = read_elevation(heightmap)
    except (OSError, KeyError) as error:
        raise PluvialError(
            f"not a readable heightmap ({error})",
            where=heightmap,
            remedy="Delete it and run the workflow again",
        ) from None
    rain_series = read_rain(rain)
    flooded, greatest, depth_grid = read_depth(depth, records.flooded_m)
    if depth_grid.shape != grid.shape:
        raise PluvialError(
            f"its grid ({grid.describe()}) is not that of the depth ({depth_grid.describe()})",
            where=heightmap,
            remedy="Give a heightmap on the depth grid",
        )
    storm = wettest_storm(
        rain_series, flooded, wet_mm_h=records.storm_mm_h, dry_hours=records.storm_gap_hours
    )
    moments = storm.moments if storm else np.zeros(0, dtype=np.int64)
    return Catchment(
        grid,
        elevation,
        shade(elevation, grid.cell),
        rain_series,
        flooded,
        greatest,
        storm,
        read_frames(rain, RAIN, moments),
        read_frames(depth, DEPTH, moments),
        records.flooded_m,
    )


@style()
def catchment_sheet(found: Catchment) -> Sheet:
    """The page: two maps and two series, above a storm."""
    width, height = found.fit(MAP, TALLEST)
    strip_top = TOP + max(height, SERIES_HEIGHT) + UNDER_MAPS + STRIP_HEAD
    strip_height = 2 * (_strip_row(found) + CAPTION) if found.storm else 0.0
    sheet = Sheet(PAGE_WIDTH, strip_top + strip_height + FOOT)
    first, last = iso(int(found.rain.times[0])), iso(int(found.rain.times[-1]))
    sheet.title(
        "The catchment, its rain and its floods",
        f"{found.rain.times.size:,} rain and {found.flooded.times.size:,} depth frames, "
        f"{first} to {last}; {found.grid.rows} × {found.grid.cols} cells of "
        f"{found.grid.cell:g} m",
    )
    _draw_ground(sheet, found, width, height)
    _draw_greatest(sheet, found, width, height)
    left = PAGE_WIDTH - MARGIN - SERIES_WIDTH
    sheet.heading(left, TOP - 0.1, "c", "Rain and floods over time")
    box = (left, TOP, SERIES_WIDTH, max(height, SERIES_HEIGHT))
    draw_timeline(sheet, box, found.rain, found.flooded, found.storm, found.flooded_m)
    _draw_storm(sheet, found, strip_top)
    if found.gaps:
        sheet.figure.legend(
            handles=[Patch(label="no data", **NO_DATA)],
            loc="upper right",
            bbox_to_anchor=(1 - MARGIN / sheet.width, 1 - 0.25 / sheet.height),
            borderaxespad=0,
        )
    return sheet


def _draw_ground(sheet: Sheet, found: Catchment, width: float, height: float) -> None:
    """The hillshaded elevations, with a scale bar."""
    sheet.heading(MARGIN, TOP - 0.1, "a", "Ground")
    axes = sheet.axes(MARGIN, TOP, width, height)
    known = found.elevation[~np.isnan(found.elevation)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    norm = Normalize(low, max(high, low + 0.1))
    show(axes, (tint(found.relief, GROUND(norm(found.elevation))), None))
    below = TOP + height
    bar_axes = sheet.axes(MARGIN, below + 0.32, 0.55 * MAP, 0.09)
    colour_bar(bar_axes, GROUND, norm, "elevation (m)")
    kilometres = found.grid.cols * found.grid.cell / 1000
    length = round_up(kilometres / 6, (1, 2, 5, 10))
    bar_width = width * length / kilometres
    right = MARGIN + MAP
    scale = sheet.axes(right - bar_width, below + 0.17, bar_width, 0.035)
    scale.set_facecolor("black")
    bare(scale, frame=False)
    words = f"{length:g} km\nrelief exaggerated {found.relief.exaggeration:g} ×"
    sheet.text(right, below + 0.25, words, ha="right", fontsize=SIZES["small"], color=MUTED)


def _draw_greatest(sheet: Sheet, found: Catchment, width: float, height: float) -> None:
    """Greatest depth of each cell, over the ground."""
    left = MARGIN + MAP + MAPS_GAP
    sheet.heading(left, TOP - 0.1, "b", "Greatest water depth of the whole span")
    show_depth(sheet.axes(left, TOP, width, height), found.relief, found.greatest)
    bar_axes = sheet.axes(left, TOP + height + 0.32, MAP, 0.09)
    class_bar(bar_axes, DEPTH_CLASSES, "water depth (m), in classes; below 0.01 m: the ground")


def _draw_storm(sheet: Sheet, found: Catchment, top: float) -> None:
    """A strip of rain frames above the depth maps of the same moments."""
    storm = found.storm
    if storm is None:
        sheet.heading(MARGIN, top - 0.55, "d", "No storm: it does not rain in this span")
        return
    hours = (storm.last + found.rain.step - storm.first) / 3600
    words = f"{storm.total_mm:.3g} mm in {hours:.3g} h from {iso(storm.first)}"
    sheet.heading(MARGIN, top - 0.55, "d", f"The wettest storm: {words}")
    row = _strip_row(found)
    lower = top + row + CAPTION
    for number in range(storm.moments.size):
        _draw_moment(sheet, found, storm, number, top, lower)
    for start, name, unit, classes in (
        (top, "rain rate", "mm/h", RAIN_CLASSES),
        (lower, "water depth", "m", DEPTH_CLASSES),
    ):
        sheet.text(MARGIN, start + row / 2, name, rotation=90, va="center")
        bar_axes = sheet.axes(PAGE_WIDTH - MARGIN - BAR_ROOM + 0.1, start, 0.1, row)
        class_bar(bar_axes, classes, unit)


def _strip_row(found: Catchment) -> float:
    """Height of a row of the strip, inches: a frame's, or what its name and bar need."""
    return max(found.fit(FRAME, TALLEST_FRAME)[1], LEAST_ROW)


def _draw_moment(
    sheet: Sheet, found: Catchment, storm: Storm, number: int, top: float, lower: float
) -> None:
    """Rain (at ``top``) and depth (at ``lower``) of one moment, and their numbers."""
    left = MARGIN + ROW_NAME + number * (FRAME + FRAME_GAP)
    width, height = found.fit(FRAME, TALLEST_FRAME)
    rate = _values_at(found.rain, storm.moments)[number]
    flooded = _values_at(found.flooded, storm.moments)
    minutes = int(storm.moments[number] - storm.first) // 60
    sheet.text(left, top - 0.19, f"+{minutes // 60} h {minutes % 60:02} min", va="bottom")
    _caption(sheet, left, top, f"{two_digits(rate)} mm/h, {percent(storm.fallen[number])} fallen")
    show(sheet.axes(left, top, width, height), (found.rain_fields[number], RAIN_CLASSES))
    words = "no data"
    if np.isfinite(flooded[number]):
        widest = ", widest" if flooded[number] == np.nanmax(flooded) > 0 else ""
        words = f"{percent(flooded[number])} flooded{widest}"
    _caption(sheet, left, lower, words)
    show_depth(sheet.axes(left, lower, width, height), found.relief, found.depth_fields[number])


def _caption(sheet: Sheet, left: float, top: float, words: str) -> None:
    sheet.text(left, top - 0.04, words, va="bottom", fontsize=SIZES["small"], color=MUTED)


def _values_at(series: Series, times: NDArray[np.int64]) -> NDArray[np.float64]:
    """The values at ``times``, float64[M]; NaN where there is no frame."""
    known = dict(zip(series.times.tolist(), series.values.tolist(), strict=True))
    return np.array([known.get(int(time), np.nan) for time in times])
