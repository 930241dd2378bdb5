"""What probes and neighbours read from the embeddings, beside the controls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pluvial.diagnostics.choice import HELD_OUT, TRAIN
from pluvial.diagnostics.examine import TRAINED, Setting, describe_test
from pluvial.diagnostics.pairs import Pairs
from pluvial.diagnostics.probes import KINDS, NEIGHBOURS, Probe, is_class, probe
from pluvial.diagnostics.significance import ChanceTest
from pluvial.metrics.vectors import unit


def ask_probes(runs: Mapping[str, Pairs], setting: Setting) -> list[dict[str, Any]]:
    """Score every probe of every label on every side, for all runs.

    Returns:
        A document for each: ``label``, ``side``, ``kind``, ``measure``, ``chance``, ``records``,
        ``scores`` by run, and ``lead``: by how much the trained run is ahead of each other, with
        its interval over storms. Probes that cannot be fitted are left out.
    """
    split = {name: (pairs.split(TRAIN), pairs.split(HELD_OUT)) for name, pairs in runs.items()}
    found = []
    for label in runs[TRAINED].labels:
        for side in runs[TRAINED].sides:
            for kind in KINDS:
                probes = {name: probe(side, label, kind, *both) for name, both in split.items()}
                mine = probes[TRAINED]
                if mine is not None:
                    classes = _classes(runs[TRAINED].labels[label])
                    found.append(
                        {
                            "label": label,
                            "side": side,
                            "kind": kind,
                            "measure": "balanced accuracy" if classes else "R2",
                            "chance": 1 / classes if classes else 0.0,
                            "records": int(mine.rows.size),
                            **_compare(probes, mine, setting),
                        }
                    )
    return found


def _classes(values: NDArray[Any]) -> int:
    """How many classes a label has; 0 if it is a number."""
    return int(np.unique(values[values.astype(str) != ""]).size) if is_class(values) else 0


def _compare(probes: Mapping[str, Probe | None], mine: Probe, setting: Setting) -> dict[str, Any]:
    """Scores of all runs, and the trained one's lead where the same records were scored."""
    scores, lead = {}, {}
    for name, other in probes.items():
        if other is None:
            continue
        scores[name] = float(other.scores.mean())
        if name != TRAINED:
            rows, here, there = np.intersect1d(mine.rows, other.rows, return_indices=True)
            ahead = mine.scores[here] - other.scores[there]
            lead[name] = {
                "mean": float(ahead.mean()) if rows.size else None,
                "interval": setting.interval(ahead, rows) if rows.size else None,
            }
    return {"scores": scores, "interval": setting.interval(mine.scores, mine.rows), "lead": lead}


def ask_neighbours(pairs: Pairs, setting: Setting) -> list[dict[str, Any]]:
    """Whether records that lie together in an embedding have the same label, tested by shifts.

    The labels, which resemble their neighbours in time, are shifted against the vectors, which do
    so too: what is left is more than both being slow.

    Returns:
        For each label and side a document: ``label``, ``side``, ``records`` and ``chance``, the
        test of the agreement (share of the ten nearest with the same class, or for numbers the mean
        product of the standardised label and that of the ten nearest).
    """
    found = []
    rows = setting.gallery.candidates
    for label, values in pairs.labels.items():
        for side, vectors in pairs.sides.items():
            directions, asked = unit(vectors)[rows], values[rows]
            known = np.isfinite(directions).all(axis=1)
            if is_class(asked):
                known &= asked.astype(str) != ""
            else:
                known &= np.isfinite(asked.reshape(len(asked), -1)).all(axis=1)
            if known.sum() <= NEIGHBOURS:
                continue
            nearest = _nearest(directions[known])
            test = _agreement(asked[known], nearest, setting)
            found.append(
                {
                    "label": label,
                    "side": side,
                    "records": int(known.sum()),
                    "chance": describe_test(test),
                }
            )
    return found


def _nearest(directions: NDArray[np.float32]) -> NDArray[np.intp]:
    """The ten nearest others of each row by cosine, intp[n, 10]."""
    alike = directions @ directions.T
    np.fill_diagonal(alike, -np.inf)
    return np.argpartition(-alike, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]


def _agreement(values: NDArray[Any], nearest: NDArray[np.intp], setting: Setting) -> ChanceTest:
    """Test of the agreement of labels, [n] or [n, k], with those of the nearest, intp[n, 10]."""

    def agreement(labels: NDArray[Any]) -> float:
        if is_class(labels):
            return float((labels[nearest] == labels[:, None]).mean())
        mean = labels[nearest].mean(axis=1)
        return float((mean * labels).mean())

    if not is_class(values):
        wide = values.reshape(len(values), -1).astype(np.float64)
        spread = wide.std(axis=0)
        values = (wide - wide.mean(axis=0)) / np.where(spread > 0, spread, 1)
    count = len(values)
    if setting.ordered:
        orders = [np.roll(np.arange(count), shift) for shift in range(count)]
        kind = "circular shift"
    else:
        rng = np.random.default_rng(setting.config.seed)
        orders = [np.arange(count), *(rng.permutation(count) for _ in range(setting.config.draws))]
        kind = "permutation"
    return ChanceTest(kind, np.array([agreement(values[order]) for order in orders]))
