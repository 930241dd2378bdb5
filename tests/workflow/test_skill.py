"""Predicted depth is made, judged, drawn and probed through Snakemake."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from pluvial.frames.predictions import PredictionsFile
from workplace import Workplace, named_case

pytestmark = [pytest.mark.workflow, pytest.mark.long, pytest.mark.xdist_group("smoke")]


@pytest.fixture(scope="module")
def place(smoke: Workplace, tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """The smoke case with a depth model, its forecast and its skill."""
    folder = tmp_path_factory.mktemp("skill")
    shutil.copytree(smoke.folder, folder, dirs_exist_ok=True)
    place = Workplace(folder, named_case("smoke"))
    place.run("skill", "forecast")
    return place


def test_skill_of_the_smoke_case(place: Workplace) -> None:
    document = json.loads((place.results / "diagnostics" / "skill.json").read_text())
    assert document["verdict"] in {"ahead", "not shown", "behind"}
    kinds = {name: method["kind"] for name, method in document["methods"].items()}
    assert kinds == {
        "model": "model",
        "climatology": "baseline",
        "look-up": "baseline",
        "ridge": "baseline",
        "ridge-largest": "baseline",
        "all-dry": "baseline",
        "persistence": "knows the depth",
    }
    probes = json.loads((place.results / "diagnostics" / "probes_of_depth.json").read_text())
    assert len(probes["probes"]) in (0, 9)
    for name in ("skill", "predicted_storms", "error_maps", "probes_of_depth"):
        for kind in ("png", "svg"):
            assert (place.results / "figures" / f"{name}.{kind}").stat().st_size > 1000
    assert (place.results / "figures" / "storm.gif").read_bytes()[:4] == b"GIF8"
    assert not place.planned("skill")


def test_water_depth_from_rain(smoke: Workplace, place: Workplace) -> None:
    """The depth model is trained on the pretrained tower, predicts the test split, and forecasts."""
    folder = place.results / "depth" / "main"
    manifest = json.loads((place.results / "shards" / "manifest.json").read_text())
    predictions = PredictionsFile(folder / "predictions" / "test.nc")
    assert predictions.times.size == manifest["splits"]["test"]["records"]
    sidecar = (folder / "model.keras.sha256").read_text().split()[0]
    assert predictions.attributes["model_sha256"] == sidecar
    assert pd.read_csv(folder / "history.csv")["epoch"].tolist() == [1, 2]
    assert json.loads((folder / "training.json").read_text())["start"] == "finetuned"
    forecast = PredictionsFile(place.results / "forecast" / "forecast.nc")
    assert forecast.times.size == 3
    assert len(list((place.results / "forecast" / "geotiff").glob("*.tif"))) == 6
    tower = Path("encoders", "trained", "rain.keras")
    times = [(one.results / tower).stat().st_mtime_ns for one in (smoke, place)]
    assert times[0] == times[1], "what it starts from was made anew"
    planned = place.planned("label_efficiency")
    assert planned["depth_train"] == planned["depth_predict"] == 27
