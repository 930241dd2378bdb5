"""What the records can be coloured by: values, scales, classes and palettes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Literal

import cmcrameri.cm
import cmocean
import numpy as np
import pandas as pd
from matplotlib.colors import Colormap, to_hex
from numpy.typing import NDArray

from pluvial.diagnostics.projection import FLOODED_CLASSES
from pluvial.explorer.pairs import Pairs
from pluvial.explorer.predicted import Predicted
from pluvial.figures.records import SPLIT_NAMES, Labels
from pluvial.figures.style import BACKGROUND, OKABE_ITO, OTHER, round_up

COLOURS = 32
"""Colours of a scale; between them the page interpolates."""

LEAST_ROOM = 0.22
"""Share of a scale that the words at its upper end need to themselves."""

SPLIT_COLOURS = {"train": OTHER, "val": OKABE_ITO["orange"], "test": OKABE_ITO["blue"]}
DARK_OF = {
    BACKGROUND: "#465460",
    OTHER: "#7b8894",
    OKABE_ITO["black"]: "#ffffff",
    OKABE_ITO["blue"]: "#3d9be0",
}
"""Colours of categories that are too faint, or too strong, on a dark ground."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Column:
    """A quantity or a category of the records, as the page's script takes it.

    Attributes:
        id: its name in the page.
        label: for the choice of colours, with its unit.
        short: for the list of a record's values.
        kind: number or category.
        unit: behind a value.
        scale: of numbers, along the colours.
        low, high: of the scale; what lies beyond has the colour of its end.
        ticks: values with their words.
        edges: that cut the numbers into classes, for medians and separation.
        names: of categories, or of the classes.
        behind: how many of the last categories are drawn behind the others.
        nothing: what stands for a number that a record does not have.
        light, dark: colours on a light and on a dark ground, low to high or one per category.
    """

    id: str
    label: str
    short: str
    kind: Literal["number", "category"]
    light: list[str]
    dark: list[str]
    names: list[str]
    unit: str = ""
    scale: Literal["linear", "sqrt", "log1p", "log"] = "linear"
    low: float = 0.0
    high: float = 1.0
    ticks: tuple[tuple[float, str], ...] = ()
    edges: tuple[float, ...] = ()
    behind: int = 0
    nothing: str = ""

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def columns_of(
    table: pd.DataFrame,
    labels: Labels,
    pairs: Pairs | None,
    predicted: Predicted | None,
    flooded_m: float,
) -> list[tuple[Column, NDArray[Any]]]:
    """The columns and their values, float32[n] or uint16[n] codes; the first is shown first.

    Args:
        table: n records as ``diagnostics.projection`` writes them, in order of time.
        labels: of the same records.
        pairs: what the records retrieve, if anything.
        predicted: what the depth model made of them, if there is one.
        flooded_m: depth from which a cell counts as flooded, m.
    """
    ice, rain = cmocean.cm.ice_r, cmocean.cm.rain
    found: list[tuple[Column, NDArray[Any]]] = [
        _number("flooded", f"Flooded area (% of cells deeper than {flooded_m:g} m)", "flooded area",
                "%", 100 * _floats(table, "flooded_fraction"), ice,
                edges=[100 * edge for edge in FLOODED_CLASSES]),
        _number("rain", "Rain of the window (mm, mean over the area)", "rain of window", "mm",
                _floats(table, "rain_mm"), rain, scale="log1p"),
        _number("peak", "Heaviest rain of the window (mm/h)", "heaviest rain", "mm/h",
                _floats(table, "rain_max_mm_h"), rain, scale="log1p"),
        _number("deepest", "Deepest water (m)", "deepest water", "m",
                _floats(table, "depth_max_m"), ice),
        _time(table["time"].to_numpy(np.int64)),
        _storm_groups(labels),
        _splits(table["split"].to_numpy(str)),
    ]  # fmt: skip
    if pairs is not None:
        for direction, what in (("rain_to_depth", "depth"), ("depth_to_rain", "rain")):
            words = f"Rank of the true {what} (1 = best, of {pairs.candidates.size})"
            found.append(_rank(direction, words, f"rank of true {what}", pairs))
    if predicted is not None:
        found.append(_csi(predicted.csi, flooded_m))
        found.append(
            _number("error", "Depth model: error on flooded cells (m, root mean square)",
                    "error of prediction", "m", predicted.rmse_m.astype(np.float64),
                    cmocean.cm.amp, nothing="–")
        )  # fmt: skip
    return found


def hues(colormap: Colormap, low: float, high: float, count: int = COLOURS) -> list[str]:
    """Colours of a map between two of its places, as ``#rrggbb``."""
    return [to_hex(colour) for colour in colormap(np.linspace(low, high, count))]


def _floats(table: pd.DataFrame, name: str) -> Floats:
    return table[name].to_numpy(np.float64)


def _number(
    name: str,
    label: str,
    short: str,
    unit: str,
    values: Floats,
    colormap: Colormap,
    *,
    scale: Literal["sqrt", "log1p"] = "sqrt",
    edges: Sequence[float] = (),
    nothing: str = "",
) -> tuple[Column, NDArray[np.float32]]:
    """A quantity from 0; more of it stands out more on either ground. NaN is drawn grey."""
    known = values[np.isfinite(values)] if np.isfinite(values).any() else np.zeros(1)
    high = round_up(max(float(np.quantile(known, 0.999)), 1e-3))
    if scale == "sqrt":
        places = [0.0, 0.04 * high, 0.2 * high, 0.5 * high, high]
    else:
        places = [0.0, *_decades(high), high]
    cuts = list(edges) or _quartiles(known)
    return Column(
        id=name, label=label, short=short, kind="number", unit=unit, scale=scale, low=0.0,
        high=high, ticks=tuple((place, f"{place:g}") for place in places), edges=tuple(cuts),
        names=_class_names(cuts, unit), light=hues(colormap, 0.16, 0.97),
        dark=hues(colormap, 0.72, 0.02), nothing=nothing,
    ), values.astype(np.float32)  # fmt: skip


def _decades(high: float) -> list[float]:
    """1, 10, 100 and so on, as far as their words stand clear of those at ``high``."""
    room = np.log1p(high) * (1 - LEAST_ROOM)
    return [10.0**k for k in range(6) if np.log1p(10.0**k) < room]


def _quartiles(values: Floats) -> list[float]:
    """Quartiles to three digits; fewer where they coincide, and none that leaves a class empty."""
    cuts = {float(f"{cut:.3g}") for cut in np.quantile(values, [0.25, 0.5, 0.75])}
    return sorted(cut for cut in cuts if values.min() < cut <= values.max())


def _class_names(cuts: Sequence[float], unit: str) -> list[str]:
    if not cuts:
        return ["all"]
    words = [f"{cut:g}" for cut in cuts]
    inner = [f"{low}–{high}" for low, high in pairwise(words)]
    return [f"{name} {unit}".strip() for name in (f"< {words[0]}", *inner, f"≥ {words[-1]}")]


def _time(times: NDArray[np.int64]) -> tuple[Column, NDArray[np.float64]]:
    """NOW in seconds since 1970, with its ends and its middle as ticks."""
    low, high = float(times[0]), float(max(times[-1], times[0] + 1))
    days = (high - low) / 86400
    form = "%b %Y" if days > 300 else "%-d %b" if days > 4 else "%-d %b %H h"
    ticks = tuple((at, f"{pd.Timestamp(at, unit='s'):{form}}") for at in np.linspace(low, high, 3))
    cuts = [float(cut) for cut in np.unique(np.linspace(low, high, 5)[1:4].round())]
    names = [f"{part} quarter of the time" for part in ("first", "second", "third", "last")]
    batlow = cmcrameri.cm.batlow
    return Column(
        id="time", label="Time (UTC)", short="time, UTC", kind="number", low=low, high=high,
        ticks=ticks, edges=tuple(cuts), names=names[: len(cuts) + 1],
        light=hues(batlow, 0.0, 0.86), dark=hues(batlow, 0.2, 1.0),
    ), times.astype(np.float64)  # fmt: skip


def _rank(
    direction: str, label: str, short: str, pairs: Pairs
) -> tuple[Column, NDArray[np.float32]]:
    """Rank of the true one; NaN, drawn grey, for a record that may not ask."""
    high = float(max(pairs.candidates.size, 2))
    places = [*_decades(high), high]
    cuts = [cut for cut in (1.5, 10.5, 100.5) if cut < high]
    bounds = [1, *(int(cut + 0.5) for cut in cuts), int(high) + 1]
    names = [
        f"rank {low}" if last == low + 1 else f"rank {low}–{last - 1}"
        for low, last in pairwise(bounds)
    ]
    lipari = cmcrameri.cm.lipari
    return Column(
        id=direction, label=label, short=short, kind="number", scale="log", low=1.0, high=high,
        nothing="not asked",
        ticks=tuple((place, f"{place:g}") for place in places), edges=tuple(cuts), names=names,
        light=hues(lipari, 0.05, 0.86), dark=hues(lipari, 0.98, 0.28),
    ), pairs.ranks[direction]  # fmt: skip


def _csi(values: NDArray[np.float32], flooded_m: float) -> tuple[Column, NDArray[np.float32]]:
    """CSI of the predicted map; NaN, drawn grey, where nothing is predicted or flooded."""
    davos = cmcrameri.cm.davos
    cuts = [0.5, 0.7, 0.9]
    return Column(
        id="csi", label=f"Depth model: CSI at {flooded_m:g}\N{NO-BREAK SPACE}m (1 = best)",
        short="CSI of prediction", kind="number", low=0.0, high=1.0,
        ticks=tuple((place, f"{place:g}") for place in (0.0, 0.5, 1.0)), edges=tuple(cuts),
        names=_class_names(cuts, ""), light=hues(davos, 0.86, 0.05), dark=hues(davos, 0.28, 0.98),
        nothing="–",
    ), values  # fmt: skip


def _category(
    name: str, label: str, groups: Sequence[tuple[str, str, NDArray[np.bool_]]], behind: int = 0
) -> tuple[Column, NDArray[np.uint16]]:
    codes = np.zeros(groups[0][2].size, dtype=np.uint16)
    for code, (_, _, members) in enumerate(groups):
        codes[members] = code
    colours = [colour for _, colour, _ in groups]
    return Column(
        id=name, label=label, short=name, kind="category", names=[words for words, _, _ in groups],
        light=colours, dark=[DARK_OF.get(colour, colour) for colour in colours], behind=behind,
    ), codes  # fmt: skip


def _storm_groups(labels: Labels) -> tuple[Column, NDArray[np.uint16]]:
    groups = [(g.name, g.colour, g.members) for g in (*labels.storms, *labels.crowd)]
    words = "Storm (the longest held-out ones by name)"
    return _category("storm", words, groups, behind=len(labels.crowd))


def _splits(split: NDArray[Any]) -> tuple[Column, NDArray[np.uint16]]:
    groups = [
        (words, SPLIT_COLOURS[name], split == name)
        for name, words in SPLIT_NAMES.items()
        if (split == name).any()
    ]
    return _category("split", "Split", groups)
