"""What the rain of held-out storms retrieves: the window, its true depth, and the maps found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pluvial.figures.held_out import HeldOut
from pluvial.figures.sheet import MARGIN, Sheet
from pluvial.figures.style import FAINT, MUTED, OKABE_ITO, SIZES, style, two_digits
from pluvial.figures.windows import (
    BARS_HEIGHT,
    channel_names,
    draw_bars,
    draw_depth,
    draw_window,
)
from pluvial.grids.time_axis import iso
from pluvial.metrics.retrieval import ranks
from pluvial.records.manifest import read_manifest, whole_shards
from pluvial.records.reading import read_times
from pluvial.records.window import Records

STORMS, FOUND = 8, 5
WIDTH = 12.0
MAP, MAP_GAP = 0.98, 0.12
"""Width of a depth map, and what is left beside it, inches."""
WINDOW_GAP, TRUE_GAP = 0.25, 0.35
"""Between the rain and its true depth, and between that and the maps found."""
WINDOW = WIDTH - 2 * MARGIN - WINDOW_GAP - TRUE_GAP - (FOUND + 1) * MAP - (FOUND - 1) * MAP_GAP
HEAD, CAPTION = 1.3, 0.2
RIGHT = OKABE_ITO["green"]


@dataclass(frozen=True)
class Asked:
    """Queries with what they find.

    Attributes:
        queries: positions in the held-out records, intp[q].
        found: the best candidates of each, best first, positions as above, intp[q, k].
        cosines: of the same, float32[q, k].
        answers: the candidate of the query's own time, positions as above, intp[q].
        ranks: rank of that answer, intp[q].
    """

    queries: NDArray[np.intp]
    found: NDArray[np.intp]
    cosines: NDArray[np.float32]
    answers: NDArray[np.intp]
    ranks: NDArray[np.intp]


def ask(held_out: HeldOut, run: str = "trained") -> Asked:
    """One query of each of up to eight storms: the one with most rain in its window.

    The storms are taken evenly over time of those that have a query, so that none is chosen for
    what it finds.
    """
    gallery = held_out.gallery
    rain = held_out.records["rain_mm"].to_numpy()[gallery.queries]
    storms = held_out.records["storm"].to_numpy()[gallery.queries]
    numbers = np.unique(storms)
    taken = numbers[np.unique(np.linspace(0, numbers.size - 1, STORMS).round().astype(int))]
    rows = np.array(
        [np.flatnonzero(storms == storm)[rain[storms == storm].argmax()] for storm in taken],
        dtype=np.intp,
    )
    alike = held_out.similarity(run, gallery.queries[rows])
    order = np.argsort(-alike, axis=1, kind="stable")[:, :FOUND]
    return Asked(
        gallery.queries[rows],
        gallery.candidates[order],
        np.take_along_axis(alike, order, axis=1),
        gallery.candidates[gallery.answers[rows]],
        ranks(alike, gallery.answers[rows]),
    )


def draw_neighbours(held_out: HeldOut, manifest: Path, path: Path) -> None:
    """Draw what the rain of up to eight held-out storms retrieves; PNG and SVG.

    Args:
        held_out: the records and their vectors.
        manifest: of the dataset.
        path: the PNG to make.
    """
    asked = ask(held_out)
    document = read_manifest(manifest)
    times = held_out.records["time"].to_numpy(np.int64)
    rows = np.unique(np.concatenate([asked.queries, asked.found.ravel()]))
    records = read_times(whole_shards(manifest, "test"), times[rows].tolist(), document["features"])
    names = channel_names(document["channels_back_from_now"], document["step_seconds"])
    neighbour_sheet(held_out, asked, records, names).save(path)


@style()
def neighbour_sheet(
    held_out: HeldOut, asked: Asked, records: Records, channels: list[str]
) -> Sheet:
    """The page: a row for each query.

    Args:
        held_out: the records and their vectors.
        asked: the queries and what they find.
        records: the fields of all of these.
        channels: when each channel begins, in words.
    """
    rows, cols = records.depth.shape[1:]
    pitch = MAP * rows / cols + CAPTION + 0.2
    sheet = Sheet(WIDTH, HEAD + pitch * asked.queries.size + BARS_HEIGHT + 0.35)
    count = held_out.gallery.candidates.size
    sheet.title(
        "What rain retrieves: depth maps of held-out storms, found by the rain alone",
        f"One window of each of {asked.queries.size} storms, evenly over the test period: the one "
        "with most rain.",
        f"{count:,} candidates; by chance the true map has rank {(count + 1) / 2:g}",
    )
    true_left = MARGIN + WINDOW + WINDOW_GAP
    found_left = true_left + MAP + TRUE_GAP
    sheet.heading(MARGIN, HEAD - 0.12, "a", "Rain window, channels by when they begin")
    sheet.heading(true_left, HEAD - 0.12, "b", "True depth")
    sheet.heading(
        found_left,
        HEAD - 0.12,
        "c",
        "Depth maps found, most alike first; framed: of the right hour",
    )
    for line in range(asked.queries.size):
        _draw_line(sheet, HEAD + line * pitch, line, held_out, asked, records, channels)
    draw_bars(sheet, MARGIN, sheet.height - BARS_HEIGHT - 0.15, WIDTH - 2 * MARGIN)
    return sheet


def _draw_line(
    sheet: Sheet,
    top: float,
    line: int,
    held_out: HeldOut,
    asked: Asked,
    records: Records,
    channels: list[str],
) -> None:
    times = held_out.records["time"].to_numpy(np.int64)
    place = {int(time): k for k, time in enumerate(records.times)}
    query = int(asked.queries[line])
    now, own = int(times[query]), place[int(times[query])]
    amount = float(held_out.records["rain_mm"].iloc[query])
    words = f"{iso(now)[:16].replace('T', ' ')} UTC   {two_digits(amount)} mm"
    sheet.text(MARGIN, top, words, fontsize=SIZES["small"], color=MUTED)
    draw_window(sheet, MARGIN, top + CAPTION, records.rain[own], channels, WINDOW, MAP)
    true_left = MARGIN + WINDOW + WINDOW_GAP
    rank = f"found at rank {asked.ranks[line]}"
    sheet.text(true_left, top, rank, fontsize=SIZES["small"], color=MUTED)
    draw_depth(sheet, true_left, top + CAPTION, MAP, records.depth[own])
    for column, row in enumerate(asked.found[line]):
        left = true_left + MAP + TRUE_GAP + column * (MAP + MAP_GAP)
        right = row == asked.answers[line]
        note = f"{_apart(int(times[row]) - now)}   cos {asked.cosines[line, column]:.2f}"
        sheet.text(left, top, note, fontsize=SIZES["small"], color=RIGHT if right else MUTED)
        frame = (RIGHT, 2.2) if right else (FAINT, 0.5)
        depth = records.depth[place[int(times[row])]]
        draw_depth(sheet, left, top + CAPTION, MAP, depth, frame)


def _apart(seconds: int) -> str:
    """A time between two records, such as +3 h or −12 d."""
    sign, minutes = "−" if seconds < 0 else "+", abs(seconds) / 60
    if minutes < 60:
        return f"{sign}{minutes:.0f} min"
    return f"{sign}{minutes / 60:.0f} h" if minutes < 48 * 60 else f"{sign}{minutes / 1440:.0f} d"
