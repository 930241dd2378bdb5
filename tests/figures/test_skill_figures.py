"""Figures of the depth model: nothing overlaps, and what is drawn is what the reports say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from pluvial.diagnostics.depth_probes import FACTORS
from pluvial.diagnostics.label_efficiency import Run, compare_runs, headline
from pluvial.diagnostics.skill_maps import CellSums
from pluvial.errors import PluvialError
from pluvial.figures.depth_probes import probes_sheet
from pluvial.figures.error_maps import error_sheet
from pluvial.figures.label_efficiency import draw_label_efficiency, efficiency_sheet
from pluvial.figures.predicted import Moments, largest_storms, peak_times
from pluvial.figures.predicted_storms import storms_sheet
from pluvial.figures.relief import shade
from pluvial.figures.sheet import Sheet
from pluvial.figures.skill import draw_skill, skill_sheet
from pluvial.figures.storm_animation import chosen_times, frames
from pluvial.files.documents import write_json
from pluvial.metrics.resampling import draw_weights

START = 1_600_041_600
Faults = Callable[[Sheet], list[str]]
METHODS = ("model", "ridge", "ridge-largest", "look-up", "climatology", "all-dry", "persistence")


def number(value: float | None, spread: float = 0.05) -> dict[str, Any]:
    if value is None:
        return {"value": None, "because": "nothing is flooded and nothing is predicted so"}
    return {"value": value, "interval": [value - spread, value + spread]}


def report(storms: int = 4, *, dry: bool = False) -> dict[str, Any]:
    """A document as the judgement writes it."""

    def method(score: float) -> dict[str, Any]:
        csi = number(None if dry else score)
        thresholds = {
            key: {"csi": csi, "fss": {str(n): csi for n in (1, 3, 5, 9)}}
            for key in ("0.05", "0.1", "0.3")
        }
        classes = [
            {"cells": 10**k, "predicted": 0.1 * k, "flooded": 0.09 * k} for k in range(1, 10)
        ]
        return {"thresholds": thresholds, "reliability": dict.fromkeys(thresholds, classes)}

    scores = np.linspace(0.95, 0.05, len(METHODS))
    return {
        "headline": "It beats the best baseline (ridge) by 0.10 [0.05, 0.15] of CSI at 0.1 m. " * 2,
        "rules": [{"name": "ahead at 0.1 m", "numbers": {"best": None if dry else "ridge"}}],
        "records": 3590,
        "storms": 17,
        "first": "2020-05-23T00:40Z",
        "last": "2020-06-04T23:50Z",
        "thresholds_m": ["0.05", "0.1", "0.3"],
        "scales_cells": [1, 3, 5, 9],
        "gauges": {"outlet": {"row": 0, "col": 22}},
        "methods": {n: method(float(s)) for n, s in zip(METHODS, scores, strict=True)},
        "storms_at_gauges": [
            {"gauge": "outlet", "storm": k, "peak_m": 0.2 * k} for k in range(1, storms + 1)
        ],
    }


def courses(storms: int = 5, steps: int = 60) -> pd.DataFrame:
    """Storm k rises to 0.2 k m in its middle."""
    hill = np.sin(np.linspace(0, np.pi, steps))
    parts = []
    for storm in range(1, storms + 1):
        true = 0.2 * storm * hill
        columns = dict.fromkeys(METHODS, 0.9 * true)
        times = START + 300 * (np.arange(steps) + 2 * steps * storm)
        parts.append(
            pd.DataFrame({"gauge": "outlet", "storm": storm, "time": times, "true": true} | columns)
        )
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize(("storms", "dry"), [(4, False), (1, False), (0, True)])
def test_skill(storms: int, dry: bool, faults_of: Faults) -> None:
    assert faults_of(skill_sheet(report(storms, dry=dry), courses(), 4)) == []


def test_dots_stand_at_the_scores(tmp_path: Path, check_whole: Callable[[Path], None]) -> None:
    document = report()
    panel = skill_sheet(document, courses(), 4).figure.axes[1]
    dots = [line.get_xdata()[0] for line in panel.lines if len(line.get_xdata()) == 1]
    shown = [document["methods"][name]["thresholds"]["0.1"]["csi"]["value"] for name in METHODS]
    assert dots == pytest.approx(shown)
    write_json(tmp_path / "skill.json", document)
    courses().to_parquet(tmp_path / "courses.parquet")
    draw_skill(tmp_path / "skill.json", tmp_path / "courses.parquet", 4, tmp_path / "skill.png")
    check_whole(tmp_path / "skill.png")
    write_json(tmp_path / "other.json", {"records": 1})
    with pytest.raises(PluvialError, match=r"other\.json.*not a report of skill"):
        draw_skill(tmp_path / "other.json", tmp_path / "courses.parquet", 4, tmp_path / "a.png")


def moments(count: int, rows: int, cols: int) -> Moments:
    rng = np.random.default_rng(0)
    water = rng.gamma(0.3, 0.3, (2, count, rows, cols)).astype(np.float32)
    water[0, 0, :2, :2] = np.nan
    rain = rng.gamma(0.5, 20, (2, count, 4, 4)).astype(np.float32)
    odds = rng.random((count, 3, rows, cols)).astype(np.float32)
    ground = np.add.outer(np.arange(rows) ** 1.5, np.arange(cols) ** 1.2)
    return Moments(
        START + 900 * np.arange(count),
        *rain,
        *water,
        odds,
        np.array([0.05, 0.1, 0.3]),
        shade(ground, 50.0),
        50.0,
    )


@pytest.mark.parametrize(("count", "rows", "cols"), [(4, 64, 64), (1, 120, 60), (2, 20, 90)])
def test_storms(count: int, rows: int, cols: int, faults_of: Faults) -> None:
    assert faults_of(storms_sheet(moments(count, rows, cols), "outlet", 0.1)) == []


def test_no_storm_is_said(faults_of: Faults) -> None:
    assert faults_of(storms_sheet(None, "outlet", 0.1)) == []


def test_the_largest_storms_and_their_peaks() -> None:
    table = courses()
    assert largest_storms(table, 2) == [5, 4]
    falling = table[table["storm"] == 5].assign(storm=9, true=np.linspace(3, 0, 60))
    assert largest_storms(pd.concat([table, falling]), 2) == [5, 4]  # it only falls
    (peak,) = peak_times(table, [3])
    assert table.set_index("time").loc[peak, "true"] == table.loc[table["storm"] == 3, "true"].max()


def test_the_animation_moves() -> None:
    table = courses()
    shown = moments(3, 30, 20)
    course = table[table["storm"] == 1].assign(time=START + 300 * np.arange(60))
    pictures = list(frames(shown, course, "outlet"))
    assert len(pictures) == 3
    assert all(isinstance(one, Image.Image) for one in pictures)
    first, second = (np.asarray(one) for one in pictures[:2])
    assert first.shape == second.shape
    assert (first != second).any()
    times = START + 300 * np.arange(600)
    chosen = chosen_times(times)
    assert len(chosen) <= 72
    assert np.diff(chosen).min() >= 900


@pytest.mark.parametrize("shape", [(64, 64), (120, 60), (20, 90)])
def test_error_maps(shape: tuple[int, int], faults_of: Faults) -> None:
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 40, (3, *shape))
    counts[:, :5] = 0
    known = np.full(shape, 200)
    known[0, 0] = 0
    sums = rng.normal(0, 1, (4, *shape)) ** 2
    assert faults_of(error_sheet(CellSums(200, 0.1, *counts, known, *sums), ground(shape))) == []


def ground(shape: tuple[int, int]) -> Any:
    return shade(np.add.outer(np.arange(shape[0]) ** 1.5, np.arange(shape[1]) ** 1.2), 50.0)


def runs(seed: int = 0, storms: int = 12) -> dict[Run, np.ndarray]:
    """Counts of runs in which pretraining is worth hits, the more the fewer the labels."""
    rng = np.random.default_rng(seed)
    found = {}
    for start, gain in (("scratch", 0), ("frozen", 5), ("finetuned", 20)):
        for share in (5, 20, 100):
            for number in (1, 2):
                hits = 40 + share // 4 + gain * 5 // share + rng.integers(0, 3, (storms, 3))
                rest = np.broadcast_to(np.array([30, 30, 500]), (storms, 3, 3))
                found[Run(start, share, number)] = np.concatenate([hits[..., None], rest], axis=-1)
    return found


def efficiency(counts: dict[Run, np.ndarray]) -> dict[str, Any]:
    thresholds = [0.05, 0.1, 0.3]
    seeds = len({run.seed for run in counts})
    found = compare_runs(counts, thresholds, draw_weights(12, 200, 1), draw_weights(seeds, 200, 2))
    return {"counted_m": "0.1", "headline": headline(found, "0.1"), **found}


def test_label_efficiency_by_hand() -> None:
    counts = runs()
    document = efficiency(counts)
    alike = [counts[Run("frozen", 20, n)][:, 1].sum(axis=0) for n in (1, 2)]
    csi = [one[0] / one[:3].sum() for one in alike]
    assert document["csi"]["frozen"]["20"]["0.1"]["value"] == pytest.approx(np.mean(csi))
    assert document["seeds"]["frozen"]["20"]["0.1"] == pytest.approx(csi)
    gain = document["leads"]["finetuned"]["5"]["0.1"]
    assert gain["interval"][0] > 0
    assert "With 5 % of the labels, finetuned is better than scratch" in document["headline"]
    assert "With 100 % of the labels, frozen is not shown to differ" in document["headline"]


def test_trainings_that_disagree_leave_it_open() -> None:
    counts = runs()
    storms = draw_weights(12, 200, 1)
    one = {run: each for run, each in counts.items() if run.seed == 1}
    alone = compare_runs(one, [0.05, 0.1, 0.3], storms, np.ones((201, 1)))
    assert alone["leads"]["finetuned"]["5"]["0.1"]["interval"][0] > 0
    for run, each in counts.items():
        if run == Run("finetuned", 5, 2):
            each[..., 0] = 1
    gain = efficiency(counts)["leads"]["finetuned"]["5"]["0.1"]["interval"]
    assert gain[0] < 0 < gain[1]


def test_a_run_is_told_by_its_name() -> None:
    assert Run.of("finetuned-005-3") == Run("finetuned", 5, 3)


def test_label_efficiency_figure(tmp_path: Path, faults_of: Faults) -> None:
    assert faults_of(efficiency_sheet(efficiency(runs()))) == []
    some = {run: one for run, one in runs().items() if run.share > 5 and run.start != "frozen"}
    assert faults_of(efficiency_sheet(efficiency(some))) == []
    write_json(tmp_path / "other.json", {"records": 1})
    with pytest.raises(PluvialError, match="not a report of label efficiency"):
        draw_label_efficiency(tmp_path / "other.json", tmp_path / "a.png")


def test_probes_figure(faults_of: Faults) -> None:
    rng = np.random.default_rng(0)
    names = ["as it was", "deleted", "an hour later", "a cell eastwards", "terrain mirrored"]
    names += [f"times {factor:g}" for factor in FACTORS if factor != 1]
    arrays: dict[str, Any] = {"step_hours": np.array(1 / 12)}
    for name in names:
        arrays[f"{name}/rain"] = rng.random(300)
        for kind in ("model", "solver"):
            arrays[f"{name}/{kind}/mean"] = rng.random(300)
            arrays[f"{name}/{kind}/map"] = rng.gamma(0.3, 0.3, (64, 64)).astype(np.float32)
    row = {
        "probe": "rain scaled from 0.5 to 1.5",
        "asks": "share of wet cells that lose more than 0.02 m at a step",
        "model": 0.123,
        "solver": None,
        "rule": "below the line above",
    }
    rows = [row | {"kept": kept} for kept in (True, False, None)] * 3
    storms = [{"first": "2020-05-28T23:35Z", "last": "2020-05-29T20:00Z"}]
    elevation = np.add.outer(np.arange(64.0), np.arange(64.0)).astype(np.float32)
    sheet = probes_sheet({"storms": storms, "probes": rows}, arrays, elevation, 100.0)
    assert faults_of(sheet) == []
    nothing = probes_sheet({"storms": [], "probes": []}, {}, elevation, 100.0)
    assert faults_of(nothing) == []
