"""Predicted depth is judged, drawn and probed through Snakemake."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from workplace import Workplace, named_case

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("smoke")]


@pytest.mark.long
def test_skill_of_the_smoke_case(smoke: Workplace, tmp_path: Path) -> None:
    shutil.copytree(smoke.folder, tmp_path, dirs_exist_ok=True)
    place = Workplace(tmp_path, named_case("smoke"))
    place.run("skill")
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
