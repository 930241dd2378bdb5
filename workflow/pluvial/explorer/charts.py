"""Line charts as SVG in the page's own style: curves of recall, loss and hits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

WIDTH, HEIGHT = 380, 150
"""In the units of the drawing; the page scales it to its column."""

LEFT, RIGHT, TOP, BOTTOM = 40, 12, 18, 30
DASHES = "5 3"


@dataclass(frozen=True)
class Curve:
    """One line of a chart.

    Attributes:
        name: for the legend.
        colour: a CSS colour.
        points: (x, y) in turn; a point without a y breaks the line.
        dashed: how it is told apart without colour.
    """

    name: str
    colour: str
    points: Sequence[tuple[float, float | None]]
    dashed: bool = False


@dataclass(frozen=True)
class Axis:
    """One axis of a chart.

    Attributes:
        label: with its unit.
        low, high: its ends.
        ticks: values and their words.
        log: whether it is logarithmic.
    """

    label: str
    low: float
    high: float
    ticks: Sequence[tuple[float, str]]
    log: bool = False

    def place(self, value: float) -> float:
        """0 at the low end, 1 at the high one; what lies beyond is drawn at the end."""
        low, high, at = self.low, self.high, min(max(value, self.low), self.high)
        if self.log:
            low, high, at = np.log(low), np.log(high), np.log(at)
        return float((at - low) / ((high - low) or 1.0))


def chart(title: str, x: Axis, y: Axis, curves: Sequence[Curve]) -> str:
    """A chart with its legend, as HTML."""
    wide, tall = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    parts = [f'<rect class="frame" x="{LEFT}" y="{TOP}" width="{wide}" height="{tall}"/>']
    for value, words in x.ticks:
        at = LEFT + wide * x.place(value)
        parts.append(
            f'<text x="{at:.1f}" y="{HEIGHT - BOTTOM + 12}" text-anchor="middle">{words}</text>'
        )
    for value, words in y.ticks:
        at = TOP + tall * (1 - y.place(value))
        parts.append(f'<path class="frame" d="M{LEFT} {at:.1f}h{wide}"/>')
        parts.append(f'<text x="{LEFT - 5}" y="{at + 3.5:.1f}" text-anchor="end">{words}</text>')
    parts.append(
        f'<text x="{LEFT + wide / 2:.0f}" y="{HEIGHT - 4}" text-anchor="middle">'
        f"{escape(x.label)}</text>"
    )
    parts.append(f'<text x="{LEFT}" y="{TOP - 6}">{escape(y.label)}</text>')
    for curve in curves:
        path = _path(curve, x, y, wide, tall)
        parts.append(f'<path d="{path}" {_stroke(curve)}/>')
    legend = "".join(
        f'<span><svg viewBox="0 0 24 8" aria-hidden="true"><path d="M0 4h24" fill="none" '
        f'stroke-width="2" {_stroke(curve)}/></svg>{escape(curve.name)}</span>'
        for curve in curves
    )
    return (
        f"<figure><h3>{escape(title)}</h3>"
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(title)}">{"".join(parts)}</svg>'
        f'<p class="lines">{legend}</p></figure>'
    )


def _stroke(curve: Curve) -> str:
    dashes = f' stroke-dasharray="{DASHES}"' if curve.dashed else ""
    return f'style="stroke: {curve.colour}"{dashes}'


def _path(curve: Curve, x: Axis, y: Axis, wide: float, tall: float) -> str:
    commands, command = [], "M"
    for at, value in curve.points:
        if value is None:
            command = "M"
            continue
        left, top = LEFT + wide * x.place(at), TOP + tall * (1 - y.place(value))
        commands.append(f"{command}{left:.1f} {top:.1f}")
        command = "L"
    return "".join(commands)
