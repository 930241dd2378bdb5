"""The card as Croissant JSON-LD, for machines.

Croissant 1.1 (https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html), and where the
coordinate reference system is known GeoCroissant 1.0
(https://docs.mlcommons.org/croissant/docs/croissant-geo-spec.html).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pluvial.grids.time_axis import iso
from pluvial.records.card.facts import Facts, digest_of_sources
from pluvial.records.card.timeline import channel_ranges, duration

CROISSANT = "http://mlcommons.org/croissant/1.1"
GEOCROISSANT = "http://mlcommons.org/croissant/geo/1.0"
PARQUET = "application/x-parquet"
TFRECORD = ["application/gzip", "https://www.tensorflow.org/tutorials/load_data/tfrecord"]
"""Of two formats, one in the other; TFRecord has no registered name."""

SPLIT_URLS = {"train": "cr:TrainingSplit", "val": "cr:ValidationSplit", "test": "cr:TestSplit"}

SPLIT_OF_PATH = r"^(train|val|test)(?:/.*\.parquet)?$"
"""The split that a table lies in; of a split's own name too, since mlcroissant applies it twice."""

OWN_TERMS = (
    "arrayShape",
    "citeAs",
    "column",
    "containedIn",
    "equivalentProperty",
    "extract",
    "field",
    "fileObject",
    "fileProperty",
    "fileSet",
    "format",
    "includes",
    "isArray",
    "isLiveDataset",
    "jsonPath",
    "key",
    "md5",
    "parentField",
    "path",
    "recordSet",
    "references",
    "regex",
    "repeated",
    "replace",
    "samplingRate",
    "separator",
    "source",
    "subField",
    "transform",
)
"""Terms of Croissant that stand without a prefix; validators ask for all, used or not."""

TABLE_FIELDS = {
    "time": ("cr:Int64", "NOW, s since 1970-01-01T00:00Z"),
    "start": ("cr:Int64", "first byte of the record's gzip member in its shard"),
    "size": ("cr:Int64", "bytes of the record's gzip member"),
    "digest": ("cr:UInt64", "XXH3-64 of the record's gzip member"),
    "storm": ("cr:Int32", "number of its storm; 0 before the first"),
    "with_rain": ("sc:Boolean", "whether there is any in the window"),
    "rain_digest": ("cr:UInt64", "XXH3-64 of the record's rain"),
    "depth_digest": ("cr:UInt64", "XXH3-64 of the record's depth"),
    "rain_now_mm_h": ("cr:Float32", "areal mean of the newest rain channel, mm/h"),
    "depth_mean_m": ("cr:Float32", "areal mean of the depth, m"),
}
"""Columns of the table beside each shard: type and meaning."""


def croissant_document(facts: Facts) -> dict[str, Any]:
    """The whole description."""
    return {
        "@context": _context(),
        "@type": "Dataset",
        "conformsTo": [CROISSANT, GEOCROISSANT] if facts.grid.crs else [CROISSANT],
        **_about(facts),
        **_coverage(facts),
        **_provenance(facts),
        "distribution": _distribution(facts),
        "recordSet": [_split_set(facts), _table_set(), _record_set(facts)],
    }


def _context() -> dict[str, Any]:
    return {
        "@language": "en",
        "@vocab": "https://schema.org/",
        "sc": "https://schema.org/",
        "cr": "http://mlcommons.org/croissant/",
        "geocr": "http://mlcommons.org/croissant/geo/",
        "rai": "http://mlcommons.org/croissant/RAI/",
        "dct": "http://purl.org/dc/terms/",
        "prov": "http://www.w3.org/ns/prov#",
        "conformsTo": "dct:conformsTo",
        "data": {"@id": "cr:data", "@type": "@json"},
        "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
        "description": {"@container": "@language"},
        "examples": {"@id": "cr:examples", "@type": "@json"},
        "name": {"@container": "@language"},
        **{term: f"cr:{term}" for term in OWN_TERMS},
    }


def _about(facts: Facts) -> dict[str, Any]:
    window, step = facts.window, facts.step
    about = {
        "name": facts.name,
        "description": (
            f"Rain of {duration(window.steps * step)} in {len(window.channels)} channels, and the "
            f"water depth {duration(window.lead * step)} after it: {facts.total} records for the "
            "training of models, in TFRecord files, split without leaks."
        ),
        "version": facts.version,
        "license": facts.licence
        or {
            "@type": "CreativeWork",
            "name": "The licences of the sources",
            "description": "No licence is granted here: the data stands under the licences of "
            "the sources it is made from.",
        },
        "citeAs": f"@misc{{{facts.name}, title = {{{facts.name}}}, version = {{{facts.version}}}, "
        f"note = {{Rain and water depth. Manifest SHA-256 {facts.sha256}}}}}",
        "keywords": ["rainfall", "radar", "flood", "hydrology"],
    }
    return about | ({"datePublished": facts.published} if facts.published else {})


def _coverage(facts: Facts) -> dict[str, Any]:
    """Where and when, as far as it is known."""
    found: dict[str, Any] = {
        "geocr:temporalResolution": _quantity(facts.step / 60, "min"),
        "geocr:samplingStrategy": _sampling(facts),
    }
    span = facts.coverage()
    if span:
        found["temporalCoverage"] = "/".join(map(iso, span))
    if facts.grid.crs:
        found["geocr:coordinateReferenceSystem"] = facts.grid.crs
        found["geocr:spatialResolution"] = _quantity(facts.grid.cell, facts.unit)
    if facts.box:
        corners = " ".join(map(str, facts.box))
        found["spatialCoverage"] = {"@type": "Place", "geo": {"@type": "GeoShape", "box": corners}}
    return found


def _quantity(value: float, unit: str) -> dict[str, Any]:
    return {"@type": "QuantitativeValue", "value": value, "unitText": unit}


def _sampling(facts: Facts) -> str:
    dropped = ", ".join(f"{reason} {n['records']}" for reason, n in facts.dropped().items())
    return (
        f"Every step of the rain is a candidate: {facts.sum('candidates')}. Kept "
        f"{facts.sum('kept')}; dropped: {dropped or 'none'}. Split by {facts.records.split.by}, "
        "with a gap after each boundary."
    )


def _provenance(facts: Facts) -> dict[str, Any]:
    return {
        "prov:wasGeneratedBy": {
            "@type": "prov:Activity",
            "prov:label": f"pluvial, code {facts.code}",
        },
        "prov:wasDerivedFrom": [
            {
                "@type": "prov:Entity",
                "prov:label": f"{name}: {facts.case[name]['format']}; raw files: {len(files)}",
                **({"identifier": f"sha256:{digest_of_sources(files)}"} if files else {}),
            }
            for name, files in facts.sources.items()
        ],
    }


def _distribution(facts: Facts) -> list[dict[str, Any]]:
    """The manifest, every shard, and the shards and their tables as sets."""
    shards = [
        _file(shard["file"], TFRECORD, shard["sha256"], shard["bytes"])
        for split in facts.splits.values()
        for shard in split["shards"]
    ]
    with_shards = [name for name, split in facts.splits.items() if split["shards"]]
    return [
        _file("manifest.json", "application/json", facts.sha256),
        _set("tables", PARQUET, with_shards, "parquet", "A table beside each shard."),
        _set("shards", TFRECORD, with_shards, "tfrecord.gz", "All shards."),
        *shards,
    ]


def _file(
    name: str, encoding: str | list[str], sha256: str, size: int | None = None
) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": name,
        **({"contentSize": f"{size} B"} if size is not None else {}),
        "encodingFormat": encoding,
        "sha256": sha256,
    }


def _set(
    name: str, encoding: str | list[str], splits: list[str], suffix: str, text: str
) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": name,
        "name": name,
        "description": text,
        "encodingFormat": encoding,
        "includes": [f"{split}/*.{suffix}" for split in splits],
    }


def _split_set(facts: Facts) -> dict[str, Any]:
    """The splits, and how much is in each."""
    columns: dict[str, str | list[str]] = {
        "name": "sc:Text",
        "url": ["sc:URL", "cr:Split"],
        "records": "cr:Int64",
        "shards": "cr:Int64",
    }
    return {
        "@type": "cr:RecordSet",
        "@id": "splits",
        "name": "splits",
        "description": "The splits, with their numbers of records and shards.",
        "dataType": "cr:Split",
        "key": {"@id": "splits/name"},
        "field": [_field("splits", name, kind) for name, kind in columns.items()],
        "data": [
            {
                "splits/name": name,
                "splits/url": SPLIT_URLS[name],
                "splits/records": split["records"],
                "splits/shards": len(split["shards"]),
            }
            for name, split in facts.splits.items()
        ],
    }


def _table_set() -> dict[str, Any]:
    """The tables beside the shards: a row per record."""
    split = _field("records", "split", "sc:Text", "The split that the record belongs to.")
    split["source"] = {
        "fileSet": {"@id": "tables"},
        "extract": {"fileProperty": "fullpath"},
        "transform": {"regex": SPLIT_OF_PATH},
    }
    split["references"] = {"field": {"@id": "splits/name"}}
    return {
        "@type": "cr:RecordSet",
        "@id": "records",
        "name": "records",
        "description": "A row per record, in the order of the shard of the same name.",
        "key": {"@id": "records/time"},
        "geocr:timeSeriesIndex": {"@id": "records/time"},
        "field": [
            split,
            *(
                _field("records", name, kind, text) | _column("tables", name)
                for name, (kind, text) in TABLE_FIELDS.items()
            ),
        ],
    }


def _record_set(facts: Facts) -> dict[str, Any]:
    """What the shards hold; Croissant has no way yet to say how a TFRecord is parsed."""
    features: Mapping[str, Mapping[str, Any]] = facts.manifest["features"]
    rain, depth = features["rain"], features["depth"]
    step = facts.step
    bands = [f"{a:+d} to {b:+d} min" for a, b in channel_ranges(facts.window, step)]
    missing = f"{rain['missing']} is missing. Row 0 is the northernmost."
    lead = duration(facts.window.lead * step)
    return {
        "@type": "cr:RecordSet",
        "@id": "examples",
        "name": "examples",
        "description": "tf.train.Example protocol buffers: an integer and two byte strings, which "
        "are arrays of little-endian numbers.",
        "key": {"@id": "examples/time"},
        "field": [
            _field("examples", "time", "cr:Int64", f"NOW, {features['time']['units']}")
            | _column("shards", "time"),
            _array("rain", rain, f"Rain, largest of each channel. {_cells(facts, 'rain')}{missing}")
            | {
                "geocr:bandConfiguration": {
                    "@type": "geocr:BandConfiguration",
                    "geocr:totalBands": len(bands),
                    "geocr:bandNameList": bands,
                }
            },
            _array(
                "depth", depth, f"Water depth {lead} after NOW. {_cells(facts, 'depth')}{missing}"
            ),
        ],
    }


def _cells(facts: Facts, name: str) -> str:
    cell = facts.manifest[f"{name}_grid"]["cell"]
    return f"Cells of {cell:.10g} {facts.unit}. " if facts.unit else ""


def _array(name: str, feature: Mapping[str, Any], text: str) -> dict[str, Any]:
    scale = f"{feature['scale']:.10g} {feature['units']}"
    return {
        **_field("examples", name, "cr:UInt16", f"{text} Unit: {scale}. Axes: {feature['axes']}."),
        "isArray": True,
        "arrayShape": ",".join(map(str, feature["shape"])),
        **_column("shards", name),
    }


def _field(record_set: str, name: str, kind: str | list[str], text: str = "") -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": f"{record_set}/{name}",
        "name": name,
        **({"description": text} if text else {}),
        "dataType": kind,
    }


def _column(file_set: str, name: str) -> dict[str, Any]:
    return {"source": {"fileSet": {"@id": file_set}, "extract": {"column": name}}}
