"""Files of predictions, read by xarray as by us."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from pluvial.errors import PluvialError
from pluvial.frames.predictions import Axes, PredictionsFile, write_predictions
from pluvial.grids.grid import Grid

RNG = np.random.default_rng(4)
GRID = Grid(5, 4, 100.0, west=300_000.0, south=90_000.0, crs="EPSG:27700")
TIMES = 1_580_000_100 + 300 * np.arange(40, dtype=np.int64)
DEPTH = RNG.gamma(0.5, 0.2, (40, 5, 4)).astype(np.float32)
CHANCES = np.sort(RNG.random((40, 5, 4, 3)), axis=-1)[..., ::-1].astype(np.float32)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "predictions.nc"
    depth, chances = DEPTH.copy(), CHANCES.copy()
    depth[3, 1, 2], chances[3, 1, 2] = np.nan, np.nan
    missing = np.linspace(0, 0.5, 40)
    parts = [(depth[k : k + 16], chances[k : k + 16], missing[k : k + 16]) for k in (0, 16, 32)]
    axes = Axes(GRID, [0.05, 0.1, 0.3], TIMES, 600)
    write_predictions(
        path, axes, parts, title="test", provenance={"model_sha256": "abc", "list": [1, 2]},
        frames={"missing": np.arange(40)},
    )  # fmt: skip
    return path


def test_xarray_reads_what_was_written(path: Path) -> None:
    with xr.open_dataset(path) as found:
        assert found["depth"].dims == ("time", "y", "x")
        assert found["exceedance"].dims == ("time", "threshold", "y", "x")
        np.testing.assert_array_equal(found["threshold"], [0.05, 0.1, 0.3])
        expected = (TIMES + 600).astype("datetime64[s]")
        np.testing.assert_array_equal(found["time"].to_numpy().astype("datetime64[s]"), expected)
        reference = found["forecast_reference_time"].to_numpy().astype("datetime64[s]")
        np.testing.assert_array_equal(reference, TIMES.astype("datetime64[s]"))
        np.testing.assert_array_equal(found["x"], GRID.x())
        np.testing.assert_array_equal(found["y"], GRID.y())
        assert found["y"][0] > found["y"][-1]
        assert np.isnan(found["depth"][3, 1, 2])
        assert np.isnan(found["exceedance"][3, :, 1, 2]).all()
        np.testing.assert_allclose(found["depth"][0], DEPTH[0], atol=5.1e-4)
        np.testing.assert_allclose(
            found["exceedance"][0], CHANCES[0].transpose(2, 0, 1), atol=2.1e-3
        )
        assert found.attrs["model_sha256"] == "abc"
        assert found.attrs["list"] == "[1, 2]"
        assert found["crs"].attrs["long_name"] == "EPSG:27700"


def test_our_reader_agrees_with_xarray(path: Path) -> None:
    file = PredictionsFile(path)
    with xr.open_dataset(path) as found:
        np.testing.assert_allclose(file.depth(5, 20), found["depth"][5:20], atol=1e-7)
        np.testing.assert_allclose(file.exceedance(5, 20), found["exceedance"][5:20], atol=1e-7)
        np.testing.assert_array_equal(file.missing_rain, found["missing_rain"])
    assert file.grid == GRID
    np.testing.assert_array_equal(file.times - 600, TIMES)
    assert (np.diff(np.nan_to_num(file.exceedance()), axis=1) <= 0).all()
    file.close()


def test_as_many_predictions_as_times(tmp_path: Path) -> None:
    axes = Axes(GRID, [0.05, 0.1, 0.3], TIMES, 600)
    with pytest.raises(AssertionError, match="16 predictions for 40 times"):
        write_predictions(
            tmp_path / "short.nc", axes, [(DEPTH[:16], CHANCES[:16], np.zeros(16))],
            title="test", provenance={},
        )  # fmt: skip
    assert not list(tmp_path.iterdir())


def test_no_file_of_predictions(tmp_path: Path, path: Path) -> None:
    with pytest.raises(PluvialError, match="the file of predictions is missing"):
        PredictionsFile(tmp_path / "none.nc")
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(PluvialError, match="not a readable file of predictions"):
        PredictionsFile(path)
