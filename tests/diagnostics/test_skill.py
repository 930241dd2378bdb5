"""Skill of predictions: a perfect one, a dry one, and one in between, equal to the Bureau's scores."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from built import DEPTH_CONFIG, FRAMES, Results, records_config, some_weather, time_config
from depth_fields import labelled
from numpy.typing import NDArray
from pluvial.config.data import SplitConfig
from pluvial.config.skill import GaugeConfig, SkillConfig
from pluvial.diagnostics.baseline_predictions import make_baselines
from pluvial.diagnostics.gauges import gauges_of, outlet
from pluvial.diagnostics.rain_space import kept_records
from pluvial.diagnostics.skill import make_skill
from pluvial.errors import PluvialError
from pluvial.files.documents import read_json
from pluvial.frames.elevation import write_elevation
from pluvial.frames.predictions import Axes, write_predictions
from pluvial.frames.series import open_all
from pluvial.grids.grid import Grid
from scores.categorical import BinaryContingencyManager
from scores.continuous import nse, rmse
from scores.probability import brier_score

THRESHOLDS = [0.05, 0.1, 0.3]
CONFIG = SkillConfig(scales=[1, 3], draws=200, gauges={"here": GaugeConfig(row=2, col=3)})
METHODS = ("climatology", "look-up", "ridge", "ridge-largest", "all-dry", "persistence")
Maps = NDArray[np.float64]


class Judged:
    """A small case with baselines, and a model that predicts what it is told to."""

    def __init__(self, folder: Path) -> None:
        split = SplitConfig(train=0.5, val=0.2, test=0.3, memory_hours=1)
        records = records_config(split=split, storm_gap_hours=1)
        self.case = Results(folder, time_config(6), records)
        rain, depth = some_weather(6)
        self.case.write_frames(rain, depth // 13)
        self.case.build()
        self.plans = [self.case.plans / "01.parquet"]
        self.grid = Grid(6, 8, 150.0)
        self.heightmap = folder / "heightmap.nc"
        write_elevation(self.heightmap, self.grid, np.add.outer(np.arange(6.0), np.arange(8.0)), {})
        self.kept = {split: kept_records(self.plans, split) for split in ("val", "test")}
        _, series = open_all(self.case.frames, self.case.time, DEPTH_CONFIG, FRAMES)
        with series:
            steps = {s: (k.times - series.axis.start) // 300 + 1 for s, k in self.kept.items()}
            self.truth = {
                split: np.concatenate([series.read(int(s), int(s) + 1) for s in at]) / 1000.0
                for split, at in steps.items()
            }
        self.baselines = [
            folder / "baselines" / name / f"{split}.nc"
            for name in METHODS
            for split in ("val", "test")
        ]
        make_baselines(
            self.case.frames,
            self.plans,
            self.case.time,
            DEPTH_CONFIG,
            FRAMES,
            self.case.records,
            THRESHOLDS,
            CONFIG,
            self.baselines,
        )

    def skill(
        self,
        predict: Callable[[Maps], tuple[Maps, Maps]],
        thresholds: list[float] = THRESHOLDS,
        shift: int = 0,
    ) -> dict[str, Any]:
        """The judgement of a model that makes depth and odds [n, h, w, K] of the true depth."""
        files = []
        for split, kept in self.kept.items():
            path = self.case.folder / "model" / f"{split}.nc"
            water, odds = predict(self.truth[split])
            none = np.zeros(len(water), np.float32)
            write_predictions(
                path,
                Axes(self.grid, thresholds, kept.times + shift, 300),
                [(water, odds, none)],
                title="toy",
                provenance={},
            )
            files.append(path)
        path = self.case.folder / "skill.json"
        make_skill(
            files,
            self.baselines,
            self.case.frames,
            self.plans,
            self.heightmap,
            self.case.time,
            DEPTH_CONFIG,
            FRAMES,
            self.case.records,
            CONFIG,
            path,
            path.with_name("hydrographs.parquet"),
        )
        return dict(read_json(path))


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    return Judged(tmp_path_factory.mktemp("skill"))


def sure(water: Maps) -> tuple[Maps, Maps]:
    """Odds of 0 and 1, as the depth says."""
    return water, (np.rint(1000 * water)[..., None] > 1000 * np.array(THRESHOLDS)).astype(float)


def blurred(water: Maps) -> tuple[Maps, Maps]:
    """A prediction that errs."""
    noise = np.random.default_rng(0).normal(0, 0.1, water.shape)
    guess = np.maximum(np.round(water + noise, 3), 0)
    return guess, 1 / (1 + np.exp(-30 * (guess[..., None] - np.array(THRESHOLDS))))


def value(document: dict[str, Any], *path: str) -> Any:
    for key in path:
        document = document[key]
    return document["value"]


def test_a_perfect_prediction(judged: Judged) -> None:
    found = judged.skill(sure)
    assert found["verdict"] == "ahead"
    assert "beats the best baseline" in found["headline"]
    model = found["methods"]["model"]
    for key in ("0.05", "0.1", "0.3"):
        scores = model["thresholds"][key]
        for name, best in (("csi", 1), ("pod", 1), ("far", 0), ("bias", 1), ("dice", 1)):
            assert value(scores, name) == best
            assert scores[name]["interval"] == [best, best]
        assert value(scores, "brier") == 0
        assert value(scores, "fss", "3") == 1
        assert all(abs(c["predicted"] - c["flooded"]) == 0 for c in model["reliability"][key])
    assert value(model, "errors", "wet cells", "rmse_m") < 1e-7
    assert value(model, "gauges", "here", "nse") == pytest.approx(1, abs=1e-6)
    assert value(model, "gauges", "here", "late_minutes") == 0


def test_equal_to_the_bureaus_over_the_whole_split(judged: Judged) -> None:
    found = judged.skill(blurred)["methods"]["model"]
    truth = judged.truth["test"]
    water, odds = blurred(truth)
    for number, threshold in enumerate(THRESHOLDS):
        scores = found["thresholds"][f"{threshold:g}"]
        codes = np.rint(250 * odds[..., number])
        flooded = np.rint(1000 * truth) > 1000 * threshold
        cut = 250 * found["cuts"][f"{threshold:g}"]
        table = BinaryContingencyManager(
            labelled((codes >= cut).astype(float)), labelled(flooded.astype(float))
        ).transform()
        assert value(scores, "csi") == pytest.approx(float(table.critical_success_index()), 1e-12)
        assert value(scores, "far") == pytest.approx(float(table.false_alarm_ratio()), 1e-12)
        theirs = float(brier_score(labelled(codes / 250), labelled(flooded.astype(float))))
        assert value(scores, "brier") == pytest.approx(theirs, abs=1e-12)
    theirs = float(rmse(labelled(water), labelled(truth)))
    assert value(found, "errors", "all cells", "rmse_m") == pytest.approx(theirs, abs=1e-7)
    theirs = float(nse(labelled(water[:, 2, 3]), labelled(truth[:, 2, 3])))
    assert value(found, "gauges", "here", "nse") == pytest.approx(theirs, abs=1e-6)


def test_all_dry_finds_nothing_and_says_what_is_not_defined(judged: Judged) -> None:
    found = judged.skill(lambda water: (0 * water, np.zeros((*water.shape, 3))))
    assert found["verdict"] == "behind"
    scores = found["methods"]["model"]["thresholds"]["0.1"]
    assert value(scores, "csi") == value(scores, "pod") == value(scores, "fss", "3") == 0
    assert scores["far"] == {"value": None, "because": "nothing is predicted to be flooded"}
    assert found["methods"]["model"]["gauges"]["here"]["kge"]["value"] is None
    assert value(found["leads"]["all-dry"], "thresholds", "0.1", "csi") == 0


def test_leads_are_of_the_same_draws(judged: Judged) -> None:
    """A model that is the climatology has no lead over it, in any draw."""
    found = judged.skill(blurred)
    gain = found["leads"]["persistence"]["thresholds"]["0.1"]["csi"]
    methods = found["methods"]
    csi = [methods[name]["thresholds"]["0.1"]["csi"]["value"] for name in ("model", "persistence")]
    assert gain["value"] == pytest.approx(csi[0] - csi[1])
    assert gain["interval"][0] <= gain["value"] <= gain["interval"][1]


def test_persistence_stands_apart(judged: Judged) -> None:
    """It knows the depth; the rules do not ask the model to beat it."""
    found = judged.skill(sure)
    kinds = {name: method["kind"] for name, method in found["methods"].items()}
    assert kinds["persistence"] == "knows the depth"
    assert kinds["ridge"] == "baseline"
    assert value(found["methods"]["persistence"], "thresholds", "0.1", "csi") > value(
        found["methods"]["look-up"], "thresholds", "0.1", "csi"
    )
    assert "persistence" not in found["headline"]


def test_other_times_and_thresholds_are_refused(judged: Judged) -> None:
    with pytest.raises(PluvialError, match=r"test\.nc.*predicts \d+ records"):
        judged.skill(sure, shift=300)
    with pytest.raises(PluvialError, match=r"thresholds are \[0.05, 0.1, 0.3\] m, not \[0.05"):
        judged.skill(sure, thresholds=[0.05, 0.1, 0.4])


def test_gauges_are_placed_on_the_map_or_by_number() -> None:
    grid = Grid(6, 8, 100.0, west=1000.0, south=5000.0)
    flat = np.zeros(grid.shape)
    config = {"map": GaugeConfig(x=1250, y=5450), "numbers": GaugeConfig(row=5, col=0)}
    places = [(g.name, g.row, g.col) for g in gauges_of(config, grid, flat)]
    assert places == [("map", 1, 2), ("numbers", 5, 0)]
    with pytest.raises(PluvialError, match=r"gauges\.far.*outside the depth grid"):
        gauges_of({"far": GaugeConfig(x=0, y=5450)}, grid, flat)
    with pytest.raises(PluvialError, match=r"gauges\.sea.*no ground"):
        gauges_of({"sea": GaugeConfig(row=0, col=0)}, grid, np.full(grid.shape, np.nan))
    with pytest.raises(ValueError, match="write `x` and `y`, or `row` and `col`"):
        GaugeConfig(x=1, row=2)


def test_the_outlet_is_where_most_leaves() -> None:
    """A gully down the third column of a roof that falls to the south."""
    ground = 10.0 - np.add.outer(np.arange(9.0), np.zeros(7))
    ground += np.abs(np.arange(7) - 2) * 2.0
    assert outlet(ground, 10.0) == (8, 2)
    ground[8, :5] = np.nan  # a wall: what came down the gully spills over the lower side
    assert outlet(ground, 10.0) == (7, 0)
    closed = np.full((5, 5), np.nan)
    closed[2, 2] = 1.0
    with pytest.raises(PluvialError, match="it has no outlet"):
        outlet(closed, 10.0)
