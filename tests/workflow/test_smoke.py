"""The smoke case from nothing to figures, and partial reruns of it, through Snakemake itself."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from workplace import CHECKOUT, Workplace, jobs, named_case

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("smoke")]


JUDGED = {
    *("explorer_page", "judgement", "retrieval_figure", "retrieval_table"),
    *("retrieved_figures", "verdict_page"),
}
"""What reads how the encoders are judged."""


def copy_of(place: Workplace, folder: Path) -> Workplace:
    """The same results in another folder, with Snakemake's own records of them."""
    shutil.copytree(place.folder, folder, dirs_exist_ok=True)
    return Workplace(folder, named_case("smoke"))


def test_everything_is_there(smoke: Workplace) -> None:
    expected = [
        f"figures/{n}.{k}"
        for n in (
            *("catchment", "embedding_rain", "embedding_depth", "embedding_both"),
            *("random_control", "training", "retrieval", "similarity", "neighbours"),
            *("availability", "plan", "domain"),
        )
        for k in ("png", "svg")
    ]
    expected += ["diagnostics/retrieval.json", "diagnostics/verdict.json", "figures/verdict.html"]
    expected += ["figures/explorer.html"]
    expected += ["shards/manifest.json", "frames/report.json"]
    expected += [
        f"encoders/{run}/{tower}.keras"
        for run in ("trained", "shuffled", "untrained")
        for tower in ("rain", "depth")
    ]
    for name in expected:
        assert (smoke.results / name).stat().st_size > 0, name
    assert not [path for path in smoke.results.rglob("*") if path.suffix == ".partial"]
    assert list(smoke.results.glob("tensorboard/*/events.out.tfevents.*"))
    assert list(smoke.results.glob("checkpoints/trained-*/step-*.keras"))


def test_the_plan_adds_up_and_the_shards_hold_it(smoke: Workplace) -> None:
    plan = pd.read_parquet(smoke.results / "plan" / "01.parquet")
    summary = json.loads((smoke.results / "plan" / "01.json").read_text())
    manifest = json.loads((smoke.results / "shards" / "manifest.json").read_text())
    assert len(plan) == summary["candidates"] == 4 * 288
    assert summary["kept"] == plan["reason"].isna().sum()
    for split, found in manifest["splits"].items():
        assert found["records"] == (plan["reason"].isna() & (plan["split"] == split)).sum()
        sizes = [shard["records"] for shard in found["shards"]]
        assert sizes[:-1] == [128] * (len(sizes) - 1)


def test_retrieval_is_reported_beside_its_controls(smoke: Workplace) -> None:
    report = json.loads((smoke.results / "diagnostics" / "retrieval.json").read_text())
    assert {"trained", "shuffled", "untrained", "volume match"} <= set(report["methods"])
    assert report["chance"]["R@1"] == pytest.approx(1 / report["candidates"])


def test_the_verdict_stands_on_what_was_measured(smoke: Workplace) -> None:
    verdict = json.loads((smoke.results / "diagnostics" / "verdict.json").read_text())
    # Some thirty candidates: no test can reach its level, and the verdict must say so.
    assert verdict["verdict"] in {"not shown", "collapsed"}
    assert any(rule["name"] == "enough" and not rule["kept"] for rule in verdict["rules"])
    page = (smoke.results / "figures" / "verdict.html").read_text()
    assert f"<strong>{verdict['verdict']}</strong>" in page


@pytest.mark.long
def test_own_embeddings_are_judged_by_the_same_rules(smoke: Workplace, tmp_path: Path) -> None:
    place = copy_of(smoke, tmp_path)
    section = {"file": str(smoke.results / "embeddings" / "trained.parquet")}
    place.case["own_embeddings"] = {"mine": section | {"time": "time", "split": "split"}}
    place.run("verdict_of_own")
    verdict = json.loads((place.results / "diagnostics" / "own" / "mine.json").read_text())
    assert set(verdict["methods"]) == {"trained"}
    assert verdict["verdict"] in (place.results / "figures" / "verdict" / "mine.html").read_text()
    assert (place.results / "figures" / "own" / "mine.svg").stat().st_size > 0


def test_nothing_to_do_the_second_time(smoke: Workplace) -> None:
    assert "Nothing to be done" in smoke.run()


@pytest.mark.long
def test_two_builds_give_the_same_bytes(smoke: Workplace, tmp_path: Path) -> None:
    other = Workplace(tmp_path, named_case("smoke"))
    other.run("tfrecords", "frames")
    one, two = smoke.files(), other.files()
    compared = [
        name
        for name in two
        if name.partition("/")[0] in {"frames", "index", "plan", "shards", "simulation"}
    ]
    assert len([name for name in compared if name.endswith(".tfrecord.gz")]) >= 4
    assert {name: one[name] for name in compared} == {name: two[name] for name in compared}


def test_a_lost_shard_alone_is_remade(smoke: Workplace, tmp_path: Path) -> None:
    place = copy_of(smoke, tmp_path)
    lost = place.results / "shards" / "train" / "01-00001.tfrecord.gz"
    before = lost.read_bytes()
    lost.unlink()
    planned = place.planned()
    assert planned["shard"] == 1
    assert not set(planned) & {"heightmap", "rain_frames", "depth_frames", "index", "plan"}
    place.run("tfrecords")
    assert lost.read_bytes() == before


@pytest.mark.parametrize(
    ("edited", "expected"),
    [
        (
            "figures/style.py",
            {
                "catchment_figure",
                "embedding_figure",
                "both_embeddings_figure",
                "retrieved_figures",
                "random_control_figure",
                "retrieval_figure",
                "training_figure",
                "availability_figure",
                "plan_figure",
                "domain_figure",
                "verdict_page",
                "explorer_page",
            },
        ),
        ("figures/retrieval.py", {"retrieval_figure"}),
    ],
)
def test_an_edit_in_figures_reruns_figures_only(
    smoke: Workplace, tmp_path: Path, edited: str, expected: set[str]
) -> None:
    place = copy_of(smoke, tmp_path / "place")
    source = tmp_path / "source"
    shutil.copytree(CHECKOUT, source, ignore=shutil.ignore_patterns(".*", "results"), symlinks=True)
    with (source / "workflow" / "pluvial" / edited).open("a") as file:
        file.write("\n# an edit\n")
    done = place.snakemake("--dry-run", snakefile=source / "Snakefile")
    assert done.returncode == 0, done.stderr
    assert set(jobs(done.stdout)) == expected


@pytest.mark.parametrize(
    ("section", "key", "value", "first"),
    [
        ("retrieval", "tolerance_minutes", 10, JUDGED),
        ("verdict", "draws", 300, JUDGED),
        (
            "figures",
            "umap_min_dist",
            0.5,
            {"umap", "umap_both", "embedding_figure", "both_embeddings_figure"}
            | {"random_control_figure", "explorer_page"},
        ),
    ],
)
def test_a_changed_key_reruns_what_reads_it(
    smoke: Workplace, tmp_path: Path, section: str, key: str, value: float, first: set[str]
) -> None:
    place = copy_of(smoke, tmp_path)
    place.case[section] = place.case.get(section, {}) | {key: value}
    assert set(place.planned()) == first


@pytest.mark.long
def test_a_killed_training_resumes(smoke: Workplace, tmp_path: Path) -> None:
    """With the checkpoint of epoch 1 alone, training goes on with epoch 2 and ends the same."""
    place = copy_of(smoke, tmp_path)
    trained = place.results / "encoders" / "trained"
    before = (trained / "rain.keras.sha256").read_text(), pd.read_csv(trained / "history.csv")
    shutil.rmtree(trained)
    (folder,) = place.results.glob("checkpoints/trained-*")
    for path in folder.glob("step-00000020.*"):
        path.unlink()
    printed = place.run("results/encoders/trained/rain.keras")
    assert "resuming after epoch 1 of 2" in printed
    after = pd.read_csv(trained / "history.csv")
    assert after["epoch"].tolist() == [1, 2]
    assert after["loss"].tolist() == before[1]["loss"].tolist()


def test_dry_run_before_anything_exists(tmp_path: Path) -> None:
    place = Workplace(tmp_path, named_case("smoke"))
    planned = place.planned()
    assert planned["depth_frames"] == 4
    assert planned["pretrain"] == planned["embed"] == 1
    assert planned["pretrain_control"] == planned["embed_control"] == 2
    assert not place.results.exists()
