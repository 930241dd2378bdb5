"""Rain hanging from above, floods standing below, on one axis of time."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from numpy.typing import NDArray

from pluvial.figures.overview import Series, Storm
from pluvial.figures.sheet import Sheet
from pluvial.figures.style import FAINT, NO_DATA, OKABE_ITO

MOST_BINS = 1200
"""Above this many frames the greatest of every few is drawn."""


def draw_timeline(
    sheet: Sheet,
    box: tuple[float, float, float, float],
    rain: Series,
    flooded: Series,
    storm: Storm | None,
    flooded_m: float,
) -> None:
    """Draw both series.

    Args:
        sheet: the page.
        box: left, top, width and height of both panels together, inches.
        rain: areal mean rain rate, mm/h.
        flooded: flooded fraction, 0 to 1.
        storm: shaded, if there is one.
        flooded_m: depth above which a cell counts as flooded, m.
    """
    left, top, width, height = box
    half = (height - 0.16) / 2
    upper = sheet.axes(left, top, width, half)
    lower = sheet.axes(left, top + height - half, width, half)
    first = min(rain.times[0], flooded.times[0])
    last = max(rain.times[-1] + rain.step, flooded.times[-1] + flooded.step)
    for axes, series, colour in (
        (upper, rain, OKABE_ITO["blue"]),
        (lower, flooded, OKABE_ITO["vermilion"]),
    ):
        _draw_series(axes, series, colour)
        axes.set_xlim(_date(first), _date(last))
        if storm:
            span = _date(storm.first), _date(storm.end + rain.step)
            axes.axvspan(*span, color=FAINT, alpha=0.35, lw=0, zorder=0)
    upper.invert_yaxis()
    upper.set_xticks([])
    upper.set_ylabel("areal mean rain\n(mm/h)")
    lower.yaxis.set_major_formatter(lambda share, _: f"{100 * share:g}")
    lower.set_ylabel(f"share of cells with\n> {flooded_m:g} m of water (%)")
    locator = AutoDateLocator(minticks=3, maxticks=6, tz="UTC")
    lower.xaxis.set_major_locator(locator)
    lower.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz="UTC"))
    frames = _frames_per_bin(rain)
    every = f"; greatest of every {frames * rain.step / 60:g} min" if frames > 1 else ""
    lower.set_xlabel(f"time (UTC){every}")
    if storm:
        middle = _date((storm.first + storm.end) // 2)
        upper.annotate(
            "d", (middle, 0.03), xycoords=("data", "axes fraction"), ha="center", fontweight="bold"
        )


def _draw_series(axes: Axes, series: Series, colour: str) -> None:
    """An area, with hatched gaps where frames are missing."""
    edges, values = binned(series)
    dates = _dates(edges)
    axes.stairs(np.nan_to_num(values), dates, fill=True, color=colour, lw=0)
    missing = np.flatnonzero(np.isnan(values))
    for run in np.split(missing, np.flatnonzero(np.diff(missing) > 1) + 1):
        if run.size:
            axes.axvspan(dates[run[0]], dates[run[-1] + 1], **NO_DATA)
    most = float(np.nan_to_num(values).max())
    axes.set_ylim(0, 1.05 * most if most > 0 else 1)


def binned(series: Series) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The greatest value of every few frames, as many bins as can be seen.

    Returns:
        Edges int64[B + 1], s, and values float64[B], NaN where no frame of the bin has one.
    """
    frames = _frames_per_bin(series)
    width = frames * series.step
    rows = (series.times - series.times[0]) // width
    values = np.full(int(rows[-1]) + 1, np.nan)
    np.fmax.at(values, rows, series.values)
    return series.times[0] + width * np.arange(values.size + 1), values


def _frames_per_bin(series: Series) -> int:
    span = int(series.times[-1] - series.times[0]) // series.step + 1
    return -(-span // MOST_BINS)


def _dates(times: NDArray[np.int64]) -> NDArray[np.float64]:
    """Times, s since 1970-01-01T00:00Z, as days: matplotlib's dates, float64[...]."""
    return np.asarray(times / 86400.0, dtype=np.float64)


def _date(time: int) -> float:
    return float(time / 86400.0)
