"""The file of a shard: its bytes are those of its rows alone, and every reader inflates it."""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
import xxhash
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pluvial.errors import PluvialError
from pluvial.files.documents import read_json
from pluvial.frames.variables import MISSING
from pluvial.records.members import (
    MEMBERS,
    Encoder,
    Member,
    members_table,
    read_members,
    spill,
)
from pluvial.records.tfrecord import decode_example, encode_example, frame, read_frames
from pluvial.records.window import Records
from pluvial.records.writing import write_shard
from shards import digests, features, write_records

COUNT = 9


def values(row: int) -> tuple[np.ndarray, np.ndarray]:
    """Rain and depth of a row; its member has a size of its own."""
    rng = np.random.default_rng(row)
    rain = rng.integers(0, 300, (3, 2, 2)).astype(np.uint16)
    return rain, rng.integers(0, 300, (4, 2 + row)).astype(np.uint16)


def example(time: int, rain: np.ndarray, depth: np.ndarray) -> bytes:
    """The Example of a record, feature by feature."""
    return encode_example(
        {"time": time, "rain": rain.astype("<u2").tobytes(), "depth": depth.astype("<u2").tobytes()}
    )


def examples() -> list[bytes]:
    return [example(300 * row, *values(row)) for row in range(COUNT)]


def assembled(
    folder: Path, order: list[int], held: int = 1 << 20
) -> tuple[bytes, list[Member], str]:
    with spill(folder, held) as spilled:
        for row in order:
            spilled.add(row, 300 * row, *values(row))
        assert list(folder.iterdir()) == [], "the spill bears no name: it goes with its process"
        members, sha256 = spilled.assemble(folder / "shard")
    found = (folder / "shard").read_bytes()
    (folder / "shard").unlink()
    return found, members, sha256


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(COUNT)), held=st.integers(0, 1200))
def test_the_order_of_adding_does_not_matter(tmp_path: Path, order: list[int], held: int) -> None:
    """Nor whether members are held in memory, or how many."""
    assert assembled(tmp_path, order, held) == assembled(tmp_path, list(range(COUNT)))


def test_members_say_where_each_record_lies(tmp_path: Path) -> None:
    found, members, sha256 = assembled(tmp_path, [5, 0, 8, 2, 1, 7, 3, 4, 6])
    assert sha256 == hashlib.sha256(found).hexdigest()
    end = 0
    for row, (member, expected) in enumerate(zip(members, examples(), strict=True)):
        assert (member.time, member.start) == (300 * row, end)
        packed = found[member.start : member.start + member.size]
        assert member.digest == xxhash.xxh3_64_intdigest(packed)
        assert list(read_frames(io.BytesIO(gzip.decompress(packed)))) == [expected]
        end = member.start + member.size
    assert end == len(found)


def test_every_reader_inflates_it(tmp_path: Path) -> None:
    found, _, _ = assembled(tmp_path, list(range(COUNT)))
    path = tmp_path / "a.tfrecord.gz"
    path.write_bytes(found)
    payload = gzip.decompress(found)
    assert list(read_frames(io.BytesIO(payload))) == examples()
    inflated, rest = b"", found
    while rest:  # as zlib reads a file of several members
        stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
        inflated, rest = inflated + stream.decompress(rest), stream.unused_data
    assert inflated == payload
    read = tf.data.TFRecordDataset(str(path), "GZIP", buffer_size=100)
    assert [record.numpy() for record in read] == examples()


def test_the_bytes_bear_no_time_and_no_name(tmp_path: Path) -> None:
    found, members, _ = assembled(tmp_path, list(range(COUNT)))
    for member in members:
        flags, moment = found[member.start + 3], found[member.start + 4 : member.start + 8]
        assert (flags, moment) == (0, bytes(4)), "RFC 1952: FLG and MTIME"


def test_a_record_is_little_endian_and_row_major() -> None:
    rain = np.arange(12, dtype=">u2").reshape(3, 2, 2)
    depth = np.array([[258, MISSING]], np.uint16)
    (found,) = read_frames(io.BytesIO(Encoder().framed(5, rain, depth)))
    features = decode_example(found)
    assert features["time"] == 5
    assert bytes(features["rain"]) == b"".join(bytes([k, 0]) for k in range(12))
    assert bytes(features["depth"]) == b"\x02\x01\xff\xff"


moments = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.integers(-1000, 1000),
    st.sampled_from([0, 127, 128, 2**14 - 1, 2**14, 2**31, -1, -(2**63), 2**63 - 1]),
)


@settings(deadline=None)
@given(st.lists(st.tuples(moments, st.integers(1, 3), st.booleans()), min_size=1, max_size=12))
def test_one_buffer_serves_for_all_records(records: list[tuple[int, int, bool]]) -> None:
    """Whatever was framed before: other times (before 1970 too), other shapes, strided arrays."""
    rng = np.random.default_rng(0)
    encoder = Encoder()
    for time, size, strided in records:
        rain = rng.integers(0, 65536, (size, 2, 4)).astype(np.uint16)
        depth = rng.integers(0, 65536, (2, 6)).astype(np.uint16)
        if strided:
            rain, depth = rain[:, ::-1, ::2], depth.T
        assert encoder.framed(time, rain, depth) == frame(example(time, rain, depth))


def test_the_table_round_trips_and_its_damage_is_named(tmp_path: Path) -> None:
    _, members, _ = assembled(tmp_path, list(range(COUNT)))
    path = tmp_path / "a.parquet"
    table = members_table(members)
    assert table.schema.equals(MEMBERS, check_metadata=True)
    pq.write_table(table, path)
    assert read_members(path) == members
    whole = path.read_bytes()
    for damaged in (whole[: len(whole) // 2], b"", whole[:-1]):
        path.write_bytes(damaged)
        with pytest.raises(PluvialError, match=r"a\.parquet: the table of the shard's records"):
            read_members(path)
    path.unlink()
    with pytest.raises(PluvialError, match="the table of the shard's records"):
        read_members(path)


def some_records() -> Records:
    rng = np.random.default_rng(4)
    rain = rng.integers(0, 300, (5, 3, 2, 2)).astype(np.uint16)
    rain[3] = 0
    rain[3, 0, 0, 0] = rain[1, 0, 0, -1] = MISSING
    depth = rng.integers(0, 300, (5, 4, 4)).astype(np.uint16)
    depth[2] = MISSING
    return Records(300 * np.arange(5), rain, depth)


STORMS = {0: 0, 300: 1, 600: 1, 900: 2, 1200: 2}


def test_batches_in_any_order_are_one_shard(tmp_path: Path) -> None:
    records = some_records()
    write_records(records, tmp_path / "whole" / "01-00000.tfrecord.gz", storms=STORMS)
    rows = np.array([3, 0, 4, 1, 2])
    parts = [
        (part, Records(records.times[part], records.rain[part], records.depth[part]))
        for part in (rows[:2], rows[2:])
    ]
    paths = [tmp_path / "parts" / f"01-00000{end}" for end in (".tfrecord.gz", ".parquet", ".json")]
    identity = {"split": "whole", "shard": "01-00000"}
    write_shard(parts, digests(records), STORMS, features(records), *paths, identity)
    for path in paths:
        assert path.read_bytes() == (tmp_path / "whole" / path.name).read_bytes()


def test_the_sidecar_and_the_table_describe_the_records(tmp_path: Path) -> None:
    records = some_records()
    path = tmp_path / "train" / "01-00000.tfrecord.gz"
    sidecar = read_json(write_records(records, path, storms=STORMS))
    assert (sidecar["records"], sidecar["records_with_rain"]) == (5, 4), "missing is not rain"
    assert (sidecar["split"], sidecar["shard"]) == ("train", "01-00000")
    assert sidecar["moments"]["rain"]["count"] == records.rain.size - 2
    assert sidecar["moments"]["depth"]["missing"] == 16
    table = pq.read_table(tmp_path / "train" / "01-00000.parquet").to_pydict()
    assert table["time"] == records.times.tolist()
    assert table["storm"] == list(STORMS.values())
    assert sum(table["with_rain"]) == 4
    now = np.where(records.rain == MISSING, np.nan, records.rain / 32)[..., -1]
    np.testing.assert_allclose(table["rain_now_mm_h"], np.nanmean(now, axis=(1, 2)), rtol=1e-6)
    expected = records.depth.mean(axis=(1, 2)) / 1000
    expected[2] = np.nan
    np.testing.assert_allclose(table["depth_mean_m"], expected, rtol=1e-6)


@pytest.mark.parametrize("fault", ["another value", "a record too few", "a record too many"])
def test_what_the_index_did_not_find_gets_no_name(tmp_path: Path, fault: str) -> None:
    """A shard whose records are not those of the plan is never written."""
    records = some_records()
    planned = digests(records)
    if fault == "another value":
        planned[600] ^= 1
    elif fault == "a record too few":
        planned[9999] = 1
    else:
        del planned[600]
    paths = [tmp_path / f"a{end}" for end in (".tfrecord.gz", ".parquet", ".json")]
    with pytest.raises(PluvialError, match=r"a\.tfrecord\.gz: .*delete the index of their period"):
        write_shard([(np.arange(5), records)], planned, STORMS, features(records), *paths, {})
    assert list(tmp_path.iterdir()) == []
