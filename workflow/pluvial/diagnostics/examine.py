"""The numbers of a verdict: every method through the same functions, as one document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pluvial.config.learning import VerdictConfig
from pluvial.diagnostics.baselines import Vectors
from pluvial.diagnostics.choice import HELD_OUT, TRAIN, Choice, thin
from pluvial.diagnostics.pairs import Pairs
from pluvial.diagnostics.significance import (
    ChanceTest,
    blocks,
    independent_pairs,
    interval,
    permutation_test,
    shift_test,
)
from pluvial.metrics.geometry import alignment, describe_side, modality_gap
from pluvial.metrics.retrieval import RANKS, Gallery, rank_matrix, ranks, summarise
from pluvial.metrics.vectors import unit

TRAINED = "trained"
"""The run that the verdict is on."""
DIGITS = 6


@dataclass(frozen=True)
class Setting:
    """What all methods are judged on.

    Attributes:
        held_out: the records of the held-out split.
        gallery: who asks whom among them.
        block: what is resampled as one, intp[n]; see :func:`significance.blocks`.
        ordered: whether the records have an order in time.
        config: draws, seed and p.
    """

    held_out: Pairs
    gallery: Gallery
    block: NDArray[np.intp]
    ordered: bool
    config: VerdictConfig

    def chance(self, scores: NDArray[np.floating]) -> ChanceTest:
        """Test the diagonal of scores, float[N, N], between the candidates."""
        if self.ordered:
            return shift_test(scores)
        return permutation_test(scores, self.config.draws, self.config.seed)

    def interval(
        self, values: NDArray[np.floating | np.bool_], rows: NDArray[np.intp]
    ) -> list[float] | None:
        """Interval of the mean of values float[m] of the held-out records ``rows``, intp[m]."""
        _, number = np.unique(self.block[rows], return_inverse=True)
        found = interval(values, number, self.config.draws, self.config.seed)
        return None if found is None else [round(bound, DIGITS) for bound in found]


def setting_of(pairs: Pairs, choice: Choice, config: VerdictConfig) -> tuple[Setting, float | None]:
    """The setting of the chosen records, and how many independent pairs its candidates are worth.

    Args:
        pairs: the trained vectors of the chosen records.
        choice: see :func:`choice.choose`.
        config: of the verdict.
    """
    held_out = pairs.split(HELD_OUT)
    count, candidates = len(held_out), choice.held_out.candidates
    ordered = held_out.times is not None or held_out.groups is not None
    sides = [np.nan_to_num(unit(side)[candidates]) for side in held_out.sides.values()]
    worth = None
    if candidates.size > 1:
        worth = independent_pairs(sides[0], sides[-1]) if ordered else float(candidates.size)
    length = count / worth if worth else 1.0
    block = blocks(held_out.groups, count, length)
    return Setting(held_out, choice.held_out, block, ordered, config), worth


def directions(sides: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Both ways between two sides; none for one."""
    return list(permutations(sides, 2))


def judge_method(
    sides: Mapping[str, NDArray[np.floating]], setting: Setting
) -> tuple[dict[str, Any], NDArray[np.float64]]:
    """Retrieval both ways of one method, with tests and intervals.

    Args:
        sides: its vectors float[n, D] of the held-out records, in the space in which an inner
            product says how alike two are.
        setting: what it is judged on.

    Returns:
        For each direction the summary (see :func:`retrieval.summarise`), intervals of recall
        and of the mean reciprocal rank, and ``chance``: the test of the mean reciprocal rank among
        the candidates. And per query the reciprocal rank, the mean of both ways, float64[Q].
    """
    gallery = setting.gallery
    found: dict[str, Any] = {}
    reciprocal = np.zeros(gallery.queries.size)
    ways = directions(sides)
    for left, right in ways:
        asked = sides[right][gallery.candidates]
        rank = ranks(sides[left][gallery.queries] @ asked.T, gallery.answers)
        reciprocal += 1 / rank / len(ways)
        test = setting.chance(1 / rank_matrix(sides[left][gallery.candidates] @ asked.T))
        found[f"{left}_to_{right}"] = {
            **summarise(rank, gallery.candidates.size),
            "intervals": {
                **{f"R@{k}": setting.interval(rank <= k, gallery.queries) for k in RANKS},
                "mean_reciprocal_rank": setting.interval(1 / rank, gallery.queries),
            },
            "chance": describe_test(test),
        }
    return found, reciprocal


def describe_test(test: ChanceTest) -> dict[str, Any]:
    """A test as a JSON-like document; ``curve`` holds its statistic for each shift."""
    others = test.statistics[1:]
    return {
        "kind": test.kind,
        "statistic": float(test.statistics[0]),
        "of_others": {
            "mean": float(others.mean()) if others.size else None,
            "largest": float(others.max()) if others.size else None,
        },
        "p": test.p,
        "smallest_p": test.smallest_p,
        "curve": [round(float(value), DIGITS) for value in test.statistics],
    }


def judge_geometry(pairs: Pairs, setting: Setting) -> dict[str, Any]:
    """Shape of each side's held-out vectors; for two sides how they lie to each other.

    ``alignment`` is that of true pairs among the candidates, ``alignment_of_others`` the mean
    over all that do not belong together, and ``p`` the chance test of the difference.
    ``at_right_angles`` is the share of all pairs whose inner product is zero, and ``dimensions``
    how many each side uses: towers behind a ReLU can lie at right angles, and no pair is then
    more alike than another.
    """
    held_out = setting.held_out
    found: dict[str, Any] = {
        "sides": {
            name: describe_side(vectors, held_out.groups) for name, vectors in pairs.sides.items()
        },
        "alignment": None,
        "alignment_of_others": None,
        "alignment_p": None,
        "modality_gap": None,
        "at_right_angles": None,
        "dimensions": None,
    }
    if len(pairs.sides) < 2:
        return found
    left, right = (unit(side)[setting.gallery.candidates] for side in pairs.sides.values())
    known = np.isfinite(left).all(axis=1) & np.isfinite(right).all(axis=1)
    if left.shape[1] != right.shape[1] or known.sum() < 2:
        return found
    left, right = left[known], right[known]
    alike = left @ right.T
    test = setting.chance(alike)
    used = zip(pairs.sides, (left, right), strict=True)
    return found | {
        "at_right_angles": float((alike == 0).mean()),
        "dimensions": {name: int((side != 0).any(axis=0).sum()) for name, side in used},
        "alignment": alignment(left, right),
        "alignment_of_others": float(2 - 2 * test.statistics[1:].mean()),
        "alignment_p": test.p,
        "modality_gap": modality_gap(left, right),
    }


def mean_reciprocal_rank_of_chance(candidates: int) -> float:
    """Of a true answer that is as likely at any rank as at any other: sum of 1/k over N."""
    return float((1 / np.arange(1, candidates + 1)).sum() / max(candidates, 1))


def kept_of_training(pairs: Pairs, choice: Choice) -> dict[str, Any] | None:
    """Retrieval on the training split beside the held-out one, among equally many candidates.

    Returns:
        ``candidates``, the mean reciprocal rank (mean of both ways) of ``train``, ``held_out`` and
        ``chance``, R@1 of both, and ``kept``: the share of what training has above chance that is
        left on held-out records. None where there is no training split.
    """
    count = min(choice.train.candidates.size, choice.held_out.candidates.size)
    if count < 2 or len(pairs.sides) < 2:
        return None
    chance = mean_reciprocal_rank_of_chance(count)
    found: dict[str, Any] = {"candidates": count, "chance": chance}
    for name, split, whole in (
        ("train", TRAIN, choice.train),
        ("held_out", HELD_OUT, choice.held_out),
    ):
        gallery = thin(whole, count, whole.queries.size)
        sides = {side: unit(vectors) for side, vectors in pairs.split(split).sides.items()}
        both = [
            ranks(
                sides[left][gallery.queries] @ sides[right][gallery.candidates].T, gallery.answers
            )
            for left, right in directions(sides)
        ]
        found[name] = float(np.mean([1 / rank for rank in both]))
        found[f"{name}_R@1"] = float(np.mean([rank <= 1 for rank in both]))
    above = found["train"] - chance
    found["kept"] = (found["held_out"] - chance) / above if above > chance else None
    return found


def examine(
    runs: Mapping[str, Pairs],
    extra: Mapping[str, Vectors],
    choice: Choice,
    config: VerdictConfig,
) -> dict[str, Any]:
    """Every number that a verdict is decided by, as a JSON-like document.

    Args:
        runs: vectors of the chosen records by run; one is ``trained``, the others are controls.
        extra: for each baseline its vectors of the held-out records; empty for a single side.
        choice: the chosen records.
        config: of the verdict.
    """
    setting, worth = setting_of(runs[TRAINED], choice, config)
    count = int(choice.held_out.candidates.size)
    two = len(runs[TRAINED].sides) == 2
    found: dict[str, Any] = {
        "split": HELD_OUT,
        "sides": list(runs[TRAINED].sides),
        "records": len(setting.held_out),
        "candidates": count,
        "queries": int(choice.held_out.queries.size),
        "storms": _groups(setting.held_out),
        "independent_pairs": worth,
        "resampled": int(np.unique(setting.block).size),
        "ordered": setting.ordered,
        "p": config.p,
        "sampling": choice.thinned,
        "geometry": {
            name: judge_geometry(pairs.split(HELD_OUT), setting) for name, pairs in runs.items()
        },
        "chance": {},
        "methods": {},
        "differences": {},
        "training": None,
    }
    if two and count >= 2:
        found |= _retrieval(runs, extra, setting)
        found["training"] = kept_of_training(runs[TRAINED], choice)
    return found


def _groups(pairs: Pairs) -> int | None:
    return None if pairs.groups is None else int(np.unique(pairs.groups).size)


def _retrieval(
    runs: Mapping[str, Pairs], extra: Mapping[str, Vectors], setting: Setting
) -> dict[str, Any]:
    """Retrieval of all runs and baselines, and by how much the trained run leads each."""
    count = setting.gallery.candidates.size
    names = list(runs[TRAINED].sides)
    vectors = {
        name: {side: unit(rows) for side, rows in pairs.split(HELD_OUT).sides.items()}
        for name, pairs in runs.items()
    }
    vectors |= {name: dict(zip(names, pair, strict=True)) for name, pair in extra.items()}
    methods: dict[str, Any] = {}
    scores: dict[str, NDArray[np.float64]] = {}
    for name, sides in vectors.items():
        kind = "baseline" if name in extra else TRAINED if name == TRAINED else "control"
        found, scores[name] = judge_method(sides, setting)
        if name != TRAINED:
            for way in found.values():
                del way["chance"]["curve"]
        methods[name] = {"kind": kind, **found}
    lead = {name: scores[TRAINED] - mine for name, mine in scores.items() if name != TRAINED}
    return {
        "chance": {
            **{f"R@{k}": min(1.0, k / count) for k in RANKS},
            "mean_reciprocal_rank": mean_reciprocal_rank_of_chance(count),
        },
        "methods": methods,
        "differences": {
            name: {
                "mean_reciprocal_rank": float(by.mean()),
                "interval": setting.interval(by, setting.gallery.queries),
            }
            for name, by in lead.items()
        },
    }
