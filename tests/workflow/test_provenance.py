"""Of every output of the smoke case it can be asked what made it, back to the start."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from pluvial.__main__ import main
from pluvial.errors import PluvialError
from pluvial.files.fingerprints import file_sha256
from pluvial.files.record import FOLDER, read_records
from pluvial.records.lineage import document, provenance, record_of, trace
from workplace import CHECKOUT, Workplace, named_case

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("smoke")]

UNTOLD = {"logs", "benchmarks", "tensorboard"}
"""What jobs say of themselves while they run."""


def outputs(smoke: Workplace) -> list[Path]:
    found = (path for path in smoke.results.rglob("*") if path.is_file())
    return [
        path
        for path in found
        if path.relative_to(smoke.results).parts[0] not in UNTOLD and FOLDER not in path.parts
    ]


def test_every_output_tells(smoke: Workplace) -> None:
    files = outputs(smoke)
    assert len(files) > 90
    for path in files:
        record = record_of(path).record
        assert record["config"]["name"] == "smoke", path
        assert record["environment"]["packages"], path
        if "checkpoints" not in path.parts:
            told = {
                entry["sha256"]
                for entry in record["outputs"]
                if Path(entry["path"]).name == path.name
            }
            assert file_sha256(path) in told, path


def test_the_commit_is_one_of_this_checkout(smoke: Workplace) -> None:
    def git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(["git", *arguments], cwd=CHECKOUT, capture_output=True, check=False)

    if git("rev-parse", "HEAD").returncode:
        pytest.skip("this checkout is no git repository")
    commit = record_of(smoke.results / "shards" / "manifest.json").record["code"]["commit"]
    name = commit.removesuffix("-dirty")
    assert len(name) == 40
    assert git("merge-base", "--is-ancestor", name, "HEAD").returncode == 0


def test_the_way_back_from_a_figure_ends_at_the_start(smoke: Workplace) -> None:
    lineage = trace(smoke.results / "figures" / "retrieval.png")
    rules = {job.record["rule"] for job in lineage.jobs}
    assert rules >= {"judgement", "embed", "pretrain", "manifest", "shard", "plan", "index"}
    assert rules >= {"rain_frames", "depth_frames", "heightmap"}
    assert len([job for job in lineage.jobs if job.record["rule"] == "depth_frames"]) == 4
    assert lineage.raw == {}
    assert lineage.changed == []


def test_the_inputs_of_a_job_are_those_of_its_makers(smoke: Workplace) -> None:
    for record in read_records(smoke.results / "index"):
        for entry in record["inputs"]:
            assert file_sha256(smoke.results / "index" / entry["path"]) == entry["sha256"]


def test_a_folder_and_a_checkpoint_tell(smoke: Workplace) -> None:
    (checkpoints,) = smoke.results.glob("checkpoints/trained-*")
    assert record_of(checkpoints).record["rule"] == "pretrain"
    (best,) = checkpoints.glob("best.keras")
    assert record_of(best).record["rule"] == "pretrain"


def test_records_go_with_the_folder(smoke: Workplace, tmp_path: Path) -> None:
    copy = shutil.copytree(smoke.results, tmp_path / "copied")
    before = document(smoke.results / "figures" / "plan.png")
    after = document(copy / "figures" / "plan.png")
    assert [job["rule"] for job in before["jobs"]] == [job["rule"] for job in after["jobs"]]
    assert all(str(copy) in job["folder"] for job in after["jobs"])


def test_what_was_changed_since_is_said(smoke: Workplace, tmp_path: Path) -> None:
    copy = shutil.copytree(smoke.results, tmp_path / "copied")
    figure = copy / "figures" / "plan.png"
    assert "as it was made" in next(provenance(figure))
    figure.write_bytes(figure.read_bytes() + b"\0")
    assert "CHANGED since" in next(provenance(figure))
    # An input made anew with other bytes: its record says so.
    record = copy / "plan" / FOLDER / "01.parquet.json"
    told = json.loads(record.read_text())
    told["outputs"][0]["sha256"] = "0" * 64
    record.write_text(json.dumps(told))
    assert any("made anew since" in line for line in provenance(figure))


def test_what_no_job_made_is_refused(smoke: Workplace, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(PluvialError, match="no such file"):
        record_of(smoke.results / "nothing.png")
    assert main(["provenance", str(smoke.results / "nothing.png")]) == 1
    assert main(["provenance", str(smoke.results / "figures" / "plan.png"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["jobs"][0]["rule"] == "plan_figure"


def test_raw_files_are_at_the_end_of_the_way(tmp_path: Path) -> None:
    raw = tmp_path / "data"
    raw.mkdir()
    (raw / "dem.asc").write_text(
        "ncols 8\nnrows 8\nxllcorner 0\nyllcorner 0\ncellsize 100\n" + ("1 " * 8 + "\n") * 8
    )
    case = named_case("smoke") | {
        "data_folder": str(raw),
        "heightmap": {"format": "ascii", "files": "dem.asc"},
        "rain": {"format": "ascii", "files": "dem.asc"},
    }
    place = Workplace(tmp_path / "place", case)
    place.run("results/frames/heightmap.nc")
    lineage = trace(place.results / "frames" / "heightmap.nc")
    assert lineage.raw == {str(raw / "dem.asc"): file_sha256(raw / "dem.asc")}
