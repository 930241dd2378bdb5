"""Each thing that would stop the workflow is found before, with its place and what to do."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import yaml
from pluvial.__main__ import main
from pluvial.case.case import load_case
from pluvial.outlook import machine
from pluvial.outlook.commands import find
from pluvial.outlook.costs import costs_of
from pluvial.outlook.counts import counts_of
from pluvial.outlook.findings import Finding
from pluvial.outlook.geometry import grids_of
from pluvial.outlook.machine import check_cluster, check_disk, read_sinfo
from rasterio.transform import from_origin
from workplace import named_case

SINFO = """\
cpu*|(null)|up|1-00:00:00
gpu|gpu:a100:4(S:0-1)|up|2-00:00:00
gpu|(null)|up|2-00:00:00
old|gpu:k80:2|down|infinite
"""


def write_grid(path: Path, rows: int = 8, cols: int = 8, west: float = 0.0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=rows,
        width=cols,
        count=1,
        dtype="float32",
        crs="EPSG:27700",
        transform=from_origin(west, 800, 100, 100),
    ) as file:
        file.write(np.ones((rows, cols), dtype=np.float32), 1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Raw GeoTIFFs of six hours of rain, every hour, and a heightmap."""
    for hour in range(6):
        write_grid(tmp_path / "data" / f"rain_202103010{hour}00.tif")
    write_grid(tmp_path / "data" / "dem.tif")
    return tmp_path


def case(folder: Path, **changes: Any) -> dict[str, Any]:
    return (
        named_case("smoke")
        | {
            "data_folder": str(folder / "data"),
            "pathvars": {"results": str(folder / "results")},
            "time": {
                "start": "2021-03-01T00:00Z",
                "end": "2021-03-01T06:00Z",
                "step_minutes": 60,
            },
            "rain": {
                "format": "geotiff",
                "quantity": "rate",
                "files": "rain_{time:%Y%m%d%H%M}.tif",
            },
            "heightmap": {"format": "geotiff", "files": "dem.tif"},
            "records": {"channels": [1]}
            | {"split": {"train": 0.5, "val": 0.0, "test": 0.5, "memory_hours": 0}},
            "pretrain": {"batch": 2},
        }
        | changes
    )


def errors(document: dict[str, Any]) -> list[Finding]:
    return [f for f in find(document, None, "case.yaml", []) if f.severity == "error"]


def test_nothing_is_wrong_with_what_is_right(folder: Path) -> None:
    assert errors(case(folder)) == []


def test_files_that_are_missing(folder: Path) -> None:
    (folder / "data" / "dem.tif").unlink()
    (found,) = errors(case(folder))
    assert found.where.startswith("`heightmap`")
    assert "missing" in found.message
    assert "data_folder" in found.remedy


def test_an_empty_file(folder: Path) -> None:
    (folder / "data" / "rain_202103010300.tif").write_bytes(b"")
    (found,) = errors(case(folder))
    assert "rain_202103010300.tif" in found.where
    assert "empty" in found.message


def test_a_hole_between_files_and_an_end_that_is_not_reached(folder: Path) -> None:
    (folder / "data" / "rain_202103010200.tif").unlink()
    (folder / "data" / "rain_202103010500.tif").unlink()
    hole, end = (
        f
        for f in find(case(folder), None, "case.yaml", [])
        if f.severity == "warning" and f.where == "`rain.files`"
    )
    assert "2021-03-01T01:00Z to 2021-03-01T03:00Z" in hole.message
    assert "to about 2021-03-01T05:00Z" in end.message


def test_files_outside_the_time(folder: Path) -> None:
    time = {"start": "2022-03-01T00:00Z", "end": "2022-03-01T06:00Z", "step_minutes": 60}
    (found,) = errors(case(folder, time=time))
    assert "all 6 files lie outside `time`" in found.message


def test_grids_that_do_not_meet(folder: Path) -> None:
    write_grid(folder / "data" / "dem.tif", west=100.0)
    (found,) = errors(case(folder))
    assert found.where == "`rain` and `depth`"
    assert "edges do not meet" in found.message
    assert "`domain`" in found.remedy


def test_a_domain_that_a_source_does_not_reach(folder: Path) -> None:
    domain = {"crs": "EPSG:27700", "west": 0, "south": 0, "east": 900, "north": 800}
    domain |= {"rain_cell": 100, "depth_cell": 100}
    found = errors(case(folder, domain=domain))
    assert {one.where.split(":")[0] for one in found} == {"`rain`", "`heightmap`"}


def test_a_crs_that_nobody_knows(folder: Path) -> None:
    rain = case(folder)["rain"] | {"crs": "EPSG:99999"}
    found = errors(case(folder, rain=rain))
    assert found
    for one in found:
        assert "'EPSG:99999' is no coordinate reference system" in one.message
        assert "EPSG:27700" in one.remedy


def test_a_split_without_records(folder: Path) -> None:
    split = {"train": 0.5, "val": 0.0, "test": 0.5, "memory_hours": 6}
    (found,) = errors(case(folder, records={"channels": [1], "split": split}))
    assert found.where == "`records.split.test`"


def test_a_configuration_that_cannot_be_used(folder: Path) -> None:
    (found,) = errors(case(folder, rein=1))
    assert "rein" in found.message


def test_a_disk_too_small(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = named_case("config")
    found = load_case(document, where="config")
    counts = counts_of(found)
    costs = costs_of(found, counts, grids_of(found))
    expected, most = sum(costs.disk.values()), sum(costs.disk_most.values())
    severities = []
    for free in (expected - 1, expected + 1, most + 1):
        usage = shutil.disk_usage(folder)._replace(free=int(free))
        monkeypatch.setattr(machine.shutil, "disk_usage", lambda _, usage=usage: usage)
        severities.append([f.severity for f in check_disk(costs, folder / "results")])
    assert severities == [["error"], ["warning"], []]


def profile_with(folder: Path, **settings: Any) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "config.yaml").write_text(yaml.safe_dump({"executor": "slurm"} | settings))
    return folder


def messages(profile: Path) -> list[str]:
    return [f"{f.severity} {f.message}" for f in check_cluster(profile, read_sinfo(SINFO))]


def test_partitions_as_sinfo_names_them() -> None:
    found = read_sinfo(SINFO)
    assert set(found) == {"cpu", "gpu", "old"}
    assert found["gpu"].gpus
    assert not found["cpu"].gpus
    assert not found["old"].up


def test_a_partition_that_the_cluster_does_not_have(tmp_path: Path) -> None:
    learn = {"slurm_partition": "gpu"}
    rules = dict.fromkeys(machine.LEARNING, learn)
    profile = profile_with(
        tmp_path / "p",
        **{"default-resources": {"slurm_partition": "compute"}},
        **{"set-resources": rules},
    )
    assert messages(profile) == ["error the cluster has no partition 'compute'"]


def test_a_gpu_where_there_is_none(tmp_path: Path) -> None:
    profile = profile_with(tmp_path / "p", **{"default-resources": ["slurm_partition=cpu"]})
    found = messages(profile)
    assert found == ["error partition 'cpu' has no GPU, which the rule asks for"] * 4


def test_a_partition_that_is_down(tmp_path: Path) -> None:
    profile = profile_with(tmp_path / "p", **{"default-resources": {"slurm_partition": "old"}})
    assert set(messages(profile)) == {"warning partition 'old' is down"}


def test_an_account_of_somebody_else(tmp_path: Path) -> None:
    default = {"slurm_partition": "cpu", "slurm_account": "nobody"}
    rules = {name: {"slurm_partition": "gpu"} for name in machine.LEARNING}
    profile = profile_with(tmp_path / "p", **{"default-resources": default, "set-resources": rules})
    (found,) = check_cluster(profile, read_sinfo(SINFO), frozenset({"hydrology", "root"}))
    assert found.message == "no job of yours can be charged to the account 'nobody'"
    assert found.remedy == "Write one of: hydrology, root"
    assert not list(check_cluster(profile, read_sinfo(SINFO), frozenset({"nobody"})))
    assert not list(check_cluster(profile, read_sinfo(SINFO)))


def test_no_cluster_is_no_error(tmp_path: Path) -> None:
    (found,) = check_cluster(profile_with(tmp_path / "p"), None)
    assert found.severity == "note"


def test_sinfo_itself_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "sinfo"
    program.write_text(f"#!/bin/sh\nprintf '%s' '{SINFO}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    found = machine.partitions()
    assert found is not None
    assert set(found) == {"cpu", "gpu", "old"}


def test_the_command_fails_where_something_would(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = folder / "case.yaml"
    file.write_text(yaml.safe_dump(case(folder)))
    assert main(["check", "--configfile", str(file)]) == 0
    shutil.rmtree(folder / "data")
    assert main(["check", "--configfile", str(file)]) == 1
    assert capsys.readouterr().out.rstrip().endswith(f"{file}: 2 errors, 1 warning")
