"""Every way in which a shard can be damaged is found, the record named, and repaired."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pluvial.records.examine import Finding, Record, examine, examine_file
from pluvial.records.members import Member, read_members
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
    if one.size == two.size:
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
