"""The card for machines: valid for mlcroissant, read through it, and its place and numbers."""

from __future__ import annotations

import re
from math import atan, degrees, sinh
from pathlib import Path
from typing import Any

import mlcroissant
import numpy as np
import pyarrow.parquet as pq
import pytest
from cards import Dataset, build, empty_val, one_record
from pluvial.files.fingerprints import file_sha256
from pluvial.records.card.croissant import SPLIT_OF_PATH, TABLE_FIELDS

NO_DATE = 'Property "https://schema.org/datePublished" is recommended, but does not exist.'


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return build(tmp_path_factory.mktemp("built"))


@pytest.fixture
def dataset(built: Dataset, tmp_path: Path) -> Dataset:
    """A copy whose documents a test may change."""
    return built.copy(tmp_path / "dataset")


def valid(dataset: Dataset) -> tuple[mlcroissant.Dataset, list[str]]:
    """The dataset as mlcroissant takes it, which raises at an error; its warnings."""
    found = mlcroissant.Dataset(dataset.shards / "croissant.json")
    warnings = [re.sub(r"^\[.*?\] ", "", text) for text in found.metadata.ctx.issues.warnings]
    return found, warnings


def rows(dataset: Dataset, record_set: str, **arguments: Any) -> list[dict[str, Any]]:
    """What mlcroissant reads, without the name of the record set in its keys."""
    found, _ = valid(dataset)
    return [
        {
            key.partition("/")[2]: value.decode() if isinstance(value, bytes) else value
            for key, value in row.items()
        }
        for row in found.records(record_set, **arguments)
    ]


# --- valid ------------------------------------------------------------------------------------


def test_it_is_valid_and_only_the_unknown_date_is_missed(dataset: Dataset) -> None:
    _, warnings = valid(dataset.write())
    assert warnings == [NO_DATE]
    found, warnings = valid(
        dataset.write(published="2020-05-01", licence="https://example.org/licence")
    )
    assert warnings == []
    assert found.metadata.license == ["https://example.org/licence"]
    assert f"{found.metadata.date_published:%Y-%m-%d}" == "2020-05-01"


def test_its_context_is_that_of_the_standard(
    dataset: Dataset, caplog: pytest.LogCaptureFixture
) -> None:
    valid(dataset.write())
    assert "is not standard" not in caplog.text
    document = dataset.croissant
    del document["@context"]["subField"]
    mlcroissant.Dataset(document)
    assert "is not standard" in caplog.text


@pytest.mark.parametrize("change", [empty_val, one_record])
def test_an_empty_split_and_a_single_record_are_valid(dataset: Dataset, change: Any) -> None:
    change(dataset)
    found, warnings = valid(dataset.write(proofs=False))
    assert warnings == [NO_DATE]
    records = {row["name"]: row["records"] for row in rows(dataset, "splits")}
    assert records == {name: split["records"] for name, split in dataset.manifest["splits"].items()}
    assert len(list(found.records("records"))) == sum(records.values())


def test_a_thousand_shards_are_valid(dataset: Dataset) -> None:
    manifest = dataset.manifest
    (shard, *_) = manifest["splits"]["train"]["shards"]
    manifest["splits"]["train"]["shards"] = [
        shard | {"file": f"train/01-{number:05d}.tfrecord.gz"} for number in range(1000)
    ]
    dataset.change("shards/manifest.json", **manifest)
    found, warnings = valid(dataset.write())
    assert warnings == [NO_DATE]
    assert len(found.metadata.file_objects) == 1005


# --- numbers ----------------------------------------------------------------------------------


def test_every_shard_with_its_size_and_digest(dataset: Dataset) -> None:
    found, _ = valid(dataset.write())
    files = {file.content_url: file for file in found.metadata.file_objects}
    shards = {
        path.relative_to(dataset.shards).as_posix(): path for path in dataset.shards.glob("*/*.gz")
    }
    assert set(files) == {"manifest.json", *shards}
    for name, path in shards.items():
        assert files[name].sha256 == file_sha256(path)
        assert files[name].content_size == f"{path.stat().st_size} B"
    assert files["manifest.json"].sha256 == file_sha256(dataset.shards / "manifest.json")


def test_splits_are_those_of_the_manifest(dataset: Dataset) -> None:
    found = rows(dataset.write(), "splits")
    urls = {"train": "cr:TrainingSplit", "val": "cr:ValidationSplit", "test": "cr:TestSplit"}
    assert found == [
        {
            "name": name,
            "url": urls[name],
            "records": split["records"],
            "shards": len(split["shards"]),
        }
        for name, split in dataset.manifest["splits"].items()
    ]


def test_the_tables_are_read_through_it(dataset: Dataset) -> None:
    """Row by row what pyarrow reads, with the split that the folder is."""
    dataset.write()
    expected = [
        row | {"split": path.parent.name}
        for path in dataset.shards.glob("*/*.parquet")
        for row in pq.read_table(path).to_pylist()
    ]
    found = rows(dataset, "records")
    assert len(found) == sum(split["records"] for split in dataset.manifest["splits"].values())
    for one, other in zip(
        sorted(found, key=lambda row: row["time"]),
        sorted(expected, key=lambda row: row["time"]),
        strict=True,
    ):
        assert one == pytest.approx(other, nan_ok=True)


def test_one_split_is_read_alone(dataset: Dataset) -> None:
    found = rows(dataset.write(), "records", filters={"records/split": "val"})
    assert {row["split"] for row in found} == {"val"}
    assert len(found) == dataset.manifest["splits"]["val"]["records"]


def test_every_column_of_the_tables_is_described(dataset: Dataset) -> None:
    kinds = {
        "int32": "cr:Int32",
        "int64": "cr:Int64",
        "uint64": "cr:UInt64",
        "float": "cr:Float32",
        "bool": "sc:Boolean",
    }
    for path in dataset.shards.glob("*/*.parquet"):
        schema = pq.read_schema(path)
        assert {field.name: kinds[str(field.type)] for field in schema} == {
            name: kind for name, (kind, _) in TABLE_FIELDS.items()
        }


def test_the_arrays_of_a_record(dataset: Dataset) -> None:
    found, _ = valid(dataset.write())
    (examples,) = (r for r in found.metadata.record_sets if r.id == "examples")
    time, rain, depth = examples.fields
    assert (time.data_type, rain.data_type, depth.data_type) == (np.int64, np.uint16, np.uint16)
    assert (rain.array_shape_tuple, depth.array_shape_tuple) == ((3, 4, 3), (6, 8))
    bands = rain.extra_properties["geocr:bandConfiguration"]
    assert bands["geocr:totalBands"] == 3
    assert bands["geocr:bandNameList"] == ["-25 to -10 min", "-10 to +0 min", "+0 to +5 min"]
    assert "Unit: 0.03125 mm h-1" in rain.description
    assert "5 min after NOW. 65535 is missing" in depth.description


def test_the_split_of_a_path() -> None:
    def split(path: str) -> str | None:
        match = re.match(SPLIT_OF_PATH, path)
        return match and match[1]

    assert split("train/01-00000.parquet") == split("train") == "train"
    assert split("train/01-00000.json") is split("other/01-00000.parquet") is None


# --- place and time ---------------------------------------------------------------------------

EARTH = 6378137.0
"""Radius of the sphere of EPSG:3857, m."""


def box(document: dict[str, Any]) -> list[float]:
    """South, west, north, east."""
    place = document["spatialCoverage"]
    assert (place["@type"], place["geo"]["@type"]) == ("Place", "GeoShape")
    return [float(number) for number in place["geo"]["box"].split(" ")]


def test_the_box_of_a_mercator_grid(dataset: Dataset) -> None:
    """Against the closed form of the projection: lon = x / R, lat = atan(sinh(y / R))."""
    x, y = 1_000_000.0, 6_000_000.0
    for name in ("rain", "depth"):
        dataset.place(name, west=x, south=y, crs="EPSG:3857")
    document = dataset.write().croissant
    south, north = (degrees(atan(sinh(edge / EARTH))) for edge in (y, y + 1200))
    west, east = (degrees(edge / EARTH) for edge in (x, x + 1600))
    assert box(document) == pytest.approx([south, west, north, east], abs=1e-6)
    assert document["geocr:coordinateReferenceSystem"] == "EPSG:3857"
    assert document["geocr:spatialResolution"]["value"] == 200
    assert document["geocr:spatialResolution"]["unitText"] == "m"
    assert document["conformsTo"] == [
        "http://mlcommons.org/croissant/1.1",
        "http://mlcommons.org/croissant/geo/1.0",
    ]
    valid(dataset)


def test_the_box_of_a_grid_in_degrees(dataset: Dataset) -> None:
    for name, cell in (("rain", 0.02), ("depth", 0.01)):
        dataset.place(name, west=-5.0, south=50.0, cell=cell, crs="EPSG:4326")
    document = dataset.write().croissant
    assert box(document) == pytest.approx([50.0, -5.0, 50.06, -4.92])
    assert document["geocr:spatialResolution"]["unitText"] == "degrees"
    assert "columns of 0.02 degrees, x -5 to -4.92" in dataset.text


def test_the_rain_alone_knows_the_crs(dataset: Dataset) -> None:
    """A grid of an unknown CRS is taken to lie in that of the other."""
    dataset.place("rain", crs="EPSG:3857")
    document = dataset.write().croissant
    assert document["geocr:coordinateReferenceSystem"] == "EPSG:3857"
    assert box(document)[:2] == [0, 0]


def test_no_place_without_a_crs(dataset: Dataset) -> None:
    document = dataset.write().croissant
    assert "spatialCoverage" not in document
    assert "geocr:coordinateReferenceSystem" not in document
    assert document["conformsTo"] == ["http://mlcommons.org/croissant/1.1"]


def test_no_box_where_the_crs_does_not_reach(dataset: Dataset) -> None:
    for name in ("rain", "depth"):
        dataset.place(name, west=1e9, south=1e9, crs="EPSG:27700")
    document = dataset.write().croissant
    assert "spatialCoverage" not in document
    assert document["geocr:coordinateReferenceSystem"] == "EPSG:27700"
    assert "latitude" not in dataset.text


def test_a_crs_without_a_code_has_its_name(dataset: Dataset) -> None:
    from rasterio.crs import CRS

    wkt = CRS.from_epsg(27700).to_wkt().replace('AUTHORITY["EPSG","27700"]', "")
    dataset.place("depth", crs=wkt)
    assert "British National Grid" in dataset.write().text
    assert dataset.croissant["geocr:coordinateReferenceSystem"] == wkt
    valid(dataset)


def test_the_time_that_is_covered(dataset: Dataset) -> None:
    """The first NOW is 5 steps into the span; the last depth is a step after the last NOW."""
    assert dataset.write().croissant["temporalCoverage"] == "2020-02-28T00:00Z/2020-03-02T23:55Z"
    dataset.change("shards/manifest.json", lead_steps=0)
    assert dataset.write().croissant["temporalCoverage"].endswith("/2020-03-02T23:55Z")
    dataset.change("shards/manifest.json", lead_steps=3)
    assert dataset.write().croissant["temporalCoverage"].endswith("/2020-03-03T00:05Z")
    assert dataset.croissant["geocr:temporalResolution"]["value"] == 5


# --- provenance -------------------------------------------------------------------------------


def test_code_and_sources_are_named(dataset: Dataset) -> None:
    document = dataset.write().croissant
    assert document["prov:wasGeneratedBy"]["prov:label"] == "pluvial, code 0123456789abcdef"
    rain, depth, heightmap = document["prov:wasDerivedFrom"]
    assert rain["prov:label"] == "rain: synthetic; raw files: 1"
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", heightmap["identifier"])
    assert rain["identifier"] != depth["identifier"]


def test_no_licence_is_invented(dataset: Dataset) -> None:
    found, _ = valid(dataset.write())
    (licence,) = found.metadata.license
    assert licence.name == "The licences of the sources"
    assert "No licence is granted here" in licence.description


def test_the_version_is_one_that_croissant_knows(dataset: Dataset) -> None:
    sha256 = file_sha256(dataset.shards / "manifest.json")
    found, _ = valid(dataset.write())
    assert found.metadata.version == f"1.1.0+{sha256[:12]}"
    assert sha256 in found.metadata.cite_as
