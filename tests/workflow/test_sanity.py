"""The sanity model on a few drawn pictures, through Snakemake itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from onnx_writer import model_of
from PIL import Image
from workplace import Workplace, named_case

pytestmark = [pytest.mark.workflow, pytest.mark.long, pytest.mark.xdist_group("sanity")]

TINY: dict[str, Any] = {
    "pictures": {"format": "synthetic", "per_kind": 40, "side": 16},
    "split": {"train": 0.5, "val": 0.2, "test": 0.3},
    "pairs": ["labels"],
    "embedding": 8,
    "batch": 12,
    "epochs": 2,
    "steps_per_epoch": 4,
    "warmup_steps": 2,
}


def with_sanity(section: dict[str, Any]) -> dict[str, Any]:
    return named_case("smoke") | {"sanity": section}


def section_of(folder: Path) -> dict[str, Any]:
    """With an encoder trained elsewhere."""
    return TINY | {"pretrained": {"model": str(folder / "encoder.onnx")}}


@pytest.fixture(scope="module")
def sanity(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    folder = tmp_path_factory.mktemp("sanity")
    model_of(folder / "encoder.onnx", 16)
    place = Workplace(folder, with_sanity(section_of(folder)))
    place.run("sanity")
    return place


def test_what_is_made_and_that_no_rain_is_needed(sanity: Workplace) -> None:
    for name in ("pictures.png", "pictures.svg", "labels.html"):
        assert (sanity.results / "figures" / "sanity" / name).stat().st_size > 0
    with Image.open(sanity.results / "figures" / "sanity" / "pictures.png") as figure:
        assert figure.size[0] > 2000
    assert not (sanity.results / "frames").exists()
    assert not (sanity.results / "shards").exists()


def test_an_encoder_trained_elsewhere_is_judged_beside_them(sanity: Workplace) -> None:
    verdict = json.loads((sanity.results / "sanity" / "pretrained" / "verdict.json").read_text())
    assert verdict["verdict"] in {"learned", "not shown"}
    assert (sanity.results / "figures" / "sanity" / "pretrained.html").stat().st_size > 0


def test_the_verdict_stands_beside_the_untrained_encoder(sanity: Workplace) -> None:
    verdict = json.loads((sanity.results / "sanity" / "labels" / "verdict.json").read_text())
    page = (sanity.results / "figures" / "sanity" / "labels.html").read_text()
    assert f"<strong>{verdict['verdict']}</strong>" in page
    probes = {probe["kind"]: probe for probe in verdict["probes"]}
    assert set(probes) == {"linear", "neighbours"}
    for probe in probes.values():
        assert probe["label"] == "kind"
        assert probe["records"] == 36
        assert probe["chance"] == pytest.approx(1 / 3)
        assert set(probe["scores"]) == {"trained", "untrained"}
    assert any(rule["name"] == "ahead of untrained" for rule in verdict["rules"])


def test_nothing_to_do_the_second_time(sanity: Workplace) -> None:
    assert "Nothing to be done" in sanity.run("sanity")


def test_views_beside_labels_train_labels_no_more(sanity: Workplace) -> None:
    other = Workplace(
        sanity.folder, with_sanity(section_of(sanity.folder) | {"pairs": ["labels", "views"]})
    )
    planned = other.planned("sanity")
    assert planned["sanity_encoder"] == 1
    assert "sanity_pictures" not in planned


def test_it_is_not_part_of_the_default(tmp_path: Path) -> None:
    planned = Workplace(tmp_path, with_sanity(TINY)).planned()
    assert "pretrain" in planned
    assert not [rule for rule in planned if rule.startswith("sanity")]


def test_a_folder_that_is_not_there_is_named_at_once(tmp_path: Path) -> None:
    pictures = {"format": "folder", "folder": "nowhere"}
    place = Workplace(tmp_path, with_sanity(TINY | {"pictures": pictures}))
    done = place.snakemake("--dry-run", "sanity")
    assert done.returncode != 0
    assert "nowhere: there is no such folder" in done.stdout + done.stderr
