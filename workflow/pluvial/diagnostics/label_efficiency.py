"""Does pretraining help? The same model from several starts, with fewer and fewer labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pluvial.config.data import FramesConfig, RecordsConfig
from pluvial.config.skill import SkillConfig
from pluvial.config.times import TimeConfig
from pluvial.diagnostics.rain_space import kept_records
from pluvial.diagnostics.skill import axes_of, setting_of
from pluvial.diagnostics.skill_rules import shown
from pluvial.diagnostics.skill_scores import named, nested, number_of
from pluvial.diagnostics.skill_tally import cuts_told, tally
from pluvial.files.documents import write_json
from pluvial.frames.predictions import PredictionsFile
from pluvial.frames.series import open_all
from pluvial.jobs import logger
from pluvial.metrics.contingency import STATISTICS, critical_success_index
from pluvial.metrics.probability import contingency_at
from pluvial.metrics.resampling import draw_weights, drawn_sums
from pluvial.sources.registry import DepthSource

SCRATCH = "scratch"
"""The start that others are compared with."""


@dataclass(frozen=True)
class Run:
    """One training: how it started, with how much, and which of several it is.

    Attributes:
        start: ``scratch``, ``frozen`` or ``finetuned``.
        share: percent of the training storms whose depth was used.
        seed: of the training, and of the draw of storms.
    """

    start: str
    share: int
    seed: int

    @classmethod
    def of(cls, name: str) -> Run:
        """From a name such as ``scratch-005-1``."""
        start, share, seed = name.split("-")
        return cls(start, int(share), int(seed))


def make_label_efficiency(
    predictions: Sequence[Path],
    folder: Path,
    plans: Sequence[Path],
    time: TimeConfig,
    depth_config: DepthSource,
    frames: FramesConfig,
    records: RecordsConfig,
    config: SkillConfig,
    path: Path,
) -> None:
    """Judge all runs on the held-out storms; write one JSON document.

    Args:
        predictions: ``RUN/predictions/test.nc`` each.
        folder: of the frames.
        plans: the plans of all editions.
        time: of the case.
        depth_config: of the case.
        frames: of the case.
        records: of the case.
        config: of the skill.
        path: the file to make.
    """
    kept = kept_records(plans, "test")
    thresholds, lead = axes_of(predictions[0], kept)
    setting = setting_of(kept, lead, thresholds, [], [])
    counts: dict[Run, NDArray[np.int64]] = {}
    rain, depth = open_all(folder, time, depth_config, frames)
    with rain, depth:
        for one in predictions:
            with closing(PredictionsFile(one)) as file:
                found = tally(file, depth, setting, cuts_told(file))
            tables = [contingency_at(found.cells[:, k], cut) for k, cut in enumerate(found.cuts)]
            counts[Run.of(one.parents[1].name)] = np.stack(tables, axis=1).astype(np.int64)
    storms = draw_weights(setting.storms.size, config.draws, config.seed)
    trainings = draw_weights(len({run.seed for run in counts}), config.draws, config.seed + 1)
    document = compare_runs(counts, thresholds, storms, trainings)
    counted = named(min(thresholds, key=lambda one: abs(one - records.flooded_m)))
    document = {"counted_m": counted, "headline": headline(document, counted), **document}
    logger.info("%s", document["headline"])
    write_json(path, document)


def compare_runs(
    counts: Mapping[Run, NDArray[np.int64]],
    thresholds: Sequence[float],
    weights: NDArray[np.float64],
    trainings: NDArray[np.float64],
) -> dict[str, Any]:
    """CSI by start, share and threshold, and the leads over the start from scratch.

    Trainings are drawn as storms are: which storms' depth a training is given, and where it begins,
    may alter its score by more than its start does. The draws of all starts hold the same seeds,
    which were given the same depth.

    Args:
        counts: contingency of each run, int64[S, K, 4]; the same seeds for each start and share.
        thresholds: m.
        weights: how often each draw holds each storm, float64[1 + draws, S].
        trainings: how often it holds each seed, in ascending order, float64[1 + draws, seeds].

    Returns:
        ``csi`` and ``leads``: numbers by start, share and threshold, of the mean over the seeds,
        with intervals over storms and seeds; ``seeds``: the score of each run.
    """
    storms = weights.shape[1]
    because = STATISTICS["csi"][1]
    drawn = {run: critical_success_index(drawn_sums(weights, one)) for run, one in counts.items()}
    means: dict[tuple[str, int], NDArray[np.float64]] = {}
    for start, share in sorted({(run.start, run.share) for run in drawn}):
        alike = sorted(
            (run for run in drawn if (run.start, run.share) == (start, share)),
            key=lambda run: run.seed,
        )
        values = np.stack([drawn[run] for run in alike], axis=1)
        means[start, share] = (values * trainings[..., None]).sum(axis=1) / len(alike)
    csi: dict[tuple[str, ...], Any] = {}
    leads: dict[tuple[str, ...], Any] = {}
    seeds: dict[tuple[str, ...], Any] = {}
    for number, threshold in enumerate(thresholds):
        key = named(threshold)
        for (start, share), values in means.items():
            csi[start, str(share), key] = number_of(values[:, number], storms, because)
            if start != SCRATCH and (SCRATCH, share) in means:
                gain = (values - means[SCRATCH, share])[:, number]
                leads[start, str(share), key] = number_of(gain, storms, because)
        for run, values in drawn.items():
            score = float(values[0, number])
            place = seeds.setdefault((run.start, str(run.share), key), [])
            place.append(score if np.isfinite(score) else None)
    return {
        "storms": storms,
        "thresholds_m": [named(one) for one in thresholds],
        "csi": nested(csi),
        "leads": nested(leads),
        "seeds": nested(seeds),
    }


def headline(document: Mapping[str, Any], threshold: str) -> str:
    """What the leads say, in words, at one threshold."""
    sentences = []
    for start, shares in document["leads"].items():
        for share, numbers in sorted(shares.items(), key=lambda item: int(item[0])):
            gain = numbers[threshold]
            bounds = gain.get("interval")
            if gain["value"] is None or bounds is None:
                verdict = "cannot be told from"
            elif bounds[0] > 0:
                verdict = "is better than"
            else:
                verdict = "is worse than" if bounds[1] < 0 else "is not shown to differ from"
            sentences.append(
                f"With {share} % of the labels, {start} {verdict} scratch: {shown(gain)} of CSI "
                f"at {threshold} m."
            )
    return " ".join(sentences)
