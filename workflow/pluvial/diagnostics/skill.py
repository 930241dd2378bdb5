"""Skill of predicted depth: a model beside methods without learning, on held-out storms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pluvial.config.data import FramesConfig, RecordsConfig
from pluvial.config.skill import SkillConfig
from pluvial.config.times import TimeConfig
from pluvial.diagnostics.baseline_predictions import PERSISTENCE
from pluvial.diagnostics.gauges import Gauge, gauges_of
from pluvial.diagnostics.rain_space import Kept, kept_records
from pluvial.diagnostics.skill_rules import decide_skill
from pluvial.diagnostics.skill_scores import (
    as_document,
    cuts_of,
    diagram,
    lead,
    named,
    peaks_at,
    score,
)
from pluvial.diagnostics.skill_tally import Setting, Tally, choose_cuts, cuts_told, tally
from pluvial.errors import PluvialError
from pluvial.files.atomic import atomic_path
from pluvial.files.documents import write_json
from pluvial.frames.elevation import read_elevation
from pluvial.frames.predictions import PredictionsFile
from pluvial.frames.series import FrameSeries, open_all
from pluvial.grids.time_axis import iso
from pluvial.jobs import logger
from pluvial.metrics.resampling import draw_weights
from pluvial.sources.registry import DepthSource

MODEL = "model"
TEST, VAL = "test", "val"


def make_skill(
    model: Sequence[Path],
    baselines: Sequence[Path],
    folder: Path,
    plans: Sequence[Path],
    heightmap: Path,
    time: TimeConfig,
    depth_config: DepthSource,
    frames: FramesConfig,
    records: RecordsConfig,
    config: SkillConfig,
    path: Path,
    hydrographs: Path,
) -> None:
    """Judge the predictions of a model and of all baselines; write one JSON document.

    Args:
        model: its files of predictions, ``SPLIT.nc`` each; ``val``, where there is one, tells from
            which probability on a flood is predicted.
        baselines: the same of each baseline, ``METHOD/SPLIT.nc``.
        folder: of the frames.
        plans: the plans of all editions.
        heightmap: elevations.
        time: of the case.
        depth_config: of the case.
        frames: of the case.
        records: of the case.
        config: of the skill.
        path: the JSON file to make.
        hydrographs: the parquet file to make: the depth at each gauge, true and by each method.
    """
    predictions = {MODEL: {file.stem: file for file in model}}
    for file in baselines:
        predictions.setdefault(file.parent.name, {})[file.stem] = file
    kept = kept_records(plans, TEST)
    thresholds, lead_seconds = axes_of(predictions[MODEL][TEST], kept)
    gauges = gauges_of(config.gauges, *read_elevation(heightmap))
    setting = setting_of(kept, lead_seconds, thresholds, config.scales, gauges)
    rain, depth = open_all(folder, time, depth_config, frames)
    with rain, depth:
        tallies = {name: judge_file(files, depth, setting) for name, files in predictions.items()}
    described = {name: _described(files[TEST]) for name, files in predictions.items()}
    document = judge_tallies(tallies, setting, described, config)
    counted = min(thresholds, key=lambda one: abs(one - records.flooded_m))
    document = {**decide_skill(document, MODEL, named(counted)), **document}
    logger.info("skill: %s. %s", document["verdict"], document["headline"])
    with atomic_path(hydrographs) as temporary:
        hydrograph_table(tallies, setting).to_parquet(temporary, index=False)
    write_json(path, document)


def hydrograph_table(tallies: Mapping[str, Tally], setting: Setting) -> pd.DataFrame:
    """A row per gauge and time: ``gauge``, ``storm``, ``time``, ``true``, and each method."""
    parts = []
    for place, gauge in enumerate(setting.gauges):
        columns: dict[str, Any] = {
            "gauge": gauge.name,
            "storm": setting.storms[setting.storm],
            "time": setting.times,
            "true": tallies[MODEL].true[:, place],
        }
        columns |= {name: found.predicted[:, place] for name, found in tallies.items()}
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


def setting_of(
    kept: Kept,
    lead_seconds: int,
    thresholds: Sequence[float],
    scales: Sequence[int],
    gauges: Sequence[Gauge],
) -> Setting:
    """What is judged: the kept records, by the storms that they belong to."""
    storms, storm = np.unique(kept.storms, return_inverse=True)
    times = kept.times + lead_seconds
    return Setting(times, storm.astype(np.intp), storms, thresholds, scales, gauges)


def judge_file(files: Mapping[str, Path], depth: FrameSeries, setting: Setting) -> Tally:
    """The tally of a method from its files of predictions, by split."""
    with closing(PredictionsFile(files[TEST])) as file:
        cuts = cuts_told(file)
        if VAL in files:
            with closing(PredictionsFile(files[VAL])) as other:
                cuts = choose_cuts(other, depth)
        return tally(file, depth, setting, cuts)


def axes_of(path: Path, kept: Kept) -> tuple[list[float], int]:
    """Thresholds and lead of the model's predictions, which must be of the kept records."""
    with closing(PredictionsFile(path)) as file:
        thresholds, leads = file.thresholds.tolist(), np.unique(file.times - file.references)
        if not np.array_equal(file.references, kept.times) or leads.size != 1:
            raise PluvialError(
                f"it predicts {file.references.size} records, and the plan keeps "
                f"{kept.times.size} of the {TEST} split, or others",
                where=path,
                remedy="Delete the predictions and run the workflow again",
            )
    return thresholds, int(leads[0])


def _described(path: Path) -> str:
    """What a method says of itself."""
    with closing(PredictionsFile(path)) as file:
        return str(file.attributes.get("described", file.attributes.get("title", "")))


def judge_tallies(
    tallies: Mapping[str, Tally],
    setting: Setting,
    described: Mapping[str, str],
    config: SkillConfig,
) -> dict[str, Any]:
    """All numbers of all methods, and the leads of the model, on the same draws of storms."""
    storms = setting.storms.size
    weights = draw_weights(storms, config.draws, config.seed)
    scored = {name: score(found, setting, weights) for name, found in tallies.items()}
    flooded = tallies[MODEL].cells[:, 0, :, 1].sum(axis=-1)
    return {
        "split": TEST,
        "records": setting.times.size,
        "first": iso(int(setting.times[0])),
        "last": iso(int(setting.times[-1])),
        "storms": storms,
        "storms_with_flood": int((flooded > 0).sum()),
        "thresholds_m": [named(threshold) for threshold in setting.thresholds],
        "scales_cells": list(setting.scales),
        "gauges": {g.name: {"row": g.row, "col": g.col} for g in setting.gauges},
        "draws": config.draws,
        "seed": config.seed,
        "methods": {
            name: {
                "kind": kind_of(name),
                "described": described[name],
                "cuts": cuts_of(found, setting),
                **as_document(scored[name], storms),
                "reliability": diagram(found, setting),
            }
            for name, found in tallies.items()
        },
        "leads": {
            name: lead(scored[MODEL], other, storms)
            for name, other in scored.items()
            if name != MODEL
        },
        "storms_at_gauges": storm_table(tallies, setting),
    }


def kind_of(method: str) -> str:
    """What a method is: the model, a baseline, or one that knows the depth at NOW."""
    if method == MODEL:
        return MODEL
    return "knows the depth" if method == PERSISTENCE else "baseline"


def storm_table(tallies: Mapping[str, Tally], setting: Setting) -> list[dict[str, Any]]:
    """Of each storm that rises above the least threshold at a gauge: its peaks."""
    found: list[dict[str, Any]] = []
    for place, gauge in enumerate(setting.gauges):
        peaks = {name: peaks_at(one, setting, place) for name, one in tallies.items()}
        true = peaks[MODEL].true
        for row in np.flatnonzero(np.isfinite(true)):
            members = setting.times[setting.storm == row]
            methods = {
                name: {
                    "peak_m": float(one.predicted[row]),
                    "late_minutes": _or_none(one.late[row] / 60),
                }
                for name, one in peaks.items()
            }
            found.append(
                {
                    "gauge": gauge.name,
                    "storm": int(setting.storms[row]),
                    "first": iso(int(members[0])),
                    "last": iso(int(members[-1])),
                    "peak_m": float(true[row]),
                    "methods": methods,
                }
            )
    return found


def _or_none(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
