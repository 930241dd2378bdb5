"""Every number in a line: what it means, what stands beside it, and what that says.

A number is judged on its own here. The verdict is decided by the rules of ``verdict`` alone, most
of which look at the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pluvial.diagnostics.examine import TRAINED, directions
from pluvial.diagnostics.retrieval_rules import best_baseline, learned_by_heart, least_kept
from pluvial.diagnostics.rules import COLLAPSED, LEARNED, NOT_SHOWN
from pluvial.metrics.geometry import (
    MOST_ALONG_ONE,
    MOST_WITHOUT_DIRECTION,
    ONE_LINE,
    ONE_POINT,
)
from pluvial.metrics.retrieval import RANKS

NOT_COLLAPSED, NO_CONTROL = "not collapsed", "no control"
ONE_POINT_UNIFORMITY = -0.04
"""Above it vectors are one point: that of pairs at a cosine of 0.99, -2 times 2 (1 - 0.99)."""


@dataclass(frozen=True)
class Judgement:
    """One number, judged.

    Attributes:
        number: its name.
        value: as it is read.
        control: what it is held against, as it is read.
        judged: ``learned``, ``not shown``, ``collapsed``, ``not collapsed`` or ``no control``.
        rule: what decided it.
        explained: what the number means.
    """

    number: str
    value: str
    control: str
    judged: str
    rule: str
    explained: str


def judgements(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All judgements on the numbers of :func:`examine.examine`, as JSON-like documents."""
    made: list[Judgement] = []
    if found["methods"]:
        made += [*_recalls(found), *_rank_numbers(found), *_baseline(found)]
        made += [*_training(found), *_alignment(found), *_gap(found)]
    for side in found["sides"]:
        made += _shape(side, found)
    made += _probes(found)
    return [asdict(judgement) for judgement in made]


def _percent(share: float | None) -> str:
    return "none" if share is None else f"{100 * share:.1f} %"


def _learned(kept: bool) -> str:
    return LEARNED if kept else NOT_SHOWN


def _each_way(found: Mapping[str, Any], name: str) -> dict[str, dict[str, Any]]:
    method = found["methods"][name]
    return {f"{a} → {b}": method[f"{a}_to_{b}"] for a, b in directions(found["sides"])}


def _controls(found: Mapping[str, Any]) -> list[str]:
    return [name for name, method in found["methods"].items() if method["kind"] == "control"]


def _recalls(found: Mapping[str, Any]) -> Iterator[Judgement]:
    for k in RANKS:
        name, chance = f"R@{k}", found["chance"][f"R@{k}"]
        for way, mine in _each_way(found, TRAINED).items():
            others = {c: _each_way(found, c)[way][name] for c in _controls(found)}
            bounds = mine["intervals"][name]
            least = bounds[0] if bounds else mine[name]
            kept = least > max([chance, *others.values()]) and mine["chance"]["p"] < found["p"]
            told = f", interval {_percent(bounds[0])} to {_percent(bounds[1])}" if bounds else ""
            yield Judgement(
                f"{name}, {way}",
                f"{_percent(mine[name])}{told}",
                ", ".join([f"chance {_percent(chance)}", *_listed(others)]),
                _learned(kept),
                "the lower end of the interval over storms is above chance and above every "
                f"control, and p < {found['p']:g} in the test against chance",
                f"How often the true partner is among the {k} most alike."
                if k > 1
                else "How often the true partner is the most alike.",
            )


def _listed(others: Mapping[str, float]) -> list[str]:
    return [f"{name} {_percent(value)}" for name, value in others.items()]


def _rank_numbers(found: Mapping[str, Any]) -> Iterator[Judgement]:
    """Median rank, mean reciprocal rank and the test against chance."""
    count, chance = found["candidates"], found["chance"]["mean_reciprocal_rank"]
    for way, mine in _each_way(found, TRAINED).items():
        others = {c: _each_way(found, c)[way] for c in _controls(found)}
        medians = {name: other["median_rank"] for name, other in others.items()}
        test = mine["chance"]
        significant = test["p"] < found["p"]
        yield Judgement(
            f"median rank, {way}",
            f"{mine['median_rank']:g} of {count}",
            ", ".join([f"chance {(count + 1) / 2:g}", *(f"{n} {v:g}" for n, v in medians.items())]),
            _learned(
                significant and mine["median_rank"] < min([(count + 1) / 2, *medians.values()])
            ),
            f"below chance and every control, and p < {found['p']:g} in the test against chance",
            "Half of the queries find their partner at this place or before it.",
        )
        largest = test["of_others"]["largest"]
        yield Judgement(
            f"mean reciprocal rank, {way}",
            f"{mine['mean_reciprocal_rank']:.3f}, p = {test['p']:.2g}",
            f"chance {chance:.3f}; best of {len(test.get('curve', [])) - 1} mispaired "
            f"{largest or 0:.3f}"
            + "".join(f"; {n} {o['mean_reciprocal_rank']:.3f}" for n, o in others.items()),
            _learned(significant),
            f"p < {found['p']:g} by {test['kind']}: so seldom do mispaired sides do as well",
            "Mean of 1 over the partner's place: 1 if it is always first.",
        )


def _baseline(found: Mapping[str, Any]) -> Iterator[Judgement]:
    name = best_baseline(found)
    if name is None:
        return
    lead = found["differences"][name]
    bounds = lead["interval"]
    score = sum(m["mean_reciprocal_rank"] for m in _each_way(found, name).values()) / 2
    yield Judgement(
        "lead over the best method without learning",
        f"{lead['mean_reciprocal_rank']:+.3f}"
        + (f", interval {bounds[0]:+.3f} to {bounds[1]:+.3f}" if bounds else ""),
        f"{name}: mean reciprocal rank {score:.3f}",
        _learned(bool(bounds) and bounds[0] > 0),
        "the interval over storms lies above 0",
        "By how much the mean reciprocal rank, over both ways, exceeds that of the best of "
        "volume match and pixel correlations.",
    )


def _training(found: Mapping[str, Any]) -> Iterator[Judgement]:
    seen = found["training"]
    if seen is None:
        return
    kept = seen["kept"]
    yield Judgement(
        "gap between training and held-out records",
        f"mean reciprocal rank {seen['train']:.3f} in training, {seen['held_out']:.3f} held out",
        f"chance {seen['chance']:.3f} of {seen['candidates']} candidates in both",
        _learned(kept is not None and not learned_by_heart(found)),
        f"held-out storms keep {least_kept(found)}"
        + (f"; left is {kept:.0%}" if kept is not None else ""),
        "What is found only on records it was trained on, it has learned by heart.",
    )


def _alignment(found: Mapping[str, Any]) -> Iterator[Judgement]:
    mine = found["geometry"][TRAINED]
    if mine["alignment"] is None:
        return
    others = {
        name: shape["alignment"]
        for name, shape in found["geometry"].items()
        if name != TRAINED and shape["alignment"] is not None
    }
    yield Judgement(
        "alignment",
        f"{mine['alignment']:.3f}, p = {mine['alignment_p']:.2g}",
        f"mispaired {mine['alignment_of_others']:.3f}"
        + "".join(f"; {name} {value:.3f}" for name, value in others.items()),
        _learned(mine["alignment_p"] < found["p"]),
        f"nearer than mispaired ones, p < {found['p']:g}",
        "Mean squared distance of true pairs, 0 to 4 (Wang and Isola 2020).",
    )


def _gap(found: Mapping[str, Any]) -> Iterator[Judgement]:
    gaps = {name: shape["modality_gap"] for name, shape in found["geometry"].items()}
    mine = gaps.pop(TRAINED)
    if mine is None:
        return
    others = {name: gap for name, gap in gaps.items() if gap is not None}
    judged = _learned(mine < min(others.values())) if others else NO_CONTROL
    yield Judgement(
        "modality gap",
        f"{mine:.3f}",
        ", ".join(f"{name} {gap:.3f}" for name, gap in others.items()) or "none given",
        judged,
        "smaller than that of every control; a gap alone does not hinder retrieval",
        "Distance between the centres of the two sides, 0 to 2 (Liang et al. 2022).",
    )


def _shape(side: str, found: Mapping[str, Any]) -> list[Judgement]:
    """The alarms of one side; they tell a collapse and nothing else."""
    shapes = {name: geometry["sides"][side] for name, geometry in found["geometry"].items()}
    mine = shapes.pop(TRAINED)

    def line(key: str, name: str, broken: bool, rule: str, explained: str) -> Judgement:
        shown = {n: _short(s[key]) for n, s in shapes.items()}
        return Judgement(
            f"{name}, {side}",
            _short(mine[key]),
            ", ".join(f"{n} {value}" for n, value in shown.items()) or "none given",
            COLLAPSED if broken else NOT_COLLAPSED,
            rule,
            explained,
        )

    cosine, rank, even = (mine[k] for k in ("mean_cosine", "effective_rank", "uniformity"))
    return [
        line("without_direction", "share without direction",
             mine["without_direction"] > MOST_WITHOUT_DIRECTION,
             f"at most {MOST_WITHOUT_DIRECTION:g}",
             "Vectors that are zero or not a number: a dead ReLU gives them."),
        line("mean_cosine", "mean cosine between storms",
             cosine is not None and cosine >= ONE_POINT, f"below {ONE_POINT}",
             "1 if all storms have the same vector."),
        line("effective_rank", "effective rank, centred",
             rank is not None and rank < ONE_LINE, f"at least {ONE_LINE:g}",
             "Directions in which the vectors differ from their mean: exp of the entropy of the "
             "singular values."),
        line("along_one", "variance along one line",
             mine["along_one"] is not None and mine["along_one"] >= MOST_ALONG_ONE,
             f"below {MOST_ALONG_ONE}",
             "Share of the variance in the direction that has most of it."),
        line("rank_me", "RankMe", mine["rank_me"] is not None and mine["rank_me"] < 1.05,
             "above 1.05",
             "The same about the origin (Garrido et al. 2023). An untrained encoder may have "
             "more: it is an alarm, not a score."),
        line("uniformity", "uniformity", even is not None and even > ONE_POINT_UNIFORMITY,
             f"below {ONE_POINT_UNIFORMITY}",
             "How evenly the sphere is covered: 0 for a point, about -4 at best (Wang and Isola "
             "2020)."),
        line("dead_dimensions", "dead dimensions", mine["dead_dimensions"] == mine["dimensions"],
             f"fewer than all {mine['dimensions']}",
             "Dimensions that are the same in all records."),
    ]  # fmt: skip


def _short(value: float | int | None) -> str:
    if value is None:
        return "none"
    return str(value) if isinstance(value, int) else f"{value:.3f}"


def _probes(found: Mapping[str, Any]) -> Iterator[Judgement]:
    for entry in found["probes"]:
        lead = entry["lead"]
        others = {name: value for name, value in entry["scores"].items() if name != TRAINED}
        bounds = {name: other["interval"] for name, other in lead.items()}
        told = entry["interval"]
        ahead = bool(told) and told[0] > entry["chance"]
        ahead &= all(b is not None and b[0] > 0 for b in bounds.values())
        yield Judgement(
            f"{entry['label']} from {entry['side']}, {entry['kind']}",
            f"{entry['measure'].replace('R2', 'R²')} {entry['scores'][TRAINED]:.2f}"
            + (f", interval {told[0]:.2f} to {told[1]:.2f}" if told else ""),
            ", ".join(
                [f"chance {entry['chance']:.2f}", *(f"{n} {v:.2f}" for n, v in others.items())]
            ),
            (_learned(ahead) if bounds else NO_CONTROL),
            "the intervals over storms of the score and of its lead over every control lie above "
            "chance and above 0",
            "What a ridge regression reads from the vectors on held-out storms."
            if entry["kind"] == "linear"
            else "What the ten nearest training records foretell on held-out storms.",
        )
