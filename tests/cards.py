"""A small dataset with its documents, to write cards of; tests change the documents."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from built import DEPTH_CONFIG, FRAMES, Results, records_config, some_weather, time_config
from pluvial.config.simulation import SyntheticStorms, SyntheticTerrain
from pluvial.files.documents import read_json, write_json
from pluvial.frames.elevation import write_elevation
from pluvial.frames.store import provenance
from pluvial.frames.variables import MISSING
from pluvial.grids.grid import Grid
from pluvial.records.card.write import write_card
from pluvial.records.ledger import make_proofs
from pluvial.records.manifest import write_manifest
from pluvial.records.window import Records, Window
from shards import write_records

Document = dict[str, Any]


@dataclass
class Dataset:
    """The results of a case in a folder."""

    folder: Path
    case: Document

    @property
    def shards(self) -> Path:
        return self.folder / "shards"

    @property
    def text(self) -> str:
        return (self.shards / "README.md").read_text()

    @property
    def croissant(self) -> Document:
        document: Document = read_json(self.shards / "croissant.json")
        return document

    @property
    def manifest(self) -> Document:
        document: Document = read_json(self.shards / "manifest.json")
        return document

    @property
    def plans(self) -> list[Document]:
        return [read_json(path) for path in sorted((self.folder / "plan").glob("*.json"))]

    def change(self, name: str, **keys: Any) -> None:
        """Change keys of a document."""
        path = self.folder / name
        write_json(path, read_json(path) | keys)

    def place(self, name: str, **keys: Any) -> None:
        """Change keys of the grid of ``rain`` or ``depth``."""
        grid = self.manifest[f"{name}_grid"] | keys
        self.change("shards/manifest.json", **{f"{name}_grid": grid})

    def write(self, *, proofs: bool = True, **arguments: Any) -> Dataset:
        """Write its card."""
        write_card(
            self.shards / "manifest.json",
            sorted((self.folder / "plan").glob("*.json")),
            self.folder / "frames" / "report.json",
            self.shards / "proofs.json" if proofs else None,
            self.case,
            "0123456789abcdef",
            self.shards / "README.md",
            self.shards / "croissant.json",
            rain=sorted((self.folder / "frames" / "rain").glob("*.nc")),
            depth=sorted((self.folder / "frames" / "depth").glob("*.nc")),
            heightmap=self.folder / "frames" / "heightmap.nc",
            **arguments,
        )
        return self

    def copy(self, folder: Path) -> Dataset:
        """The same in another folder."""
        shutil.copytree(self.folder, folder)
        return Dataset(folder, json.loads(json.dumps(self.case)))


def build(folder: Path) -> Dataset:
    """Four days of weather in two editions: with a gap, duplicates and raw files in /raw."""
    rain, depth = some_weather(4)
    rain[200:206] = MISSING
    rain[800:830], depth[800:830] = rain[400:430], depth[400:430]
    results = Results(folder, time_config(4, (2,)), records_config())
    results.write_frames(rain, depth)
    results.build()
    raw = [folder / "terrain.asc"]
    raw[0].write_text("terrain")
    elevation = np.zeros((6, 8))
    write_elevation(
        folder / "frames" / "heightmap.nc",
        Grid(6, 8, 150.0),
        elevation,
        provenance("heightmap", raw, "{}"),
    )
    make_proofs(
        folder / "frames" / "report.json",
        sorted(results.plans.glob("*.json")),
        results.manifest,
        sorted((folder / "shards").glob("*/*.parquet")),
        steps=results.time.steps,
        largest_lag_hours=24,
        path=folder / "shards" / "proofs.json",
    )
    return Dataset(folder, case_of(results))


def case_of(results: Results) -> Document:
    """The configuration of these results, as the workflow hands it on."""
    sections = {
        "time": results.time,
        "heightmap": SyntheticTerrain(format="synthetic"),
        "rain": SyntheticStorms(format="synthetic"),
        "depth": DEPTH_CONFIG,
        "frames": FRAMES,
        "records": results.records,
    }
    written = {name: section.model_dump(mode="json") for name, section in sections.items()}
    return {"name": "small", "data_folder": "/raw", "domain": None, **written}


def empty_val(dataset: Dataset) -> None:
    """Take the validation split out of all documents."""
    splits = dataset.manifest["splits"]
    splits["val"] = {"records": 0, "records_with_rain": 0, "shards": []}
    dataset.change("shards/manifest.json", splits=splits)
    for number, plan in enumerate(dataset.plans, start=1):
        plan["splits"]["val"] = {"records": 0, "shards": 0, "storms": 0}
        dataset.change(f"plan/{number:02d}.json", splits=plan["splits"])


def one_record(dataset: Dataset) -> None:
    """Make it a dataset of one record, in training."""
    for path in dataset.shards.glob("*/*"):
        path.unlink()
    _only_record(dataset.folder)
    (dataset.folder / "plan" / "02.json").unlink()
    at = {"first": "1970-01-01T00:10Z", "last": "1970-01-01T00:10Z"}
    empty: dict[str, Any] = {"records": 0, "shards": 0, "storms": 0}
    dataset.change(
        "plan/01.json",
        candidates=1,
        kept=1,
        dropped={},
        splits={
            "train": {"records": 1, "shards": 1, "storms": 0, **at},
            "val": empty,
            "test": empty,
        },
        **at,
    )


def _only_record(folder: Path) -> None:
    """A shard of one record, and its manifest."""
    rain, depth = np.full((1, 4, 3, 2), 7, np.uint16), np.full((1, 8, 6), 9, np.uint16)
    records = Records(np.array([600], np.int64), rain, depth)
    sidecar = write_records(records, folder / "shards" / "train" / "01-00000.tfrecord.gz")
    write_manifest(
        folder / "shards" / "manifest.json",
        [sidecar],
        window=Window((1, 2), 1),
        step=300,
        rain_grid=Grid(4, 3, 200.0),
        depth_grid=Grid(8, 6, 100.0),
    )
