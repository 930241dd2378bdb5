"""The verdict on predictions of depth, by rules: each with its numbers and its words.

*Ahead* if the interval of the lead in CSI over the best method without learning lies above 0 at the
threshold that counts, *behind* if it lies below, and *not shown* otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pluvial.diagnostics.rules import NOT_SHOWN, Rule

AHEAD, BEHIND = "ahead", "behind"
GOOD_EFFICIENCY = 0.9
"""NSE at a gauge from which a hydrograph is said to be met."""
FAIR_BIAS = (0.8, 1.25)
"""Frequency bias within which as much is flooded as should be."""
SURE = 0.1
"""Mean distance from the diagonal of the reliability diagram, within which odds are believed."""

Document = Mapping[str, Any]


def decide_skill(document: Document, model: str, threshold: str) -> dict[str, Any]:
    """The verdict on a model, from the numbers of :func:`skill.judge_predictions`.

    Args:
        document: ``methods`` and ``leads``, by name.
        model: name of the model.
        threshold: the depth that counts, as a key of the document.

    Returns:
        ``verdict``, ``headline`` and ``rules``.
    """
    best = best_baseline(document, threshold)
    decisive = _ahead(document, model, best, threshold, decides=True)
    rules = [
        decisive,
        *(
            _ahead(document, model, best_baseline(document, key), key, decides=False)
            for key in document["thresholds_m"]
            if key != threshold
        ),
        *(_hydrograph(document, model, gauge) for gauge in document["gauges"]),
        _bias(document, model, threshold),
        _better_odds(document, model, threshold),
        _believed(document, model, threshold),
    ]
    verdict = NOT_SHOWN
    if decisive.kept:
        verdict = AHEAD
    elif decisive.numbers.get("behind"):
        verdict = BEHIND
    headline = " ".join(
        rule.words for rule in rules if rule is decisive or rule.name.startswith("hydrograph")
    )
    return {"verdict": verdict, "headline": headline, "rules": [asdict(rule) for rule in rules]}


def best_baseline(document: Document, threshold: str) -> str | None:
    """The method without learning that has the highest CSI; those that know the depth stand apart.

    It is chosen on what it is judged by, which flatters the baselines.
    """
    scores = {
        name: method["thresholds"][threshold]["csi"]["value"]
        for name, method in document["methods"].items()
        if method["kind"] == "baseline"
    }
    known = {name: value for name, value in scores.items() if value is not None}
    return max(known, key=lambda name: known[name]) if known else None


def shown(number: Document, digits: int = 2) -> str:
    """A number with its interval: 0.81 [0.75, 0.86]."""
    if number["value"] is None:
        return f"not defined ({number['because']})"
    # What is rounded to zero has no sign.
    value, *bounds = (
        round(n, digits) + 0.0 for n in [number["value"], *(number["interval"] or [])]
    )
    words = f"{value:.{digits}f}"
    if bounds:
        words += f" [{bounds[0]:.{digits}f}, {bounds[1]:.{digits}f}]"
    return words


def _ahead(
    document: Document, model: str, best: str | None, threshold: str, *, decides: bool
) -> Rule:
    question = f"Does it find floods above {threshold} m better than any method without learning?"
    name, rule = f"ahead at {threshold} m", "the interval of the lead in CSI lies above 0"
    verdict = NOT_SHOWN if decides else ""
    if best is None:
        words = f"Nothing is flooded above {threshold} m: there is nothing to find."
        return Rule(name, question, None, {}, rule, words, verdict)
    gain = document["leads"][best]["thresholds"][threshold]["csi"]
    bounds = gain.get("interval")
    csi = shown(document["methods"][model]["thresholds"][threshold]["csi"])
    theirs = shown(document["methods"][best]["thresholds"][threshold]["csi"])
    numbers = {"best": best, "lead": gain["value"], "interval": bounds, "behind": False}
    if gain["value"] is None or bounds is None:
        words = (
            f"At {threshold} m its CSI is {csi}, that of the best baseline ({best}) {theirs}; "
            f"{document['storms']} storms are too few to tell them apart."
        )
        return Rule(name, question, False, numbers, rule, words, verdict)
    lead = shown(gain)
    if bounds[0] > 0:
        words = f"It beats the best baseline ({best}) by {lead} of CSI at {threshold} m"
    elif bounds[1] < 0:
        numbers["behind"] = True
        words = f"The best baseline ({best}) beats it at {threshold} m: its lead is {lead} of CSI"
    else:
        words = (
            f"It is not shown to beat the best baseline ({best}) at {threshold} m: "
            f"its lead is {lead} of CSI"
        )
    return Rule(
        name, question, bounds[0] > 0, numbers, rule, f"{words} ({csi} to {theirs}).", verdict
    )


def _hydrograph(document: Document, model: str, gauge: str) -> Rule:
    numbers = document["methods"][model]["gauges"][gauge]
    value = numbers["nse"]["value"]
    words = f"At the gauge {gauge} its NSE is {shown(numbers['nse'])}"
    if numbers["peak_error_m"]["value"] is not None:
        words += f", its peaks are off by {numbers['peak_error_m']['value']:.2f} m on average"
    return Rule(
        f"hydrograph at {gauge}",
        f"Does it follow the water at the gauge {gauge}?",
        None if value is None else value >= GOOD_EFFICIENCY,
        {"nse": value, "interval": numbers["nse"].get("interval")},
        f"NSE at least {GOOD_EFFICIENCY}",
        f"{words}.",
        "",
    )


def _bias(document: Document, model: str, threshold: str) -> Rule:
    bias = document["methods"][model]["thresholds"][threshold]["bias"]
    value, (low, high) = bias["value"], FAIR_BIAS
    return Rule(
        "bias",
        "Does it flood as many cells as are flooded?",
        None if value is None else low <= value <= high,
        {"bias": value},
        f"frequency bias between {low} and {high}",
        f"At {threshold} m it floods {shown(bias)} times as many cells as are flooded.",
        "",
    )


def _better_odds(document: Document, model: str, threshold: str) -> Rule:
    gain = document["leads"]["climatology"]["thresholds"][threshold]["brier"]
    bounds = gain.get("interval")
    brier = document["methods"][model]["thresholds"][threshold]["brier"]
    base = document["methods"]["climatology"]["thresholds"][threshold]["brier"]
    skill = None
    if brier["value"] is not None and base["value"]:
        skill = 1 - brier["value"] / base["value"]
    told = "not defined" if skill is None else f"{skill:.2f}"
    return Rule(
        "better odds",
        "Are its probabilities worth more than how often each cell floods?",
        None if bounds is None else bounds[1] < 0,
        {"brier": brier["value"], "brier_of_climatology": base["value"], "brier_skill": skill},
        "the interval of its Brier score less the climatology's lies below 0",
        f"Its Brier skill over the climatology is {told} at {threshold} m.",
        "",
    )


def _believed(document: Document, model: str, threshold: str) -> Rule:
    classes = document["methods"][model]["reliability"][threshold]
    cells = sum(entry["cells"] for entry in classes)
    doubtful = [entry for entry in classes if entry["predicted"] > SURE / 2]
    number = sum(entry["cells"] for entry in doubtful)
    off = sum(entry["cells"] * abs(entry["predicted"] - entry["flooded"]) for entry in doubtful)
    error = off / number if number else None
    told = "no cell has any chance" if error is None else f"{error:.2f}"
    return Rule(
        "believed",
        "Does what it gives a chance of 30 % happen three times in ten?",
        None if error is None else error <= SURE,
        {"mean_distance": error, "cells": number, "of_cells": cells},
        f"mean distance from the diagonal at most {SURE} where the chance is above {SURE / 2:.0%}",
        f"Its probabilities are off by {told} on average at {threshold} m.",
        "",
    )
