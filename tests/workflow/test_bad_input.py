"""Bad input through Snakemake: one clear error, an exit code that says so, nothing half-written."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from workplace import Workplace, named_case

pytestmark = [pytest.mark.workflow, pytest.mark.long]

ROWS, COLS, STEPS = 6, 5, 60
HEADER = f"ncols {COLS}\nnrows {ROWS}\nxllcorner 0\nyllcorner 0\ncellsize 100\nNODATA_value -9999\n"


def grid(value: float) -> str:
    return HEADER + f"{' '.join([f'{value:g}'] * COLS)}\n" * ROWS


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    """A small real case: one zone of rain, a depth stream, a heightmap."""
    (tmp_path / "rain.txt").write_text("".join(f"{step % 7}\n" for step in range(STEPS)))
    (tmp_path / "zones.asc").write_text(grid(1))
    (tmp_path / "dem.asc").write_text(grid(10))
    (tmp_path / "run.params").write_text("rain_data_time_step: 5\nraster_output_interval: 5\n")
    (tmp_path / "depth.asc").write_text("".join(grid(step / 1000) for step in range(STEPS - 12)))
    start = "2021-06-01T00:00Z"
    case: dict[str, Any] = {
        "name": "bad",
        "time": {"start": start, "end": "2021-06-01T05:00Z", "step_minutes": 5},
        "heightmap": {"format": "ascii", "files": "dem.asc"},
        "rain": {
            "format": "hail-caesar",
            "files": "rain.txt",
            "zones": "zones.asc",
            "parameters": "run.params",
            "start": start,
        },
        "depth": {"format": "ascii-stream", "files": "depth.asc", "start": start},
        "records": {
            "channels": [1, 2, 3],
            "split": {"train": 0.6, "val": 0, "test": 0.4, "memory_hours": 0},
        },
    }
    return Workplace(tmp_path, case)


def missing_file(place: Workplace) -> None:
    (place.folder / "rain.txt").unlink()


def cut_stream(place: Workplace) -> None:
    path = place.folder / "depth.asc"
    text = path.read_text()
    path.write_text(text[: int(len(text) * 0.7)])


def cut_gzip(place: Workplace) -> None:
    packed = gzip.compress((place.folder / "depth.asc").read_bytes())
    (place.folder / "depth.asc").write_bytes(packed[: len(packed) - 20])


def other_shape(place: Workplace) -> None:
    text = (place.folder / "dem.asc").read_text()
    lines = text.replace(f"nrows {ROWS}", f"nrows {ROWS - 1}").splitlines()[:-1]
    (place.folder / "dem.asc").write_text("\n".join(lines) + "\n")


def no_overlap(place: Workplace) -> None:
    place.case["time"]["end"] = "2021-06-01T12:00Z"
    place.case["depth"]["start"] = "2021-06-01T06:00Z"


def unknown_key(place: Workplace) -> None:
    place.case["records"]["shard_size"] = 12


def empty_shards(place: Workplace) -> None:
    place.case["records"]["records_per_shard"] = 0


def other_step(place: Workplace) -> None:
    place.case["time"]["step_minutes"] = 10


FAULTS: dict[str, tuple[Callable[[Workplace], None], list[str]]] = {
    "a missing file": (missing_file, ["rain.txt: the file is missing", "`data_folder`"]),
    "a stream cut in the middle of a grid": (cut_stream, ["depth.asc", "grid 33", "row "]),
    "a compressed stream cut": (cut_gzip, ["depth.asc", "ends or breaks in the middle"]),
    "stream and heightmap of different shape": (
        other_shape,
        ["depth.asc", "6 rows x 5 columns", "5 rows x 5 columns", "same grid"],
    ),
    "rain and depth that never overlap": (no_overlap, ["no candidate record is complete"]),
    "an unknown key": (unknown_key, ["`records.shard_size`", "unknown key (found 12)"]),
    "no records in a shard": (empty_shards, ["`records.records_per_shard`", "found 0"]),
    "a radar step that is not the configured one": (
        other_step,
        ["run.params", "`rain_data_time_step` is 5 min", "`time.step_minutes: 5`"],
    ),
}


def test_the_case_itself_is_good(place: Workplace) -> None:
    place.run("tfrecords")
    assert (place.results / "shards" / "manifest.json").exists()


@pytest.mark.parametrize("fault", FAULTS)
def test_fault(place: Workplace, fault: str) -> None:
    spoil, expected = FAULTS[fault]
    spoil(place)
    done = place.snakemake("tfrecords")
    printed = done.stdout + done.stderr
    assert done.returncode != 0
    for words in expected:
        assert words in printed
    assert "Traceback" not in printed
    assert not (place.results / "shards").exists()
    assert not list(place.results.rglob("*.partial"))
    for path in (place.results / "frames").rglob("*.nc") if place.results.exists() else []:
        assert path.stat().st_size > 0


def test_rain_that_ends_before_the_depth_begins_is_refused_before_any_job(tmp_path: Path) -> None:
    place = Workplace(tmp_path, named_case("boscastle"))
    place.case["depth"]["start"] = "2005-01-01T00:00Z"
    done = place.snakemake("--dry-run")
    assert done.returncode != 0
    assert "rain and depth never overlap in time" in done.stdout + done.stderr
