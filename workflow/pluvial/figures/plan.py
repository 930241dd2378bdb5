"""The plan figure: what became of every candidate record, from when to when, and what leaks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from numpy.typing import NDArray

from pluvial.errors import PluvialError
from pluvial.figures.planned import COLOURS, KEPT, Plan, read_plan
from pluvial.figures.records import REMEDY
from pluvial.figures.sheet import MARGIN, Sheet, empty
from pluvial.figures.style import (
    FAINT,
    INK,
    MUTED,
    OKABE_ITO,
    SIZES,
    percent,
    style,
)
from pluvial.files.documents import read_json
from pluvial.records.segments import SPLITS

WORDS = {
    "incomplete window": "the window would begin before the case does",
    "rain gap": "a rain frame of the window is missing",
    "no depth": "there is no depth at NOW + lead",
    "purged": "less than {purge:.3g} h after a boundary of splits",
    "duplicate": "the same rain and depth as an earlier one",
    "dry surplus": "a dry window beyond `records.dry_share`",
}
SPLIT_NAMES = {"train": "training", "val": "validation", "test": "test"}

NAMES, SPAN, GAP, TABLE = 1.45, 6.35, 0.55, 3.35
PAGE_WIDTH = MARGIN + NAMES + SPAN + GAP + TABLE + MARGIN
LEFT, TABLE_LEFT = MARGIN + NAMES, PAGE_WIDTH - MARGIN - TABLE
TOP, ALL_HEIGHT, DROPPED_HEIGHT, LANE = 1.25, 1.9, 1.15, 0.2
BETWEEN, FOOT = 0.55, 0.7
"""Between two panels, and below the last, inches."""
LINE, NOTE_LINE, METER_TOP, METER_HEIGHT = 0.2, 0.15, 1.1, 0.62
HOUR = np.timedelta64(3600, "s")
WIDE_BAR, BAR_GAP = 0.08, 0.012
"""Bars at least as wide, inches, are set apart by a gap."""
FAINTEST = 0.25
"""Opacity of the month or day of a lane with next to nothing in it."""


def draw_plan(
    plans: Sequence[Path], tables: Sequence[Path], leakage: Path | None, path: Path
) -> None:
    """Draw what became of every candidate; write ``path`` and its SVG.

    Args:
        plans: the summaries of the plan, one JSON file per edition, in order of time.
        tables: the plans themselves, read if the span is too short to be counted by month.
        leakage: the leak meter's reading, if it is to be shown.
        path: the PNG to make.
    """
    plan_sheet(plans, tables, leakage).save(path)


@style()
def plan_sheet(plans: Sequence[Path], tables: Sequence[Path], leakage: Path | None) -> Sheet:
    """The page: bars by month or day, and lanes of time; the numbers and the leak meter."""
    found = read_plan(plans, tables)
    sheet = Sheet(PAGE_WIDTH, TOP + max(_left_height(found), _right_height(found, leakage)) + FOOT)
    total, kept = found.totals.total(), found.totals[KEPT]
    sheet.title(
        "What became of every candidate record",
        f"{total:,} candidates, {_iso(found.first)} to {_iso(found.last)}: {kept:,} kept "
        f"({_share(kept, total)}), {total - kept:,} dropped ({_share(total - kept, total)})."
        + (" Dashed: here begins what was appended." if found.appended else ""),
    )
    top = TOP
    sheet.heading(MARGIN, top - 0.12, "a", f"Kept and dropped, by calendar {found.unit}")
    _draw_bars(sheet, top, ALL_HEIGHT, found, [KEPT, *found.reasons])
    top += ALL_HEIGHT + BETWEEN
    sheet.heading(MARGIN, top - 0.12, "b", "The dropped ones alone")
    _draw_bars(sheet, top, DROPPED_HEIGHT, found, found.reasons)
    top += DROPPED_HEIGHT + BETWEEN
    sheet.heading(
        MARGIN,
        top - 0.12,
        "c",
        "Splits, and from when to when candidates are dropped (darker: more of them)",
    )
    _draw_lanes(sheet, top, found)
    sheet.heading(TABLE_LEFT, TOP - 0.12, "d", "Why")
    top = _draw_table(sheet, found)
    if leakage is not None:
        _draw_meter(sheet, top, leakage)
    return sheet


def _iso(time: np.datetime64) -> str:
    return f"{time.astype('datetime64[m]')}Z"


def _share(part: int, whole: int) -> str:
    """``part`` of ``whole`` in words; all but a few is never 100 %, and a few are never 0 %."""
    share = part / whole if whole else 0.0
    if 0 < share < 1e-4:
        return "< 0.01 %"
    return f"{int(1000 * share) / 10:.1f} %" if 0.995 <= share < 1 else percent(share)


def _left_height(found: Plan) -> float:
    lanes = LANE * (len(SPLITS) + len(found.reasons))
    return ALL_HEIGHT + DROPPED_HEIGHT + 2 * BETWEEN + lanes


def _right_height(found: Plan, leakage: Path | None) -> float:
    table = (LINE + 2 * NOTE_LINE) * (1 + len(found.reasons))
    return table + (METER_TOP + METER_HEIGHT if leakage is not None else 0)


def _colour(name: str) -> str:
    return COLOURS.get(name, OKABE_ITO["black"])


def _days(times: Sequence[np.datetime64] | NDArray[np.datetime64]) -> NDArray[np.float64]:
    """Times as days since 1970: matplotlib's dates, float64 of the same shape."""
    return np.array(times, dtype="datetime64[s]").astype(np.int64) / 86400.0


def _set_span(axes: Axes, found: Plan, *, named: bool) -> None:
    """The axis of time, the same in all panels; ``named`` says whether with its dates."""
    axes.set_xlim(*_days([found.first, max(found.last, found.first + HOUR)]))
    locator = AutoDateLocator(minticks=3, maxticks=8, tz="UTC")
    axes.xaxis.set_major_locator(locator)
    if named:
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz="UTC"))
        axes.set_xlabel("time (UTC)")
    else:
        axes.tick_params(axis="x", labelbottom=False)
    for start in _days(found.appended):
        axes.axvline(start, color=INK, lw=0.7, ls=(0, (3, 2)))


def _draw_bars(sheet: Sheet, top: float, height: float, found: Plan, names: Sequence[str]) -> None:
    """Stacked bars of ``names``, each as wide as its month or day reaches into the span."""
    axes = sheet.axes(LEFT, top, SPAN, height)
    axes.set_ylabel("candidates")
    _set_span(axes, found, named=False)
    if not names or not found.bins:
        empty(axes, "none")
        axes.set_yticks([])
        return
    starts, ends = _days(found.edges).T
    widths = ends - starts
    inch = float(np.diff(axes.get_xlim())[0]) / SPAN
    gap = BAR_GAP * inch if np.median(widths) > WIDE_BAR * inch else 0.0
    bottom = np.zeros(len(starts))
    for name in names:
        counts = np.array([one[name] for one in found.bins.values()], dtype=np.float64)
        axes.bar(
            starts + gap / 2,
            counts,
            np.maximum(widths - gap, 0.5 * widths),
            bottom,
            align="edge",
            color=_colour(name),
            label=name,
            lw=0,
        )
        bottom += counts
    axes.set_ylim(0, 1.04 * max(bottom.max(), 1))
    axes.yaxis.set_major_formatter(lambda number, _: f"{number:,.0f}")
    axes.locator_params(axis="y", nbins=5, integer=True)


def _draw_lanes(sheet: Sheet, top: float, found: Plan) -> None:
    """A lane for each split and each reason."""
    lanes = [*SPLITS, *found.reasons]
    axes = sheet.axes(LEFT, top, SPAN, LANE * len(lanes))
    for number, split in enumerate(SPLITS):
        mine = [one for one in found.segments if one.split == split]
        for since, until, colour in (
            ([one.purged for one in mine], [one.end for one in mine], MUTED),
            ([one.start for one in mine], [one.purged for one in mine], COLOURS["purged"]),
        ):
            starts, ends = _days(since), _days(until)
            spans = [*zip(starts, ends - starts, strict=True)]
            axes.broken_barh(spans, (number + 0.15, 0.7), facecolor=colour, lw=0)
    for number, reason in enumerate(found.reasons, start=len(SPLITS)):
        _draw_reason(axes, number, found, reason)
    names = [
        *(f"{SPLIT_NAMES[split]}, {found.records[split]:,}" for split in SPLITS),
        *found.reasons,
    ]
    axes.set_yticks(np.arange(len(lanes)) + 0.5, names)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(lanes), 0)
    axes.hlines(range(1, len(lanes)), *axes.get_xlim(), color=FAINT, lw=0.3, zorder=0)
    _set_span(axes, found, named=True)


def _draw_reason(axes: Axes, number: int, found: Plan, reason: str) -> None:
    """From the first to the last candidate; the more in a month or day, the darker."""
    first, last = _days(found.spans[reason])
    edges = np.clip(_days(found.edges), first, last)
    counts = np.array([one[reason] for one in found.bins.values()])
    opacity = FAINTEST + (1 - FAINTEST) * np.sqrt(counts / counts.max())
    axes.broken_barh(
        [*zip(edges[:, 0], edges[:, 1] - edges[:, 0], strict=True)],
        (number + 0.25, 0.5),
        facecolor=[to_rgba(_colour(reason), a) for a in np.where(counts, opacity, 0)],
        lw=0,
    )
    ends: dict[str, Any] = {"marker": "|", "ms": 7, "mew": 1.6, "lw": 0.7, "clip_on": False}
    axes.plot([first, last], [number + 0.5] * 2, color=_colour(reason), **ends)


def _draw_table(sheet: Sheet, found: Plan) -> float:
    """Numbers, shares, words and spans of what is kept and dropped; returns where it ends."""
    total, top = found.totals.total(), TOP
    right = TABLE_LEFT + TABLE
    for name in (KEPT, *found.reasons):
        base = top + 0.14
        swatch = sheet.axes(TABLE_LEFT, base - 0.095, 0.1, 0.1)
        swatch.set_facecolor(_colour(name))
        swatch.set_axis_on()
        for spine in swatch.spines.values():
            spine.set_visible(False)
        swatch.set_xticks([])
        swatch.set_yticks([])
        number = found.totals[name]
        bold: dict[str, Any] = {"va": "baseline", "fontweight": "bold"}
        sheet.text(TABLE_LEFT + 0.17, base, name, **bold)
        sheet.text(right - 0.62, base, f"{number:,}", ha="right", **bold)
        sheet.text(right, base, _share(number, total), ha="right", va="baseline")
        notes = "\n".join(_notes(found, name))
        sheet.text(TABLE_LEFT + 0.17, base + 0.05, notes, fontsize=SIZES["small"], color=MUTED)
        top += LINE + NOTE_LINE * 2
    return top


def _notes(found: Plan, name: str) -> list[str]:
    if name == KEPT:
        return [f"of them {found.seen:,} with the rain of an earlier one"] if found.seen else []
    first, last = found.spans[name]
    when = _iso(first) if first == last else f"{_iso(first)} to {_iso(last)}"
    return [WORDS[name].format(purge=found.purge_hours), when] if name in WORDS else [when]


def _draw_meter(sheet: Sheet, top: float, leakage: Path) -> None:
    """What a memoriser scores on the chosen split, and on a random one."""
    document = read_json(leakage)
    try:
        rows = [
            (f"split by {document['chosen']['by']} (chosen)", document["chosen"]["csi"], INK),
            ("random frames", document["random"]["csi"], OKABE_ITO["vermilion"]),
        ]
        neighbours, threshold = document["neighbours"], document["threshold_m"]
        note = (
            f"It predicts what most of the {neighbours} nearest training rains flooded\n"
            f"(> {threshold:g} m). A model has to beat it on the chosen split;\n"
            "what it scores on random frames beyond that is leaked."
        )
    except (KeyError, TypeError) as error:
        raise PluvialError(
            f"not a reading of the leak meter ({type(error).__name__}: {error})",
            where=leakage,
            remedy=REMEDY,
        ) from None
    sheet.heading(TABLE_LEFT, top + 0.42, "e", "What a memoriser scores", note)
    axes = sheet.axes(TABLE_LEFT + 1.4, top + METER_TOP, TABLE - 1.4, METER_HEIGHT - 0.1)
    for number, (_, score, colour) in enumerate(rows):
        axes.barh(number + 0.5, score or 0.0, 0.6, color=colour)
        words = "none: nothing is flooded" if score is None else f"{score:.2f}"
        axes.annotate(
            words,
            (score or 0.0, number + 0.5),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=SIZES["small"],
        )
    axes.set_yticks([0.5, 1.5], [name for name, _, _ in rows])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(2, 0)
    axes.set_xlim(0, 1)
    axes.set_xlabel("critical success index, CSI")
