"""Encoders of every kind in a toy world, and the words that the verdict must find for each."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from pluvial.config.learning import VerdictConfig
from pluvial.diagnostics.pairs import Pairs
from pluvial.diagnostics.retrieval_rules import LEAK_LIFT, LEAST_KEPT, LEAST_KEPT_ALONE
from pluvial.diagnostics.verdict import (
    MOST_ALONG_ONE,
    MOST_WITHOUT_DIRECTION,
    ONE_LINE,
    ONE_POINT,
)
from toys import CONFIG, TEST_STORMS, World, judged, rule
from workplace import CHECKOUT


@pytest.fixture
def world() -> World:
    return World()


def test_learned(world: World) -> None:
    found = world.verdict(world.learned())
    assert found["verdict"] == "learned"
    assert all(entry["kept"] for entry in found["rules"])
    assert judged(found, "R@1, rain → depth") == "learned"
    assert judged(found, "alignment") == "learned"
    assert judged(found, "mean cosine between storms, depth") == "not collapsed"


@pytest.mark.parametrize("side", ["rain", "depth"])
@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_a_dead_tower_is_named(world: World, side: str, value: float) -> None:
    """A ReLU head without normalisation gives zeros for ever."""
    pairs = world.learned()
    dead = replace(pairs, sides={**pairs.sides, side: np.full_like(pairs.sides[side], value)})
    found = world.verdict(dead)
    assert found["verdict"] == "collapsed"
    assert found["headline"] == (
        f"The {side} encoder has collapsed: 100% of its vectors are zero or not a number."
    )
    assert judged(found, f"share without direction, {side}") == "collapsed"
    assert found["methods"]["trained"]["rain_to_depth"]["R@1"] == 0


def test_a_tower_that_is_mostly_dead(world: World) -> None:
    pairs = world.learned()
    depth = pairs.sides["depth"].copy()
    depth[np.arange(len(depth)) % 5 != 0] = 0
    found = world.verdict(replace(pairs, sides={**pairs.sides, "depth": depth}))
    assert found["verdict"] == "collapsed"
    assert "80% of its vectors are zero" in found["headline"]
    assert rule(found, "spread of rain")["kept"]


@pytest.mark.parametrize("noise", [0.0, 1e-9, 1e-3])
def test_a_tower_that_is_a_point(world: World, noise: float) -> None:
    pairs = world.learned()
    point = 1 + noise * world.rng.normal(size=pairs.sides["rain"].shape)
    found = world.verdict(replace(pairs, sides={**pairs.sides, "rain": point}))
    assert found["verdict"] == "collapsed"
    assert (
        "The rain encoder has collapsed: the mean cosine between storms is 1.0000"
        in (found["headline"])
    )
    assert "depth" not in found["headline"]


def test_a_tower_that_is_a_line(world: World) -> None:
    pairs = world.learned()
    line = np.zeros_like(pairs.sides["rain"])
    line[:, 0] = np.where(np.arange(len(line)) % 3, 1, -1)
    found = world.verdict(replace(pairs, sides={**pairs.sides, "rain": line}))
    assert found["verdict"] == "collapsed"
    assert "the effective rank is 1.00, so that its vectors are one line" in found["headline"]


def test_towers_at_right_angles(world: World) -> None:
    """Behind a ReLU each can spread over dimensions in which the other is zero."""
    pairs = world.learned()
    rain, depth = (np.abs(pairs.sides[side]) for side in ("rain", "depth"))
    few = rain.shape[1] // 4
    rain[:, :few], depth[:, few:] = 0, 0
    found = world.verdict(replace(pairs, sides={"rain": rain, "depth": depth}))
    assert found["verdict"] == "collapsed"
    assert rule(found, "spread of rain")["kept"]
    assert rule(found, "spread of depth")["kept"]
    assert found["headline"].startswith(
        "The encoders do not meet: 100.0% of all pairs lie at right angles"
    )
    assert "the depth encoder has withdrawn furthest" in found["headline"]


def test_both_towers_constant_score_nothing(world: World) -> None:
    constant = np.ones((world.splits.size, 4))
    found = world.verdict(world.pairs(constant, constant))
    assert found["verdict"] == "collapsed"
    assert "rain encoder" in found["headline"]
    assert "depth encoder" in found["headline"]
    trained = found["methods"]["trained"]["rain_to_depth"]
    assert trained["R@10"] == 0
    assert trained["chance"]["p"] == 1


def test_untrained_is_not_shown(world: World) -> None:
    found = world.verdict(world.untrained())
    assert found["verdict"] == "not shown"
    assert found["headline"].startswith("Retrieval of held-out storms is not shown")
    assert not rule(found, "chance")["kept"]


def test_what_was_learned_by_heart_is_not_shown(world: World) -> None:
    found = world.verdict(world.memorised())
    assert found["verdict"] == "not shown"
    assert found["training"]["train_R@1"] == 1
    assert "It has learned by heart" in found["headline"]
    assert judged(found, "gap between training and held-out records") == "not shown"


def test_by_heart_with_a_little_left_is_not_shown_unless_it_beats_the_baselines(
    world: World,
) -> None:
    """Significant on held-out storms, but most of it remembered."""
    pairs = world.learned(noise=1.6)
    known = (world.splits == "train")[:, None]
    code = world.rng.normal(size=world.hidden.shape)
    mixed = world.pairs(*(np.where(known, code, side) for side in pairs.sides.values()))
    controls = {"shuffled": world.untrained(), "untrained": world.untrained()}
    behind = world.verdict(mixed, controls, world.baseline(0.3))
    assert rule(behind, "chance")["kept"]
    assert behind["verdict"] == "not shown"
    assert behind["headline"].startswith("It has learned by heart: of its lead over chance")
    # Where there is nothing to be ahead of, a tenth is enough.
    alone = world.verdict(mixed, controls)
    assert 0.1 < alone["training"]["kept"] < 0.5
    assert alone["verdict"] == "learned"
    ahead = world.verdict(mixed, controls, world.baseline(10))
    assert ahead["verdict"] == "learned"
    assert ahead["beyond_baselines"] == "more"


@pytest.mark.parametrize(
    ("noise", "beyond", "words"),
    [
        (5.0, "more", "It is more than pixel correlation finds without learning"),
        (0.5, "no more", "But it is not shown to be more than pixel correlation finds"),
        (0.05, "less", "But it is less than pixel correlation finds without learning"),
    ],
)
def test_learned_is_set_beside_what_needs_no_learning(
    world: World, noise: float, beyond: str, words: str
) -> None:
    found = world.verdict(world.learned(0.5), baselines=world.baseline(noise))
    assert found["verdict"] == "learned"
    assert found["beyond_baselines"] == beyond
    assert words in found["headline"]
    judgement = judged(found, "lead over the best method without learning")
    assert judgement == ("learned" if beyond == "more" else "not shown")


def test_a_control_on_torn_pairs_that_finds_them_is_a_leak(world: World) -> None:
    found = world.verdict(world.learned(0.1), {"shuffled": world.learned(0.6)})
    assert found["verdict"] == "not shown"
    assert found["headline"].startswith("A leak is suspected: the control shuffled")


def test_no_better_than_an_untrained_encoder_is_not_shown(world: World) -> None:
    """If the architecture alone does it, training has not."""
    found = world.verdict(world.learned(0.5), {"untrained": world.learned(0.5)})
    assert found["verdict"] == "not shown"
    assert "not shown to be ahead of the control untrained" in found["headline"]


def test_training_that_was_broken_off_by_a_collapse(world: World) -> None:
    stopped = {"reason": "collapsed", "because": "the rain tower had collapsed"}
    found = world.verdict(world.learned(), stopped=stopped)
    assert found["verdict"] == "collapsed"
    assert found["headline"] == "Training ended early: the rain tower had collapsed."


def test_training_that_ended_early_for_it_got_no_better(world: World) -> None:
    stopped = {"reason": "patience", "because": "retrieval has not risen"}
    found = world.verdict(world.learned(), stopped=stopped)
    assert found["verdict"] == "learned"
    assert found["rules"][0]["words"] == "Training ended early: retrieval has not risen."


def test_too_few_candidates_cannot_show_anything(world: World) -> None:
    few = world.learned(0.01)
    kept = (world.splits == "train") | (world.storms >= world.storms.max() - 3)
    found = world.verdict(few.take(np.flatnonzero(kept)), {})
    assert found["verdict"] == "not shown"
    assert found["headline"] == "32 candidates are too few for a test at p < 0.01."


def test_two_records_of_one_storm_are_judged_without_an_error(world: World) -> None:
    rows = np.r_[
        np.flatnonzero(world.splits == "train"), np.flatnonzero(world.splits == "test")[:2]
    ]
    found = world.verdict(world.learned().take(rows), {"untrained": world.untrained().take(rows)})
    assert found["verdict"] == "not shown"
    assert found["candidates"] == 2
    json.dumps(found, allow_nan=False)


def test_one_storm_gets_intervals_over_blocks(world: World) -> None:
    pairs = world.learned()
    found = world.verdict(replace(pairs, groups=np.zeros(len(pairs), np.int64)))
    assert found["storms"] == 1
    assert found["resampled"] > TEST_STORMS
    assert found["verdict"] == "learned"


def test_rows_that_are_not_numbers_count_against(world: World) -> None:
    pairs = world.learned(0.01)
    rain = pairs.sides["rain"].copy()
    holes = np.flatnonzero(world.splits == "test")[::4]
    rain[holes] = np.nan
    found = world.verdict(replace(pairs, sides={**pairs.sides, "rain": rain}))
    whole = world.verdict(pairs)
    for way in ("rain_to_depth", "depth_to_rain"):
        lost = whole["methods"]["trained"][way]["R@1"] - found["methods"]["trained"][way]["R@1"]
        assert lost >= 0.2
    assert found["geometry"]["trained"]["sides"]["rain"]["without_direction"] == pytest.approx(0.25)
    json.dumps(found, allow_nan=False)


def test_what_is_significant_and_yet_below_chance_is_not_shown(world: World) -> None:
    """Where a third of the candidates has no direction, each is a rank before the true one."""
    pairs = world.learned(0.01)
    rain = pairs.sides["rain"].copy()
    rain[::3] = 0
    found = world.verdict(replace(pairs, sides={**pairs.sides, "rain": rain}))
    back = found["methods"]["trained"]["depth_to_rain"]
    assert back["chance"]["p"] < CONFIG.p
    assert back["mean_reciprocal_rank"] < found["chance"]["mean_reciprocal_rank"]
    assert found["verdict"] == "not shown"
    assert not rule(found, "chance")["kept"]


def test_more_records_than_the_bound_are_sampled_and_it_is_said(world: World) -> None:
    config = VerdictConfig(draws=200, max_records=200)
    found = world.verdict(world.learned(), config=config)
    assert found["candidates"] == 100
    assert found["sampling"] == [
        "test: 100 of 240 candidates and 100 of 240 queries, evenly over time",
        "train: 100 of 320 candidates and 100 of 320 queries, evenly over time",
        "train: 200 of 320 records for statistics and probes, evenly",
    ]


def test_the_documentation_names_the_thresholds_that_decide() -> None:
    page = (CHECKOUT / "docs" / "is-it-learning.md").read_text()
    (rules,) = re.findall(r"## The rules\n(.*?)\n## ", page, flags=re.DOTALL)
    for words in (
        f"at most {100 * MOST_WITHOUT_DIRECTION:g} %",
        f"below {ONE_POINT}",
        f"effective rank at least {ONE_LINE}",
        f"less than {100 * MOST_ALONG_ONE:g} % of the variance",
        {2.0: "twice chance"}[LEAK_LIFT],
        {0.5: "half of the lead"}[LEAST_KEPT],
        {0.1: "without baselines: a tenth"}[LEAST_KEPT_ALONE],
        f"p < {VerdictConfig().p}",
    ):
        assert words in rules, words


def test_the_same_input_gives_the_same_verdict(world: World) -> None:
    runs: list[Pairs] = [world.learned(), world.untrained()]
    one, other = (world.verdict(runs[0], {"untrained": runs[1]}) for _ in range(2))
    assert json.dumps(one) == json.dumps(other)


def test_every_number_is_explained_and_judged(world: World) -> None:
    found = world.verdict(world.learned(), baselines=world.baseline(1.0))
    words = {"learned", "not shown", "collapsed", "not collapsed", "no control"}
    for line in found["judgements"]:
        assert line["judged"] in words
        assert all(line[key] for key in ("number", "value", "control", "rule", "explained"))
    numbers = [line["number"] for line in found["judgements"]]
    assert len(numbers) == len(set(numbers))
    assert CONFIG.p == found["p"]
