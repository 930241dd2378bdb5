"""The rules that decide: learned, not shown, or collapsed; each with its numbers and its words.

The verdict is *collapsed* if an encoder gives all records the same place or the same line,
*learned* if every other rule that can be asked is kept, and *not shown* otherwise. Whether the
encoders do better than methods without learning is said beside it, and decides nothing: so much
can be learned and still be of no use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pluvial.diagnostics.examine import TRAINED, directions

LEARNED, NOT_SHOWN, COLLAPSED = "learned", "not shown", "collapsed"

MOST_WITHOUT_DIRECTION = 0.5
"""Share of records to which an encoder may give no direction (a vector of zeros, or NaN)."""
ONE_POINT = 0.99
"""Mean cosine between vectors of different storms from which they are one point."""
ONE_LINE = 1.5
"""Effective rank of the centred vectors below which they are one line."""
MOST_ALONG_ONE = 0.99
"""Share of their variance along one direction from which they are one line too."""
LEAK_LIFT = 2.0
"""How many times chance a control on torn pairs must be, besides being significant, for a leak:
less comes from the amount of water alone, which rain and depth share however pairs are torn."""
LEAST_KEPT = 0.5
"""Share of the training split's lead over chance that must be left on held-out storms, unless
the held-out retrieval is ahead of every method without learning: an encoder that mostly remembers
and finds no more than a correlation of pixels has not shown that it learned."""
LEAST_KEPT_ALONE = 0.1
"""The same where there is no method without learning to be ahead of."""


@dataclass(frozen=True)
class Rule:
    """One rule, as it was applied.

    Attributes:
        name: short.
        question: what it asks.
        kept: its answer; None where it could not be asked.
        numbers: what it was decided by.
        threshold: in words.
        words: the answer as a sentence.
        decides: ``collapsed`` or ``not shown`` if it is broken; empty if it decides nothing.
    """

    name: str
    question: str
    kept: bool | None
    numbers: dict[str, Any]
    threshold: str
    words: str
    decides: str


def decide(found: Mapping[str, Any], stopped: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The verdict on the numbers of :func:`examine.examine`, with all rules.

    Args:
        found: the numbers.
        stopped: why training was broken off, if it was: ``reason``, ``tower``, ``statistic``.

    Returns:
        A JSON-like document: ``verdict``, ``headline``, ``beyond_baselines`` (``more``,
        ``no more``, ``less``, or None) and ``rules``.
    """
    rules = [_stopped(stopped)] if stopped else []
    rules += [_spread(side, found) for side in found["sides"]]
    two = len(found["sides"]) == 2
    rules += [_enough(found), *(_retrieval_rules(found) if two else _label_rules(found))]
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
    collapse = stopped.get("reason") == COLLAPSED
    tower, statistic = stopped.get("tower"), stopped.get("statistic")
    which = f", tower {tower}" if tower else ""
    told = f" ({statistic})" if statistic is not None else ""
    return Rule(
        "training",
        "Did training run to its end?",
        False,
        dict(stopped),
        "it was not broken off",
        f"Training was broken off: {stopped.get('reason')}{which}{told}.",
        COLLAPSED if collapse else NOT_SHOWN,
    )


def _spread(side: str, found: Mapping[str, Any]) -> Rule:
    """Is a side one point, one line, or nothing at all?"""
    shape = found["geometry"][TRAINED]["sides"][side]
    keys = ("without_direction", "mean_cosine", "effective_rank", "along_one")
    lost, cosine, rank, along = (shape[key] for key in keys)
    faults = []
    if lost > MOST_WITHOUT_DIRECTION:
        faults.append(f"{lost:.0%} of its vectors are zero or not a number")
    if cosine is not None and cosine >= ONE_POINT:
        faults.append(f"the mean cosine between storms is {cosine:.4f}, so that they are one point")
    if rank is not None and rank < ONE_LINE:
        faults.append(f"the effective rank is {rank:.2f}, so that its vectors are one line")
    if along is not None and along >= MOST_ALONG_ONE:
        faults.append(f"{along:.1%} of the variance lies along one line")
    if faults:
        words = f"The {side} encoder has collapsed: {'; '.join(faults)}."
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


def _retrieval_rules(found: Mapping[str, Any]) -> list[Rule]:
    if not found["methods"]:
        return []
    controls = [name for name, m in found["methods"].items() if m["kind"] == "control"]
    return [
        _chance(found),
        *(_leak(name, found) for name in controls if name == "shuffled"),
        *(_ahead(name, found) for name in controls),
        *_remembered(found),
        *_without_learning(found),
    ]


def _ways(method: Mapping[str, Any], sides: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{a} → {b}": method[f"{a}_to_{b}"] for a, b in directions(sides)}


def _chance(found: Mapping[str, Any]) -> Rule:
    ways = _ways(found["methods"][TRAINED], found["sides"])
    level = found["p"]
    p = {way: m["chance"]["p"] for way, m in ways.items()}
    kept = all(value < level for value in p.values())
    told = ", ".join(
        f"{way}: mean reciprocal rank {m['mean_reciprocal_rank']:.3f}, p = {p[way]:.2g}"
        for way, m in ways.items()
    )
    chance = found["chance"]["mean_reciprocal_rank"]
    words = "Retrieval of held-out storms is better than chance both ways"
    if not kept:
        words = "Retrieval of held-out storms is not shown to be better than chance both ways"
    return Rule(
        "chance",
        "Is retrieval better than chance, both ways?",
        kept,
        {"p": p, "chance": chance},
        f"p < {level:g} both ways, by {next(iter(ways.values()))['chance']['kind']}",
        f"{words} (chance {chance:.3f}; {told}).",
        NOT_SHOWN,
    )


def _leak(name: str, found: Mapping[str, Any]) -> Rule:
    ways = _ways(found["methods"][name], found["sides"])
    chance, level = found["chance"]["mean_reciprocal_rank"], found["p"]
    lift = {way: m["mean_reciprocal_rank"] / chance for way, m in ways.items()}
    leaks = all(m["chance"]["p"] < level and lift[way] >= LEAK_LIFT for way, m in ways.items())
    told = ", ".join(f"{way} {value:.1f} times chance" for way, value in lift.items())
    words = f"The control on torn pairs ends at chance ({told})."
    if leaks:
        words = (
            f"A leak is suspected: the control {name}, trained on torn pairs, finds true pairs "
            f"({told}). Look at the split and at duplicates before anything else."
        )
    return Rule(
        f"control {name}",
        "Does the control that was trained on torn pairs end at chance?",
        not leaks,
        {"over_chance": lift, "p": {way: m["chance"]["p"] for way, m in ways.items()}},
        f"not both p < {level:g} and {LEAK_LIFT:g} times chance, both ways",
        words,
        NOT_SHOWN,
    )


def _ahead(name: str, found: Mapping[str, Any]) -> Rule:
    lead = found["differences"][name]
    bounds = lead["interval"]
    kept = (bounds[0] if bounds else lead["mean_reciprocal_rank"]) > 0
    what = f"by {lead['mean_reciprocal_rank']:.3f} of mean reciprocal rank{_bounds(bounds)}"
    words = f"The trained encoders are ahead of the control {name} {what}."
    if not kept:
        words = f"The trained encoders are not shown to be ahead of the control {name} ({what})."
    return Rule(
        f"ahead of {name}",
        f"Is it training on true pairs that does it, and not what {name} encoders do too?",
        kept,
        {"lead": lead["mean_reciprocal_rank"], "interval": bounds},
        "the interval of the lead over storms lies above 0",
        words,
        NOT_SHOWN,
    )


def _bounds(bounds: list[float] | None) -> str:
    if bounds is None:
        return ", too few storms for an interval"
    return f", 95 % interval {bounds[0]:.3f} to {bounds[1]:.3f}"


def best_baseline(found: Mapping[str, Any]) -> str | None:
    """The method without learning with the highest mean reciprocal rank on the held-out records.

    It is chosen on what it is judged by, which flatters the baselines.
    """
    scores = {
        name: sum(m["mean_reciprocal_rank"] for m in _ways(method, found["sides"]).values())
        for name, method in found["methods"].items()
        if method["kind"] == "baseline"
    }
    return max(scores, key=lambda name: scores[name]) if scores else None


def _beyond(found: Mapping[str, Any]) -> tuple[str, str] | None:
    """The best baseline, and whether the trained run is more, no more or less than it."""
    name = best_baseline(found)
    if name is None:
        return None
    lead = found["differences"][name]
    low, high = lead["interval"] or [lead["mean_reciprocal_rank"]] * 2
    if lead["interval"] is None:
        return name, "no more"
    return name, "more" if low > 0 else "less" if high < 0 else "no more"


def _without_learning(found: Mapping[str, Any]) -> list[Rule]:
    beyond = _beyond(found)
    if beyond is None:
        return []
    name, how = beyond
    lead = found["differences"][name]
    what = f"{lead['mean_reciprocal_rank']:+.3f} of mean reciprocal rank{_bounds(lead['interval'])}"
    words = {
        "more": f"It is more than {name} finds without learning ({what}).",
        "no more": f"But it is not shown to be more than {name} finds without learning ({what}).",
        "less": f"But it is less than {name} finds without learning ({what}).",
    }[how]
    return [
        Rule(
            "without learning",
            "Do the encoders find more than the best method that learns nothing?",
            how == "more",
            {"beyond": how, "baseline": name, "lead": lead["mean_reciprocal_rank"],
             "interval": lead["interval"]},
            "the interval of the lead over storms lies above 0",
            words,
            "",
        )
    ]  # fmt: skip


def learned_by_heart(found: Mapping[str, Any]) -> bool:
    """Whether little is left of the training split's retrieval, and no more than any baseline."""
    kept = (found["training"] or {}).get("kept")
    beyond = _beyond(found)
    if kept is None:
        return False
    if beyond is None:
        return bool(kept < LEAST_KEPT_ALONE)
    return bool(kept < LEAST_KEPT and beyond[1] != "more")


def least_kept(found: Mapping[str, Any]) -> str:
    """The threshold of :func:`learned_by_heart`, in words."""
    if best_baseline(found) is None:
        return f"at least {LEAST_KEPT_ALONE:.0%} of the lead over chance (there are no baselines)"
    return f"at least {LEAST_KEPT:.0%} of the lead over chance, or more than any baseline"


def _remembered(found: Mapping[str, Any]) -> list[Rule]:
    """Held-out against training: has it learned by heart?"""
    seen = found["training"]
    if seen is None:
        return []
    kept, by_heart = seen["kept"], learned_by_heart(found)
    what = (
        f"mean reciprocal rank {seen['train']:.3f} on training records, {seen['held_out']:.3f} on "
        f"held-out ones, chance {seen['chance']:.3f}"
    )
    words = f"Of its lead over chance, {kept or 0:.0%} is left on held-out storms ({what})."
    if by_heart:
        words = f"It has learned by heart: {words[0].lower()}{words[1:]}"
    elif kept is None:
        words = f"Not even the training records are found better than by chance ({what})."
    return [
        Rule(
            "by heart",
            "Is what it finds on training records left on held-out storms?",
            None if kept is None else not by_heart,
            dict(seen),
            least_kept(found),
            words,
            NOT_SHOWN,
        )
    ]


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
