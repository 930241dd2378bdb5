"""Shards and their manifest: bytes that repeat, and faults that TensorFlow would pass over."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from pluvial.errors import PluvialError
from pluvial.files.documents import read_json, write_json
from pluvial.frames.variables import MISSING
from pluvial.grids.grid import Grid
from pluvial.records.manifest import read_manifest, whole_shards, write_manifest
from pluvial.records.normalise import Histogram, Moments, normalisation
from pluvial.records.reading import read_shard
from pluvial.records.window import Records, Window
from shards import read_split, write_records

FEATURES = {"rain": {"shape": [4, 3, 2]}, "depth": {"shape": [8, 6]}}


def some_records(count: int, seed: int = 0) -> Records:
    rng = np.random.default_rng(seed)
    rain = rng.integers(0, 300, (count, 4, 3, 2)).astype(np.uint16)
    rain[0, 0, 0, 0] = MISSING
    depth = rng.integers(0, 900, (count, 8, 6)).astype(np.uint16)
    return Records(np.arange(count) * 300 + 10**9, rain, depth)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    sidecars = []
    for split, shard, count in (("train", 0, 5), ("train", 1, 3), ("test", 0, 2)):
        path = tmp_path / split / f"01-{shard:05d}.tfrecord.gz"
        sidecars.append(write_records(some_records(count, seed=shard), path))
    manifest = tmp_path / "manifest.json"
    write_manifest(
        manifest,
        sidecars,
        window=Window((1, 2), 1),
        step=300,
        rain_grid=Grid(4, 3, 200.0),
        depth_grid=Grid(8, 6, 100.0),
    )
    return manifest


def test_round_trip(dataset: Path) -> None:
    expected = some_records(5)
    found = read_shard(dataset.parent / "train" / "01-00000.tfrecord.gz", FEATURES)
    for name in ("times", "rain", "depth"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


def test_same_records_same_bytes_and_digests_that_hold(dataset: Path, tmp_path: Path) -> None:
    path = dataset.parent / "train" / "01-00000.tfrecord.gz"
    again = tmp_path / "again" / "01-00000.tfrecord.gz"
    write_records(some_records(5), again)
    assert again.read_bytes() == path.read_bytes()
    sidecar = read_json(path.with_name("01-00000.json"))
    assert sidecar["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert sidecar["bytes"] == path.stat().st_size


def test_manifest_counts_and_orders(dataset: Path) -> None:
    manifest = read_manifest(dataset)
    assert manifest["splits"]["train"]["records"] == 8
    assert [s["file"] for s in manifest["splits"]["train"]["shards"]] == [
        "train/01-00000.tfrecord.gz",
        "train/01-00001.tfrecord.gz",
    ]
    assert manifest["splits"]["val"] == {"records": 0, "records_with_rain": 0, "shards": []}
    assert len(read_split(whole_shards(dataset, "train"), manifest["features"]).times) == 8


def test_normalisation_is_that_of_train_alone(dataset: Path) -> None:
    train = np.concatenate([some_records(5, 0).rain, some_records(3, 1).rain])
    values = np.log1p(train[train != MISSING] / 32)
    found = read_manifest(dataset)["normalisation_of_train"]["rain"]
    assert found["mean"] == pytest.approx(values.mean(), rel=1e-12)
    assert found["std"] == pytest.approx(values.std(), rel=1e-9)
    assert found["missing"] == 2


def counted(codes: np.ndarray) -> Moments:
    histogram = Histogram()
    histogram.add(codes)
    return histogram.moments("rain")


def test_constant_and_all_missing_have_defined_statistics() -> None:
    for codes in (np.zeros((2, 2), np.uint16), np.full((2, 2), MISSING, np.uint16)):
        found = normalisation([counted(codes)], "rain")
        assert (found["mean"], found["std"], found["largest"]) == (0, 1, 0)


def silent_faults(path: Path) -> dict[str, bytes]:
    """Shards that TensorFlow reads without a word, though records are gone or doubled."""
    whole = path.read_bytes()
    payload = gzip.decompress(whole)
    first = 16 + int.from_bytes(payload[:8], "little")
    return {
        "emptied": b"",
        "cut between records": gzip.compress(payload[:-first]),
        "record dropped": gzip.compress(payload[first:]),
        "appended to itself": whole + whole,
    }


@pytest.mark.parametrize(
    "fault", ["emptied", "cut between records", "record dropped", "appended to itself"]
)
def test_faults_that_tensorflow_passes_over_are_found(dataset: Path, fault: str) -> None:
    path = dataset.parent / "train" / "01-00001.tfrecord.gz"
    path.write_bytes(silent_faults(path)[fault])
    assert len(list(tf.data.TFRecordDataset(str(path), "GZIP"))) != 3
    with pytest.raises(PluvialError, match="01-00001.tfrecord.gz"):
        whole_shards(dataset, "train")
    whole_shards(dataset, "test")


def test_missing_and_swapped_shards_are_found(dataset: Path) -> None:
    one, two = (dataset.parent / "train" / f"01-0000{k}.tfrecord.gz" for k in (0, 1))
    content = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(content)
    with pytest.raises(PluvialError):
        whole_shards(dataset, "train")
    two.unlink()
    one.write_bytes(content)
    with pytest.raises(PluvialError, match="the shard is missing"):
        whole_shards(dataset, "train")


def test_unreadable_record_is_named(dataset: Path) -> None:
    path = dataset.parent / "train" / "01-00000.tfrecord.gz"
    payload = bytearray(gzip.decompress(path.read_bytes()))
    payload[len(payload) // 2] ^= 1
    path.write_bytes(gzip.compress(bytes(payload)))
    with pytest.raises(PluvialError, match="record 2 cannot be read"):
        read_shard(path, FEATURES)


def test_shards_of_an_earlier_plan_are_removed(dataset: Path) -> None:
    """With fewer shards planned, what was training may be test now: it must not lie around."""
    sidecars = [dataset.parent / name for name in ("train/01-00000.json", "test/01-00000.json")]
    write_manifest(
        dataset,
        sidecars,
        window=Window((1, 2), 1),
        step=300,
        rain_grid=Grid(4, 3, 200.0),
        depth_grid=Grid(8, 6, 100.0),
    )
    assert not list(dataset.parent.glob("train/01-00001.*"))
    assert len(list(dataset.parent.glob("*/01-00000.*"))) == 6


def test_foreign_manifest_is_refused(tmp_path: Path) -> None:
    write_json(tmp_path / "manifest.json", {"format": "pluvial records", "version": 99})
    with pytest.raises(PluvialError, match="no manifest of pluvial records, version 2"):
        read_manifest(tmp_path / "manifest.json")
