"""The training figure: loss and hits, epoch by epoch, beside the shuffled control."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from pluvial.errors import PluvialError
from pluvial.figures.sheet import MARGIN, Sheet, empty, label_ends
from pluvial.figures.style import FAINT, MUTED, OKABE_ITO, percent, style

COLOURS = {"trained": OKABE_ITO["blue"], "shuffled": OKABE_ITO["vermilion"]}
SOLID, DASHED = "-", (0, (4, 2))


@dataclass(frozen=True)
class Panel:
    """One quantity.

    Attributes:
        title: of the panel.
        unit: of its axis.
        lines: column of the history, its name, and how its line is drawn.
        chance: column of what one has without learning.
    """

    title: str
    unit: str
    lines: tuple[tuple[str, str, Any], ...]
    chance: str

    @property
    def of_loss(self) -> bool:
        """Whether it shows losses, not shares."""
        return self.chance == "chance_loss"


PANELS = (
    Panel(
        "Contrastive loss",
        "loss (nats)",
        (("loss", "training", SOLID), ("val_loss", "validation", DASHED)),
        "chance_loss",
    ),
    Panel(
        "Hits among a training batch",
        "true partner is first (%)",
        (("rain_to_depth", "rain → depth", SOLID), ("depth_to_rain", "depth → rain", DASHED)),
        "chance_hits",
    ),
    Panel(
        "Retrieval, validation storms",
        "true partner in the first ten (%)",
        (
            ("val_rain_to_depth", "rain → depth", SOLID),
            ("val_depth_to_rain", "depth → rain", DASHED),
        ),
        "val_chance",
    ),
)
NEEDED = ("epoch", "loss", "rain_to_depth", "depth_to_rain", "chance_loss", "chance_hits")

PANEL_WIDTH, PANEL_HEIGHT, AXIS_ROOM, LABEL_ROOM = 2.3, 2.5, 0.5, 1.5
TOP = 1.15


def draw_training(histories: Mapping[str, Path], path: Path) -> None:
    """Draw loss, hits and retrieval of each run; write ``path`` and its SVG.

    Args:
        histories: CSV of each run (see ``training.history``), such as trained and shuffled. One
            without columns ``val_…`` has no lines of them; one without rows is named as such.
        path: the PNG to make.
    """
    training_sheet(histories).save(path)


@style()
def training_sheet(histories: Mapping[str, Path]) -> Sheet:
    """The page: loss, hits among a batch, retrieval on the validation split."""
    tables = {run: read_history(file) for run, file in histories.items()}
    panel = AXIS_ROOM + PANEL_WIDTH + LABEL_ROOM
    sheet = Sheet(2 * MARGIN + 3 * panel, TOP + PANEL_HEIGHT + 0.55)
    sheet.title("Training, and the control that cannot learn", _subtitle(tables))
    for number, (letter, shown) in enumerate(zip("abc", PANELS, strict=True)):
        left = MARGIN + number * panel + AXIS_ROOM
        sheet.heading(left, TOP - 0.13, letter, shown.title)
        axes = sheet.axes(left, TOP, PANEL_WIDTH, PANEL_HEIGHT)
        axes.set_ylabel(shown.unit)
        axes.set_xlabel("epoch")
        _draw_panel(axes, tables, shown)
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
    absent = [name for name in NEEDED if name not in table]
    text = [str(name) for name in table if not pd.api.types.is_numeric_dtype(table[name])]
    if len(table) and (absent or text):
        problem = f"it lacks {', '.join(absent)}" if absent else f"{', '.join(text)} hold no number"
        raise PluvialError(problem, where=path, remedy="Delete it and run the workflow again")
    return table


def _subtitle(tables: Mapping[str, pd.DataFrame]) -> str:
    words = (
        "Shuffled: rain and depth paired at random; it shows what is to be had without learning. "
        "Chance: of a model that tells nothing apart."
    )
    idle = [run for run, table in tables.items() if table.empty]
    return f"{words}\nWithout any epoch: {', '.join(idle)}." if idle else words


def _draw_panel(axes: Axes, tables: Mapping[str, pd.DataFrame], panel: Panel) -> None:
    """One quantity of all runs, with chance; each line is named at its end."""
    shown = {
        run: table
        for run, table in tables.items()
        if any(name in table and table[name].notna().any() for name, _, _ in panel.lines)
    }
    if not shown:
        empty(axes, "no epochs" if all(t.empty for t in tables.values()) else "none judged")
        axes.set_xticks([])
        axes.set_yticks([])
        return
    ends: list[tuple[float, str, str]] = []
    spare = [colour for colour in OKABE_ITO.values() if colour not in COLOURS.values()]
    for run, table in shown.items():
        colour = COLOURS.get(run) or spare.pop(0)
        for column, part, dashes in panel.lines:
            if column not in table or table[column].isna().all():
                continue
            values = table[column]
            axes.plot(table["epoch"], values, color=colour, ls=dashes, lw=1.3, marker="o", ms=2)
            last = float(values.dropna().iloc[-1])
            value = f"{last:.2f}" if panel.of_loss else percent(last)
            ends.append((last, f"{run}, {part} {value}", colour))
    # Chance hardly differs between runs: it is the mean over all of them.
    chance = float(np.mean([table[panel.chance].mean() for table in shown.values()]))
    axes.axhline(chance, color=FAINT, lw=1, zorder=0)
    value = f"{chance:.2f}" if panel.of_loss else percent(chance)
    ends.append((chance, f"chance {value}", MUTED))
    _set_limits(axes, shown, panel)
    label_ends(axes, axes.get_xlim()[1], ends)


def _set_limits(axes: Axes, tables: Mapping[str, pd.DataFrame], panel: Panel) -> None:
    first = min(float(table["epoch"].min()) for table in tables.values())
    last = max(float(table["epoch"].max()) for table in tables.values())
    axes.set_xlim(first - 0.3, last + 0.3)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
    names = [panel.chance, *(name for name, _, _ in panel.lines)]
    values = [table[name].max() for table in tables.values() for name in names if name in table]
    most = 1.08 * float(np.nanmax(values))
    axes.set_ylim(0, most if panel.of_loss else min(max(most, 0.05), 1.02))
    if not panel.of_loss:
        axes.yaxis.set_major_formatter(PercentFormatter(1, symbol=""))
