"""The tutorial's raw files are what GDAL reads, and have the faults that the tutorial names."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
import rasterio
import yaml
from pluvial.errors import PluvialError
from pluvial.example import raw
from pluvial.outlook.commands import find


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A day of it, with the same faults."""
    monkeypatch.setattr(raw, "DAYS", 1)
    monkeypatch.setattr(raw, "SHORT_GAP", range(10, 12))
    monkeypatch.setattr(raw, "LONG_GAP", range(100, 112))
    monkeypatch.setattr(raw, "EMPTY", 200)
    raw.make_example(tmp_path / "raw", tmp_path / "my-case.yaml")
    return tmp_path


def test_gdal_reads_it_where_it_should_lie(folder: Path) -> None:
    files = sorted((folder / "raw" / "rain").rglob("*.tif"))
    assert len(files) == 288 - 2 - 12
    with rasterio.open(files[0]) as rain, rasterio.open(folder / "raw" / "dem.asc") as ground:
        assert rain.crs.to_epsg() == 27700
        assert (rain.bounds.left, rain.bounds.top) == (399000, 305000)
        assert tuple(ground.bounds) == (400000, 300000, 404000, 304000)
    fallen = sum(float(rasterio.open(f).read(1).sum()) for f in files if f.stat().st_size)
    assert fallen > 0
    assert [f.name for f in files if not f.stat().st_size] == ["rain_202101041640.tif"]


def test_a_grid_of_depth_for_every_step(folder: Path) -> None:
    with gzip.open(folder / "raw" / "depth.asc.gz", "rt") as stream:
        grids = stream.read().split("ncols 40\n")[1:]
    assert len(grids) == 288
    first, last = (np.loadtxt(grid.splitlines()[5:]) for grid in (grids[0], grids[-1]))
    assert first.shape == (40, 40)
    assert not first.any(), "the ground is dry at first"
    assert last.max() > 0


def test_check_finds_its_faults_and_what_the_tutorial_writes_mends_them(folder: Path) -> None:
    case = yaml.safe_load((folder / "my-case.yaml").read_text())
    case["time"]["end"] = "2021-01-05T00:00Z"
    case["records"]["channels"] = [1, 3]
    case["records"]["split"] |= {"memory_hours": 0, "val": 0.0, "test": 0.3}
    (error,) = (f for f in find(case, None, "my-case.yaml", []) if f.severity == "error")
    assert "rain_202101041640.tif" in error.where
    case["frames"]["on_bad_frame"] = "gap"
    found = list(find(case, None, "my-case.yaml", []))
    assert not [f for f in found if f.severity == "error"]
    assert any("2 holes" in f.message for f in found)


def test_what_is_there_is_not_overwritten(folder: Path) -> None:
    with pytest.raises(PluvialError, match="exists already"):
        raw.make_example(folder / "raw", folder / "other.yaml")
    assert not (folder / "other.yaml").exists()
