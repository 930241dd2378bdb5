"""The training figure: loss and hits, epoch by epoch, beside the shuffled control."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from pluvial.errors import PluvialError
from pluvial.figures.sheet import MARGIN, Sheet, empty, label_ends
from pluvial.figures.style import FAINT, MUTED, OKABE_ITO, percent, style

COLUMNS = ("loss", "rain_to_depth", "depth_to_rain", "chance_loss")
COLOURS = {"trained": OKABE_ITO["blue"], "shuffled": OKABE_ITO["vermilion"]}
PARTS = {"": ("training", "-"), "val_": ("validation", (0, (4, 2)))}
"""Prefix of a column: what it is of, and how its line is drawn."""

PANEL_WIDTH, PANEL_HEIGHT, AXIS_ROOM, LABEL_ROOM = 2.3, 2.5, 0.5, 1.5
TOP = 1.15


def draw_training(histories: Mapping[str, Path], path: Path) -> None:
    """Draw loss and in-batch hits of each run; write ``path`` and its SVG.

    Args:
        histories: CSV of each run (see ``training.history``), such as trained and shuffled. One
            without columns ``val_…`` has no dashed lines; one without rows is named as such.
        path: the PNG to make.
    """
    training_sheet(histories).save(path)


@style()
def training_sheet(histories: Mapping[str, Path]) -> Sheet:
    """The page: loss, hits from rain to depth, hits from depth to rain."""
    tables = {run: read_history(file) for run, file in histories.items()}
    panel = AXIS_ROOM + PANEL_WIDTH + LABEL_ROOM
    sheet = Sheet(2 * MARGIN + 3 * panel, TOP + PANEL_HEIGHT + 0.55)
    sheet.title("Training, and the control that cannot learn", _subtitle(tables))
    panels = [
        ("a", "loss", "Contrastive loss", "loss (nats)"),
        ("b", "rain_to_depth", "Hits, rain → depth", "hits (% of a batch)"),
        ("c", "depth_to_rain", "Hits, depth → rain", "hits (% of a batch)"),
    ]
    for number, (letter, column, words, unit) in enumerate(panels):
        left = MARGIN + number * panel + AXIS_ROOM
        sheet.heading(left, TOP - 0.13, letter, words)
        axes = sheet.axes(left, TOP, PANEL_WIDTH, PANEL_HEIGHT)
        axes.set_ylabel(unit)
        axes.set_xlabel("epoch")
        _draw_panel(axes, tables, column)
    return sheet


def read_history(path: Path) -> pd.DataFrame:
    """The history of a run (see ``training.history``); a run without epochs has no rows."""
    try:
        table = pd.read_csv(path)
    except FileNotFoundError:
        raise PluvialError(
            "the history is missing", where=path, remedy="Run the rule `pretrain`"
        ) from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise PluvialError(
            f"not a readable CSV table ({error})",
            where=path,
            remedy="Delete it and run the workflow again",
        ) from None
    absent = [name for name in ("epoch", *COLUMNS) if name not in table]
    text = [str(name) for name in table if not pd.api.types.is_numeric_dtype(table[name])]
    if len(table) and (absent or text):
        problem = f"it lacks {', '.join(absent)}" if absent else f"{', '.join(text)} hold no number"
        raise PluvialError(problem, where=path, remedy="Delete it and run the workflow again")
    return table


def _subtitle(tables: Mapping[str, pd.DataFrame]) -> str:
    batch = next((round(np.exp(t["chance_loss"].iloc[0])) for t in tables.values() if len(t)), None)
    among = f"the {batch} of its batch" if batch else "its batch"
    words = (
        f"A hit: the true partner is the most similar among {among}. "
        "Solid: training; dashed: validation. Shuffled: rain and depth paired at random."
    )
    idle = [run for run, table in tables.items() if table.empty]
    return f"{words}\nWithout any epoch: {', '.join(idle)}." if idle else words


def _draw_panel(axes: Axes, tables: Mapping[str, pd.DataFrame], column: str) -> None:
    """One quantity of all runs, with chance; each line is named at its end."""
    trained = {run: table for run, table in tables.items() if len(table)}
    if not trained:
        empty(axes, "no epochs")
        axes.set_xticks([])
        axes.set_yticks([])
        return
    of_loss = column == "loss"
    ends: list[tuple[float, str, str]] = []
    spare = [colour for colour in OKABE_ITO.values() if colour not in COLOURS.values()]
    for run, table in trained.items():
        colour = COLOURS.get(run) or spare.pop(0)
        for prefix, (part, dashes) in PARTS.items():
            if prefix + column not in table or table[prefix + column].isna().all():
                continue
            values = table[prefix + column]
            axes.plot(table["epoch"], values, color=colour, ls=dashes, lw=1.3, marker="o", ms=2)
            last = float(values.dropna().iloc[-1])
            value = f"{last:.2f}" if of_loss else percent(last)
            ends.append((last, f"{run}, {part} {value}", colour))
    _draw_chance(axes, trained, ends, of_loss=of_loss)
    _set_limits(axes, trained, of_loss=of_loss)
    label_ends(axes, axes.get_xlim()[1], ends)


def _draw_chance(
    axes: Axes,
    tables: Mapping[str, pd.DataFrame],
    ends: list[tuple[float, str, str]],
    *,
    of_loss: bool,
) -> None:
    """The level that knows nothing: ln B for the loss, 1 / B for the hits; named in ``ends``."""
    for loss in sorted({float(table["chance_loss"].iloc[0]) for table in tables.values()}):
        batch = round(np.exp(loss))
        level = loss if of_loss else 1 / batch
        words = f"ln {batch} = {loss:.2f}" if of_loss else f"1 in {batch} = {percent(level)}"
        axes.axhline(level, color=FAINT, lw=1, zorder=0)
        ends.append((level, f"chance, {words}", MUTED))


def _set_limits(axes: Axes, tables: Mapping[str, pd.DataFrame], *, of_loss: bool) -> None:
    first = min(float(table["epoch"].min()) for table in tables.values())
    last = max(float(table["epoch"].max()) for table in tables.values())
    axes.set_xlim(first - 0.3, last + 0.3)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
    axes.set_ylim(0, _highest(tables, of_loss=of_loss))
    if not of_loss:
        axes.yaxis.set_major_formatter(PercentFormatter(1, symbol=""))


def _highest(tables: Mapping[str, pd.DataFrame], *, of_loss: bool) -> float:
    """The upper end of the axis; the same for both kinds of hits."""
    names = ("loss", "val_loss", "chance_loss") if of_loss else COLUMNS[1:3]
    names = names if of_loss else (*names, *(f"val_{name}" for name in names))
    values = [table[name].max() for table in tables.values() for name in names if name in table]
    most = 1.08 * float(np.nanmax(values))
    return most if of_loss else min(max(most, 0.05), 1.02)
