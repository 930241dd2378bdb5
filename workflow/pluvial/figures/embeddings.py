"""The figures of the embeddings: rain, depth, both together, and random points as their control."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize, PowerNorm
from numpy.typing import NDArray

from pluvial.config.learning import FiguresConfig
from pluvial.diagnostics.projection import FAKED
from pluvial.figures.exemplars import (
    Exemplars,
    choose_exemplars,
    draw_exemplars,
    height_of,
    mark_exemplars,
)
from pluvial.figures.lines import PANEL_HEIGHT, Drawn, draw_lines, flooded_grading, method_of
from pluvial.figures.records import (
    Group,
    Labels,
    Space,
    read_records,
    read_table,
    repeated,
)
from pluvial.figures.sheet import MARGIN, Sheet, colour_bar
from pluvial.figures.style import MUTED, OKABE_ITO, RAIN_MAP, SIZES, TIME_MAP, style, two_digits
from pluvial.figures.umaps import (
    BAR_DROP,
    draw_flooded,
    draw_groups,
    draw_storms,
    draw_values,
    group_legend,
    map_axes,
)
from pluvial.figures.windows import channel_names
from pluvial.grids.time_axis import iso
from pluvial.records.manifest import read_manifest, whole_shards
from pluvial.records.reading import read_times

WIDTH = 12.0
HEAD, FOOT = 1.05, 0.6
LARGE, SMALL, SMALL_PITCH = 5.35, 2.35, 3.45
"""Sides of the maps, and from one row of small ones to the next, inches."""
MIDDLE = 3.35
"""Side of a map where three stand side by side."""
DROP = 0.1
"""From a panel's heading down to its map."""
MAPS_HEIGHT = SMALL_PITCH + SMALL + 1.35
MIDDLE_HEIGHT = MIDDLE + 1.5
JOINED = 60
"""Pairs that are joined by a line on the common map."""
SIDES = {"rain": ("rain windows", OKABE_ITO["blue"]), "depth": ("depth maps", OKABE_ITO["orange"])}
RECORD = {"rain": "hours of rain radar", "depth": "the water depth that followed hours of rain"}


def draw_embedding(
    umap: Path, manifest: Path, side: str, config: FiguresConfig, path: Path
) -> None:
    """Draw the embedding of one side, with records that stand for its regions; PNG and SVG.

    Args:
        umap: parquet file as ``diagnostics.projection.make_projection`` writes it.
        manifest: of the dataset, for what the records hold.
        side: ``rain`` or ``depth``.
        config: what UMAP was run with.
        path: the PNG to make.
    """
    labels, (space,) = read_records(umap, [side])
    rows = choose_exemplars(space.flat, labels.flooded, config.seed)
    document = read_manifest(manifest)
    shards = [shard for split in document["splits"] for shard in whole_shards(manifest, split)]
    exemplars = Exemplars(
        rows,
        read_times(shards, labels.times[rows].tolist(), document["features"]),
        channel_names(document["channels_back_from_now"], document["step_seconds"]),
    )
    embedding_sheet(labels, space, exemplars, side, config).save(path)


def draw_both(joint: Path, config: FiguresConfig, path: Path) -> None:
    """Draw rain and depth on one common map, and across the same dimensions; PNG and SVG.

    Args:
        joint: parquet file as ``diagnostics.projection.make_joint_projection`` writes it.
        config: what UMAP was run with.
        path: the PNG to make.
    """
    labels, (rain, depth) = read_records(joint, ["rain", "depth"])
    both_sheet(labels, rain, depth, config).save(path)


def draw_random_control(umap: Path, config: FiguresConfig, path: Path) -> None:
    """Draw random points under the labels of the records, with the same code; PNG and SVG.

    Whatever structure shows here comes from the drawing, and proves nothing elsewhere.
    """
    labels, (space,) = read_records(umap, ["random"])
    faked = read_table(umap, [f"{FAKED}_x", f"{FAKED}_y"]).to_numpy(np.float64)
    control_sheet(labels, space, faked, config).save(path)


@style()
def embedding_sheet(
    labels: Labels, space: Space, exemplars: Exemplars, side: str, config: FiguresConfig
) -> Sheet:
    """The page of one embedding: five maps, all dimensions, and records behind the letters."""
    lines_top = HEAD + MAPS_HEIGHT
    exemplars_top = lines_top + PANEL_HEIGHT + 0.15
    sheet = Sheet(WIDTH, exemplars_top + height_of(WIDTH, exemplars) + FOOT + 0.1)
    sheet.title(
        f"{side.capitalize()} embedding: what the encoder makes of {SIDES[side][0]}",
        f"Each point, and each line, is one record: {RECORD[side]}.",
        _provenance(labels, config),
    )
    flat, seed = space.flat, config.seed
    sheet.heading(MARGIN, HEAD, "a", "By flooded fraction of the catchment")
    axes = draw_flooded(sheet, MARGIN, HEAD + DROP, LARGE, flat, labels, seed)
    mark_exemplars(axes, flat, exemplars.rows)
    left, right = WIDTH - MARGIN - 2 * SMALL - 0.75, WIDTH - MARGIN - SMALL
    below = HEAD + SMALL_PITCH
    sheet.heading(left, HEAD, "b", "By rain in the window")
    draw_rain(sheet, left, HEAD + DROP, SMALL, flat, labels, seed)
    sheet.heading(right, HEAD, "c", "By time")
    draw_time(sheet, right, HEAD + DROP, SMALL, flat, labels, seed)
    sheet.heading(left, below, "d", _by_storm(labels))
    draw_storms(sheet, left, below + DROP, SMALL, flat, labels, seed)
    sheet.heading(right, below, "e", "By split")
    axes = map_axes(sheet, right, below + DROP, SMALL, flat)
    draw_groups(axes, flat, [labels.splits[:1], labels.splits[1:]], seed)
    group_legend(axes, labels.splits, "number of records", columns=1)
    draw_lines(sheet, lines_top, "f", f"{side} embedding", space.vectors, flooded_grading(labels))
    draw_exemplars(sheet, exemplars_top, "g", exemplars, labels)
    _method(sheet, labels)
    return sheet


@style()
def both_sheet(labels: Labels, rain: Space, depth: Space, config: FiguresConfig) -> Sheet:
    """The page of both embeddings: three maps of one UMAP, and all dimensions."""
    sheet = Sheet(WIDTH, HEAD + MIDDLE_HEIGHT + PANEL_HEIGHT + FOOT)
    sheet.title(
        "Rain and depth together: one space, one map",
        "Each record is there twice, as rain and as depth: where training worked, side by side.",
        _provenance(labels, config),
    )
    count = labels.flooded.size
    twice = repeated(labels, 2)
    flat = np.concatenate([rain.flat, depth.flat])
    members = np.arange(2 * count) < count
    sides = [
        Group(name, colour, of)
        for (name, colour), of in zip(SIDES.values(), (members, ~members), strict=True)
    ]
    first, second, third = _three()
    joined = min(JOINED, count)
    sheet.heading(first, HEAD, "a", f"Rain windows and depth maps, {joined} pairs joined")
    axes = map_axes(sheet, first, HEAD + DROP, MIDDLE, flat)
    draw_groups(axes, flat, [sides], config.seed)
    _join(axes, rain.flat, depth.flat, joined, config.seed)
    group_legend(axes, sides, "number of points")
    sheet.heading(second, HEAD, "b", "Both, by flooded fraction")
    draw_flooded(sheet, second, HEAD + DROP, MIDDLE, flat, twice, config.seed)
    sheet.heading(third, HEAD, "c", f"Both, {_by_storm(labels).lower()}")
    draw_storms(sheet, third, HEAD + DROP, MIDDLE, flat, twice, config.seed)
    kinds = (Drawn("rain", members), Drawn("depth", ~members, (0, (4, 1.6))))
    vectors = np.concatenate([rain.vectors, depth.vectors])
    draw_lines(
        sheet, HEAD + MIDDLE_HEIGHT, "d", "rain and depth", vectors, flooded_grading(twice), kinds
    )
    _method(sheet, labels)
    return sheet


@style()
def control_sheet(
    labels: Labels, space: Space, faked: NDArray[np.float64], config: FiguresConfig
) -> Sheet:
    """The page of the control: random points, and what giving their labels to UMAP would fake.

    Args:
        labels: of the records.
        space: as many random points.
        faked: the same points on a map that was made with the labels, float64[n, 2].
        config: what UMAP was run with.
    """
    sheet = Sheet(WIDTH, HEAD + MIDDLE_HEIGHT + PANEL_HEIGHT + FOOT)
    sheet.title(
        "Control: random points under the labels of the records",
        "Uniform on the unit sphere, as many as the records. In a, b and d nothing may look "
        "structured.",
        _provenance(labels, config),
    )
    first, second, third = _three()
    sheet.heading(first, HEAD, "a", "Random points, by flooded fraction")
    draw_flooded(sheet, first, HEAD + DROP, MIDDLE, space.flat, labels, config.seed)
    sheet.heading(second, HEAD, "b", f"Random points, {_by_storm(labels).lower()}")
    draw_storms(sheet, second, HEAD + DROP, MIDDLE, space.flat, labels, config.seed)
    sheet.heading(third, HEAD, "c", "What giving UMAP the labels would fake")
    axes = map_axes(sheet, third, HEAD + DROP, MIDDLE, faked)
    shown = [group for group in flooded_grading(labels).groups if group.members.any()]
    draw_groups(axes, faked, [shown], config.seed)
    group_legend(axes, shown, "the same random points by flooded fraction (their number)")
    draw_lines(
        sheet, HEAD + MIDDLE_HEIGHT, "d", "random points", space.vectors, flooded_grading(labels)
    )
    _method(sheet, labels)
    return sheet


def draw_rain(
    sheet: Sheet,
    left: float,
    top: float,
    side: float,
    flat: NDArray[np.float64],
    labels: Labels,
    seed: int,
) -> None:
    """A map by rain in the window, with its colour bar."""
    axes = map_axes(sheet, left, top, side, flat)
    most = max(float(labels.rain.max()), 0.1)
    norm = PowerNorm(0.4, 0, most)
    draw_values(axes, flat, labels.rain, RAIN_MAP, norm, seed)
    bar_axes = sheet.axes(left, top + side + BAR_DROP, 0.9 * side, 0.09)
    bar = colour_bar(bar_axes, RAIN_MAP, norm, "mm, mean of the area (power scale)")
    ticks = [0.0, 0.01 * most, 0.1 * most, 0.4 * most, most]
    bar.set_ticks(ticks, labels=[two_digits(tick) for tick in ticks])


def draw_time(
    sheet: Sheet,
    left: float,
    top: float,
    side: float,
    flat: NDArray[np.float64],
    labels: Labels,
    seed: int,
) -> None:
    """A map by the time of the record, with its colour bar."""
    axes = map_axes(sheet, left, top, side, flat)
    first, last = int(labels.times.min()), int(labels.times.max())
    norm = Normalize(first, max(last, first + 1))
    draw_values(axes, flat, labels.times.astype(np.float64), TIME_MAP, norm, seed)
    bar_axes = sheet.axes(left, top + side + BAR_DROP, 0.9 * side, 0.09)
    bar = colour_bar(bar_axes, TIME_MAP, norm, "time of the record (UTC)")
    ends = [first, max(last, first + 1)]
    part = slice(0, 10) if last - first > 2 * 86400 else slice(0, 16)
    bar.set_ticks(ends, labels=[iso(end)[part].replace("T", " ") for end in ends])
    early, late = bar_axes.get_xticklabels()
    early.set_horizontalalignment("left")
    late.set_horizontalalignment("right")


def _three() -> Sequence[float]:
    """Left edges of three maps side by side."""
    pitch = (WIDTH - 2 * MARGIN - MIDDLE) / 2
    return [MARGIN + k * pitch for k in range(3)]


def _by_storm(labels: Labels) -> str:
    return f"By {labels.held_out} storm" if labels.storms else "No storm held out"


def _join(
    axes: Axes, rain: NDArray[np.float64], depth: NDArray[np.float64], count: int, seed: int
) -> None:
    """Join the two points of so many records, drawn at random."""
    rows = np.random.default_rng(seed).permutation(len(rain))[:count]
    lines = np.stack([rain[rows], depth[rows]], axis=1)
    axes.add_collection(LineCollection(list(lines), colors=[MUTED], linewidths=0.5, alpha=0.7))


def _method(sheet: Sheet, labels: Labels) -> None:
    words = method_of(flooded_grading(labels))
    sheet.text(MARGIN, sheet.height - FOOT + 0.05, words, fontsize=SIZES["small"], color=MUTED)


def _provenance(labels: Labels, config: FiguresConfig) -> str:
    count = labels.flooded.size
    splits = ", ".join(f"{group.members.sum():,} {group.name}" for group in labels.splits)
    return (
        f"{count:,} records ({splits})\n"
        f"UMAP: cosine distance, n_neighbors {config.umap_neighbours}, "
        f"min_dist {config.umap_min_dist:g}, seed {config.seed}; far islands drawn nearer"
    )
