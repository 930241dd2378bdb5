"""Another workflow imports this one, twice, with configurations and places of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from workplace import CHECKOUT, Workplace, named_case

SNAKEFILE = """
configfile: "study.yaml"


module pluvial:
    snakefile: "{snakefile}"
    config: config["flood"]

use rule * from pluvial as pluvial_*


module second:
    snakefile: "{snakefile}"
    config: config["flood"] | {{"name": "second", "pathvars": {{"results": "elsewhere"}}}}

use rule * from second as second_*


rule all:
    default_target: True
    input:
        rules.pluvial_tfrecords.input,
        rules.second_frames_report.output,
        "count.txt",

rule count:
    input:
        "results/smoke/shards/manifest.json",
    output:
        "count.txt",
    shell:
        "wc -c < {{input}} > {{output}}"
"""


def snakemake(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "2", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.long
def test_two_cases_in_another_workflow(tmp_path: Path) -> None:
    case: dict[str, Any] = named_case("smoke")
    case["time"] |= {"end": "2021-03-01T00:00Z"}
    (tmp_path / "study.yaml").write_text(yaml.safe_dump({"study": "of something", "flood": case}))
    text = SNAKEFILE.format(snakefile=CHECKOUT / "workflow" / "Snakefile")
    (tmp_path / "Snakefile").write_text(text)
    snakemake(tmp_path)
    manifest = json.loads((tmp_path / "results/smoke/shards/manifest.json").read_text())
    assert manifest["splits"]["train"]["records"] > 0
    assert {path.name for path in (tmp_path / "results").iterdir()} == {"smoke"}
    assert {path.name for path in (tmp_path / "elsewhere").iterdir()} >= {"frames", "logs"}
    assert not (tmp_path / "elsewhere" / "shards").exists()
    # The same case gives the same bytes, whoever imports it.
    alone = Workplace(tmp_path / "alone", case)
    alone.run("frames")
    for frames in sorted((alone.results / "frames").rglob("*.nc")):
        name = frames.relative_to(alone.results)
        assert frames.read_bytes() == (tmp_path / "results" / "smoke" / name).read_bytes()
        assert frames.read_bytes() == (tmp_path / "elsewhere" / name).read_bytes()
    assert "Nothing to be done" in snakemake(tmp_path)
