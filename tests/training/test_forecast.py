"""Forecasts: the same as the model's own predictions, and refused where they would be wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import rasterio
from pluvial.case.forecast import ForecastConfig
from pluvial.config.data import FramesConfig
from pluvial.config.simulation import SyntheticStorms, SyntheticTerrain
from pluvial.config.times import TimeConfig
from pluvial.errors import PluvialError
from pluvial.frames.predictions import PredictionsFile
from pluvial.frames.store import FramesFile
from pluvial.frames.variables import RAIN
from pluvial.grids.grid import Grid
from pluvial.models.depth.network import DepthNetwork
from pluvial.models.files import save_model
from pluvial.training.depth.forecast import Forecaster
from pluvial.training.depth.forecasting import RainOfCase, make_forecast
from pluvial.training.depth.train import fresh_network
from training.depth_cases import (
    CONFIG,
    DEPTH_GRID,
    RAIN_GRID,
    STEP,
    WINDOW,
    made_rain,
    make_dataset,
    material,
)

TIME = TimeConfig(start="2020-02-28T00:00Z", end="2020-03-01T00:00Z", step_minutes=5)
TERRAIN = SyntheticTerrain(format="synthetic", rows=8, cols=8)
STORMS = SyntheticStorms(format="synthetic", coarsen=2, mean_dry_hours=2)
ASKED = {"start": "2020-02-28T06:00Z", "end": "2020-02-28T12:00Z", "every_minutes": 30}


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> DepthNetwork:
    from pluvial.frames.elevation import read_elevation
    from pluvial.records.manifest import read_manifest

    dataset = make_dataset(tmp_path_factory.mktemp("flood"))
    manifest = read_manifest(dataset / "manifest.json")
    _, elevation = read_elevation(dataset / "heightmap.nc")
    found = fresh_network(material(dataset), manifest, elevation, CONFIG)
    found.facts["cuts"] = [0.5, 0.5, 0.5]
    return found


@pytest.fixture(scope="module")
def model(network: DepthNetwork, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model.keras"
    save_model(network, path)
    return path


def forecast(model: Path, folder: Path, asked: dict[str, Any], **case: Any) -> PredictionsFile:
    of_case = {
        "rain": STORMS,
        "heightmap": TERRAIN,
        "time": TIME,
        "domain": None,
        "frames": FramesConfig(),
        "folder": folder,
    }
    make_forecast(
        ForecastConfig(**asked),
        model,
        RainOfCase(**of_case | case),
        rain_path=folder / "rain.nc",
        path=folder / "forecast.nc",
        geotiffs=folder / "geotiff",
    )
    return PredictionsFile(folder / "forecast.nc")


def test_three_lines_of_python(model: Path, network: DepthNetwork) -> None:
    rain = made_rain(20).astype(np.float32) / 32
    forecaster = Forecaster(model)
    found = forecaster(rain, grid=RAIN_GRID, step_minutes=5, units="mm h-1")
    assert found.depth.shape == (15, 8, 8)
    assert found.exceedance.shape == (15, 3, 8, 8)
    window = np.stack([rain[4:7].max(axis=0), rain[7:9].max(axis=0), rain[9]], axis=-1)
    expected = network(window[None])
    np.testing.assert_allclose(found.depth[4], expected["depth"][0], atol=1e-5)
    chances = keras.ops.convert_to_numpy(expected["exceedance"])[0]
    np.testing.assert_allclose(found.exceedance[4], np.moveaxis(chances, -1, 0), atol=1e-5)
    assert (found.missing_rain == 0).all()


def test_a_window_with_a_gap_is_flagged(model: Path) -> None:
    rain = made_rain(20).astype(np.float32) / 32
    rain[9, 1, 2] = np.nan
    found = Forecaster(model)(rain, grid=RAIN_GRID, step_minutes=5, units="mm h-1")
    with_gap = np.flatnonzero(found.missing_rain)
    # Forecast k knows the frames k to k + 5; a cell of one of three channels is 1/48 of a window.
    np.testing.assert_array_equal(with_gap, np.arange(4, 10))
    np.testing.assert_allclose(found.missing_rain[with_gap], 1 / 48)
    assert np.isfinite(found.depth).all()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"units": "mm"}, "the rain is in 'mm', the model was trained on 'mm h-1'"),
        ({"step_minutes": 15}, "a step of 15 min, the model was trained on one of 5 min"),
        ({"grid": Grid(4, 4, 400.0)}, "4 rows x 4 columns of 400"),
        ({"grid": Grid(4, 4, 200.0, west=1000.0)}, r"from \(1000, 0\), the model was trained on"),
        ({"rain": made_rain(3) / 32.0}, "3 frames of rain are fewer than the 6 of a window"),
        ({"rain": np.zeros((20, 4, 5))}, r"the rain has shape \(20, 4, 5\), its grid \(4, 4\)"),
    ],
)
def test_what_the_model_was_not_made_for_is_refused(
    model: Path, given: dict[str, Any], message: str
) -> None:
    usual: dict[str, Any] = {
        "rain": made_rain(20) / 32.0,
        "grid": RAIN_GRID,
        "step_minutes": 5,
        "units": "mm h-1",
    }
    keys = usual | given
    with pytest.raises(PluvialError, match=message):
        Forecaster(model)(keys.pop("rain"), **keys)


def test_a_case_is_forecast_from_its_frames(model: Path, tmp_path: Path) -> None:
    file = forecast(model, tmp_path, ASKED)
    assert file.grid == DEPTH_GRID
    assert file.times.size == 13
    assert (file.times - file.references == STEP).all()
    frames = FramesFile(tmp_path / "rain.nc", RAIN)
    rain = frames.read(0, frames.times.size) / np.float32(32)
    again = Forecaster(model)(rain, grid=frames.grid, step_minutes=5, units="mm h-1")
    every = slice(None, None, 6)
    np.testing.assert_allclose(file.depth(), again.depth[every], atol=6e-4)
    assert frames.times[WINDOW.steps - 1] == file.references[0]
    assert (file.missing_rain == 0).all()


def test_geotiffs_say_the_same(model: Path, tmp_path: Path) -> None:
    file = forecast(model, tmp_path, ASKED | {"end": ASKED["start"]})
    with rasterio.open(tmp_path / "geotiff" / "depth-20200228T0605Z.tif") as tiff:
        np.testing.assert_array_equal(tiff.read(1), file.depth()[0])
        assert (tiff.transform.a, tiff.transform.f) == (100.0, DEPTH_GRID.north)
        assert tiff.tags()["forecast_reference_time"] == "2020-02-28T06:00Z"
        assert tiff.tags()["model_sha256"] == file.attributes["model_sha256"]
    with rasterio.open(tmp_path / "geotiff" / "exceedance-20200228T0605Z.tif") as tiff:
        np.testing.assert_array_equal(tiff.read(), file.exceedance()[0])
        assert tiff.descriptions[0] == "probability of more than 0.05 m"


def test_rain_that_begins_within_the_window_is_a_gap(model: Path, tmp_path: Path) -> None:
    """Before the case's first frame there is none."""
    asked = {"start": "2020-02-28T00:10Z", "end": "2020-02-28T00:40Z", "every_minutes": 5}
    file = forecast(model, tmp_path, asked | {"geotiff": False})
    gaps = file._file["rain_frames_missing"][:]
    np.testing.assert_array_equal(gaps, [3, 2, 1, 0, 0, 0, 0])
    assert ((file.missing_rain > 0) == (gaps > 0)).all()
    assert not list((tmp_path / "geotiff").iterdir())


def test_a_case_of_another_grid_or_step_is_refused(model: Path, tmp_path: Path) -> None:
    coarser = STORMS.model_copy(update={"coarsen": 4})
    with pytest.raises(PluvialError, match=r"forecast.rain: the rain lies on 2 rows x 2 columns"):
        forecast(model, tmp_path, ASKED, rain=coarser)
    slower = TimeConfig(start=TIME.start, end=TIME.end, step_minutes=15)
    with pytest.raises(PluvialError, match="a step of 15 min"):
        forecast(model, tmp_path, ASKED, time=slower)
    with pytest.raises(PluvialError, match=r"`forecast.every_minutes`.*no whole number of steps"):
        forecast(model, tmp_path, ASKED | {"every_minutes": 7})
    assert not list(tmp_path.iterdir())
