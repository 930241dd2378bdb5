"""Records that stand for regions of a map: which they are, and what they hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from pluvial.figures.records import Labels
from pluvial.figures.sheet import MARGIN, Sheet
from pluvial.figures.style import INK, MUTED, SIZES, percent, two_digits
from pluvial.figures.windows import BARS_HEIGHT, draw_bars, draw_depth, draw_window
from pluvial.grids.time_axis import iso
from pluvial.records.window import Records

COUNT, COLUMNS = 8, 4
LETTERS = "ABCDEFGH"
BLOCK_GAP = 0.3
CAPTION = 0.2


@dataclass(frozen=True)
class Exemplars:
    """Records with their letters.

    Attributes:
        rows: which of the records of the figure, intp[k].
        records: what they hold.
        channels: when each channel begins, in words, oldest first.
    """

    rows: NDArray[np.intp]
    records: Records
    channels: list[str]


def choose_exemplars(
    flat: NDArray[np.float64], flooded: NDArray[np.float64], seed: int
) -> NDArray[np.intp]:
    """Records that stand for the map's regions, driest first, intp[<= 8].

    The map is cut into as many regions by k-means, and from each comes the record nearest to its
    middle.

    Args:
        flat: float64[n, 2].
        flooded: flooded fraction, float64[n].
        seed: of k-means.
    """
    count = min(COUNT, len(np.unique(flat, axis=0)))
    found = KMeans(count, n_init=3, random_state=seed).fit(flat)
    rows = np.unique(found.transform(flat).argmin(axis=0))
    return np.asarray(rows[np.argsort(flooded[rows], kind="stable")], dtype=np.intp)


def mark_exemplars(axes: Axes, flat: NDArray[np.float64], rows: NDArray[np.intp]) -> None:
    """Write the letters into the map."""
    for letter, (x, y) in zip(LETTERS, flat[rows], strict=False):
        axes.text(
            x,
            y,
            letter,
            ha="center",
            va="center",
            color="white",
            fontsize=SIZES["small"],
            fontweight="bold",
            bbox={"boxstyle": "circle,pad=0.25", "facecolor": INK, "edgecolor": "white"},
        )


def height_of(sheet_width: float, exemplars: Exemplars) -> float:
    """How much of the page they take, inches."""
    _, _, block = _sizes(sheet_width, exemplars)
    lines = -(-exemplars.rows.size // COLUMNS)
    return lines * block + BARS_HEIGHT + 0.3


def draw_exemplars(
    sheet: Sheet, top: float, letter: str, exemplars: Exemplars, labels: Labels
) -> None:
    """A block for each: time, rain and flooded area, the rain channels, and the depth map."""
    sheet.heading(
        MARGIN,
        top,
        letter,
        "Records behind the letters: rain channels by when they begin, and the depth that followed",
    )
    pitch, depth_width, block = _sizes(sheet.width, exemplars)
    for number, (name, row) in enumerate(zip(LETTERS, exemplars.rows, strict=False)):
        line, column = divmod(number, COLUMNS)
        left, begin = MARGIN + column * pitch, top + 0.14 + line * block
        amount, flooded = float(labels.rain[row]), float(labels.flooded[row])
        moment = iso(int(labels.times[row]))[:16].replace("T", " ")
        words = f"{moment}  {two_digits(amount)} mm  {percent(flooded)} flooded"
        sheet.text(left, begin, name, fontsize=SIZES["small"], fontweight="bold")
        sheet.text(left + 0.14, begin, words, fontsize=SIZES["small"], color=MUTED)
        rain, depth = exemplars.records.rain[number], exemplars.records.depth[number]
        width = pitch - BLOCK_GAP - depth_width - 0.08
        draw_window(sheet, left, begin + CAPTION, rain, exemplars.channels, width, depth_width)
        draw_depth(
            sheet, left + pitch - BLOCK_GAP - depth_width, begin + CAPTION, depth_width, depth
        )
    lines = -(-exemplars.rows.size // COLUMNS)
    draw_bars(sheet, MARGIN, top + 0.2 + lines * block, sheet.width - 2 * MARGIN)


def _sizes(sheet_width: float, exemplars: Exemplars) -> tuple[float, float, float]:
    """From block to block, width of a depth map, and height of a block with its words, inches."""
    pitch = (sheet_width - 2 * MARGIN + BLOCK_GAP) / COLUMNS
    depth_width = 0.2 * pitch
    rows, cols = exemplars.records.depth.shape[1:]
    high, wide = exemplars.records.rain.shape[1:3]
    channel = (pitch - BLOCK_GAP - depth_width - 0.08) / len(exemplars.channels)
    tall = max(depth_width * rows / cols, min(channel * high / wide, depth_width))
    return pitch, depth_width, CAPTION + tall + 0.28
