"""Probes: what stands in the vectors is read, what does not is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pluvial.diagnostics.pairs import Pairs
from pluvial.diagnostics.probes import KINDS, _model, probe
from pluvial.metrics.vectors import unit
from sklearn.metrics import balanced_accuracy_score, r2_score
from toys import World, rule, verdict_on


def told(seed: int, noise: float = 0.05) -> tuple[Pairs, Pairs]:
    """Training and held-out vectors that hold an angle, a class and nothing else of use."""
    rng = np.random.default_rng(seed)
    angle = rng.uniform(-np.pi, np.pi, 600)
    vectors = np.c_[np.cos(angle), np.sin(angle), rng.normal(size=(600, 3)) * 0.1]
    labels = {
        "angle": np.c_[np.cos(angle), np.sin(angle)] + noise * rng.normal(size=(600, 2)),
        "half": np.where(angle > 0, "upper", "lower"),
        "nothing": rng.normal(size=600),
        "same": np.ones(600),
        "unknown": np.full(600, np.nan),
    }
    splits = np.where(np.arange(600) < 400, "train", "test")
    pairs = Pairs({"rain": vectors}, splits, groups=np.arange(600) // 10, labels=labels)
    return pairs.split("train"), pairs.split("test")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_there_is_read_and_what_is_not_is_not(kind: str) -> None:
    both = told(0)
    found = {label: probe("rain", label, kind, *both) for label in both[0].labels}
    assert found["angle"].scores.mean() > 0.9
    assert found["half"].scores.mean() > 0.9
    assert found["nothing"].scores.mean() < 0.1
    assert found["same"] is found["unknown"] is None


@pytest.mark.parametrize("kind", KINDS)
def test_scores_are_those_of_scikit_learn(kind: str) -> None:
    """The mean of the scores per record is R2 or balanced accuracy, as scikit-learn has them."""
    train, held_out = told(1, noise=0.5)
    spoilt = replace(held_out, labels=held_out.labels | {"half": held_out.labels["half"].copy()})
    spoilt.labels["half"][::7] = "upper"
    for label, measure in (("angle", r2_score), ("half", balanced_accuracy_score)):
        truth = spoilt.labels[label]
        scores = probe("rain", label, kind, train, spoilt).scores
        # What was predicted shows in the scores: where they are 0 a class is wrong.
        if label == "half":
            other = np.where(truth == "upper", "lower", "upper")
            predicted = np.where(scores > 0, truth, other)
        else:
            predicted = _predictions(kind, train, spoilt, label)
        assert scores.mean() == pytest.approx(measure(truth, predicted))


def _predictions(kind: str, train: Pairs, held_out: Pairs, label: str) -> np.ndarray:
    x, y = unit(train.sides["rain"]), train.labels[label]
    return _model(kind, y, train.groups).fit(x, y).predict(unit(held_out.sides["rain"]))


def test_without_a_training_split_whole_groups_are_left_out() -> None:
    """A label that only the group tells cannot be read from other groups."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(30), 10)
    codes = rng.normal(size=(30, 6))
    luck = rng.normal(size=30)
    pairs = Pairs(
        {"rain": codes[groups] + 0.01 * rng.normal(size=(300, 6))},
        np.full(300, "test"),
        groups=groups,
        labels={"luck": luck[groups], "code": codes[groups, 0]},
    )
    nobody = pairs.split("train")
    assert probe("rain", "luck", "neighbours", nobody, pairs).scores.mean() < 0.2
    assert probe("rain", "code", "linear", nobody, pairs).scores.mean() > 0.5
    single = replace(pairs, groups=np.zeros(300, np.int64))
    assert probe("rain", "luck", "linear", nobody, single) is None


def test_probes_stand_beside_the_controls() -> None:
    world = World()
    found = world.verdict(world.learned(0.1))
    entries = {(e["label"], e["side"], e["kind"]): e for e in found["probes"]}
    state = entries["state", "depth", "neighbours"]
    assert set(state["scores"]) == {"trained", "shuffled", "untrained"}
    lead = state["lead"]["untrained"]
    assert lead["mean"] == pytest.approx(state["scores"]["trained"] - state["scores"]["untrained"])
    assert lead["interval"][0] <= lead["mean"] <= lead["interval"][1]
    season = entries["season", "rain", "linear"]
    assert season["measure"] == "balanced accuracy"
    assert season["chance"] == 0.5
    judgement = {line["number"]: line["judged"] for line in found["judgements"]}
    assert judgement["season from rain, linear"] == "not shown"


def test_one_side_alone_is_judged_by_its_labels() -> None:
    world = World()

    def alone(vectors: np.ndarray, label: np.ndarray) -> Pairs:
        return Pairs({"rain": vectors}, world.splits, world.times, world.storms, {"kind": label})

    kind = np.where(world.hidden[:, 0] > 0, "warm", "cold")
    found = verdict_on({"trained": alone(world.hidden, kind)}, {})
    assert found["verdict"] == "learned"
    assert "Records that lie together have the same kind" in found["headline"]
    # Classes that are as slow as the vectors, and have nothing to do with them.
    other = np.where(np.random.default_rng(5).random(70)[world.storms] > 0.5, "warm", "cold")
    lost = verdict_on({"trained": alone(world.hidden, other)}, {})
    assert lost["verdict"] == "not shown"
    assert rule(lost, "labels")["kept"] is False
    constant = verdict_on({"trained": alone(np.ones((world.splits.size, 3)), kind)}, {})
    assert constant["verdict"] == "collapsed"


def test_one_side_is_held_against_an_untrained_encoder() -> None:
    world = World()
    kind = {"kind": np.where(world.hidden[:, 0] > 0, "warm", "cold")}
    rng = np.random.default_rng(0)
    pairs = Pairs({"rain": world.hidden[:, :3]}, world.splits, world.times, world.storms, kind)
    noise = replace(pairs, sides={"rain": rng.normal(size=(len(pairs), 3))})
    assert verdict_on({"trained": pairs, "untrained": noise}, {})["verdict"] == "learned"
    same = verdict_on({"trained": pairs, "untrained": pairs}, {})
    assert same["verdict"] == "not shown"
    assert same["headline"] == "No label is shown to be read better than from untrained encoders."
