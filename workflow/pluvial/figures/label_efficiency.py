"""The figure of label efficiency: how good a model is with few labels, by how it started."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from pluvial.errors import PluvialError
from pluvial.figures.sheet import MARGIN, Sheet
from pluvial.figures.style import MUTED, OKABE_ITO, SIZES, style
from pluvial.files.documents import read_json

STARTS = {
    "scratch": ("from scratch", OKABE_ITO["black"], "o", -0.04),
    "frozen": ("pretrained, frozen", OKABE_ITO["orange"], "s", 0.0),
    "finetuned": ("pretrained, fine-tuned", OKABE_ITO["blue"], "D", 0.04),
}
"""Name, colour, marker and offset (in decades) of each start."""
WIDTH, TOP, HEIGHT, GAP, FOOT = 12.0, 1.35, 3.0, 0.75, 1.15


def draw_label_efficiency(report: Path, path: Path) -> None:
    """Draw CSI by share of the labels, a line for each start; PNG and SVG.

    Args:
        report: JSON file as ``diagnostics.label_efficiency`` writes it.
        path: the PNG to make.
    """
    document = read_json(report)
    try:
        efficiency_sheet(document).save(path)
    except (KeyError, TypeError) as error:
        raise PluvialError(
            f"not a report of label efficiency ({type(error).__name__}: {error})",
            where=report,
            remedy="Delete it and run the workflow again to remake it",
        ) from None


@style()
def efficiency_sheet(document: Mapping[str, Any]) -> Sheet:
    """The page: a panel for each threshold."""
    thresholds = document["thresholds_m"]
    sheet = Sheet(WIDTH, TOP + HEIGHT + FOOT)
    seeds = max(
        len(values)
        for shares in document["seeds"].values()
        for numbers in shares.values()
        for values in numbers.values()
    )
    sheet.title(
        "Does pretraining help? Skill on held-out storms, by how much depth was trained on",
        f"Dots: each of {seeds} trainings. Lines: their mean, with 95 % intervals over the "
        f"trainings and {document['storms']} storms.",
    )
    width = (WIDTH - 2 * MARGIN - 0.4 - GAP * (len(thresholds) - 1)) / len(thresholds)
    panels = []
    for number, key in enumerate(thresholds):
        left = MARGIN + 0.4 + number * (width + GAP)
        words = f"CSI of water deeper than {key} m"
        sheet.heading(left - 0.4, TOP - 0.15, "abcdefgh"[number], words)
        axes = sheet.axes(left, TOP, width, HEIGHT)
        _draw_panel(axes, document, key)
        panels.append(axes)
    handles, labels = panels[0].get_legend_handles_labels()
    sheet.figure.legend(
        handles,
        labels,
        loc="upper left",
        ncols=3,
        bbox_to_anchor=(MARGIN / sheet.width, 1 - 0.78 / sheet.height),
        borderaxespad=0,
        borderpad=0,
    )
    sheet.text(
        MARGIN,
        TOP + HEIGHT + 0.6,
        _lead_words(document),
        color=MUTED,
        fontsize=SIZES["small"],
    )
    return sheet


def _draw_panel(axes: Axes, document: Mapping[str, Any], key: str) -> None:
    shares = sorted({int(share) for by_share in document["csi"].values() for share in by_share})
    for start, (name, colour, marker, offset) in STARTS.items():
        numbers = document["csi"].get(start, {})
        known = [
            (share, numbers[str(share)][key])
            for share in shares
            if str(share) in numbers and numbers[str(share)][key]["value"] is not None
        ]
        places = [share * 10**offset for share, _ in known]
        values = [number["value"] for _, number in known]
        axes.plot(places, values, "-", color=colour, lw=1.3, marker=marker, ms=5, label=name)
        for place, (share, number) in zip(places, known, strict=True):
            if number["interval"]:
                axes.plot([place] * 2, number["interval"], color=colour, lw=3, alpha=0.3)
            dots = [one for one in document["seeds"][start][str(share)][key] if one is not None]
            axes.plot([place] * len(dots), dots, ".", color=colour, ms=4, alpha=0.6)
    axes.set_xscale("log")
    axes.set_xticks(shares, labels=[f"{share} %" for share in shares])
    axes.minorticks_off()
    axes.set_xlabel("share of the training storms with depth")
    axes.grid(axis="y", color="#e4e8ec", lw=0.6)
    axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))


def _lead_words(document: Mapping[str, Any]) -> str:
    """The leads over scratch at the threshold that counts, a line for each start."""
    key = document["counted_m"]
    lines = []
    for start, shares in document["leads"].items():
        parts = []
        for share, numbers in sorted(shares.items(), key=lambda item: int(item[0])):
            gain = numbers[key]
            if gain["value"] is None:
                continue
            words = _signed(gain["value"])
            if gain["interval"]:
                words += f" [{', '.join(_signed(bound) for bound in gain['interval'])}]"
            parts.append(f"{words} at {share} %")
        lines.append(f"{STARTS[start][0]} less scratch, CSI at {key} m: {'; '.join(parts)}")
    return "\n".join(lines)


def _signed(value: float) -> str:
    """Three decimals: leads are small. What is rounded to zero has no sign."""
    rounded = round(value, 3)
    return f"{rounded:+.3f}".replace("-", "−") if rounded else "0"
