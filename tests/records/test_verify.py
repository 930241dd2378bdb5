"""Every way in which a shard can be damaged is found, the record named, and repaired."""

from __future__ import annotations

import gzip
import hashlib
import logging
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
import xxhash
from built import DEPTH_CONFIG, FRAMES, Results, some_weather
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pluvial.errors import PluvialError
from pluvial.files.documents import read_json, write_json
from pluvial.records.examine import Finding, Record, examine, examine_file
from pluvial.records.members import Member, read_members
from pluvial.records.tfrecord import frame
from pluvial.records.verify import repair, report, shards_of, verify, verify_shard
from pluvial.records.window import Records
from shards import digests, features, write_records

COUNT = 6


@pytest.fixture(scope="module")
def records() -> Records:
    rng = np.random.default_rng(3)
    rain = rng.integers(0, 300, (COUNT, 4, 3, 2)).astype(np.uint16)
    depth = rng.integers(0, 900, (COUNT, 8, 6)).astype(np.uint16)
    return Records(np.arange(COUNT) * 300 + 10**9, rain, depth)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, records: Records) -> Path:
    path = tmp_path_factory.mktemp("whole") / "train" / "01-00000.tfrecord.gz"
    write_records(records, path)
    return path


@pytest.fixture
def path(tmp_path: Path, whole: Path) -> Path:
    shutil.copytree(whole.parent, tmp_path / "train")
    return tmp_path / "train" / whole.name


def members_of(path: Path) -> list[Member]:
    return read_members(path.with_name("01-00000.parquet"))


def findings(path: Path, records: Records) -> list[Finding]:
    found = examine(path, members_of(path), digests(records), features(records))
    return [item for item in found if isinstance(item, Finding)]


def tensorflow_reads(path: Path) -> int:
    """How many records TensorFlow reads without a word; -1 if it complains."""
    try:
        return sum(1 for _ in tf.data.TFRecordDataset(str(path), "GZIP"))
    except tf.errors.OpError:
        return -1


def test_a_whole_shard_is_read_back(path: Path, records: Records) -> None:
    found = list(examine(path, members_of(path), digests(records), features(records)))
    assert len(found) == COUNT
    for row, record in enumerate(found):
        assert isinstance(record, Record)
        assert record.time == records.times[row]
        np.testing.assert_array_equal(record.rain, records.rain[row])
        np.testing.assert_array_equal(record.depth, records.depth[row])


@pytest.mark.parametrize("row", range(COUNT))
@pytest.mark.parametrize("off", [-1, 0, 1])
def test_cut_at_a_record_boundary(path: Path, records: Records, row: int, off: int) -> None:
    content = path.read_bytes()
    cut = members_of(path)[row].start + off
    path.write_bytes(content[: max(0, cut)])
    found = findings(path, records)
    assert found[0].record == (row - 1 if off < 0 and row else row)
    assert examine_file(path, len(content), "") is not None
    if off == 0:
        assert tensorflow_reads(path) == row, "TensorFlow is silent"


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
@given(data=st.data())
def test_a_flipped_bit_names_its_record(path: Path, records: Records, data: st.DataObject) -> None:
    whole = path.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    content = bytearray(whole)
    content[place] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(bytes(content))
    try:
        (found,) = findings(path, records)
        member = members_of(path)[found.record or 0]
        assert member.start <= place < member.start + member.size
    finally:
        path.write_bytes(whole)


def rearranged(rows: list[int]) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        content = path.read_bytes()
        parts = [content[m.start : m.start + m.size] for m in members_of(path)]
        path.write_bytes(b"".join(parts[row] for row in rows))

    return change


REARRANGED = {
    "dropped": ([0, 1, 3, 4, 5], 2),
    "dropped at the end": ([0, 1, 2, 3, 4], 5),
    "doubled": ([0, 1, 2, 2, 3, 4, 5], 3),
    "swapped": ([0, 4, 2, 3, 1, 5], 1),
    "emptied": ([], 0),
}


@pytest.mark.parametrize("fault", REARRANGED)
def test_records_out_of_place(path: Path, records: Records, fault: str) -> None:
    rows, first = REARRANGED[fault]
    rearranged(rows)(path)
    assert tensorflow_reads(path) == len(rows), "TensorFlow is silent"
    found = findings(path, records)
    assert found[0].record == first
    assert found[0].shard == "train/01-00000.tfrecord.gz"


def test_equal_sized_records_that_are_swapped_are_named_by_each_other(
    tmp_path: Path, records: Records
) -> None:
    """Only their digests tell them apart: the file's length and offsets are the same."""
    rain = np.zeros((2, 4, 3, 2), np.uint16)
    rain[:, 0, 0, 0] = 1, 2
    twins = Records(records.times[:2], rain, np.zeros((2, 8, 6), np.uint16))
    path = tmp_path / "train" / "01-00000.tfrecord.gz"
    write_records(twins, path)
    one, two = members_of(path)
    assert one.size == two.size
    rearranged([1, 0])(path)
    assert [str(f) for f in findings(path, twins)] == [
        "train/01-00000.tfrecord.gz, record 0: record 1 stands in its place",
        "train/01-00000.tfrecord.gz, record 1: record 0 stands in its place",
    ]


def test_what_follows_and_what_is_missing(path: Path, records: Records) -> None:
    content = path.read_bytes()
    path.write_bytes(content + b"more")
    assert [f.problem for f in findings(path, records)] == ["4 bytes follow its last record"]
    path.unlink()
    assert [f.problem for f in findings(path, records)] == ["the shard is missing"]


def test_a_record_that_was_written_wrong_is_told_from_the_plan(
    path: Path, records: Records
) -> None:
    """Whole bytes are not enough: the values must be those that the index found in the frames."""
    planned = digests(records)
    planned[int(records.times[4])] ^= 1
    found = [
        item
        for item in examine(path, members_of(path), planned, features(records))
        if isinstance(item, Finding)
    ]
    assert [f.record for f in found] == [4]
    assert "not those that the index found" in found[0].problem


def test_a_record_that_was_not_planned(path: Path, records: Records) -> None:
    planned = digests(records)
    del planned[int(records.times[2])]
    found = list(examine(path, members_of(path), planned, features(records)))
    assert [str(item).rpartition(": ")[2] for item in found if isinstance(item, Finding)] == [
        "it lists 6 records, the plan 5",
        "it is of 2001-09-09T01:56Z, which is not planned here",
    ]


def test_swapped_shards(tmp_path: Path, records: Records) -> None:
    """Each is whole in itself, and neither is what its table says."""
    other = Records(records.times + 3600, records.rain[::-1], records.depth[::-1])
    one, two = (tmp_path / split / "01-00000.tfrecord.gz" for split in ("train", "test"))
    write_records(records, one)
    write_records(other, two)
    content = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(content)
    assert findings(one, records)[0].record == 0
    assert findings(two, other)[0].record == 0


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
@given(data=st.data())
def test_any_rearrangement_is_found_at_its_first_record(
    path: Path, records: Records, data: st.DataObject
) -> None:
    """Records dropped, doubled and exchanged in any way."""
    whole = path.read_bytes()
    rows = data.draw(st.lists(st.integers(0, COUNT - 1), max_size=COUNT + 2))
    rearranged(rows)(path)
    try:
        found = findings(path, records)
    finally:
        path.write_bytes(whole)
    if rows == list(range(COUNT)):
        assert found == []
        return
    first = next((at for at, row in enumerate(rows) if row != at), len(rows))
    assert found[0].record == (first if first < COUNT else None)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
@given(data=st.data())
def test_any_cut_is_found_at_its_record(path: Path, records: Records, data: st.DataObject) -> None:
    whole = path.read_bytes()
    end = data.draw(st.integers(0, len(whole) - 1))
    path.write_bytes(whole[:end])
    try:
        found = findings(path, records)
    finally:
        path.write_bytes(whole)
    row = sum(member.start + member.size <= end for member in members_of(path))
    assert found[0].record == row
    assert all("the file ends there" in finding.problem for finding in found)


def test_a_table_that_does_not_fit_the_values(path: Path, records: Records) -> None:
    """A member whose bytes are whole, and which holds another record than the table says."""
    members = members_of(path)
    members[1], members[2] = (
        replace(members[1], time=members[2].time),
        replace(members[2], time=members[1].time),
    )
    found = [
        item
        for item in examine(path, members, digests(records), features(records))
        if isinstance(item, Finding)
    ]
    assert [finding.record for finding in found] == [1, 2]
    assert found[0].problem == "it is of 2001-09-09T01:51Z, not of 2001-09-09T01:56Z"


@pytest.mark.parametrize(
    "content",
    [b"", b"no record at all", frame(b""), frame(b"no example"), frame(b"\n\x00"), bytes(10**6)],
    ids=["empty", "no frame", "empty frame", "no example", "no feature", "zeros"],
)
def test_members_that_hold_no_record(tmp_path: Path, records: Records, content: bytes) -> None:
    """As a faulty writer would make them: whole gzip, and its table agrees."""
    path = tmp_path / "train" / "01-00000.tfrecord.gz"
    path.parent.mkdir()
    packed = gzip.compress(content)
    path.write_bytes(packed)
    member = Member(int(records.times[0]), 0, len(packed), xxhash.xxh3_64_intdigest(packed))
    planned = {member.time: digests(records)[member.time]}
    (found,) = examine(path, [member], planned, features(records))
    assert isinstance(found, Finding)
    assert "it cannot be decoded" in found.problem


def test_the_file_as_a_whole(path: Path) -> None:
    content = path.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    assert examine_file(path, len(content), sha256) is None
    for size, digest, problem in (
        (len(content) + 1, sha256, f"it has {len(content)} bytes, the manifest says"),
        (len(content), "0" * 64, "its bytes are not those the manifest names"),
    ):
        found = examine_file(path, size, digest)
        assert found is not None
        assert problem in found.problem
    path.unlink()
    found = examine_file(path, len(content), sha256)
    assert found is not None
    assert str(found) == "train/01-00000.tfrecord.gz: the shard is missing"


# A whole dataset: found and mended through its manifest, its plan and its frames.


@pytest.fixture
def results(built: Results, tmp_path: Path) -> Results:
    """A copy that may be damaged."""
    shutil.copytree(built.folder, tmp_path / "results")
    return replace(built, folder=tmp_path / "results")


def verified(results: Results, names: list[str] | None = None) -> list[Finding]:
    """What is wrong with all shards, or with some."""
    return [
        finding
        for shard in shards_of(results.manifest)
        if names is None or shard.entry["file"] in names
        for finding in verify_shard(
            shard, plans=results.plans, features=read_json(results.manifest)["features"]
        )
    ]


def repaired(results: Results) -> list[str]:
    """The names of the shards that were made again."""
    damaged = repair(
        results.manifest,
        results.plans,
        results.frames,
        results.time.editions,
        DEPTH_CONFIG,
        FRAMES,
        results.records,
        workers=1,
    )
    return [f"{shard.split}/{shard.name}" for shard in damaged]


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def exchange(one: Path, other: Path) -> None:
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)


def all_of(path: Path) -> list[Path]:
    """A shard, its table and its sidecar."""
    stem = path.name.partition(".")[0]
    return [path.with_name(stem + end) for end in (".tfrecord.gz", ".parquet", ".json")]


def exchange_first(count: int) -> Callable[[Path, Path], None]:
    def change(one: Path, other: Path) -> None:
        for mine, theirs in list(zip(all_of(one), all_of(other), strict=True))[:count]:
            exchange(mine, theirs)

    return change


DAMAGE: dict[str, tuple[Callable[[Path, Path], object], int]] = {
    "flipped": (lambda one, _: flip(one), 1),
    "cut": (lambda one, _: one.write_bytes(one.read_bytes()[:-9]), 1),
    "emptied": (lambda one, _: one.write_bytes(b""), 1),
    "missing": (lambda one, _: one.unlink(), 1),
    "swapped": (exchange_first(1), 2),
    "swapped with table": (exchange_first(2), 2),
    "swapped with table and sidecar": (exchange_first(3), 2),
    "table missing": (lambda one, _: all_of(one)[1].unlink(), 1),
    "table cut": (lambda one, _: all_of(one)[1].write_bytes(b"PAR1"), 1),
    "table of another": (lambda one, two: shutil.copy(all_of(two)[1], all_of(one)[1]), 1),
    "sidecar missing": (lambda one, _: all_of(one)[2].unlink(), 1),
    "sidecar cut": (lambda one, _: all_of(one)[2].write_text('{"records": '), 1),
    "sidecar of another": (lambda one, two: shutil.copy(all_of(two)[2], all_of(one)[2]), 1),
}


def test_a_whole_dataset_has_no_finding(built: Results, caplog: pytest.LogCaptureFixture) -> None:
    assert verify(built.manifest, built.plans, workers=2) == []
    with caplog.at_level(logging.INFO, logger="pluvial"):
        report([], built.manifest)
    records = sum(split["records"] for split in read_json(built.manifest)["splits"].values())
    assert f"{records} records in {len(built.shards)} shards are what was planned" in caplog.text


@pytest.mark.parametrize("kind", DAMAGE)
def test_every_damage_is_found(results: Results, kind: str) -> None:
    one, two = results.shards[0], results.shards[-1]
    damage, count = DAMAGE[kind]
    damage(one, two)
    names = [f"{path.parent.name}/{path.name}" for path in (one, two)]
    assert {finding.shard for finding in verified(results, names)} == set(names[:count])


def test_damaged_shards_are_repaired_and_no_other_is_touched(results: Results) -> None:
    """Byte for byte, at once."""
    before = contents(results.folder)
    age = results.manifest.stat().st_mtime_ns
    one, two, three, four, *_ = results.shards
    flip(one)
    all_of(two)[1].unlink()
    exchange_first(3)(three, four)
    os.utime(results.shards[-1], ns=(5, 5))
    assert len(repaired(results)) == 4
    assert contents(results.folder) == before
    for path in (one, two, three, four):
        for file in all_of(path):
            assert file.stat().st_mtime_ns == age, "Snakemake must not take it for new"
    assert results.shards[-1].stat().st_mtime_ns == 5
    assert repaired(results) == []


def test_a_repair_that_cannot_give_the_same_bytes_is_refused(results: Results) -> None:
    """Frames that were changed after the index was made are noticed before a shard is written."""
    flip(results.shards[0])
    rain, depth = some_weather(2)
    rain[:, 0, 0] = 77
    results.write_frames(rain, depth)
    with pytest.raises(PluvialError, match="not those that the index found in the frames"):
        repaired(results)


def test_a_manifest_of_other_bytes_is_noticed_by_a_repair(results: Results) -> None:
    """The shard is whole, its sidecar says so; but the manifest is not theirs."""
    manifest = read_json(results.manifest)
    manifest["splits"]["train"]["shards"][0]["sha256"] = "0" * 64
    write_json(results.manifest, manifest)
    (finding,) = verified(results)
    assert finding.problem == "its sidecar contradicts the manifest"
    with pytest.raises(PluvialError, match="made again, its bytes are not those the manifest"):
        repaired(results)


def test_a_plan_of_another_order_is_noticed(results: Results) -> None:
    """Shard, table, sidecar and manifest agree; but that is not where the plan lays its records."""
    path = results.plans / "01.parquet"
    table = pq.read_table(path)
    rows = table["row"].to_pylist()
    here = [
        at
        for at, (split, shard) in enumerate(
            zip(table["split"].to_pylist(), table["shard"].to_pylist(), strict=True)
        )
        if (split, shard) == ("test", 0)
    ][:2]
    rows[here[0]], rows[here[1]] = rows[here[1]], rows[here[0]]
    at = table.column_names.index("row")
    pq.write_table(table.set_column(at, "row", pa.array(rows, pa.int32())), path)
    (finding,) = verified(results, ["test/01-00000.tfrecord.gz"])
    assert "its table lists" in finding.problem


def test_a_plan_that_is_missing_is_named(results: Results) -> None:
    (results.plans / "01.parquet").unlink()
    with pytest.raises(PluvialError, match=r"01\.parquet"):
        verified(results)


def test_findings_are_reported_and_refused(
    results: Results, caplog: pytest.LogCaptureFixture
) -> None:
    flip(results.shards[0])
    results.shards[1].unlink()
    findings = verify(results.manifest, results.plans, workers=2)
    with (
        caplog.at_level(logging.ERROR, logger="pluvial"),
        pytest.raises(PluvialError, match="2 faults in 2 shards; the first: train/01-00000"),
    ):
        report(findings, results.manifest)
    assert caplog.text.count("tfrecord.gz") == 2
