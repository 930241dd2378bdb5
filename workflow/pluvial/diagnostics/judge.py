"""The judgement of a case: retrieval, controls, baselines, probes and the verdict on them all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pluvial.config.learning import RetrievalConfig, VerdictConfig
from pluvial.diagnostics.asking import ask_neighbours, ask_probes
from pluvial.diagnostics.baselines import Vectors, baselines
from pluvial.diagnostics.choice import HELD_OUT, TRAIN, Choice, choose
from pluvial.diagnostics.examine import TRAINED, examine, setting_of
from pluvial.diagnostics.judgements import judgements
from pluvial.diagnostics.labels import labels_of, read_records
from pluvial.diagnostics.maps import Seen, read_maps
from pluvial.diagnostics.pairs import Pairs
from pluvial.diagnostics.verdict import decide
from pluvial.errors import PluvialError
from pluvial.files.documents import read_json, write_json
from pluvial.jobs import logger
from pluvial.records.manifest import read_manifest, whole_shards

RETRIEVAL_KEYS = ("split", "records", "candidates", "queries", "chance", "methods", "sampling")
"""What of a judgement stands in retrieval.json too."""


def make_judgement(
    embeddings: Mapping[str, Path],
    training: Path,
    manifest_path: Path,
    plan: Sequence[Path],
    index: Sequence[Path],
    retrieval: RetrievalConfig,
    config: VerdictConfig,
    retrieval_path: Path,
    path: Path,
) -> None:
    """Judge the encoders on the test split; write the table of retrieval and the whole verdict.

    Args:
        embeddings: parquet file of each run: trained, shuffled, untrained.
        training: training.json of the trained run.
        manifest_path: of the dataset.
        plan: the plans of all editions.
        index: the index files of all periods.
        retrieval: tolerance and spacing.
        config: of the verdict.
        retrieval_path: the JSON file of the table.
        path: the JSON file of the verdict.
    """
    records = read_records(plan, index)
    found = judge_case(embeddings, manifest_path, records, retrieval, config)
    verdict = conclude(found, read_json(training).get("stopped"))
    write_json(retrieval_path, retrieval_table(verdict, records, manifest_path, retrieval))
    write_json(path, verdict)


def judge_case(
    embeddings: Mapping[str, Path],
    manifest_path: Path,
    records: pd.DataFrame,
    retrieval: RetrievalConfig,
    config: VerdictConfig,
) -> dict[str, Any]:
    """All numbers of a case, as :func:`examine.examine` gives them, with probes."""
    splits = records["split"].to_numpy(str)
    choice = choose(splits, records["time"].to_numpy(np.int64), retrieval, config.max_records)
    if choice.held_out.candidates.size < 2:
        raise PluvialError(
            f"the test split leaves {choice.held_out.candidates.size} candidates with rain",
            where=manifest_path,
            remedy="Give `records.split.test` a larger share, or lengthen `time`",
        )
    chosen = records.iloc[choice.rows].reset_index(drop=True)
    seen = {split: _seen(split, chosen, manifest_path) for split in (TRAIN, HELD_OUT)}
    labels = _labels(chosen, seen)
    runs = {name: read_pairs(path, chosen, labels) for name, path in embeddings.items()}
    extra = baselines(seen[TRAIN].maps, seen[HELD_OUT].maps)
    return judge(runs, extra, choice, config)


def judge(
    runs: Mapping[str, Pairs], extra: Mapping[str, Vectors], choice: Choice, config: VerdictConfig
) -> dict[str, Any]:
    """All numbers on the chosen records of all runs; see :func:`examine.examine`."""
    found = examine(runs, extra, choice, config)
    setting, _ = setting_of(runs[TRAINED], choice, config)
    found["probes"] = ask_probes(runs, setting)
    if len(found["sides"]) == 1:
        found["neighbours"] = ask_neighbours(setting.held_out, setting)
    return found


def conclude(found: dict[str, Any], stopped: Mapping[str, Any] | None) -> dict[str, Any]:
    """The verdict first, then a judgement of each number, then the numbers."""
    verdict = decide(found, stopped)
    logger.info("verdict: %s. %s", verdict["verdict"], verdict["headline"])
    return {**verdict, "judgements": judgements(found), **found}


def retrieval_table(
    verdict: Mapping[str, Any],
    records: pd.DataFrame,
    manifest_path: Path,
    config: RetrievalConfig,
) -> dict[str, Any]:
    """The table of methods alone, and what was left out of it."""
    whole = int(read_manifest(manifest_path)["splits"][HELD_OUT]["records"])
    return {
        **{key: verdict[key] for key in RETRIEVAL_KEYS},
        "records": whole,
        "left_out_without_rain": whole - int((records["split"] == HELD_OUT).sum()),
        "tolerance_minutes": config.tolerance_minutes,
        "spacing_minutes": config.spacing_minutes,
    }


def _seen(split: str, chosen: pd.DataFrame, manifest_path: Path) -> Seen:
    """The fields of the chosen records of a split."""
    times = chosen.loc[chosen["split"] == split, "time"].to_numpy(np.int64)
    return read_maps(whole_shards(manifest_path, split), read_manifest(manifest_path), times)


def _labels(chosen: pd.DataFrame, seen: Mapping[str, Seen]) -> dict[str, NDArray[np.float64]]:
    """Labels of all chosen records, in their order."""
    found: dict[str, NDArray[np.float64]] = {}
    for split, fields in seen.items():
        rows = np.flatnonzero(chosen["split"] == split)
        for name, values in labels_of(chosen.iloc[rows], fields).items():
            whole = found.setdefault(name, np.full((len(chosen), *values.shape[1:]), np.nan))
            whole[rows] = values
    return found


def read_pairs(
    path: Path, chosen: pd.DataFrame, labels: Mapping[str, NDArray[np.float64]]
) -> Pairs:
    """The vectors of the chosen records, of which no more is held than they."""
    times = pa.array(chosen["time"].to_numpy(np.int64))
    table = pq.read_table(path, filters=pc.field("time").isin(times)).to_pandas()
    if len(table) != len(chosen):
        raise PluvialError(
            f"it holds {len(table)} of the {len(chosen)} records that are judged",
            where=path,
            remedy="Delete it and run the workflow again: the embeddings are remade",
        )
    table = table.sort_values("time")
    pairs = Pairs(
        {side: np.stack(table[side].tolist()) for side in ("rain", "depth")},
        chosen["split"].to_numpy(str),
        chosen["time"].to_numpy(np.int64),
        chosen["storm"].to_numpy(np.int64),
    )
    return replace(pairs, labels=labels)
