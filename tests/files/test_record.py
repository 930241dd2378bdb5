"""What a job says of itself: fingerprints of inputs and outputs, seen from where they lie."""

from __future__ import annotations

import hashlib
import json
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pluvial import jobs
from pluvial.files import record
from pluvial.files.record import FOLDER, MOST_LISTED, write_records

BEGAN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def job_of(inputs: list[str], outputs: list[str], **more: Any) -> SimpleNamespace:
    """As much of Snakemake's object as a record needs."""
    return SimpleNamespace(
        input=inputs,
        output=outputs,
        rule=more.pop("rule", "some_rule"),
        wildcards=more.pop("wildcards", {}),
        params={"code": "0123", "part": {"a": 1}, "where": Path("x")},
        config={"name": "some"},
        threads=2,
    )


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    record._made.cache_clear()


def write(path: str, content: bytes) -> str:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(content)
    return path


def read(path: str) -> dict[str, Any]:
    return json.loads(Path(path).read_text())


def test_versions_are_those_of_what_is_installed() -> None:
    """Not what modules state, which in one of these is another."""
    import cmcrameri
    import yaml

    assert cmcrameri.__version__ != version("cmcrameri")
    del yaml
    write_records(job_of([], [made := write("made", b"")]), BEGAN)
    packages = read(f"{FOLDER}/{made}.json")["environment"]["packages"]
    assert packages["cmcrameri"] == version("cmcrameri")
    assert packages["PyYAML"] == version("PyYAML")


def test_inputs_and_outputs_with_their_sha256() -> None:
    raw = write("data/raw.bin", b"raw")
    made = write("results/frames/one.nc", b"made")
    write_records(job_of([raw], [made]), BEGAN)
    found = read(f"results/frames/{FOLDER}/one.nc.json")
    (entry,), (output,) = found["inputs"], found["outputs"]
    assert entry["path"] == "../../data/raw.bin"
    assert entry["sha256"] == hashlib.sha256(b"raw").hexdigest()
    assert output["path"] == "one.nc"
    assert output["bytes"] == 4
    assert output["sha256"] == hashlib.sha256(b"made").hexdigest()
    assert found["params"]["where"] == "x"
    assert found["ran"]["began"] == "2026-01-02T03:04:05Z"


def test_what_a_job_made_is_not_hashed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    made = write("a/made.bin", b"made")
    write_records(job_of([], [made]), BEGAN)
    hashed: list[Path] = []
    honest = record.file_sha256

    def counted(path: Path) -> str:
        hashed.append(path)
        return honest(path)

    monkeypatch.setattr(record, "file_sha256", counted)
    last = write("b/last.bin", b"last")
    write_records(job_of([made], [last]), BEGAN)
    assert Path(made) not in hashed
    (entry,) = read(f"b/{FOLDER}/last.bin.json")["inputs"]
    assert entry["sha256"] == hashlib.sha256(b"made").hexdigest()


def test_what_was_changed_since_is_hashed_as_it_is() -> None:
    made = write("a/made.bin", b"made")
    write_records(job_of([], [made]), BEGAN)
    write(made, b"edited")
    record._made.cache_clear()
    write_records(job_of([made], [write("b/last.bin", b"")]), BEGAN)
    (entry,) = read(f"b/{FOLDER}/last.bin.json")["inputs"]
    assert entry["sha256"] == hashlib.sha256(b"edited").hexdigest()


def test_many_raw_files_are_their_folders() -> None:
    raw = [write(f"data/{n % 2}/{n:04d}.dat", b"x" * n) for n in range(MOST_LISTED + 2)]
    write_records(job_of(raw, [write("out/one.nc", b"")]), BEGAN)
    entries = read(f"out/{FOLDER}/one.nc.json")["inputs"]
    assert [entry["files"] for entry in entries] == [51, 51]
    assert sum(entry["bytes"] for entry in entries) == sum(range(MOST_LISTED + 2))


def test_outputs_in_two_folders_have_a_record_in_each() -> None:
    outputs = [write("a/one.nc", b"1"), write("b/two.npz", b"2"), write("b/three", b"3")]
    write_records(job_of([], outputs), BEGAN)
    assert [p.name for p in sorted(Path("a", FOLDER).iterdir())] == ["one.nc.json"]
    assert [p.name for p in sorted(Path("b", FOLDER).iterdir())] == ["two.npz.json"]
    assert read(f"b/{FOLDER}/two.npz.json")["outputs"][0]["path"] == "../a/one.nc"


def test_a_folder_is_the_digest_of_its_files() -> None:
    write("out/tiles/1.bin", b"1")
    write("out/tiles/deep/2.bin", b"22")
    write_records(job_of([], ["out/tiles"]), BEGAN)
    (entry,) = read(f"out/{FOLDER}/tiles.json")["outputs"]
    assert (entry["files"], entry["bytes"]) == (2, 3)
    write("out/tiles/1.bin", b"x")
    assert record.fingerprint(Path("out/tiles"), Path("out"))["sha256"] != entry["sha256"]


def test_a_job_leaves_its_record_and_a_failed_one_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        sys.modules["__main__"], "snakemake", job_of([], ["out/one"]), raising=False
    )
    with pytest.raises(SystemExit), jobs.job("some", "log"):
        raise ValueError("no")
    assert not Path("out").exists()
    with jobs.job("some", "log"):
        write("out/one", b"1")
    assert read(f"out/{FOLDER}/one.json")["rule"] == "some_rule"


def test_a_record_that_cannot_be_written_fails_no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        sys.modules["__main__"], "snakemake", job_of([], ["out/one"]), raising=False
    )
    write(f"out/{FOLDER}", b"a file where the folder would be")
    with jobs.job("some", "log"):
        write("out/one", b"1")
    assert "no record of this job could be written" in Path("log").read_text()
