"""The rules that decide: learned, not shown, or collapsed; each with its numbers and its words.

The verdict is *collapsed* if an encoder gives all records the same place or the same line, or if
the two lie at right angles to each other, *learned* if every other rule that can be asked is kept,
and *not shown* otherwise. Whether the encoders do better than methods without learning is said
beside it, and decides nothing: so much can be learned and still be of no use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pluvial.diagnostics.examine import TRAINED
from pluvial.diagnostics.retrieval_rules import retrieval_rules
from pluvial.diagnostics.rules import COLLAPSED, LEARNED, NOT_SHOWN, Rule
from pluvial.metrics.geometry import (
    MOST_ALONG_ONE,
    MOST_WITHOUT_DIRECTION,
    ONE_LINE,
    ONE_POINT,
    collapse_of,
)

MOST_AT_RIGHT_ANGLES = 0.5
"""Share of all pairs, true or not, whose inner product is zero."""


def decide(found: Mapping[str, Any], stopped: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The verdict on the numbers of :func:`examine.examine`, with all rules.

    Args:
        found: the numbers.
        stopped: why training ended early, if it did: ``reason`` and ``because``, in words.

    Returns:
        A JSON-like document: ``verdict``, ``headline``, ``beyond_baselines`` (``more``,
        ``no more``, ``less``, or None) and ``rules``.
    """
    rules = [_stopped(stopped)] if stopped else []
    rules += [_spread(side, found) for side in found["sides"]]
    two = len(found["sides"]) == 2
    rules += _meeting(found)
    rules += [_enough(found), *(retrieval_rules(found) if two else _label_rules(found))]
    broken = [rule for rule in rules if rule.kept is False]
    collapsed = [rule for rule in broken if rule.decides == COLLAPSED]
    not_shown = [rule for rule in broken if rule.decides == NOT_SHOWN]
    if collapsed:
        verdict, headline = COLLAPSED, " ".join(rule.words for rule in collapsed)
    elif not_shown:
        by_heart = [rule for rule in not_shown[1:] if rule.name == "by heart"]
        verdict = NOT_SHOWN
        headline = " ".join(rule.words for rule in [not_shown[0], *by_heart])
    else:
        asked = [rule for rule in rules if rule.kept and rule.name in ("chance", "labels")]
        verdict, headline = LEARNED, " ".join(rule.words for rule in asked)
    beyond = next((rule for rule in rules if rule.name == "without learning"), None)
    if verdict == LEARNED and beyond is not None:
        headline = f"{headline} {beyond.words}"
    return {
        "verdict": verdict,
        "headline": headline,
        "beyond_baselines": beyond.numbers["beyond"] if beyond else None,
        "rules": [asdict(rule) for rule in rules],
    }


def _stopped(stopped: Mapping[str, Any]) -> Rule:
    collapse = stopped["reason"] == COLLAPSED
    return Rule(
        "training",
        "Did training run to its end?",
        not collapse,
        dict(stopped),
        "it was not broken off",
        f"Training ended early: {stopped['because']}.",
        COLLAPSED if collapse else "",
    )


def _spread(side: str, found: Mapping[str, Any]) -> Rule:
    """Is a side one point, one line, or nothing at all?"""
    shape = found["geometry"][TRAINED]["sides"][side]
    keys = ("without_direction", "mean_cosine", "effective_rank", "along_one")
    faults = collapse_of(shape)
    cosine, rank = shape["mean_cosine"], shape["effective_rank"]
    if faults:
        words = f"The {side} encoder has collapsed: {faults}."
    elif cosine is None or rank is None:
        words = f"The {side} encoder has too few vectors to tell."
    else:
        words = (
            f"The {side} encoder spreads: mean cosine between storms {cosine:.2f}, "
            f"effective rank {rank:.1f}."
        )
    return Rule(
        f"spread of {side}",
        f"Does the {side} encoder give different storms different places?",
        not faults,
        {key: shape[key] for key in keys},
        f"at most {MOST_WITHOUT_DIRECTION:.0%} without direction; mean cosine below {ONE_POINT}; "
        f"effective rank at least {ONE_LINE:g}; less than {MOST_ALONG_ONE:.0%} of the variance "
        "along one line",
        words,
        COLLAPSED,
    )


def _meeting(found: Mapping[str, Any]) -> list[Rule]:
    """Do two sides share any direction, so that one pair can be more alike than another?"""
    shape = found["geometry"][TRAINED]
    share, used = shape["at_right_angles"], shape["dimensions"]
    if share is None:
        return []
    kept = share <= MOST_AT_RIGHT_ANGLES
    sides = " and ".join(f"{count} of the {name} encoder's" for name, count in used.items())
    least = min(used, key=used.__getitem__)
    words = f"The encoders share directions: {share:.0%} of all pairs lie at right angles."
    if not kept:
        words = (
            f"The encoders do not meet: {share:.1%} of all pairs lie at right angles, and none of "
            f"these is more alike than another. {sides} dimensions are not zero: "
            f"the {least} encoder has withdrawn furthest."
        )
    return [
        Rule(
            "meeting",
            "Do the encoders share directions, so that pairs can be told apart?",
            kept,
            {"at_right_angles": share, "dimensions": used},
            f"at most {MOST_AT_RIGHT_ANGLES:.0%} of all pairs at right angles",
            words,
            COLLAPSED,
        )
    ]


def _enough(found: Mapping[str, Any]) -> Rule:
    """Are there enough candidates for the test to reach its level at all?"""
    count, level = found["candidates"], found["p"]
    least = 2 if not found["ordered"] else int(1 / level) + 1
    kept = count >= least
    words = f"{count} candidates are enough" if kept else f"{count} candidates are too few"
    return Rule(
        "enough",
        "Are there enough held-out records for the test?",
        kept,
        {"candidates": count, "least": least},
        f"at least {least}: a shift test of N candidates cannot give a p below 1/N",
        f"{words} for a test at p < {level:g}.",
        NOT_SHOWN,
    )


def _label_rules(found: Mapping[str, Any]) -> list[Rule]:
    """One side alone: can its labels be read from where its vectors lie?"""
    tests = found["neighbours"]
    level = found["p"] / max(1, len(tests))
    p = {test["label"]: test["chance"]["p"] for test in tests}
    hits = [label for label, value in p.items() if value < level]
    told = ", ".join(f"{label} p = {value:.2g}" for label, value in p.items()) or "none known"
    words = f"Records that lie together have the same {' and '.join(hits)} ({told})."
    if not hits:
        words = f"Records that lie together are not shown to have the same labels ({told})."
    return [
        Rule(
            "labels",
            "Do records that lie together have the same label?",
            bool(hits),
            {"p": p},
            f"p < {level:.2g} for one label at least ({found['p']:g} shared among them)",
            words,
            NOT_SHOWN,
        ),
        *(_labels_ahead(name, found) for name in found["geometry"] if name != TRAINED),
    ]


def _labels_ahead(name: str, found: Mapping[str, Any]) -> Rule:
    leads = {
        f"{entry['label']}, {entry['kind']}": entry["lead"][name]
        for entry in found["probes"]
        if name in entry["lead"]
    }
    ahead = [
        probe
        for probe, lead in leads.items()
        if (lead["interval"][0] if lead["interval"] else (lead["mean"] or 0)) > 0
    ]
    words = f"More can be read than from {name} encoders: {'; '.join(ahead)}."
    if not ahead:
        words = f"No label is shown to be read better than from {name} encoders."
    return Rule(
        f"ahead of {name}",
        f"Is more read from it than from what {name} encoders give?",
        bool(ahead) if leads else None,
        leads,
        "the interval of a probe's lead over groups lies above 0",
        words,
        NOT_SHOWN,
    )
