"""What a card says of a dataset, gathered from the documents that the workflow wrote."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from pluvial.config.data import RecordsConfig
from pluvial.errors import PluvialError
from pluvial.files.documents import read_json
from pluvial.files.fingerprints import file_sha256
from pluvial.frames.store import REMAKE
from pluvial.grids.crs import crs_named
from pluvial.grids.grid import Grid
from pluvial.records.manifest import read_manifest
from pluvial.records.window import Window

WGS84 = "EPSG:4326"


@dataclass(frozen=True)
class Facts:
    """What is known of a dataset.

    Attributes:
        manifest: of the dataset.
        sha256: of the manifest's bytes; it names all shards by theirs.
        plans: summary of each edition's plan by its name, in order of time.
        report: on the frames.
        proofs: that everything adds up; None where they were not made.
        sources: of ``rain``, ``depth`` and ``heightmap``, SHA-256 of each raw file by its name.
        case: the configuration, as JSON.
        code: version of the code that made the records.
        licence: of the data; empty where nobody has named one.
        published: day of publication (2020-01-31); empty where it is not.
    """

    manifest: Mapping[str, Any]
    sha256: str
    plans: Mapping[str, Mapping[str, Any]]
    report: Mapping[str, Any]
    proofs: Mapping[str, Any] | None
    sources: Mapping[str, Mapping[str, str]]
    case: Mapping[str, Any]
    code: str
    licence: str
    published: str

    @property
    def name(self) -> str:
        """Name of the case."""
        return str(self.case["name"])

    @property
    def step(self) -> int:
        """Seconds from one rain frame to the next."""
        return int(self.manifest["step_seconds"])

    @property
    def window(self) -> Window:
        """The shape of a record in time."""
        return Window.of(self.manifest)

    @cached_property
    def records(self) -> RecordsConfig:
        """How records were chosen and laid out."""
        return RecordsConfig(**self.case["records"])

    @property
    def splits(self) -> Mapping[str, Mapping[str, Any]]:
        """Of each split its records and shards."""
        return dict(self.manifest["splits"])

    @property
    def total(self) -> int:
        """Records of all splits."""
        return sum(split["records"] for split in self.splits.values())

    @property
    def version(self) -> str:
        """Version of the dataset: 1, how often it was appended to, and its own fingerprint.

        What was appended leaves the earlier shards as they are: a minor version, as Croissant
        has it.
        """
        return f"1.{len(self.plans) - 1}.0+{self.sha256[:12]}"

    def dropped(self) -> dict[str, dict[str, Any]]:
        """Of each reason, how many candidates were dropped for it, the first and the last."""
        found: dict[str, dict[str, Any]] = {}
        for plan in self.plans.values():
            for reason, entry in plan["dropped"].items():
                before = found.get(reason, {"records": 0, "first": entry["first"]})
                records = before["records"] + entry["records"]
                found[reason] = {**before, "records": records, "last": entry["last"]}
        return dict(sorted(found.items()))

    def sum(self, key: str) -> int:
        """Sum of a number of all plans."""
        return sum(plan[key] for plan in self.plans.values())

    def coverage(self) -> tuple[int, int] | None:
        """From the first rain to the last rain or depth of all records, s since 1970.

        None where there is no record. A rain frame lasts to the next one.
        """
        kept = [entry for plan in self.plans.values() for entry in plan["splits"].values()]
        firsts = [_epoch(entry["first"]) for entry in kept if "first" in entry]
        lasts = [_epoch(entry["last"]) for entry in kept if "last" in entry]
        if not firsts:
            return None
        behind = max(self.window.lead, 1)
        return min(firsts) - (self.window.steps - 1) * self.step, max(lasts) + behind * self.step

    @property
    def grid(self) -> Grid:
        """The grid of the depth, in the CRS of the rain where its own is not stated."""
        rain, depth = self.manifest["rain_grid"], self.manifest["depth_grid"]
        return Grid(**{**depth, "crs": depth["crs"] or rain["crs"]})

    @cached_property
    def box(self) -> tuple[float, float, float, float] | None:
        """South, west, north and east in degrees (WGS 84), to a millionth.

        None where no coordinate reference system is stated, or it does not reach there.
        """
        if not self.grid.crs:
            return None
        from rasterio.warp import transform_bounds

        grid = self.grid
        corners = transform_bounds(grid.crs, WGS84, grid.west, grid.south, grid.east, grid.north)
        if not np.isfinite(corners).all():
            return None
        west, south, east, north = (round(corner, 6) for corner in corners)
        return south, west, north, east

    @cached_property
    def crs_name(self) -> str:
        """The coordinate reference system in words; empty where none is stated."""
        if not self.grid.crs:
            return ""
        crs = crs_named(self.grid.crs)
        name = str(crs.to_dict(projjson=True).get("name", "unknown"))
        authority = crs.to_authority()
        return f"{name} ({':'.join(authority)})" if authority else name

    @cached_property
    def unit(self) -> str:
        """The unit of the grids' cells; empty where it is not known."""
        if not self.grid.crs:
            return ""
        crs = crs_named(self.grid.crs)
        if crs.is_geographic:
            return "degrees"
        return "m" if crs.linear_units == "metre" else str(crs.linear_units)


def gather(
    manifest: Path,
    plans: Sequence[Path],
    report: Path,
    proofs: Path | None,
    *,
    rain: Sequence[Path],
    depth: Sequence[Path],
    heightmap: Path,
    case: Mapping[str, Any],
    code: str,
    licence: str,
    published: str,
) -> Facts:
    """Read the documents; the arguments are those of :func:`~.write.write_card`."""
    folder = Path(case.get("data_folder", ""))
    return Facts(
        manifest=read_manifest(manifest),
        sha256=file_sha256(manifest),
        plans={path.stem: read_json(path) for path in sorted(plans)},
        report=read_json(report),
        proofs=read_json(proofs) if proofs else None,
        sources={
            "rain": _source_files(rain, folder),
            "depth": _source_files(depth, folder),
            "heightmap": _source_files([heightmap], folder),
        },
        case=case,
        code=code,
        licence=licence,
        published=published,
    )


def _source_files(paths: Sequence[Path], folder: Path) -> dict[str, str]:
    """SHA-256 of the raw files that frames files were made from, by name, below ``folder``."""
    found: dict[str, str] = {}
    for path in paths:
        try:
            with h5py.File(path, "r") as file:
                found |= json.loads(file.attrs["source_files"])
        except (OSError, KeyError) as error:
            raise PluvialError(
                f"it does not tell what it was made from ({error})", where=path, remedy=REMAKE
            ) from None
    return {_below(Path(name), folder): sha256 for name, sha256 in sorted(found.items())}


def _below(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder) if path.is_relative_to(folder) else path)


def _epoch(time: str) -> int:
    """Seconds since 1970-01-01T00:00Z of a time as :func:`~pluvial.grids.time_axis.iso` has it."""
    return int(datetime.fromisoformat(time).timestamp())


def checksums(files: Mapping[str, str]) -> str:
    """The output of ``sha256sum`` on files, by their names."""
    return "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(files.items()))


def digest_of_sources(files: Mapping[str, str]) -> str:
    """SHA-256 of :func:`checksums`: one fingerprint for however many files."""
    return hashlib.sha256(checksums(files).encode()).hexdigest()
