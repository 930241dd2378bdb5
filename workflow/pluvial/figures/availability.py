"""The availability figure: which days have their frames, and what was dropped and altered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cmocean
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.patches import Patch, Rectangle
from numpy.typing import NDArray

from pluvial.errors import PluvialError
from pluvial.figures.sheet import MARGIN, Sheet, bare, empty
from pluvial.figures.style import FAINT, INK, MUTED, NO_DATA, OKABE_ITO, SIZES, percent, style
from pluvial.files.documents import read_json
from pluvial.frames.gaps import Status

VARIABLES = {"rain": "Rain", "depth": "Water depth"}
MOST_MONTHS = 14
"""Up to as many, a row of the calendar is a month; beyond, a year."""
MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"
LEAP_YEAR = np.arange("2000-01-01", "2001-01-01", dtype="datetime64[D]")

EDGES = (0.0, 0.5, 0.9, 1.0)
"""Lower edges of the classes of a day's share of frames; the last is complete."""
CLASS_NAMES = ("below 50 %", "50 to 90 %", "90 % and more, not all", "all frames")
CLASS_COLOURS = cmocean.cm.ice_r([0.13, 0.26, 0.44, 0.68])
INTERPOLATED = OKABE_ITO["orange"]
LEAST_FOOT = 0.16
"""Least height, in rows, of the foot that marks a day with interpolated frames."""

NAME_ROOM, CALENDAR, TABLE_GAP, TABLE = 0.5, 7.5, 0.4, 3.35
PAGE_WIDTH = MARGIN + NAME_ROOM + CALENDAR + TABLE_GAP + TABLE + MARGIN
TABLE_LEFT = PAGE_WIDTH - MARGIN - TABLE
TOP, HEAD, GAP, FOOT = 1.2, 0.45, 0.3, 0.35
"""Of the page, of each panel, below each panel, and of the page, inches."""
TALLEST, TALLEST_ROW, LEAST_ROW, ROOM_OF_NAME = 3.4, 0.36, 0.1, 0.14
LINE, BASE, NOTE_LINE = 0.2, 0.14, 0.15
"""Heights of the table's lines and notes; letters stand ``BASE`` below the top of a line."""
BAR_LEFT, BAR, SHARE_ROOM = 1.45, 0.6, 0.62
"""The bars of the table from its left edge; the room of the shares at its right edge."""


@dataclass(frozen=True)
class Calendar:
    """The days of a variable, laid out in rows.

    Attributes:
        names: of the rows: months as 2020-01, or years.
        present, interpolated: shares of a day's frames, 0 to 1, float64[rows, columns]; NaN where
            the calendar has no day, or none of the span. What is interpolated is present too.
        by_year: whether a row is a year (366 columns) or a month (31).
    """

    names: list[str]
    present: NDArray[np.float64]
    interpolated: NDArray[np.float64]
    by_year: bool


@dataclass(frozen=True)
class Line:
    """A line of the table: a number, its share of all, and when most of it was."""

    name: str
    number: int
    share: float
    note: str


def draw_availability(report: Path, path: Path) -> None:
    """Draw a calendar of the frames of rain and of depth; write ``path`` and its SVG.

    Args:
        report: JSON file as ``frames.report`` makes it.
        path: the PNG to make.
    """
    availability_sheet(report).save(path)


@style()
def availability_sheet(report: Path) -> Sheet:
    """The page: a calendar of each variable, and beside it what was dropped and altered."""
    document = read_json(report)
    try:
        return _compose(document)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise PluvialError(
            f"not a report on frames ({type(error).__name__}: {error})",
            where=report,
            remedy="Delete it and run the workflow again to remake it",
        ) from None


def calendar(days: Mapping[str, list[int]]) -> Calendar:
    """Lay out the numbers of frames (observed, interpolated, missing) of each day."""
    dates = np.array(sorted(days), dtype="datetime64[D]")
    counts = np.array([days[str(day)] for day in dates], dtype=np.float64).reshape(-1, len(Status))
    months = dates.astype("datetime64[M]")
    by_year = bool(dates.size) and int((months[-1] - months[0]).astype(int)) >= MOST_MONTHS
    rows_of = dates.astype("datetime64[Y]") if by_year else months
    if by_year:
        columns = _of_leap_year(dates)
    else:
        columns = (dates - months.astype("datetime64[D]")).astype(int)
    names = np.arange(rows_of[0], rows_of[-1] + 1) if dates.size else rows_of
    present = np.full((names.size, LEAP_YEAR.size if by_year else 31), np.nan)
    interpolated = present.copy()
    totals = counts.sum(axis=1)
    at = (rows_of - rows_of[:1]).astype(int), columns
    present[at] = 1 - counts[:, Status.MISSING] / totals
    interpolated[at] = counts[:, Status.INTERPOLATED] / totals
    return Calendar([str(name) for name in names], present, interpolated, by_year)


def _of_leap_year(dates: NDArray[np.datetime64]) -> NDArray[np.intp]:
    """The day's place in a leap year, so that one date stands in one column, intp[N]."""
    months = dates.astype("datetime64[M]")
    day = (dates - months.astype("datetime64[D]")).astype(int)
    month = months.astype(int) % 12
    starts = np.searchsorted(LEAP_YEAR.astype("datetime64[M]").astype(int) % 12, month)
    return np.asarray(starts + day, dtype=np.intp)


def account(report: Mapping[str, Any]) -> dict[str, list[Line]]:
    """The lines of a variable's table by their heading: what was not used, and what was altered."""
    given = report["given"]
    cells = report["observed"] * report["grid"]["rows"] * report["grid"]["cols"]
    unused = report["dropped"] | {"every cell missing": report["empty"]}
    periods = report["periods"]
    by_period = {
        name: period["dropped"] | {"every cell missing": period["empty"]}
        for name, period in periods.items()
    }
    altered = {name: period["corrections"] for name, period in periods.items()}
    return {
        f"Frames not used, of {given:,} given": list(_lines(unused, given, by_period)),
        "Cells altered": list(_lines(report["corrections"], cells, altered)),
    }


def _lines(
    numbers: Mapping[str, int], whole: int, by_period: Mapping[str, Mapping[str, int]]
) -> Iterator[Line]:
    """The greatest number first; none for nothing."""
    for name, number in sorted(numbers.items(), key=lambda item: (-item[1], item[0])):
        if not number:
            continue
        worst, most = max(
            ((period, found.get(name, 0)) for period, found in by_period.items()),
            key=lambda item: item[1],
            default=("", 0),
        )
        concentrated = len(by_period) > 2 and 1 < number < 2 * most
        note = f"{most:,} of them in {worst}" if concentrated else ""
        yield Line(name, number, number / whole if whole else 0.0, note)


def _compose(document: Mapping[str, Any]) -> Sheet:
    found = {name: calendar(document[name]["days"]) for name in VARIABLES}
    tables = {name: account(document[name]) for name in VARIABLES}
    remarks = [
        f"{VARIABLES[name]}: {words}" for name in VARIABLES for words in _remarks(document[name])
    ]
    heights = {
        name: max(_row_height(found[name]) * len(found[name].names), _table_height(tables[name]))
        for name in VARIABLES
    }
    heights = {name: max(heights[name], 0.5) for name in VARIABLES}
    foot = FOOT + NOTE_LINE * len(remarks)
    sheet = Sheet(PAGE_WIDTH, TOP + sum(heights.values()) + 2 * HEAD + GAP + foot)
    sheet.title("Which frames there are, day by day", _subtitle(document, found.values()))
    _draw_legend(sheet)
    top = TOP
    for letter, (name, words) in zip("ab", VARIABLES.items(), strict=True):
        top += HEAD
        sheet.heading(MARGIN, top - 0.27, letter, f"{words}: {_statuses(document[name])}")
        _draw_calendar(sheet, top, found[name])
        _draw_table(sheet, top, tables[name])
        top += heights[name] + GAP
    if remarks:
        top = sheet.height - foot + 0.12
        sheet.text(MARGIN, top, "\n".join(remarks), fontsize=SIZES["small"], color=MUTED)
    return sheet


def _subtitle(document: Mapping[str, Any], calendars: Iterable[Calendar]) -> str:
    days = sorted({day for name in VARIABLES for day in document[name]["days"]})
    if not days:
        return "There is no day in the report."
    numbers = "" if any(found.by_year for found in calendars) else " Numbers: % of the day."
    full = {name: max(map(sum, document[name]["days"].values()), default=0) for name in VARIABLES}
    return (
        f"{days[0]} to {days[-1]}: {len(days):,} days; a whole day has {full['rain']:,} frames "
        f"of rain and {full['depth']:,} of depth. White: outside the span.{numbers}"
    )


def _statuses(report: Mapping[str, Any]) -> str:
    """How many steps of the axis are what, in words."""
    names = [status.name.lower() for status in Status]
    steps = sum(report[name] for name in names)
    if not steps:
        return "no frames"
    parts = [
        f"{report[name]:,} {name} ({_share(report[name] / steps)})"
        for name in names
        if report[name] or name == "observed"
    ]
    return f"{steps:,} frames, " + ", ".join(parts)


def _share(share: float) -> str:
    """A share (> 0) in words; all but a few is never 100 %."""
    if share < 1e-4:
        return "< 0.01 %"
    return f"{int(1000 * share) / 10:.1f} %" if 0.995 <= share < 1 else percent(share)


def _remarks(report: Mapping[str, Any]) -> list[str]:
    """What the table has no column for: frames out of order, and files that could not be read."""
    lines = []
    if report["late"]:
        lines.append(f"{_count(report['late'], 'frame')} came out of order.")
    accounts = report["periods"].values()
    problems = [problem for one in accounts for problem in one["problems"]]
    if problems:
        first = min(problem["time"] for problem in problems)
        lines.append(
            f"at {_count(len(problems), 'time')} a frame could not be read, first at {first}; "
            "frames/report.json says why."
        )
    if report["faults"]:
        lines.append(
            f"{_count(report['faults'], 'file')} or part of one, of unknown time, could not be "
            "read; frames/report.json says which."
        )
    return lines


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("s" if number != 1 else "")


def _row_height(found: Calendar) -> float:
    """Height of a row, inches."""
    return min(TALLEST_ROW, max(TALLEST / max(len(found.names), 1), LEAST_ROW))


def _draw_calendar(sheet: Sheet, top: float, found: Calendar) -> None:
    left, row = MARGIN + NAME_ROOM, _row_height(found)
    rows = len(found.names)
    axes = sheet.axes(left, top, CALENDAR, row * rows if rows else 0.5)
    if not rows:
        bare(axes)
        empty(axes, "no frames")
        return
    norm = BoundaryNorm(EDGES, len(EDGES), extend="max")
    colours = ListedColormap(CLASS_COLOURS).with_extremes(bad=(0, 0, 0, 0))
    shown = np.where(found.present > 0, found.present, np.nan)
    axes.imshow(
        shown, cmap=colours, norm=norm, aspect="auto", interpolation="nearest", rasterized=True
    )
    for at, first, last in _runs(found.present == 0):
        axes.add_patch(Rectangle((first - 0.5, at - 0.5), last - first, 1, **NO_DATA))
    _draw_feet(axes, found.interpolated)
    if not found.by_year:
        _write_shares(axes, found)
    _draw_grid(axes, found, row)


def _runs(mask: NDArray[np.bool_]) -> Iterator[tuple[int, int, int]]:
    """(row, first column, column behind the last) of each run in bool[rows, columns]."""
    for at, line in enumerate(mask):
        turns = np.flatnonzero(np.diff(np.r_[False, line, False].astype(int)))
        for first, last in turns.reshape(-1, 2):
            yield at, int(first), int(last)


def _draw_feet(axes: Axes, shares: NDArray[np.float64]) -> None:
    """A foot in each day with interpolated frames, as tall as their share of the day."""
    rows, columns = np.nonzero(np.nan_to_num(shares) > 0)
    left, bottom = columns - 0.5, rows + 0.5
    top = bottom - np.maximum(shares[rows, columns], LEAST_FOOT)
    corners = [(left, bottom), (left + 1, bottom), (left + 1, top), (left, top)]
    boxes = np.stack([np.stack(corner, axis=-1) for corner in corners], axis=1)
    axes.add_collection(PolyCollection([*boxes], facecolor=INTERPOLATED, lw=0), autolim=False)


def _write_shares(axes: Axes, found: Calendar) -> None:
    """The percentage of each day that is neither whole nor empty."""
    partial = (found.present > 0) & (found.present < 1)
    for at, column in zip(*np.nonzero(partial), strict=True):
        share = found.present[at, column]
        axes.text(
            column,
            at,
            f"{max(int(100 * share), 1)}",
            ha="center",
            va="center",
            fontsize=SIZES["small"],
            color=INK if share < EDGES[2] else "white",
        )


def _draw_grid(axes: Axes, found: Calendar, row: float) -> None:
    """Names of rows and columns, and white lines between them."""
    rows, columns = found.present.shape
    every = int(np.ceil(ROOM_OF_NAME / row))
    axes.set_yticks(range(0, rows, every), found.names[::every])
    axes.hlines(np.arange(1, rows) - 0.5, -0.5, columns - 0.5, color="white", lw=1.2)
    if found.by_year:
        starts = np.flatnonzero(np.diff(LEAP_YEAR.astype("datetime64[M]").astype(int)) > 0) + 1
        middles = (np.r_[0, starts] + np.r_[starts, LEAP_YEAR.size] - 1) / 2
        names = [MONTHS[3 * number : 3 * number + 3] for number in range(12)]
        axes.set_xticks(middles, names)
        lines = starts
    else:
        axes.set_xticks(range(columns), [str(day + 1) for day in range(columns)])
        lines = np.arange(1, columns)
    # Thin and half transparent over years, where a day is hardly wider than a line.
    width, alpha = (0.5, 0.6) if found.by_year else (0.8, 1)
    axes.vlines(lines - 0.5, -0.5, rows - 0.5, color="white", lw=width, alpha=alpha)
    axes.tick_params(length=0, pad=2)
    axes.xaxis.tick_top()
    axes.set_xlim(-0.5, columns - 0.5)
    axes.set_ylim(rows - 0.5, -0.5)
    for spine in axes.spines.values():
        spine.set_visible(True)
        spine.set_linewidth(0.5)
        spine.set_color(FAINT)


def _table_height(table: Mapping[str, list[Line]]) -> float:
    lines = [line for section in table.values() for line in section]
    notes = sum(bool(line.note) for line in lines)
    return LINE * (len(lines) + 1.5 * len(table)) + NOTE_LINE * notes


def _draw_table(sheet: Sheet, top: float, table: Mapping[str, list[Line]]) -> None:
    """Number and share of what was not used and of what was altered, with bars."""
    right = TABLE_LEFT + TABLE
    small: dict[str, Any] = {"fontsize": SIZES["small"], "va": "baseline"}
    top -= 0.06
    for heading, lines in table.items():
        words = heading if lines else f"{heading}: none"
        sheet.text(TABLE_LEFT, top + BASE, words, va="baseline", fontweight="bold")
        top += LINE
        most = max((line.number for line in lines), default=1)
        for line in lines:
            base = top + BASE
            sheet.text(TABLE_LEFT, base, line.name, **small)
            length = max(BAR * line.number / most, 0.01)
            bar = sheet.axes(TABLE_LEFT + BAR_LEFT, base - 0.083, length, 0.09)
            bar.set_facecolor(MUTED)
            bare(bar, frame=False)
            sheet.text(right - SHARE_ROOM, base, f"{line.number:,}", ha="right", **small)
            sheet.text(right, base, _share(line.share), ha="right", color=MUTED, **small)
            top += LINE
            if line.note:
                sheet.text(TABLE_LEFT + 0.1, top + 0.09, line.note, color=MUTED, **small)
                top += NOTE_LINE
        top += LINE / 2


def _draw_legend(sheet: Sheet) -> None:
    kinds = zip(reversed(CLASS_NAMES), reversed(CLASS_COLOURS), strict=True)
    handles = [Patch(facecolor=colour, label=name) for name, colour in kinds]
    handles.append(Patch(label="none", **NO_DATA))
    handles.append(Patch(facecolor=INTERPOLATED, label="foot: share that is interpolated"))
    sheet.text(MARGIN, 0.855, "Of the frames of a day are there:", fontsize=SIZES["small"])
    sheet.figure.legend(
        handles=handles,
        loc="upper left",
        ncols=len(handles),
        bbox_to_anchor=((MARGIN + 1.9) / sheet.width, 1 - 0.86 / sheet.height),
        borderaxespad=0,
        borderpad=0,
        handlelength=1.4,
        columnspacing=1.4,
    )
