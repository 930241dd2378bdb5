"""How good the depth model is, as the page tells it: beside methods without learning."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from pluvial.errors import PluvialError
from pluvial.files.documents import read_json


def skill_html(path: Path) -> str:
    """The section of the depth model: its verdict, and a table of all methods.

    Args:
        path: ``skill.json``, as ``diagnostics.skill.make_skill`` writes it.

    Raises:
        PluvialError: if it is no such document.
    """
    document = read_json(path)
    try:
        return "\n".join(
            [
                "<h3>Depth model</h3>",
                f'<p class="word">{escape(document["verdict"])}</p>',
                f"<p>{escape(document['headline'])}</p>",
                _table(document),
                f'<p class="key">{document["records"]:,} records of {document["storms"]:,} storms '
                f"of the {escape(document['split'])} split. CSI: hits over hits, misses and false "
                "alarms, of all cells and times; NSE: Nash-Sutcliffe efficiency at the gauge. "
                "1 is best. Persistence knows the depth at NOW, which the others do not.</p>",
            ]
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise PluvialError(
            f"not a report of skill ({type(error).__name__}: {error})",
            where=path,
            remedy="Delete it and run the workflow again to remake it",
        ) from None


def _table(document: dict[str, Any]) -> str:
    thresholds, gauges = document["thresholds_m"], list(document["gauges"])
    heads = [*(f"{threshold} m" for threshold in thresholds), *gauges]
    groups = f'<th colspan="{len(thresholds)}" scope="colgroup">CSI</th>'
    if gauges:
        groups += f'<th colspan="{len(gauges)}" scope="colgroup">NSE</th>'
    lines = []
    for name, found in document["methods"].items():
        scores = [found["thresholds"][threshold]["csi"] for threshold in thresholds]
        scores += [found["gauges"][gauge]["nse"] for gauge in gauges]
        cells = "".join(f"<td>{_number(score['value'])}</td>" for score in scores)
        kind = ' class="trained"' if found["kind"] == "model" else ""
        lines.append(f'<tr{kind}><th scope="row">{escape(name)}</th>{cells}</tr>')
    names = "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
    return (
        f"<table><thead><tr><th></th>{groups}</tr><tr><th></th>{names}</tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table>"
    )


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}".replace("-", "−")
