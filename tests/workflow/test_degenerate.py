"""Cases at the edge, all dry or missing or of one record: a defined result, or one clear error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from workplace import Workplace

pytestmark = [pytest.mark.workflow, pytest.mark.long, pytest.mark.xdist_group("degenerate")]

ROWS, COLS = 6, 5
HEADER = f"ncols {COLS}\nnrows {ROWS}\nxllcorner 0\nyllcorner 0\ncellsize 100\nNODATA_value -9999\n"
START = "2021-06-01T00:00Z"


def grid(value: float) -> str:
    return HEADER + f"{' '.join([f'{value:g}'] * COLS)}\n" * ROWS


def place_of(folder: Path, rain: list[float], depth: list[float], **records: Any) -> Workplace:
    (folder / "rain.txt").write_text("".join(f"{rate:g}\n" for rate in rain))
    (folder / "zones.asc").write_text(grid(1))
    (folder / "dem.asc").write_text(grid(10))
    (folder / "depth.asc").write_text("".join(map(grid, depth)))
    minutes = 5 * len(rain)
    case: dict[str, Any] = {
        "name": "edge",
        "time": {"start": START, "end": f"2021-06-01T{minutes // 60:02d}:{minutes % 60:02d}Z"},
        "heightmap": {"format": "ascii", "files": "dem.asc"},
        "rain": {
            "format": "hail-caesar",
            "files": "rain.txt",
            "zones": "zones.asc",
            "start": START,
        },
        "depth": {"format": "ascii-stream", "files": "depth.asc", "start": START},
        "records": {
            "channels": [1, 2, 3],
            "split": {"train": 0.5, "val": 0, "test": 0.5, "memory_hours": 0},
        }
        | records,
    }
    return Workplace(folder, case)


def read(place: Workplace, name: str) -> Any:
    # NaN is not JSON: this parser refuses it.
    def refuse(constant: str) -> None:
        raise AssertionError(f"{name} holds {constant}")

    return json.loads((place.results / name).read_text(), parse_constant=refuse)


def test_all_dry_rain_over_a_depth_that_drains(tmp_path: Path) -> None:
    steps = 40
    place = place_of(tmp_path, [0.0] * steps, [1 - k / 100 for k in range(steps)])
    place.run("tfrecords", "frames")
    manifest = read(place, "shards/manifest.json")
    assert manifest["normalisation_of_train"]["rain"]["std"] == 1
    assert manifest["splits"]["train"]["records_with_rain"] == 0
    summary = read(place, "plan/01.json")
    assert summary["kept_with_rain_seen_before"] == summary["kept"] - 1
    assert read(place, "shards/proofs.json")["lag"]["minutes"] is None
    assert summary["storms"] == 0


def test_dry_and_constant_is_one_record_and_said_so(tmp_path: Path) -> None:
    done = place_of(tmp_path, [0.0] * 40, [0.0] * 40).snakemake("tfrecords")
    printed = done.stdout + done.stderr
    assert done.returncode == 1
    assert "the split `test` holds no record" in printed
    assert "'duplicate'" in printed
    assert "Traceback" not in printed


def test_depth_that_is_all_missing(tmp_path: Path) -> None:
    done = place_of(tmp_path, [1.0] * 40, [-9999.0] * 40).snakemake("tfrecords")
    printed = done.stdout + done.stderr
    assert done.returncode == 1
    assert "no candidate record is complete" in printed
    assert "no depth" in printed
    assert "Traceback" not in printed


def test_one_record_a_split(tmp_path: Path) -> None:
    """One window, then a purge of seven steps, then one more: two records in all."""
    rain, depth = [k % 5 + k / 8 for k in range(15)], [k / 100 for k in range(15)]
    place = place_of(tmp_path, rain, depth)
    place.case["records"]["split"] = {"train": 0.02, "val": 0, "test": 0.98, "memory_hours": 0}
    place.run("tfrecords", "frames")
    splits = read(place, "shards/manifest.json")["splits"]
    assert splits["train"]["records"] == 1
    assert splits["test"]["records"] >= 1
    read(place, "plan/leakage.json")
    read(place, "shards/proofs.json")


def test_a_case_of_no_window_is_refused_before_any_job(tmp_path: Path) -> None:
    done = place_of(tmp_path, [1.0] * 6, [0.1] * 6).snakemake("--dry-run", "tfrecords")
    assert done.returncode == 1
    assert "a record spans 7 steps" in done.stdout + done.stderr
