"""Several devices act as one: the same order of records, and the same loss."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import json, sys
from pathlib import Path
sys.path[:0] = [{workflow!r}, {tests!r}]
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from pluvial.dataset.catalogue import Catalogue
from pluvial.dataset.draws import draw_epoch
from pluvial.dataset.epochs import epoch_batches
from pluvial.dataset.pipeline import Layout
from pluvial.errors import PluvialError
from pluvial.records.manifest import read_manifest
from pluvial.training.steps import strategy_for
from training.cases import changed, make_dataset, train
folder = Path({folder!r})
dataset = make_dataset(folder)
found = {{}}
catalogue = Catalogue.open(dataset / "manifest.json", "train")
layout = Layout.of(read_manifest(dataset / "manifest.json"))
draw = draw_epoch(catalogue, batch=8, steps=6, seed=[1], epoch=0, dry_windows=True,
                  storms_apart=True, opened=4)
for devices in ([], ["CPU:0", "CPU:1"]):
    strategy = strategy_for(devices)
    batches = epoch_batches(draw, catalogue, layout, seed=(1, 0))
    order = []
    for fields in strategy.experimental_distribute_dataset(batches):
        parts = strategy.experimental_local_results(fields["time"])
        order.append([int(time) for part in parts for time in part])
    where = folder / str(len(devices))
    rows = train(dataset, where, devices=devices, config=changed(epochs=1, steps_per_epoch=6)).history.rows
    found[len(devices)] = {{"order": order, "loss": [row["loss"] for row in rows]}}
try:
    train(dataset, folder, devices=devices, config=changed(batch=9))
except PluvialError as error:
    found["odd"] = str(error)
found["drawn"] = catalogue.times[draw.rows].tolist()
Path({folder!r}, "found.json").write_text(json.dumps(found))
"""


@pytest.mark.long
def test_two_devices_are_as_one(tmp_path: Path, root: Path) -> None:
    """Two logical processors, in a process of their own: devices cannot be made later."""
    script = SCRIPT.format(
        workflow=str(root / "workflow"), tests=str(root / "tests"), folder=str(tmp_path)
    )
    subprocess.run([sys.executable, "-c", script], check=True)
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["0"]["order"] == found["2"]["order"] == found["drawn"]
    assert found["0"]["loss"] == pytest.approx(found["2"]["loss"], rel=1e-5)
    assert "a batch of 9 cannot be split over 2 devices" in found["odd"]
