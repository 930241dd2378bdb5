"""The rules on retrieval: chance, leaks, controls, what was learned by heart, and baselines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pluvial.diagnostics.examine import TRAINED, directions
from pluvial.diagnostics.rules import NOT_SHOWN, Rule

LEAK_LIFT = 2.0
"""How many times chance a control on torn pairs must be, besides being significant, for a leak:
less comes from the amount of water alone, which rain and depth share however pairs are torn."""
LEAST_KEPT = 0.5
"""Share of the training split's lead over chance that must be left on held-out storms, unless
the held-out retrieval is ahead of every method without learning: an encoder that mostly remembers
and finds no more than a correlation of pixels has not shown that it learned."""
LEAST_KEPT_ALONE = 0.1
"""The same where there is no method without learning to be ahead of."""


def retrieval_rules(found: Mapping[str, Any]) -> list[Rule]:
    """All rules on the retrieval of two sides; none if there are too few candidates."""
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
    chance = found["chance"]["mean_reciprocal_rank"]
    p = {way: m["chance"]["p"] for way, m in ways.items()}
    # Candidates without a direction win against all: even the best rank can be below chance.
    kept = all(p[way] < level and m["mean_reciprocal_rank"] > chance for way, m in ways.items())
    test = next(iter(ways.values()))["chance"]["kind"]
    told = ", ".join(
        f"{way}: mean reciprocal rank {m['mean_reciprocal_rank']:.3f}, p = {p[way]:.2g}"
        for way, m in ways.items()
    )
    words = "Retrieval of held-out storms is better than chance both ways"
    if not kept:
        words = "Retrieval of held-out storms is not shown to be better than chance both ways"
    return Rule(
        "chance",
        "Is retrieval better than chance, both ways?",
        kept,
        {"p": p, "chance": chance},
        f"above chance and p < {level:g} both ways, by {test}",
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
