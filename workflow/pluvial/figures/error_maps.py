"""Where the predictions are right and where not: scores of each cell, over the ground."""

from __future__ import annotations

from pathlib import Path

import cmocean
import numpy as np
from matplotlib.patches import Patch
from numpy.typing import NDArray

from pluvial.diagnostics.skill_maps import CellSums, sum_cells
from pluvial.figures.layers import show
from pluvial.figures.predicted import ERROR_CLASSES, Sources
from pluvial.figures.relief import Relief, grey, shade
from pluvial.figures.sheet import MARGIN, Sheet, class_bar
from pluvial.figures.style import MUTED, NO_DATA, SIZES, Classes, style
from pluvial.frames.elevation import read_elevation

SCORES = Classes(
    (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
    "#e3cdb4",
    np.asarray(cmocean.cm.tempo(np.linspace(0.05, 0.95, 10))),
)
"""A score from 0 to 1; below 0 it is worse than the mean."""
SMALL_ERRORS = Classes(
    (-0.1, -0.05, -0.02, -0.01, -0.002, 0.002, 0.01, 0.02, 0.05, 0.1),
    ERROR_CLASSES.dry,
    ERROR_CLASSES.colours,
)
"""Mean error in m; within 2 mm the ground shows."""
MAP, TALLEST, GAP, TOP, UNDER = 3.55, 5.0, 0.3, 1.2, 0.95


def draw_error_maps(sources: Sources, path: Path) -> None:
    """Draw CSI, mean error and NSE of each cell over the ground; PNG and SVG.

    Args:
        sources: where it is drawn from.
        path: the PNG to make.
    """
    grid, elevation = read_elevation(sources.heightmap)
    sums = sum_cells(
        sources.predictions,
        sources.folder,
        sources.time,
        sources.depth,
        sources.frames,
        sources.records.flooded_m,
    )
    error_sheet(sums, shade(elevation, grid.cell)).save(path)


@style()
def error_sheet(sums: CellSums, relief: Relief) -> Sheet:
    """The page: three maps."""
    rows, cols = relief.light.shape
    height = min(MAP * rows / cols, TALLEST)
    width = height * cols / rows
    sheet = Sheet(2 * MARGIN + 3 * max(width, 2.6) + 2 * GAP, TOP + height + UNDER)
    sheet.title(
        "Where the predictions are right",
        f"Each cell over {sums.records:,} held-out maps. Where a score is not defined, the ground "
        "shows.",
    )
    panels: list[tuple[str, NDArray[np.float64], Classes, str]] = [
        (f"CSI above {sums.threshold:g} m", sums.csi, SCORES, "0 to 1 (best)"),
        ("Mean error", sums.mean_error, SMALL_ERRORS, "m; blue: too deep, brown: too dry"),
        ("NSE over time", sums.efficiency, SCORES, "1 is perfect, below 0 worse than the mean"),
    ]
    for column, (words, field, classes, unit) in enumerate(panels):
        left = MARGIN + column * (max(width, 2.6) + GAP)
        sheet.heading(left, TOP - 0.1, "abc"[column], words)
        axes = sheet.axes(left, TOP, width, height)
        ground = grey(relief)
        ground[sums.known == 0] = 0
        show(axes, (ground, None), (np.ma.masked_invalid(field), classes))
        class_bar(sheet.axes(left, TOP + height + 0.3, max(width, 2.6), 0.09), classes, unit)
    if (sums.known == 0).any():
        sheet.figure.legend(
            handles=[Patch(label="no data", **NO_DATA)],
            loc="upper right",
            bbox_to_anchor=(1 - MARGIN / sheet.width, 1 - 0.25 / sheet.height),
            borderaxespad=0,
        )
    never = int((np.isnan(sums.csi) & (sums.known > 0)).sum())
    sheet.text(
        MARGIN,
        TOP + height + 0.68,
        f"{never:,} of {int((sums.known > 0).sum()):,} cells are never flooded above "
        f"{sums.threshold:g} m, nor predicted so.",
        fontsize=SIZES["small"],
        color=MUTED,
    )
    return sheet
