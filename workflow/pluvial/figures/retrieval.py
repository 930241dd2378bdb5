"""The retrieval figure: the trained encoders beside baselines, controls and chance."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from pluvial.errors import PluvialError
from pluvial.figures.sheet import MARGIN, Sheet
from pluvial.figures.style import FAINT, INK, MUTED, OKABE_ITO, SIZES, percent, style
from pluvial.files.documents import read_json

MEASURES = ("R@1", "R@10")
DIRECTIONS = {
    "rain_to_depth": ("rain → depth map", OKABE_ITO["blue"], "o", -0.17),
    "depth_to_rain": ("depth map → rain", OKABE_ITO["orange"], "D", 0.17),
}
"""Name, colour, marker, and offset within a row, of each direction."""

CONTROLS = {"shuffled": "trained on shuffled pairs", "untrained": "untrained"}
NAME_ROOM, PANEL_WIDTH, PANEL_GAP, ROW = 2.35, 3.3, 0.85, 0.44
TOP, FOOT = 1.35, 1.3


@dataclass(frozen=True)
class Line:
    """One line of the figure: a method and its scores, or the heading of a group."""

    name: str
    scores: dict[str, Any] | None


def draw_retrieval(report: Path, path: Path) -> None:
    """Draw recall at 1 and at 10, both directions, of all methods; write ``path`` and its SVG.

    Args:
        report: JSON file as ``diagnostics.judge.make_retrieval`` writes it.
        path: the PNG to make.
    """
    retrieval_sheet(report).save(path)


@style()
def retrieval_sheet(report: Path) -> Sheet:
    """The page: a panel for each measure, a line for each method."""
    document = read_json(report)
    try:
        lines = _lines(document["methods"])
        return _compose(document, lines)
    except (KeyError, TypeError) as error:
        raise PluvialError(
            f"not a retrieval report ({type(error).__name__}: {error})",
            where=report,
            remedy="Delete it and run the workflow again to remake it",
        ) from None


def _lines(methods: dict[str, Any]) -> list[Line]:
    """Methods in groups: what was trained, what needs no training, what must fail."""
    groups = {
        "encoders": {"trained": "trained"},
        "baselines without learning": {
            name: name for name in methods if name != "trained" and name not in CONTROLS
        },
        "controls, to end at chance": CONTROLS,
    }
    lines: list[Line] = []
    for group, names in groups.items():
        present = [Line(words, methods[name]) for name, words in names.items() if name in methods]
        if present:
            lines += [Line(group, None), *present]
    return lines


def _compose(document: dict[str, Any], lines: list[Line]) -> Sheet:
    height = ROW * len(lines)
    width = MARGIN + NAME_ROOM + 2 * PANEL_WIDTH + PANEL_GAP + 0.6 + MARGIN
    sheet = Sheet(width, TOP + height + FOOT)
    sheet.title(
        "Retrieval on held-out storms: which depth map belongs to this rain, and back",
        f"{document['queries']:,} queries among {document['candidates']:,} candidates of the "
        f"{document['split']} split; beside each share, how many times chance it is.",
    )
    for number, line in enumerate(lines):
        heading = line.scores is None
        sheet.text(
            MARGIN + (0 if heading else 0.15),
            TOP + ROW * (number + (0.68 if heading else 0.5)),
            line.name,
            va="center",
            color=MUTED if heading else INK,
            fontsize=SIZES["small"] if heading else SIZES["text"],
            fontweight="bold" if line.name == "trained" else "normal",
        )
    for number, measure in enumerate(MEASURES):
        left = MARGIN + NAME_ROOM + number * (PANEL_WIDTH + PANEL_GAP)
        what = "the true one first" if measure == "R@1" else "the true one among the first ten"
        sheet.heading(left, TOP - 0.3, "ab"[number], f"{measure}: {what}")
        axes = sheet.axes(left, TOP, PANEL_WIDTH, height)
        _draw_measure(axes, lines, measure, float(document["chance"][measure]))
    _draw_legend(sheet)
    sheet.text(
        MARGIN, TOP + height + 0.6, _footnote(document), color=MUTED, fontsize=SIZES["small"]
    )
    return sheet


def _draw_measure(axes: Axes, lines: list[Line], measure: str, chance: float) -> None:
    """Dots with their numbers, and stems from chance."""
    axes.set_ylim(len(lines), 0)
    axes.axvline(chance, color=FAINT, lw=1, zorder=0)
    axes.annotate(
        f"chance {percent(chance)}",
        (chance, 0),
        xytext=(3, 2),
        textcoords="offset points",
        fontsize=SIZES["small"],
        color=MUTED,
        annotation_clip=False,
    )
    most = chance
    for number, line in enumerate(lines):
        if line.scores is None:
            continue
        for direction, (_, colour, marker, offset) in DIRECTIONS.items():
            share, y = float(line.scores[direction][measure]), number + 0.5 + offset
            most = max(most, share)
            axes.plot([chance, share], [y, y], color=colour, lw=1.2, alpha=0.5, zorder=1)
            axes.plot(share, y, marker, color=colour, ms=5, mew=0, clip_on=False)
            axes.annotate(
                f"{100 * share:.1f} %  {share / chance:.1f}×",
                (max(share, chance), y),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                fontsize=SIZES["small"],
                annotation_clip=False,
            )
    axes.set_xlim(0, 1.05 * most)
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(lambda share, _: f"{100 * share:g}")
    axes.set_xlabel(f"{measure} (% of queries)")
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)


def _draw_legend(sheet: Sheet) -> None:
    handles = [
        Line2D([], [], marker=marker, ls="", ms=5, mew=0, color=colour, label=name)
        for name, colour, marker, _ in DIRECTIONS.values()
    ]
    sheet.figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(MARGIN / sheet.width, 1 - 0.88 / sheet.height),
        borderaxespad=0,
        borderpad=0,
        handletextpad=0.1,
        labelspacing=0.35,
    )


def _footnote(document: dict[str, Any]) -> str:
    tolerance, spacing = document["tolerance_minutes"], document["spacing_minutes"]
    dry, records = document["left_out_without_rain"], document["records"]
    apart = records - dry - document["queries"]
    sampling = [words for words in document["sampling"] if words.startswith(document["split"])]
    if sampling:
        asked = (
            f"as queries also those that are farther than {tolerance:g} min from every candidate. "
            f"Judged is a sample: {sampling[0]}."
        )
    else:
        asked = (
            f"as queries also {apart:,} that are farther than {tolerance:g} min from every "
            "candidate."
        )
    return (
        f"A query is answered if a candidate within {tolerance:g} min of the true time comes first "
        "(R@1) or among the first ten (R@10).\nA candidate as similar as the true one counts as "
        "better: ties never win.\n"
        f"Candidates lie at least {spacing:g} min apart. Left out of the {records:,} records: "
        f"{dry:,} without rain in their window, which no method can tell apart;\n"
        f"{asked}"
    )
