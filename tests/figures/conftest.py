"""What a reader of a page sees at once: text over text, and text that leaves the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path

import pytest
from matplotlib.axes import Axes
from matplotlib.image import imread
from matplotlib.text import Text
from pluvial.figures.sheet import Sheet
from pluvial.figures.style import style

AIR_PIXELS = 1.5
"""A box of text has this much air around its letters."""


def faults(sheet: Sheet) -> list[str]:
    """Every text that is cut off by the page's edge, and every two that overlap."""
    with style():
        sheet.figure.draw_without_rendering()
        page = sheet.figure.bbox
        unseen = {id(text) for axes in sheet.figure.axes for text in undrawn(axes)}
        boxes = [
            (text.get_text(), Text.get_window_extent(text).padded(-AIR_PIXELS))
            for text in sheet.figure.findobj(Text)
            if text.get_visible() and text.get_text().strip() and id(text) not in unseen
        ]
    cut = [
        words for words, box in boxes if not (page.contains(*box.min) and page.contains(*box.max))
    ]
    over = [(a, b) for (a, one), (b, two) in combinations(boxes, 2) if one.overlaps(two)]
    return [f"cut off: {words!r}" for words in cut] + [f"{a!r} over {b!r}" for a, b in over]


def undrawn(axes: Axes) -> Iterator[Text]:
    """Labels of ticks that lie beyond their axis, and all of axes that are switched off."""
    for axis in (axes.xaxis, axes.yaxis):
        low, high = sorted(axis.get_view_interval())
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
            if not axes.axison or not low <= tick.get_loc() <= high:
                yield from (tick.label1, tick.label2)


@pytest.fixture
def faults_of() -> Callable[[Sheet], list[str]]:
    """See :func:`faults`."""
    return faults


@pytest.fixture
def check_whole() -> Callable[[Path], None]:
    """Both forms are there and whole, the PNG has 200 dpi, and something is drawn on it."""

    def check(path: Path) -> None:
        image = imread(path)
        assert image.ndim == 3
        assert image[..., :3].std() > 0.01
        svg = path.with_suffix(".svg").read_text()
        assert svg.rstrip().endswith("</svg>")
        width = float(svg.split('width="')[1].split("pt")[0])
        assert image.shape[1] == pytest.approx(width / 72 * 200, abs=1.5)
        assert {p.name for p in path.parent.glob(f"*{path.stem}.*g*")} == {
            path.name,
            f"{path.stem}.svg",
        }

    return check
