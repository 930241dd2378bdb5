"""The figure of the probes: what the model and the solver do with rain changed on purpose."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from pluvial.figures.layers import show_over
from pluvial.figures.predicted import ERROR_CLASSES
from pluvial.figures.relief import Relief, shade
from pluvial.figures.sheet import MARGIN, Sheet, class_bar
from pluvial.figures.style import DEPTH_CLASSES, INK, MUTED, OKABE_ITO, SIZES, Classes, style
from pluvial.files.documents import read_json
from pluvial.frames.elevation import read_elevation

Arrays = Mapping[str, NDArray[np.float32]]

BASE, LATER, DELETED = "as it was", "an hour later", "deleted"
EASTWARDS, MIRRORED = "a cell eastwards", "terrain mirrored"
COLOURS = {BASE: INK, LATER: OKABE_ITO["orange"], DELETED: OKABE_ITO["vermilion"]}
WIDTH, TOP, COURSE, MAP_GAP, ROW = 12.0, 1.2, 2.1, 0.12, 0.235
TITLE = "Rain changed on purpose: what the model does, and the solver on the same rain"
ANSWER = {True: "kept", False: "broken", None: "not asked"}


def draw_probes(report: Path, responses: Path, heightmap: Path, path: Path) -> None:
    """Draw the probes of the largest held-out storm, and the table of all; PNG and SVG.

    Args:
        report: JSON file as ``diagnostics.probe_model`` writes it.
        responses: the arrays beside it.
        heightmap: elevations.
        path: the PNG to make.
    """
    grid, elevation = read_elevation(heightmap)
    with np.load(responses, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    probes_sheet(read_json(report), arrays, elevation, grid.cell).save(path)


@style()
def probes_sheet(
    document: Mapping[str, Any], arrays: Arrays, elevation: NDArray[np.float32], cell: float
) -> Sheet:
    """The page: courses and scaling above, maps in the middle, the table below."""
    if not document["storms"]:
        sheet = Sheet(WIDTH, 1.2)
        sheet.title(TITLE, "No held-out storm has rain and a flood at the gauge: nothing is shown.")
        return sheet
    rows, cols = elevation.shape
    side = (WIDTH - 2 * MARGIN - 3 * MAP_GAP - 0.5) / 4
    tall = min(side * rows / cols, 3.6)
    side = tall * cols / rows
    maps = TOP + COURSE + 0.95
    table = maps + tall + 0.9
    sheet = Sheet(WIDTH, table + ROW * (len(document["probes"]) + 1) + 0.35)
    passed = sum(row["kept"] is True for row in document["probes"])
    storm = document["storms"][0]
    sheet.title(
        TITLE,
        f"Shown: the storm of {storm['first'][:16].replace('T', ' ')}, alone, from dry ground. "
        f"{passed} of {len(document['probes'])} rules are kept in all of "
        f"{len(document['storms'])} storms.",
    )
    half = (WIDTH - 2 * MARGIN - 1.2) / 2
    sheet.heading(MARGIN, TOP - 0.1, "a", "Deleted, and an hour later: mean depth (m)")
    _draw_courses(sheet.axes(MARGIN + 0.4, TOP, half, COURSE), arrays)
    left = MARGIN + half + 1.2
    sheet.heading(left - 0.4, TOP - 0.1, "b", "Scaled: mean depth at the solver's peak (m)")
    _draw_scaling(sheet.axes(left, TOP, half - 0.4, COURSE), arrays)
    _draw_maps(sheet, arrays, elevation, cell, (MARGIN, maps, side, tall))
    _draw_table(sheet, document, table)
    return sheet


def _draw_courses(axes: Axes, arrays: Arrays) -> None:
    for name, colour in COLOURS.items():
        hours = np.arange(arrays[f"{name}/solver/mean"].size) * float(arrays["step_hours"])
        for kind, line in (("solver", "-"), ("model", "--")):
            label = f"{name}, {kind}"
            mean = arrays[f"{name}/{kind}/mean"]
            axes.plot(hours, mean, line, color=colour, lw=1.4, label=label)
    axes.set(ylim=(0, None), xlabel="hours")
    axes.legend(loc="upper right", ncols=1)


def _draw_scaling(axes: Axes, arrays: Arrays) -> None:
    factors = {1.0: BASE} | {
        float(name.split("/")[0].removeprefix("times ")): name.split("/")[0]
        for name in arrays
        if name.startswith("times ")
    }
    order = sorted(factors)
    for kind, colour, line in (("solver", INK, "-"), ("model", OKABE_ITO["blue"], "--")):
        values = [float(np.nanmean(arrays[f"{factors[f]}/{kind}/map"])) for f in order]
        axes.plot(order, values, line, color=colour, marker="o", ms=5, label=kind)
    axes.set(xlabel="factor on all rain", xticks=order, ylim=(0, None))
    axes.legend(loc="upper left")


def _draw_maps(
    sheet: Sheet,
    arrays: Arrays,
    elevation: NDArray[np.float32],
    cell: float,
    box: tuple[float, float, float, float],
) -> None:
    left, top, side, tall = box
    relief, other = shade(elevation, cell), shade(elevation[:, ::-1], cell)
    change = {
        kind: arrays[f"{EASTWARDS}/{kind}/map"] - arrays[f"{BASE}/{kind}/map"]
        for kind in ("model", "solver")
    }
    panels: list[tuple[str, NDArray[np.float32], Classes, Relief]] = [
        ("A cell eastwards: change, solver", change["solver"], ERROR_CLASSES, relief),
        ("the model's", change["model"], ERROR_CLASSES, relief),
        ("Terrain mirrored: solver", arrays[f"{MIRRORED}/solver/map"], DEPTH_CLASSES, other),
        ("the model", arrays[f"{MIRRORED}/model/map"], DEPTH_CLASSES, other),
    ]
    for number, (words, field, classes, ground) in enumerate(panels):
        at = left + number * (side + MAP_GAP) + (0.5 if number > 1 else 0.0)
        sheet.heading(at, top - 0.1, "cdef"[number], words)
        show_over(sheet.axes(at, top, side, tall), ground, field, classes)
        if number in (0, 2):
            unit = "m, blue: more" if number == 0 else "water depth (m)"
            class_bar(sheet.axes(at, top + tall + 0.3, side, 0.09), classes, unit)


def _draw_table(sheet: Sheet, document: Mapping[str, Any], top: float) -> None:
    columns = (0.0, 2.35, 6.6, 7.55, 8.5, 10.6)
    heads = ("probe", "what is asked", "model", "solver", "rule", "in all storms")
    for place, words in zip(columns, heads, strict=True):
        sheet.text(MARGIN + place, top, words, color=MUTED, fontsize=SIZES["small"])
    for number, row in enumerate(document["probes"], start=1):
        cells = (
            row["probe"],
            row["asks"],
            _shown(row["model"]),
            _shown(row["solver"]),
            row["rule"],
            ANSWER[row["kept"]],
        )
        for place, words in zip(columns, cells, strict=True):
            bold = words == ANSWER[False]
            sheet.text(
                MARGIN + place,
                top + number * ROW,
                words,
                fontsize=SIZES["small"],
                fontweight="bold" if bold else "normal",
                color=OKABE_ITO["vermilion"] if bold else INK,
            )


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"
