"""Whether the encoders learned, as the page tells it: the verdict, the report, the epochs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pluvial.errors import PluvialError
from pluvial.explorer.charts import Axis, Curve, chart
from pluvial.figures.style import percent, round_up
from pluvial.figures.training import PANELS, SOLID, Panel, read_history
from pluvial.files.documents import read_json

DIRECTIONS = {"rain_to_depth": "rain → depth map", "depth_to_rain": "depth map → rain"}
MEASURES = ("R@1", "R@10")
COLOURS = {"trained": "var(--trained)", "shuffled": "var(--shuffled)"}
DIRECTION_COLOURS = {"rain_to_depth": "var(--trained)", "depth_to_rain": "var(--shuffled)"}
CONTROLS = {"shuffled": "control: shuffled pairs", "untrained": "control: untrained"}


@dataclass(frozen=True)
class Judgement:
    """Retrieval over the whole held-out split, and the verdict if there is one.

    Attributes:
        word, because: the verdict and its reason; empty where there is none.
        report: the retrieval report, of the keys that :func:`read_judgement` names.
    """

    word: str
    because: str
    report: dict[str, Any]

    @property
    def headline(self) -> str:
        """The verdict in a line, or what stands for it."""
        if self.word:
            return f"Verdict: {self.word}"
        found = self.report["methods"].get("trained")
        if not found:
            return "Did it learn?"
        hits, chance = found["rain_to_depth"]["R@10"], self.report["chance"]["R@10"]
        return f"R@10 {percent(hits)}, chance {percent(chance)}"


def read_judgement(report: Path, verdict: Path) -> Judgement:
    """Read the retrieval report and the verdict.

    Args:
        report: ``retrieval.json``, as ``diagnostics.judge`` writes it.
        verdict: ``verdict.json``. Taken are ``verdict``, a word, and its reason, ``because`` or
            else ``headline``; it may lack them, and other keys are left alone.
    """
    document = read_json(report)
    try:
        kept = {
            "chance": {measure: float(document["chance"][measure]) for measure in MEASURES},
            "methods": {
                method: {
                    direction: {m: float(found[direction][m]) for m in MEASURES}
                    for direction in DIRECTIONS
                }
                for method, found in document["methods"].items()
            },
            **{key: document[key] for key in ("split", "queries", "candidates")},
            "tolerance_minutes": float(document["tolerance_minutes"]),
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise PluvialError(
            f"not a retrieval report ({type(error).__name__}: {error})",
            where=report,
            remedy="Delete it and run the workflow again to remake it",
        ) from None
    said = read_json(verdict)
    said = said if isinstance(said, dict) else {}
    because = said.get("because", said.get("headline", ""))
    reasons = because if isinstance(because, list) else [because]
    return Judgement(str(said.get("verdict", "")), "; ".join(map(str, reasons)), kept)


def learning_html(
    judgement: Judgement, pairs: dict[str, Any] | None, histories: Mapping[str, Path]
) -> str:
    """The panel: the verdict, a table of methods, recall curves, and the epochs.

    Args:
        judgement: of the whole held-out split.
        pairs: as ``explorer.pairs.Pairs.document`` gives it, for the curves.
        histories: ``history.csv`` of runs; one without epochs is left out.
    """
    report = judgement.report
    parts = []
    if judgement.word:
        parts.append(f'<p class="word">{escape(judgement.word)}</p>')
        parts.append(f"<p>{escape(judgement.because)}</p>")
    parts.append(_table(report))
    parts.append(
        f'<p class="key">{report["queries"]:,} queries among {report["candidates"]:,} candidates '
        f"of the {escape(str(report['split']))} split. R@k: share of queries with a candidate "
        f"within {report['tolerance_minutes']:g} min of the true time among the first k; "
        "ties never win.</p>"
    )
    if pairs is not None:
        parts.append(_recall_chart(pairs))
        parts.append(
            '<p class="key">The page may hold a sample of the split; the table is of all of it.</p>'
        )
    return "\n".join([*parts, *_epoch_charts(histories)])


def _table(report: dict[str, Any]) -> str:
    head = "".join(f'<th scope="col">{m}</th>' for _ in DIRECTIONS for m in MEASURES)
    rows = [(method, CONTROLS.get(method, method)) for method in report["methods"]]
    rows.sort(key=lambda row: (row[0] != "trained", row[0] in CONTROLS))
    lines = []
    for method, words in rows:
        cells = "".join(
            f"<td>{100 * report['methods'][method][direction][m]:.1f}</td>"
            for direction in DIRECTIONS
            for m in MEASURES
        )
        kind = ' class="trained"' if method == "trained" else ""
        lines.append(f'<tr{kind}><th scope="row">{escape(words)}</th>{cells}</tr>')
    chance = "".join(f"<td>{100 * report['chance'][m]:.1f}</td>" for m in MEASURES) * 2
    groups = "".join(f'<th colspan="2" scope="colgroup">{d}</th>' for d in DIRECTIONS.values())
    return (
        f'<table><thead><tr><th scope="col">% of queries</th>{groups}</tr>'
        f"<tr><th></th>{head}</tr></thead><tbody>{''.join(lines)}"
        f'<tr><th scope="row">chance</th>{chance}</tr></tbody></table>'
    )


def _recall_chart(pairs: dict[str, Any]) -> str:
    """How many queries have their answer among the first k, over log k."""
    most = pairs["candidates"]
    curves = [
        Curve(
            DIRECTIONS[name],
            DIRECTION_COLOURS[name],
            [(k, share) for k, share in points],
            dashed=name == "depth_to_rain",
        )
        for name, points in pairs["curves"].items()
    ]
    ks = np.unique(np.geomspace(1, most, 60).round())
    chance = Curve("chance, k / N", "var(--muted)", [(float(k), float(k) / most) for k in ks])
    ticks = [*(10.0**p for p in range(6) if 10**p < 0.5 * most), float(most)]
    return chart(
        f"Retrieval among the records of this page (N = {most:,}, {pairs['queries']:,} queries)",
        Axis("k, first candidates looked at (log scale)", 1, most, _words(ticks), log=True),
        Axis("recall at k (% of queries)", 0, 1, [(t / 4, f"{25 * t}") for t in range(5)]),
        [*curves, chance],
    )


def _epoch_charts(histories: Mapping[str, Path]) -> list[str]:
    """The panels of the training figure, with the lines of all runs."""
    tables = {run: read_history(path) for run, path in histories.items()}
    tables = {run: table for run, table in tables.items() if len(table)}
    if not tables:
        return ['<p class="key">No run has finished an epoch.</p>']
    first, last = (
        float(choose(float(choose(t["epoch"])) for t in tables.values())) for choose in (min, max)
    )
    step = max(1, round((last - first) / 6))
    epoch = Axis("epoch", first, last, _words([float(e) for e in np.arange(first, last + 1, step)]))
    charts = []
    for panel in PANELS:
        curves = _curves(tables, panel)
        if not curves:
            continue
        chance = float(np.mean([table[panel.chance].mean() for table in tables.values()]))
        curves.append(Curve("chance", "var(--muted)", [(first, chance), (last, chance)]))
        most = max(y for curve in curves for _, y in curve.points if y is not None)
        quarters = [(t / 4, f"{25 * t}") for t in range(5)]
        high = round_up(1.02 * most, range(1, 11)) if panel.of_loss else 1
        ticks = _words([0, high / 2, high]) if panel.of_loss else quarters
        charts.append(chart(panel.title, epoch, Axis(panel.unit, 0, high, ticks), curves))
    return charts


def _curves(tables: Mapping[str, pd.DataFrame], panel: Panel) -> list[Curve]:
    """The panel's lines of each run, the second of the two dashed."""
    return [
        Curve(
            f"{run}, {name}",
            COLOURS.get(run, "var(--ink)"),
            [
                (float(epoch), float(value) if np.isfinite(value) else None)
                for epoch, value in zip(table["epoch"], table[column], strict=True)
            ],
            dashed=dashes is not SOLID,
        )
        for run, table in tables.items()
        for column, name, dashes in panel.lines
        if column in table and table[column].notna().any()
    ]


def _words(values: list[float]) -> list[tuple[float, str]]:
    return [(value, f"{value:g}") for value in values]
