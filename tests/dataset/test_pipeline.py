"""From shards to batches: every record once, and in physical units."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
import xxhash
from dataset.catalogues import LAYOUT, STORM, make_dataset
from pluvial.dataset import pipeline
from pluvial.dataset.catalogue import Catalogue
from pluvial.dataset.pipeline import as_read, evaluation_batches, physical
from pluvial.errors import PluvialError


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_dataset(tmp_path_factory.mktemp("dataset"), [20, 20, 20])


def test_evaluation_sees_every_record_once_in_physical_units(manifest: Path) -> None:
    seen = []
    shards = Catalogue.open(manifest, "train").shards
    for fields in evaluation_batches(shards, LAYOUT, batch=7):
        rain, depth = physical(fields, LAYOUT)
        for time, rate, water in zip(
            fields["time"].numpy(), rain.numpy(), depth.numpy(), strict=True
        ):
            number = time // 300
            seen.append(number)
            assert rate.shape == (2, 2, 3)
            assert water.shape == (4, 4, 1)
            assert rate[1, 1, 2] == pytest.approx(number / 32)
            assert np.isnan(rate[0, 0, 0]) == (number % 20 != 0)
            assert water[0, 0, 0] == pytest.approx(number / 1000)
            assert np.isnan(water[3, 3, 0])
    assert sorted(seen) == list(range(60))


@pytest.mark.parametrize("handful", [1, 400, 1 << 30])
def test_records_come_as_tensorflow_reads_them(
    manifest: Path, monkeypatch: pytest.MonkeyPatch, handful: int
) -> None:
    """In the same order, one by one, a few at a time, or a shard at once."""
    monkeypatch.setattr(pipeline, "HANDFUL_BYTES", handful)
    shards = [str(path) for path in Catalogue.open(manifest, "train").shards]
    files = tf.data.Dataset.from_tensor_slices(shards)
    expected = files.interleave(
        lambda path: tf.data.TFRecordDataset(path, "GZIP"), cycle_length=16, deterministic=True
    )
    found = pipeline.serialised_records(files, workers=2)
    assert list(found.as_numpy_iterator()) == list(expected.as_numpy_iterator())


@pytest.mark.parametrize("damage", ["cut off", "a byte changed"])
def test_what_cannot_be_read_is_named(manifest: Path, tmp_path: Path, damage: str) -> None:
    good, other = Catalogue.open(manifest, "train").shards[:2]
    bad = tmp_path / "bad.tfrecord.gz"
    content = bytearray(other.read_bytes())
    half = len(content) // 2
    content[half] ^= 255
    bad.write_bytes(content if damage == "a byte changed" else content[: half + 5])
    with pytest.raises(PluvialError, match=r"bad.tfrecord.gz: record \d+ cannot .*repair"):
        list(as_read(evaluation_batches([good, bad], LAYOUT, batch=7)))


def test_other_errors_of_tensorflow_stay_what_they_are() -> None:
    numbers = tf.data.Dataset.range(3)
    fails = numbers.map(lambda number: 1 // (number - 1))
    with pytest.raises(tf.errors.InvalidArgumentError):
        list(as_read(fails))


def test_every_code_becomes_its_value() -> None:
    codes = np.arange(65536, dtype=np.uint16).reshape(1, 256, 256)
    fields = {"rain": tf.constant(codes), "depth": tf.constant(codes)}
    rain, depth = (part.numpy().ravel() for part in physical(fields, LAYOUT))
    np.testing.assert_array_equal(rain[:-1], np.arange(65535) / np.float32(32))
    np.testing.assert_allclose(depth[:-1], np.arange(65535) / 1000, rtol=2e-7)
    assert np.isnan([rain[-1], depth[-1]]).all()


def test_the_catalogue_says_what_the_shards_hold(manifest: Path) -> None:
    found = Catalogue.open(manifest, "train")
    assert found.sizes.tolist() == [20, 20, 20]
    assert (found.times // 300).tolist() == list(range(60))
    assert (found.storms == np.arange(60) // STORM).all()
    assert np.flatnonzero(~found.drawable(dry_windows=False)).tolist() == [0]
    assert found.drawable(dry_windows=True).all()
    depth = np.full((4, 4), 7, np.uint16)
    depth[3, 3] = 65535
    assert found.depth_digests[7] == xxhash.xxh3_64_intdigest(depth.tobytes())
    assert np.unique(found.rain_digests).size == 60


def test_a_split_without_records(manifest: Path) -> None:
    found = Catalogue.open(manifest, "val")
    assert (found.shards, found.sizes.size, found.times.size) == ([], 0, 0)
    assert found.drawable(dry_windows=False).dtype == bool


@pytest.mark.parametrize("fault", ["missing", "damaged", "short", "of another version"])
def test_a_table_that_is_not_what_was_written(tmp_path: Path, fault: str) -> None:
    manifest = make_dataset(tmp_path, [4, 3])
    table = tmp_path / "train" / "01-00001.parquet"
    if fault == "missing":
        table.unlink()
    elif fault == "damaged":
        table.write_bytes(table.read_bytes()[:100])
    elif fault == "short":
        pq.write_table(pq.read_table(table).slice(1), table)
    else:
        pq.write_table(pq.read_table(table).drop(["storm"]), table)
    with pytest.raises(PluvialError) as caught:
        Catalogue.open(manifest, "train")
    assert str(table) in str(caught.value)
    assert "only its shard is remade" in caught.value.remedy
