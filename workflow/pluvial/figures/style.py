"""How figures look: type, lines and colours.

Categories bear the colours of Okabe and Ito (https://jfly.uni-koeln.de/color/), which readers
with any kind of colour vision can tell apart; rain and depth have the perceptually even scales
of cmocean (Thyng et al. 2016, https://doi.org/10.5670/oceanog.2016.66), cut into classes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import cmcrameri.cm
import cmocean
import matplotlib.style
import numpy as np
from matplotlib.colors import BoundaryNorm, Colormap, LinearSegmentedColormap, ListedColormap

INK = "#1f2933"
"""Text and medians."""
MUTED = "#52606d"
"""Secondary text; 6.5 : 1 against white."""
FAINT = "#9aa5b1"
"""Axes, guides and chance lines."""

OKABE_ITO = {
    "blue": "#0072B2",
    "orange": "#E69F00",
    "green": "#009E73",
    "vermilion": "#D55E00",
    "purple": "#CC79A7",
    "sky": "#56B4E9",
    "black": "#000000",
}
"""Seven categories; yellow is left out, as it is lost on white."""

OTHER, BACKGROUND = "#8d99a6", "#d5dbe1"
"""Greys of what is not named: other members of the same kind, and the crowd behind."""

NO_DATA: dict[str, Any] = {
    "facecolor": "#f3efe6",
    "edgecolor": "#b5aa94",
    "hatch": "/////",
    "linewidth": 0.0,
}
"""How a patch without data is drawn: hatched, unlike any value."""

SIZES = {"title": 13.5, "heading": 10.0, "text": 8.5, "small": 7.5}
"""Type sizes in points."""

PARAMETERS = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": SIZES["text"],
    "text.color": INK,
    "axes.edgecolor": FAINT,
    "axes.linewidth": 0.6,
    "axes.labelcolor": INK,
    "axes.labelsize": SIZES["text"],
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.labelsize": SIZES["small"],
    "ytick.labelsize": SIZES["small"],
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "legend.frameon": False,
    "legend.fontsize": SIZES["small"],
    "hatch.linewidth": 0.5,
    "svg.fonttype": "path",
    "svg.hashsalt": "pluvial",
}


@contextmanager
def style() -> Iterator[None]:
    """Draw in the project's style, whatever the user's own settings; usable as a decorator."""
    with matplotlib.style.context(["default", PARAMETERS]):
        yield


@dataclass(frozen=True)
class Classes:
    """A quantity cut into classes, with a colour for each.

    Attributes:
        edges: lower edges of the classes, ascending, in the quantity's unit; the last class is
            open. What lies below the first is dry.
        dry: colour of what lies below the first edge.
        colours: of the classes, float64[len(edges), 4] RGBA.
    """

    edges: tuple[float, ...]
    dry: str | tuple[float, float, float, float]
    colours: np.ndarray

    @property
    def colormap(self) -> Colormap:
        """One colour a class; cells without data stay transparent."""
        return ListedColormap(self.colours).with_extremes(
            bad=(0, 0, 0, 0), under=self.dry, over=self.colours[-1]
        )

    @property
    def norm(self) -> BoundaryNorm:
        """From the quantity to its class."""
        return BoundaryNorm(self.edges, len(self.edges), extend="max")


def _cut(colormap: Colormap, low: float, high: float, count: int) -> np.ndarray:
    return np.asarray(colormap(np.linspace(low, high, count)))


_RAIN_EDGES = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)
_DEPTH_EDGES = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)

RAIN_CLASSES = Classes(_RAIN_EDGES, "white", _cut(cmocean.cm.rain, 0.1, 1.0, len(_RAIN_EDGES)))
"""Rain rate in mm/h, in doubling classes; dry is white."""

DEPTH_CLASSES = Classes(
    _DEPTH_EDGES, (0, 0, 0, 0), _cut(cmocean.cm.ice_r, 0.2, 0.97, len(_DEPTH_EDGES))
)
"""Water depth in m; dry is transparent, so that the ground shows."""

FLOODED = ListedColormap(_cut(cmocean.cm.ice_r, 0.16, 0.97, 256))
"""Flooded fraction; its light end still shows on white."""

RAIN_MAP = ListedColormap(_cut(cmocean.cm.rain, 0.08, 1.0, 256))
"""Amount of rain; its light end still shows on white."""

TIME_MAP = ListedColormap(_cut(cmcrameri.cm.batlow, 0.0, 0.92, 256))
"""Time, from early to late (Crameri 2018, https://doi.org/10.5281/zenodo.1243862)."""

DIVERGING: Colormap = cmcrameri.cm.vik
"""From one sign to the other."""

INK_DENSITY = LinearSegmentedColormap.from_list(
    "density", ["#ffffff", "#eef1f4", "#cfd7de", "#9eabb7", "#626f7c"]
)
"""Density of lines, from paper to ink."""


def round_up(value: float, steps: Sequence[float] = (1, 2.5, 5, 10)) -> float:
    """The least of ``steps`` times a power of ten that is not below ``value`` (> 0)."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(next(s * power for s in steps if s * power >= value * (1 - 1e-9)))


def percent(share: float) -> str:
    """A share as 0 %, 0.04 %, 2.5 %, 12 % or 100 %."""
    return f"{100 * share:.2g} %" if share < 0.0995 else f"{100 * share:.0f} %"


def two_digits(value: float) -> str:
    """A number to two significant digits, without an exponent: 0.53, 7.5, 130."""
    return f"{float(f'{value:.2g}'):g}"
