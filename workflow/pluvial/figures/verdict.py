"""The page of a verdict: one HTML file that needs no script, no network and no other file."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pluvial.errors import PluvialError
from pluvial.figures.style import FAINT, INK, MUTED, OKABE_ITO, SIZES, style
from pluvial.files.atomic import write_text
from pluvial.files.documents import read_json

TEMPLATE = "verdict.html"
MEASURES = ("R@1", "R@5", "R@10", "median_rank", "mean_reciprocal_rank")
RUN_COLOURS = {"trained": OKABE_ITO["blue"], "untrained": OKABE_ITO["orange"]}
OTHER_COLOURS = (OKABE_ITO["vermilion"], OKABE_ITO["green"], OKABE_ITO["purple"])


def make_verdict_page(verdict: Path, title: str, path: Path) -> None:
    """Write the page of the verdict in a JSON file.

    Args:
        verdict: as ``diagnostics.judge`` writes it.
        title: name of the case, or of the embeddings.
        path: the HTML file to make.
    """
    document = read_json(verdict)
    try:
        page = verdict_page(document, title)
    except (KeyError, TypeError, jinja2.UndefinedError) as error:
        raise PluvialError(
            f"not a verdict ({type(error).__name__}: {error})",
            where=verdict,
            remedy="Delete it and run the workflow again to remake it",
        ) from None
    write_text(path, page)


def verdict_page(document: Mapping[str, Any], title: str) -> str:
    """The page as text; all that is said stands in the document."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(TEMPLATE).render(
        title=title,
        measures=MEASURES,
        ways=[(f"{a}_to_{b}", f"{a} → {b}") for a, b in _ways(document["sides"])],
        pictures=pictures(document),
        **document,
    )


def _ways(sides: list[str]) -> list[tuple[str, str]]:
    return [] if len(sides) < 2 else [(sides[0], sides[1]), (sides[1], sides[0])]


def pictures(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Pictures as data URIs, each with its caption."""
    drawn = []
    if document["methods"]:
        drawn.append((_uri(draw_shifts(document)), _shift_caption(document)))
    if any(side["spectrum"] for side in document["geometry"]["trained"]["sides"].values()):
        drawn.append((_uri(draw_spectra(document)), SPECTRA))
    return drawn


SPECTRA = (
    "Singular values of the held-out vectors about their mean, as shares of their sum, largest "
    "first. A tower that has collapsed onto a line has one of them; the more evenly they fall, the "
    "higher the effective rank."
)


def _shift_caption(document: Mapping[str, Any]) -> str:
    if document["ordered"]:
        return (
            "The mean reciprocal rank of the true pairs (dot) and of all pairings in which one "
            "side is shifted against the other by so many candidates; queries are the candidates "
            "themselves. Both sides keep their own course in time: what the dot has above the "
            "line is pairing."
        )
    return (
        "The mean reciprocal rank of the true pairs (line) and of pairs torn apart at random "
        "(histogram)."
    )


@style()
def draw_shifts(document: Mapping[str, Any]) -> Figure:
    """For each way the true pairs among the others."""
    ways = _ways(document["sides"])
    figure = Figure(figsize=(8.2, 2.5), layout="constrained")
    panels = figure.subplots(1, len(ways), sharey=bool(document["ordered"]))
    for axes, (left, right) in zip(np.atleast_1d(panels), ways, strict=True):
        curve = document["methods"]["trained"][f"{left}_to_{right}"]["chance"]["curve"]
        _draw_shift(axes, np.asarray(curve, dtype=float), bool(document["ordered"]))
        axes.set_title(f"{left} → {right}", loc="left", fontsize=SIZES["heading"], color=INK)
    return figure


def _draw_shift(axes: Axes, curve: np.ndarray, ordered: bool) -> None:
    if ordered:
        half = curve.size // 2
        shifts = np.arange(curve.size) - half
        axes.plot(shifts, np.roll(curve, half), color=MUTED, lw=0.9)
        axes.plot(0, curve[0], "o", color=OKABE_ITO["blue"], ms=6, clip_on=False)
        axes.set_xlabel("shift (candidates)")
        axes.set_ylabel("mean reciprocal rank")
        axes.set_ylim(0, 1.08 * max(curve.max(), 1e-6))
        return
    axes.hist(curve[1:], bins=40, color=FAINT)
    axes.axvline(curve[0], color=OKABE_ITO["blue"], lw=1.6)
    axes.set_xlabel("mean reciprocal rank")
    axes.set_ylabel("random pairings")


@style()
def draw_spectra(document: Mapping[str, Any]) -> Figure:
    """Singular spectra of all runs, a panel a side."""
    sides = document["sides"]
    figure = Figure(figsize=(8.2, 2.5), layout="constrained")
    panels = figure.subplots(1, len(sides), sharey=True)
    for axes, side in zip(np.atleast_1d(panels), sides, strict=True):
        others = iter(OTHER_COLOURS * len(document["geometry"]))
        for run, shape in document["geometry"].items():
            shares = np.asarray(shape["sides"][side]["spectrum"], dtype=float)
            shown = shares[shares > 0]
            colour = RUN_COLOURS.get(run) or next(others)
            axes.plot(np.arange(1, shown.size + 1), shown, color=colour, lw=1.4, label=run)
        axes.set_yscale("log")
        axes.set_xlabel("number of the singular value")
        axes.set_title(side, loc="left", fontsize=SIZES["heading"], color=INK)
    np.atleast_1d(panels)[0].set_ylabel("share of the sum")
    np.atleast_1d(panels)[-1].legend(loc="upper right")
    return figure


def _uri(figure: Figure) -> str:
    """A figure as SVG in a data URI; the same figure gives the same bytes."""
    content = io.BytesIO()
    with style():
        figure.savefig(content, format="svg", metadata={"Date": None, "Creator": None})
    return "data:image/svg+xml;base64," + base64.b64encode(content.getvalue()).decode()
