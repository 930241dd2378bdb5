"""From records and embeddings on the disk to the two documents, with encoders made by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from built import Results, records_config, time_config
from pluvial.config.data import SplitConfig
from pluvial.config.learning import RetrievalConfig, VerdictConfig
from pluvial.diagnostics.judge import make_judgement
from pluvial.diagnostics.labels import read_records
from pluvial.errors import PluvialError
from pluvial.files.documents import read_json, write_json

RETRIEVAL = RetrievalConfig(tolerance_minutes=5, spacing_minutes=15)
CONFIG = VerdictConfig(draws=400)
DAYS = 6


def weather() -> tuple[np.ndarray, np.ndarray]:
    """Showers of two hours, each over some cells, and depth that is the rain a step before."""
    rng = np.random.default_rng(0)
    steps = 288 * DAYS
    shower = np.repeat(rng.gamma(0.4, 300, (steps // 24, 3, 4)), 24, axis=0)
    wet = np.repeat(rng.random(steps // 24) < 0.6, 24)
    rain = (shower * rng.gamma(4, 0.25, (steps, 3, 4)) * wet[:, None, None]).astype(np.uint16)
    depth = np.zeros((steps, 6, 8), np.uint16)
    depth[1:] = np.kron(rain, np.ones((1, 2, 2)))[:-1] // 4
    # One cell is never the same, so that dry records are no duplicates of each other.
    depth[:, 0, 0] = np.arange(steps) % 1009
    return np.minimum(rain, 4000), np.minimum(depth, 4000)


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> tuple[Results, dict[str, np.ndarray]]:
    """A dataset and the rain of each kept record, float[n, 12]."""
    split = SplitConfig(train=0.5, val=0.1, test=0.4, memory_hours=1)
    built = Results(
        tmp_path_factory.mktemp("judge"),
        time_config(DAYS),
        records_config(split=split, storm_gap_hours=1),
    )
    rain, depth = weather()
    built.write_frames(rain, depth)
    built.build()
    plan = pd.read_parquet(built.plans / "01.parquet")
    kept = plan[plan["reason"].isna()]
    start = int(plan["time"].min())
    steps = (kept["time"].to_numpy() - start) // 300
    fields = np.log1p(rain[steps].reshape(len(kept), -1).astype(float))
    world = {"time": kept["time"].to_numpy(), "split": kept["split"].to_numpy(str)}
    return built, {**world, "rain": fields}


def embed(folder: Path, world: dict[str, np.ndarray], kind: str, seed: int = 0) -> Path:
    """What an encoder of some kind would give, as parquet."""
    rng = np.random.default_rng(seed)
    fields = world["rain"]
    if kind == "trained":
        rain, depth = (fields + 0.3 * rng.normal(size=fields.shape) for _ in range(2))
    else:
        rain, depth = (np.tanh(fields @ rng.normal(size=(12, 12)) / 20) for _ in range(2))
    path = folder / f"{kind}.parquet"
    table = pd.DataFrame({"time": world["time"], "split": world["split"]})
    table["rain"], table["depth"] = list(rain.astype(np.float32)), list(depth.astype(np.float32))
    # The order of rows in the file must not matter.
    table.sample(frac=1, random_state=0).to_parquet(path)
    return path


def judgement(
    built: Results,
    world: dict[str, np.ndarray],
    folder: Path,
    training: dict[str, Any],
    config: VerdictConfig = CONFIG,
    trained: Path | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    embeddings = {
        "trained": trained or embed(folder, world, "trained"),
        "shuffled": embed(folder, world, "shuffled", 1),
        "untrained": embed(folder, world, "untrained", 2),
    }
    write_json(folder / "training.json", training)
    make_judgement(
        embeddings,
        folder / "training.json",
        built.manifest,
        [built.plans / "01.parquet"],
        sorted((built.folder / "index").glob("*.parquet")),
        RETRIEVAL,
        config,
        folder / "retrieval.json",
        folder / "verdict.json",
    )
    return read_json(folder / "retrieval.json"), read_json(folder / "verdict.json")


Case = tuple[Results, dict[str, np.ndarray]]


def test_the_table_and_the_verdict(case: Case, tmp_path: Path) -> None:
    built, world = case
    table, verdict = judgement(built, world, tmp_path, {})
    assert verdict["verdict"] == "learned", verdict["headline"]
    names = {"trained", "shuffled", "untrained", "volume match"}
    assert names <= set(table["methods"])
    assert table["methods"] == verdict["methods"]
    assert sum("pixel correlation" in name for name in table["methods"]) >= 2
    records = read_records(
        [built.plans / "01.parquet"], sorted((built.folder / "index").glob("*.parquet"))
    )
    held_out = (world["split"] == "test").sum()
    assert table["records"] == held_out
    dry = held_out - (records["split"] == "test").sum()
    assert table["left_out_without_rain"] == dry > 0
    labels = {entry["label"] for entry in verdict["probes"]}
    assert {"mean depth", "hours since peak", "centroid of depth"} <= labels
    assert verdict["storms"] > 5
    json.dumps(verdict, allow_nan=False)


def test_a_training_that_was_broken_off(case: Case, tmp_path: Path) -> None:
    stopped = {"stopped": {"reason": "collapsed", "because": "the depth tower had collapsed"}}
    _, verdict = judgement(*case, tmp_path, stopped)
    assert verdict["verdict"] == "collapsed"
    assert "ended early: the depth tower had collapsed." in verdict["headline"]


def test_few_records_are_read_of_many(case: Case, tmp_path: Path) -> None:
    """The sample is spread evenly, and said."""
    config = VerdictConfig(draws=200, max_records=200)
    table, verdict = judgement(*case, tmp_path, {}, config)
    assert table["candidates"] == 100
    assert verdict["records"] <= 200
    assert any("100 of" in words for words in verdict["sampling"])


def test_embeddings_that_lack_a_split_are_refused(case: Case, tmp_path: Path) -> None:
    built, world = case
    whole = embed(tmp_path, world, "trained")
    table = pd.read_parquet(whole)
    part = tmp_path / "part.parquet"
    table[table["split"] == "test"].to_parquet(part)
    with pytest.raises(PluvialError, match=r"part\.parquet: it holds \d+ of the \d+ records"):
        judgement(built, world, tmp_path, {}, trained=part)
