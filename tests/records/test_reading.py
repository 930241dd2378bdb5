"""Reading shards back: whatever its bytes, a shard is read whole or refused with our error."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pluvial.errors import PluvialError
from pluvial.records.reading import read_shard, read_times
from pluvial.records.window import Records
from shards import features, write_records


def some_records(first: int = 0, count: int = 4) -> Records:
    rng = np.random.default_rng(first)
    rain = rng.integers(0, 300, (count, 2, 2, 2)).astype(np.uint16)
    depth = rng.integers(0, 900, (count, 4, 4)).astype(np.uint16)
    return Records(300 * (first + np.arange(count)), rain, depth)


@pytest.fixture(scope="module")
def shard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("reading") / "train" / "01-00000.tfrecord.gz"
    write_records(some_records(), path)
    return path


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None
)
@given(data=st.data())
def test_only_our_error_escapes(tmp_path: Path, shard: Path, data: st.DataObject) -> None:
    """A mutant is refused; or, where the change is one that gzip ignores, read as it was."""
    content = bytearray(shard.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= 1 << data.draw(st.integers(0, 7))
    path = tmp_path / "mutant.tfrecord.gz"
    path.write_bytes(content[: data.draw(st.sampled_from([len(content), place + 1]))])
    expected = some_records()
    try:
        found = read_shard(path, features(expected))
    except PluvialError:
        return
    count = found.times.size  # cut between two members, what is before is whole
    np.testing.assert_array_equal(found.rain, expected.rain[:count])
    np.testing.assert_array_equal(found.depth, expected.depth[:count])


def test_an_empty_shard_is_named(tmp_path: Path) -> None:
    path = tmp_path / "empty.tfrecord.gz"
    path.write_bytes(b"")
    with pytest.raises(PluvialError, match=r"empty\.tfrecord\.gz"):
        read_shard(path, features(some_records()))


def test_a_missing_shard_is_named(tmp_path: Path) -> None:
    with pytest.raises(PluvialError, match=r"none\.tfrecord\.gz"):
        read_shard(tmp_path / "none.tfrecord.gz", features(some_records()))


def test_shapes_of_another_manifest_are_refused(shard: Path) -> None:
    with pytest.raises(PluvialError, match="record 0 cannot be read"):
        read_shard(shard, {"rain": {"shape": [3, 2, 2]}, "depth": {"shape": [4, 4]}})


def test_records_are_found_by_their_times_in_any_shard(tmp_path: Path) -> None:
    paths = []
    for number, first in enumerate((40, 0, 20)):
        paths.append(tmp_path / f"01-0000{number}.tfrecord.gz")
        write_records(some_records(first), paths[-1])
    times = [300 * k for k in (21, 2, 43, 0)]
    found = read_times(paths, times, features(some_records()))
    assert found.times.tolist() == times
    for place, (first, row) in enumerate([(20, 1), (0, 2), (40, 3), (0, 0)]):
        np.testing.assert_array_equal(found.rain[place], some_records(first).rain[row])
        np.testing.assert_array_equal(found.depth[place], some_records(first).depth[row])


def test_a_time_in_no_shard_is_named(shard: Path) -> None:
    with pytest.raises(PluvialError, match="1 records are in no shard, the first at 7 s"):
        read_times([shard], [7], features(some_records()))
