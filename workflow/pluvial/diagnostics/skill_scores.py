"""From the sums of storms to scores with intervals, of one method and of the lead over another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pluvial.diagnostics.significance import CONFIDENCE, LEAST_GROUPS
from pluvial.diagnostics.skill_tally import Setting, Tally
from pluvial.frames.predictions import PROBABILITY_STEPS
from pluvial.metrics.contingency import STATISTICS, critical_success_index
from pluvial.metrics.depths import mean_absolute_error, mean_error, root_mean_square_error
from pluvial.metrics.fractions import UNDEFINED, fractions_skill_score
from pluvial.metrics.hydrographs import Peaks, find_peaks, kling_gupta, moment_sums, nash_sutcliffe
from pluvial.metrics.probability import brier_score, contingency_at, reliability
from pluvial.metrics.resampling import drawn_sums, interval, sum_by_group

Drawn = NDArray[np.float64]
"""A statistic of all records, and then of each draw of storms, float64[1 + draws]."""
STILL = "the water never changes there"


@dataclass(frozen=True)
class Scored:
    """The statistics of a method by name, each of all records and of each draw.

    Attributes:
        values: by the path of the number in the document, such as ``("0.1", "csi")``.
        because: why a number may be undefined, by the last part of its path.
    """

    values: dict[tuple[str, ...], Drawn]
    because: dict[str, str]


def named(threshold: float) -> str:
    """A threshold as a key of the document."""
    return f"{threshold:g}"


def score(found: Tally, setting: Setting, weights: NDArray[np.float64]) -> Scored:
    """All statistics of a tally.

    Args:
        found: the sums of each storm.
        setting: what was judged.
        weights: how often each draw holds each storm, float64[1 + draws, S].
    """
    values: dict[tuple[str, ...], Drawn] = {}
    because = {name: words for name, (_, words) in STATISTICS.items()}
    because |= {"brier": "no cell is known", "csi_of_depth": because["csi"]}
    for number, threshold in enumerate(setting.thresholds):
        key = named(threshold)
        cells = drawn_sums(weights, _cut(found, number))
        for name, (statistic, _) in STATISTICS.items():
            values["thresholds", key, name] = statistic(cells)
        by_depth = drawn_sums(weights, found.by_depth[:, number])
        values["thresholds", key, "csi_of_depth"] = critical_success_index(by_depth)
        values["thresholds", key, "brier"] = _brier(found.cells[:, number], weights)
        for place, scale in enumerate(setting.scales):
            sums = drawn_sums(weights, found.neighbourhoods[:, number, place])
            values["thresholds", key, "fss", str(scale)] = fractions_skill_score(sums)
            because[str(scale)] = UNDEFINED
    for where, sums in (("wet cells", found.wet), ("all cells", found.all_cells)):
        drawn = drawn_sums(weights, sums)
        values["errors", where, "rmse_m"] = root_mean_square_error(drawn)
        values["errors", where, "mae_m"] = mean_absolute_error(drawn)
        values["errors", where, "mean_error_m"] = mean_error(drawn)
    because |= dict.fromkeys(("rmse_m", "mae_m", "mean_error_m"), "no such cell")
    values |= _at_gauges(found, setting, weights)
    because |= {"nse": STILL, "kge": STILL}
    peak = "no storm has a peak that is above the least threshold, true or predicted"
    because |= dict.fromkeys(PEAK_NUMBERS, peak)
    return Scored(values, because)


def _cut(found: Tally, number: int) -> NDArray[np.int64]:
    """Contingency of each storm at a threshold's cut, int64[S, 4]."""
    return np.asarray(contingency_at(found.cells[:, number], found.cuts[number]))


def _brier(cells: NDArray[np.int64], weights: NDArray[np.float64]) -> Drawn:
    """Brier score of each draw: sums of squares are taken first, to draw two numbers of a storm."""
    number = cells.sum(axis=(-2, -1)).astype(np.float64)
    lost = np.nan_to_num(brier_score(cells)) * number
    drawn = drawn_sums(weights, np.stack([lost, number], axis=-1))
    with np.errstate(invalid="ignore"):
        return np.asarray(drawn[:, 0] / np.where(drawn[:, 1] > 0, drawn[:, 1], np.nan))


PEAK_NUMBERS = ("peak_error_m", "peak_error_share", "late_minutes", "timing_error_minutes")


def _at_gauges(
    found: Tally, setting: Setting, weights: NDArray[np.float64]
) -> dict[tuple[str, ...], Drawn]:
    values: dict[tuple[str, ...], Drawn] = {}
    for place, gauge in enumerate(setting.gauges):
        true, predicted = found.true[:, place], found.predicted[:, place]
        origin = float(np.nanmean(true)) if np.isfinite(true).any() else 0.0
        moments = moment_sums(predicted, true, origin)
        drawn = drawn_sums(weights, sum_by_group(moments, setting.storm, setting.storms.size))
        values["gauges", gauge.name, "nse"] = nash_sutcliffe(drawn)
        values["gauges", gauge.name, "kge"] = kling_gupta(drawn, origin)
        peaks = peaks_at(found, setting, place)
        error = peaks.predicted - peaks.true
        of_storm = (np.abs(error), error / peaks.true, peaks.late / 60, np.abs(peaks.late) / 60)
        for name, each in zip(PEAK_NUMBERS, of_storm, strict=True):
            values["gauges", gauge.name, name] = _mean(each, weights)
    return values


def peaks_at(found: Tally, setting: Setting, place: int) -> Peaks:
    """The peaks of all storms at a gauge, by its place among the gauges."""
    return find_peaks(
        setting.times,
        found.predicted[:, place],
        found.true[:, place],
        setting.storm,
        setting.storms.size,
        min(setting.thresholds),
    )


def _mean(values: NDArray[np.float64], weights: NDArray[np.float64]) -> Drawn:
    """Mean over the storms of a draw that have a value."""
    known = np.isfinite(values)
    sums = drawn_sums(weights, np.stack([np.where(known, values, 0), known], axis=-1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(sums[:, 1] > 0, sums[:, 0] / sums[:, 1], np.nan))


def number_of(drawn: Drawn, storms: int, because: str) -> dict[str, Any]:
    """A statistic with its interval, or why there is none."""
    if not np.isfinite(drawn[0]):
        return {"value": None, "because": because}
    bounds = interval(drawn, storms, least=LEAST_GROUPS, confidence=CONFIDENCE)
    return {"value": float(drawn[0]), "interval": list(bounds) if bounds else None}


def as_document(scored: Scored, storms: int) -> dict[str, Any]:
    """All numbers of a method as a JSON-like document."""
    return nested(
        {
            path: number_of(drawn, storms, scored.because[path[-1]])
            for path, drawn in scored.values.items()
        }
    )


def lead(model: Scored, other: Scored, storms: int) -> dict[str, Any]:
    """How much more a model has than another method, number by number, on the same draws."""
    return nested(
        {
            path: number_of(
                drawn - other.values[path],
                storms,
                f"one of both has none: {model.because[path[-1]]}",
            )
            for path, drawn in model.values.items()
        }
    )


def nested(flat: Mapping[tuple[str, ...], Any]) -> dict[str, Any]:
    """A document of documents, from the paths of its numbers."""
    document: dict[str, Any] = {}
    for path, value in flat.items():
        place = document
        for key in path[:-1]:
            place = place.setdefault(key, {})
        place[path[-1]] = value
    return document


def diagram(found: Tally, setting: Setting) -> dict[str, list[dict[str, float | int]]]:
    """The reliability diagrams of all thresholds: the classes of probability that have cells."""
    document = {}
    for number, threshold in enumerate(setting.thresholds):
        classes = reliability(found.cells[:, number].sum(axis=0))
        document[named(threshold)] = [
            {"cells": int(cells), "predicted": float(mean), "flooded": float(share)}
            for cells, mean, share in classes
            if cells
        ]
    return document


def cuts_of(found: Tally, setting: Setting) -> dict[str, float]:
    """From which probability on a flood is predicted, by threshold."""
    pairs = zip(setting.thresholds, found.cuts, strict=True)
    return {named(threshold): cut / PROBABILITY_STEPS for threshold, cut in pairs}
