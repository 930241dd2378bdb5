"""The figure of embeddings made elsewhere: maps by their labels, and all dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pluvial.config.learning import FiguresConfig, OwnEmbeddings
from pluvial.diagnostics.own import read_own
from pluvial.diagnostics.pairs import Pairs
from pluvial.diagnostics.projection import project, require_enough
from pluvial.figures.lines import AXIS_ROOM, PANEL_HEIGHT, Grading, draw_lines, method_of
from pluvial.figures.records import CLASS_COLOURS, SPLIT_COLOURS, SPLIT_NAMES, Group
from pluvial.figures.sheet import MARGIN, Sheet
from pluvial.figures.style import MUTED, OKABE_ITO, OTHER, SIZES, style, two_digits
from pluvial.figures.umaps import draw_groups, group_legend, map_axes
from pluvial.jobs import logger
from pluvial.metrics.vectors import evenly, unit, usable

WIDTH, HEAD, FOOT = 12.6, 1.05, 0.65
MAP, GAP = 2.9, 0.35
LINES_LEFT = MARGIN + 2 * (MAP + GAP) + 0.25
ROW = PANEL_HEIGHT + 0.45


def draw_own(
    own: OwnEmbeddings, folder: Path, config: FiguresConfig, name: str, path: Path
) -> None:
    """Draw embeddings made elsewhere, a row for each side; write ``path`` and its SVG.

    Args:
        own: where they are and what their columns mean.
        folder: where relative paths start.
        config: sample, UMAP's settings and the seed.
        name: of the embeddings.
        path: the PNG to make.
    """
    file = folder / own.file
    whole = read_own(file, own)
    known = np.flatnonzero(np.all([usable(whole.sides[side]) for side in own.sides], axis=0))
    pairs = whole.take(known[evenly(known.size, config.max_records)])
    require_enough(len(pairs), config, file)
    maps = {}
    for side in own.sides:
        logger.info("UMAP of %d %s vectors", len(pairs), side)
        maps[side] = project(unit(pairs.sides[side]), config).astype(np.float64)
    lost = len(whole) - known.size
    own_sheet(pairs, maps, gradings_of(pairs, own), config, name, lost).save(path)


def gradings_of(pairs: Pairs, own: OwnEmbeddings) -> list[Grading]:
    """What the records can be coloured by: classes, numbers, groups and splits, in this order."""
    found = [_by_class(name, pairs.labels[name]) for name in own.classes]
    found += [_by_number(name, pairs.labels[name]) for name in own.numbers]
    if own.group and pairs.groups is not None:
        found.append(_by_class(own.group, pairs.groups.astype(str)))
    if own.split or not found:
        groups = (
            Group(SPLIT_NAMES[split], colour, pairs.splits == split)
            for split, colour in zip(SPLIT_NAMES, SPLIT_COLOURS, strict=True)
        )
        shown = tuple(group for group in groups if group.members.any())
        found.append(
            Grading((pairs.splits == "test").astype(np.float64), shown, "split", ordered=False)
        )
    return found


def _by_class(title: str, values: NDArray[np.str_]) -> Grading:
    """The classes with most records in colours, by name; the rest in grey."""
    names, number, counts = np.unique(values, return_inverse=True, return_counts=True)
    largest = np.sort(np.argsort(-counts, kind="stable")[: len(OKABE_ITO)])
    groups = [
        Group(str(names[one]) or "unknown", colour, number == one)
        for one, colour in zip(largest, OKABE_ITO.values(), strict=False)
    ]
    rest = ~np.isin(number, largest)
    if rest.any():
        groups.append(Group("others", OTHER, rest))
    return Grading(number.astype(np.float64), tuple(groups), title, ordered=False)


def _by_number(title: str, values: NDArray[np.float64]) -> Grading:
    """Quarters of the records, from the smallest to the largest."""
    known = values[np.isfinite(values)]
    edges = np.unique(np.quantile(known, [0.25, 0.5, 0.75])) if known.size else np.zeros(0)
    quarter = np.where(np.isfinite(values), np.searchsorted(edges, values, side="right"), -1)
    ends = [known.min(initial=np.inf), *edges, known.max(initial=-np.inf)]
    groups = [
        Group(f"{two_digits(ends[one])} to {two_digits(ends[one + 1])}", colour, quarter == one)
        for one, colour in zip(range(len(edges) + 1), CLASS_COLOURS, strict=False)
        if (quarter == one).any()
    ]
    if (quarter < 0).any():
        groups.append(Group("unknown", OTHER, quarter < 0))
    middle = float(np.median(known)) if known.size else 0.0
    return Grading(np.where(np.isfinite(values), values, middle), tuple(groups), title)


@style()
def own_sheet(
    pairs: Pairs,
    maps: dict[str, NDArray[np.float64]],
    gradings: Sequence[Grading],
    config: FiguresConfig,
    name: str,
    lost: int,
) -> Sheet:
    """The page: a row of two maps and all dimensions for each side.

    Args:
        pairs: the records.
        maps: UMAP of each side, float64[n, 2].
        gradings: what to colour by; the first is also that of the lines.
        config: what UMAP was run with.
        name: of the embeddings.
        lost: records that were left out because their vector has no direction.
    """
    sheet = Sheet(WIDTH, HEAD + ROW * len(maps) + FOOT)
    left_out = f"; {lost:,} without a direction left out" if lost else ""
    sheet.title(
        f"Embeddings made elsewhere: {name}",
        "Each point, and each line, is one record.",
        f"{len(pairs):,} records{left_out}\n"
        f"UMAP: cosine distance, n_neighbors {config.umap_neighbours}, "
        f"min_dist {config.umap_min_dist:g}, seed {config.seed}; it never saw a label",
    )
    letters = iter("abcdefghi")
    for number, (side, flat) in enumerate(maps.items()):
        top = HEAD + number * ROW
        for column, grading in enumerate(gradings[:2]):
            left = MARGIN + column * (MAP + GAP)
            sheet.heading(
                left, top, next(letters), f"{side[:1].upper()}{side[1:]}, by {grading.title}"
            )
            axes = map_axes(sheet, left, top + 0.1, MAP, flat)
            draw_groups(axes, flat, [grading.groups], config.seed)
            group_legend(axes, grading.groups, "number of records")
        vectors = pairs.sides[side].astype(np.float64)
        begin = LINES_LEFT if len(gradings) > 1 else MARGIN + MAP + GAP + 0.25
        draw_lines(
            sheet, top, next(letters), side, vectors, gradings[0], begin=begin - AXIS_ROOM + 0.3
        )
    words = method_of(gradings[0])
    sheet.text(MARGIN, sheet.height - FOOT + 0.05, words, fontsize=SIZES["small"], color=MUTED)
    return sheet
