"""The ledger: every line adds up, and each that does not is named."""

from __future__ import annotations

import copy
import json
import logging
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from built import Results
from pluvial.errors import PluvialError
from pluvial.files.documents import read_json
from pluvial.records.ledger import check_ledger, make_ledger, make_proofs
from pluvial.records.manifest import read_manifest


@pytest.fixture(scope="module")
def ledger(built: Results) -> dict[str, Any]:
    return make_ledger(
        read_json(built.frames / "report.json"),
        [read_json(built.plans / "01.json")],
        read_manifest(built.manifest),
    )


def test_it_adds_up(built: Results, ledger: dict[str, Any]) -> None:
    check_ledger(ledger, built.time.steps, built.manifest)
    assert ledger["frames"]["rain"]["given"] == built.time.steps
    assert ledger["candidates"] == 576
    assert ledger["dropped"]["incomplete window"] == 5
    assert ledger["dropped"]["no depth"] == 1
    assert ledger["dropped"]["purged"] == 2 * (7 + 12)
    assert ledger["kept"] == ledger["in_shards"] == 576 - sum(ledger["dropped"].values())


FAULTS = {
    ("frames", "rain", "given"): "rain frames given = used + empty + dropped",
    ("frames", "depth", "empty"): "depth frames given = used + empty + dropped",
    ("frames", "rain", "steps"): "rain steps of the case = steps of the frames",
    ("candidates",): "rain steps = candidates",
    ("kept",): "candidates = kept + dropped",
    ("in_shards",): "kept = records in shards",
    ("dropped", "purged"): "candidates = kept + dropped",
}


@pytest.mark.parametrize("keys", FAULTS, ids=" ".join)
def test_a_line_that_does_not_add_up_is_named(
    built: Results, ledger: dict[str, Any], keys: tuple[str, ...]
) -> None:
    wrong = copy.deepcopy(ledger)
    place = wrong
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] += 1
    with pytest.raises(PluvialError, match="the ledger does not add up") as raised:
        check_ledger(wrong, built.time.steps, built.manifest)
    assert FAULTS[keys] in raised.value.problem
    assert raised.value.where == str(built.manifest)


def proofs(built: Results, path: Path, tables: list[Path], *, hours: float = 4) -> dict[str, Any]:
    make_proofs(
        built.frames / "report.json",
        [built.plans / "01.json"],
        built.manifest,
        tables,
        steps=built.time.steps,
        largest_lag_hours=hours,
        path=path,
    )
    document: dict[str, Any] = read_json(path)
    return document


def tables(built: Results) -> list[Path]:
    return sorted((built.folder / "shards").glob("*/*.parquet"))


def test_the_proofs_of_a_dataset(
    built: Results, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="pluvial"):
        found = proofs(built, tmp_path / "proofs.json", tables(built))
    # The depth of this weather holds the rain of the step before it.
    assert found["lag"]["minutes"] == 0
    assert found["lag"]["correlation"] > 0.9
    assert "the depth rises 0 min after its rain" in caplog.text
    json.dumps(found, allow_nan=False)


def test_depth_of_another_clock_is_refused(built: Results, tmp_path: Path) -> None:
    """Each record's depth as of twenty minutes later than it says."""
    found = {path: pq.read_table(path) for path in tables(built)}
    depth_at: dict[int, float] = {}
    for table in found.values():
        depth_at |= zip(
            *(table[name].to_pylist() for name in ("time", "depth_mean_m")), strict=True
        )
    changed = []
    for path, table in found.items():
        later = [depth_at.get(time + 1200) for time in table["time"].to_pylist()]
        at = table.column_names.index("depth_mean_m")
        changed.append(tmp_path / f"{path.parent.name}-{path.name}")
        column = pa.array(later, pa.float32())
        pq.write_table(table.set_column(at, "depth_mean_m", column), changed[-1])
    with pytest.raises(PluvialError, match="the depth rises 20 min before its rain falls"):
        proofs(built, tmp_path / "proofs.json", changed)
    assert not (tmp_path / "proofs.json").exists()
