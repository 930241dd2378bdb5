"""The figure of the sanity model: pictures in the plane, their neighbours, and all dimensions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from string import ascii_lowercase

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from pluvial.config.learning import FiguresConfig
from pluvial.figures.kinds import NAMED, Kinds, read_kinds, read_scores
from pluvial.figures.lines import AXIS_ROOM, BAR_ROOM, Grading, draw_lines
from pluvial.figures.records import Group, Space
from pluvial.figures.sheet import MARGIN, Sheet, bare, empty
from pluvial.figures.style import BACKGROUND, MUTED, SIZES, percent, style
from pluvial.figures.umaps import draw_groups, group_legend, map_axes

MAP, MAP_GAP = 2.9, 0.32
"""Side of a map, and what is left beside it, inches."""
LINES_WIDTH, LINES_GAP = 5.1, 0.78
HEAD, ROW_HEIGHT, FOOT = 1.05, 4.4, 0.55
NEIGHBOURS_LEFT = MARGIN + MAP + MAP_GAP
LINES_LEFT = NEIGHBOURS_LEFT + MAP + LINES_GAP
PAGE_WIDTH = LINES_LEFT + LINES_WIDTH + BAR_ROOM + MARGIN

ASKED = 6
"""Held-out pictures whose neighbours are shown."""
SHOWN = 5
"""Neighbours of each."""
RUNS = {
    "labels": "trained on label pairs",
    "views": "trained on view pairs",
    "pretrained": "trained elsewhere",
    "untrained": "untrained",
}
METHOD = (
    "Middle: held-out pictures (left column) and the others whose embeddings are most "
    "alike by cosine; frames bear the colour of the kind.\n"
    "Right: every dimension is standardised over the pictures shown and ordered by correlation. "
    "η²: share of a dimension's variance that lies between the kinds; dashed: expected of no "
    "association."
)


def draw_pictures(
    umap: Path,
    album: Path,
    verdicts: Mapping[str, Path],
    runs: Sequence[str],
    config: FiguresConfig,
    path: Path,
) -> None:
    """Draw a row for each run; write ``path`` and its SVG.

    Args:
        umap: parquet file as ``diagnostics.pictures`` writes it.
        album: the pictures.
        verdicts: of the trained runs, for what the nearest neighbours tell.
        runs: the rows.
        config: what UMAP was run with.
        path: the PNG to make.
    """
    kinds, spaces = read_kinds(umap, album, runs)
    picture_sheet(kinds, spaces, read_scores(verdicts), config).save(path)


@style()
def picture_sheet(
    kinds: Kinds,
    spaces: Mapping[str, Space],
    scores: Mapping[str, float],
    config: FiguresConfig,
) -> Sheet:
    """The page: a row of three panels for each of ``spaces``, by run."""
    sheet = Sheet(PAGE_WIDTH, HEAD + ROW_HEIGHT * len(spaces) + FOOT)
    held_out = int(kinds.held_out.sum())
    sheet.title(
        "Sanity model: embeddings of pictures whose kinds are known",
        f"{', '.join(kinds.names[:NAMED])}: the same loop and loss as for rain and depth.",
        f"{kinds.classes.size:,} pictures, {held_out:,} held out\n"
        f"UMAP: cosine distance, n_neighbors {config.umap_neighbours}, "
        f"min_dist {config.umap_min_dist:g}, seed {config.seed}; it never saw a kind",
    )
    letters = iter(ascii_lowercase)
    groups = tuple(
        Group(one, kinds.colour(k), kinds.classes == k) for k, one in enumerate(kinds.names[:NAMED])
    )
    grading = Grading(kinds.classes.astype(np.float64), groups, "kind", ordered=False)
    for number, (run, space) in enumerate(spaces.items()):
        top = HEAD + ROW_HEIGHT * number
        name = RUNS[run].capitalize()
        draw_kinds(sheet, top, next(letters), name, space, kinds, config)
        told = ""
        if run in scores:
            told = (
                f"ten nearest training pictures tell the kind of {percent(scores[run])} "
                f"(chance {percent(1 / len(kinds.names))})"
            )
        draw_neighbours(sheet, top, next(letters), told, space, kinds)
        draw_lines(
            sheet, top, next(letters), name, space.vectors, grading, begin=LINES_LEFT - AXIS_ROOM
        )
    sheet.text(MARGIN, sheet.height - FOOT + 0.02, METHOD, fontsize=SIZES["small"], color=MUTED)
    return sheet


def draw_kinds(
    sheet: Sheet,
    top: float,
    letter: str,
    name: str,
    space: Space,
    kinds: Kinds,
    config: FiguresConfig,
) -> None:
    """The map: held-out pictures in the colour of their kind, the others in grey behind them."""
    sheet.heading(MARGIN, top, letter, f"{name}, by kind")
    axes = map_axes(sheet, MARGIN, top + 0.1, MAP, space.flat)
    crowd = Group("others", BACKGROUND, ~kinds.held_out)
    groups = [
        Group(one, kinds.colour(number), kinds.held_out & (kinds.classes == number))
        for number, one in enumerate(kinds.names)
    ]
    draw_groups(axes, space.flat, [[crowd], groups], config.seed)
    shown = [*groups[:NAMED], Group("training and validation", BACKGROUND, ~kinds.held_out)]
    group_legend(axes, shown, "held-out pictures (their number)")


def draw_neighbours(
    sheet: Sheet, top: float, letter: str, told: str, space: Space, kinds: Kinds
) -> None:
    """Held-out pictures, and those nearest to each that are not held out."""
    sheet.heading(NEIGHBOURS_LEFT, top, letter, "Nearest neighbours")
    axes = sheet.axes(NEIGHBOURS_LEFT, top + 0.1, MAP, MAP)
    bare(axes, frame=False)
    axes.set_xlim(0, SHOWN + 1)
    axes.set_ylim(ASKED, 0)
    asked = _one_of_each(kinds)
    known = np.flatnonzero(~kinds.held_out)
    if not asked.size or known.size < SHOWN:
        empty(axes, "too few pictures")
        return
    lengths = np.maximum(np.linalg.norm(space.vectors, axis=1, keepdims=True), 1e-12)
    unit = space.vectors / lengths
    nearest = known[np.argsort(-unit[asked] @ unit[known].T, axis=1, kind="stable")[:, :SHOWN]]
    for line, one in enumerate(asked):
        for column, row in enumerate([one, *nearest[line]]):
            _picture(axes, column + (0.0 if column == 0 else 0.06), line, row, kinds)
    sheet.text(NEIGHBOURS_LEFT, top + 0.1 + MAP + 0.08, told, fontsize=SIZES["small"], color=MUTED)


def _one_of_each(kinds: Kinds) -> NDArray[np.intp]:
    """Held-out pictures, the kinds in turn, each from its first on, intp[<= ASKED]."""
    held_out = np.flatnonzero(kinds.held_out)
    turn = np.zeros(held_out.size, dtype=np.int64)
    for kind in np.unique(kinds.classes):
        members = kinds.classes[held_out] == kind
        turn[members] = np.arange(members.sum())
    chosen = held_out[np.lexsort((kinds.classes[held_out], turn))][:ASKED]
    return np.asarray(np.sort(chosen)[np.argsort(kinds.classes[np.sort(chosen)], kind="stable")])


def _picture(axes: Axes, left: float, top: float, row: int, kinds: Kinds) -> None:
    pad = 0.06
    box = (left + pad, left + 1 - pad, top + 1 - pad, top + pad)
    axes.imshow(kinds.pixels[row], extent=box, aspect="auto", interpolation="antialiased", zorder=1)
    frame = Rectangle(
        (left + pad, top + pad),
        1 - 2 * pad,
        1 - 2 * pad,
        fill=False,
        edgecolor=kinds.colour(int(kinds.classes[row])),
        linewidth=1.6,
        zorder=2,
    )
    axes.add_patch(frame)
    axes.set_xlim(0, SHOWN + 1.06)
    axes.set_ylim(ASKED, 0)
