"""The skill figure: a model beside methods without learning, with intervals over storms."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from pluvial.errors import PluvialError
from pluvial.figures.sheet import MARGIN, Sheet, empty
from pluvial.figures.style import FAINT, INK, MUTED, OKABE_ITO, SIZES, style
from pluvial.files.documents import read_json

Document = Mapping[str, Any]

COLOURS = {
    "model": OKABE_ITO["blue"],
    "ridge": OKABE_ITO["orange"],
    "ridge-largest": OKABE_ITO["vermilion"],
    "look-up": OKABE_ITO["green"],
    "climatology": OKABE_ITO["purple"],
    "all-dry": FAINT,
    "persistence": OKABE_ITO["black"],
}
NAMES = {
    "model": "the model",
    "ridge": "ridge on amounts of rain",
    "ridge-largest": "ridge on the model's input",
    "look-up": "look-up of alike rain",
    "climatology": "climatology",
    "all-dry": "all dry",
    "persistence": "depth at NOW, unchanged",
}
WIDTH, NAME_ROOM, GAP = 12.0, 2.1, 0.55
TOP, ROW, UNDER = 1.35, 0.36, 1.15
LOWER, COURSES = 2.3, 2.0
THRESHOLD_COLOURS = (OKABE_ITO["sky"], OKABE_ITO["blue"], OKABE_ITO["vermilion"])


def draw_skill(report: Path, hydrographs: Path, storms: int, path: Path) -> None:
    """Draw the scores of all methods, and the courses at the first gauge; PNG and SVG.

    Args:
        report: JSON file as ``diagnostics.skill.make_skill`` writes it.
        hydrographs: the table beside it.
        storms: how many are drawn, those with the highest peaks.
        path: the PNG to make.
    """
    document = read_json(report)
    try:
        skill_sheet(document, pd.read_parquet(hydrographs), storms).save(path)
    except (KeyError, TypeError) as error:
        raise PluvialError(
            f"not a report of skill ({type(error).__name__}: {error})",
            where=report,
            remedy="Delete it and run the workflow again to remake it",
        ) from None


@style()
def skill_sheet(document: Document, courses: pd.DataFrame, storms: int) -> Sheet:
    """The page: scores above, neighbourhoods and odds in the middle, hydrographs below."""
    methods = [name for name in COLOURS if name in document["methods"]]
    height = ROW * len(methods)
    second = TOP + height + UNDER
    third = second + LOWER + 1.15
    sheet = Sheet(WIDTH, third + COURSES + 0.6)
    sheet.title(
        "Water depth from rain: how good it is on held-out storms",
        _wrapped(document["headline"]),
        f"{document['records']:,} maps of {document['storms']} storms, {document['first'][:10]} to "
        f"{document['last'][:10]}\nbars: 95 % intervals over storms",
    )
    _draw_scores(sheet, document, methods, height)
    half = (WIDTH - 2 * MARGIN - 0.9) / 2
    _draw_neighbourhoods(sheet, document, methods, (MARGIN + 0.45, second, half - 1.6, LOWER))
    right = MARGIN + half + 1.35
    _draw_odds(sheet, document, (right, second, half - 1.75, LOWER))
    _draw_courses(sheet, document, courses, storms, third)
    return sheet


def _wrapped(words: str, most: int = 118) -> str:
    """The first sentences of a headline that fit two lines."""
    lines = [""]
    for word in words.split():
        if len(lines[-1]) + len(word) > most:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines[:2])


def _draw_scores(sheet: Sheet, document: Document, methods: list[str], height: float) -> None:
    """A panel of CSI for each threshold, a line for each method."""
    thresholds = document["thresholds_m"]
    room = WIDTH - 2 * MARGIN - NAME_ROOM
    width = (room - GAP * (len(thresholds) - 1)) / len(thresholds)
    for row, name in enumerate(methods):
        top = TOP + ROW * (row + 0.5)
        weight = "bold" if name == "model" else "normal"
        sheet.text(MARGIN, top, NAMES[name], va="center", fontweight=weight)
    for number, key in enumerate(thresholds):
        left = MARGIN + NAME_ROOM + number * (width + GAP)
        words = f"CSI of water deeper than {key} m"
        sheet.heading(left, TOP - 0.1, "abcdefgh"[number], words)
        axes = sheet.axes(left, TOP, width, height)
        axes.set(ylim=(len(methods), 0), xlim=(0, 1), yticks=[])
        axes.spines["left"].set_visible(False)
        axes.grid(axis="x", color="#e4e8ec", lw=0.6)
        for row, name in enumerate(methods):
            _draw_number(axes, row + 0.5, document["methods"][name]["thresholds"][key]["csi"], name)
    sheet.text(
        MARGIN,
        TOP + height + 0.32,
        "The last line knows the depth five minutes before, which no method above it does; it "
        "stands apart. CSI: hits / (hits + misses + false alarms), over all cells of all maps.",
        color=MUTED,
        fontsize=SIZES["small"],
    )


def _draw_number(axes: Axes, y: float, number: Document, name: str) -> None:
    if number["value"] is None:
        axes.text(0.01, y, "not defined", va="center", color=MUTED, fontsize=SIZES["small"])
        return
    colour, value = COLOURS[name], number["value"]
    bounds = number["interval"] or [value, value]
    axes.plot(bounds, [y, y], color=colour, lw=2.2, alpha=0.45, solid_capstyle="butt")
    axes.plot(value, y, "o", color=colour, ms=5.5, mew=0, clip_on=False)
    left = bounds[1] > 0.86
    axes.annotate(
        f"{value:.2f}",
        (bounds[0] if left else bounds[1], y),
        xytext=(-7 if left else 7, 0),
        textcoords="offset points",
        ha="right" if left else "left",
        va="center",
        fontsize=SIZES["small"],
        annotation_clip=False,
    )


def _draw_neighbourhoods(
    sheet: Sheet, document: Document, methods: list[str], box: tuple[float, float, float, float]
) -> None:
    """Fractions skill score by the side of the neighbourhood, at the threshold that counts."""
    key = counted(document)
    sheet.heading(box[0] - 0.45, box[1] - 0.1, "d", f"Near enough? FSS at {key} m")
    axes = sheet.axes(*box)
    scales = document["scales_cells"]
    ends = []
    for name in methods:
        scores = document["methods"][name]["thresholds"][key]["fss"]
        values = [scores[str(scale)]["value"] for scale in scales]
        if None in values:
            continue
        axes.plot(scales, values, "o-", color=COLOURS[name], lw=1.3, ms=4, label=NAMES[name])
        ends.append(values[-1])
    axes.set(ylim=(0, 1.02), xticks=scales, xlabel="side of the neighbourhood (cells)")
    axes.set_ylabel("fractions skill score")
    axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1.0), borderaxespad=0)
    if not ends:
        empty(axes, "nothing is flooded")


def counted(document: Document) -> str:
    """The threshold that the verdict is about."""
    name = str(document["rules"][0]["name"])
    return name.removeprefix("ahead at ").removesuffix(" m")


def _draw_odds(sheet: Sheet, document: Document, box: tuple[float, float, float, float]) -> None:
    """Reliability diagram of the model."""
    sheet.heading(box[0] - 0.45, box[1] - 0.1, "e", "Is a chance of 30 % one of 30 %? The model's")
    axes = sheet.axes(*box)
    axes.plot([0, 1], [0, 1], color=FAINT, lw=1)
    diagrams = document["methods"]["model"]["reliability"]
    for number, (key, classes) in enumerate(diagrams.items()):
        colour = THRESHOLD_COLOURS[number % len(THRESHOLD_COLOURS)]
        x, y = ([entry[name] for entry in classes] for name in ("predicted", "flooded"))
        sizes = [6 + 9 * np.log10(max(1, entry["cells"])) for entry in classes]
        axes.plot(x, y, "-", color=colour, lw=1.1)
        axes.scatter(x, y, s=sizes, color=colour, lw=0, label=f"deeper than {key} m", zorder=3)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel="predicted probability")
    axes.set_ylabel("share that was flooded")
    axes.legend(
        loc="upper left",
        bbox_to_anchor=(1.02, 1.0),
        borderaxespad=0,
        title="dots: the more cells,\nthe larger",
        title_fontsize=SIZES["small"],
    )


def _draw_courses(
    sheet: Sheet, document: Document, courses: pd.DataFrame, storms: int, top: float
) -> None:
    """Hydrographs of the storms with the highest peaks at the first gauge."""
    gauge = next(iter(document["gauges"]))
    best = str(document["rules"][0]["numbers"].get("best") or "climatology")
    place = document["gauges"][gauge]
    words = f"Depth at the gauge “{gauge}” (row {place['row']}, column {place['col']})"
    sheet.heading(MARGIN, top - 0.35, "f", f"{words}, the largest held-out storms")
    shown = largest(document, gauge, storms)
    here = courses[courses["gauge"] == gauge]
    if not shown:
        empty(sheet.axes(MARGIN, top, WIDTH - 2 * MARGIN, COURSES), "no storm has a peak here")
        return
    highest = 0.0
    width = (WIDTH - 2 * MARGIN - 0.45 - 0.3 * (len(shown) - 1)) / len(shown)
    panels = []
    for number, storm in enumerate(shown):
        axes = sheet.axes(MARGIN + 0.45 + number * (width + 0.3), top, width, COURSES)
        rows = here[here["storm"] == storm]
        times = rows["time"].to_numpy(np.int64).astype("datetime64[s]")
        axes.plot(times, rows["true"], color=INK, lw=2, label="simulated (truth)")
        axes.plot(times, rows[best], color=COLOURS[best], lw=1.1, label=NAMES[best])
        axes.plot(times, rows["model"], color=COLOURS["model"], lw=1.5, label=NAMES["model"])
        locator = mdates.AutoDateLocator(minticks=2, maxticks=5)
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator))
        axes.yaxis.set_major_locator(MaxNLocator(5))
        highest = max(highest, float(rows[["true", best, "model"]].max().max()))
        panels.append(axes)
    for number, axes in enumerate(panels):
        axes.set_ylim(0, 1.05 * highest)
        if number:
            axes.tick_params(labelleft=False)
    panels[0].set_ylabel("water depth (m)")
    handles, labels = panels[0].get_legend_handles_labels()
    sheet.figure.legend(
        handles,
        labels,
        loc="upper right",
        ncols=3,
        bbox_to_anchor=(1 - MARGIN / sheet.width, 1 - (top - 0.52) / sheet.height),
        borderaxespad=0,
    )


def largest(document: Document, gauge: str, most: int) -> list[int]:
    """The numbers of the storms with the highest true peaks at a gauge, in order of time."""
    peaks = [entry for entry in document["storms_at_gauges"] if entry["gauge"] == gauge]
    peaks.sort(key=lambda entry: -entry["peak_m"])
    return sorted(int(entry["storm"]) for entry in peaks[:most])
