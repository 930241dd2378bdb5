"""From the raw text of the earlier system to verified shards: CPU seconds per 1,000 records.

    python benchmarks/raw_to_shards.py CASE

CASE holds ``radar.jsonl.gz`` and ``water.asc.gz``: 1,200 frames of 174 x 105 and of 348 x 210, as
nimrod-data-downloader and HAIL-CAESAR write them. The earlier system spent 295 CPU seconds per
1,000 records of such a case (recordify, uniq and recompress, conversion to TFRecord).

Every stage of the workflow is run by its own function, in one process. Then every record is
compared with an independent reading of the text: Python's json and float, and a maximum over
frames as the definition has it.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow"))

from pluvial.config.data import FramesConfig, RecordsConfig, SplitConfig
from pluvial.config.times import TimeConfig
from pluvial.files.documents import read_json, write_json
from pluvial.frames.depth import make_depth_frames
from pluvial.frames.heightmap import make_heightmap
from pluvial.frames.rain import make_rain_frames
from pluvial.frames.report import frames_report
from pluvial.records.index import make_index
from pluvial.records.layout import shard_name
from pluvial.records.manifest import make_manifest, read_manifest
from pluvial.records.plan import make_plan
from pluvial.records.reading import read_shard
from pluvial.records.shards import make_shard
from pluvial.records.verify import shards_of, verify
from pluvial.sources.registry import depth_source, heightmap_source, rain_source

EARLIER = 295.0
"""CPU seconds per 1,000 records of the earlier system."""
STEPS = 1200
CHANNELS = (1, 3, 3, 5, 12, 24, 48)


def case(folder: Path) -> dict[str, object]:
    """The sections of the configuration."""
    return {
        "time": TimeConfig(start="2020-01-01T00:00Z", end="2020-01-05T04:00Z"),
        "rain": rain_source(
            {"format": "jsonl", "files": str(folder / "radar.jsonl.gz"), "cell": 1000}
        ),
        # A depth grid holds the rain of the frame of its number: it is of the end of that step.
        "depth": depth_source(
            {
                "format": "ascii-stream",
                "files": str(folder / "water.asc.gz"),
                "start": "2020-01-01T00:05Z",
            }
        ),
        "frames": FramesConfig(),
        "records": RecordsConfig(split=SplitConfig(train=0.9, val=0, test=0.1, memory_hours=0)),
    }


def build(folder: Path, out: Path, timed: Callable[[str], None]) -> Path:
    """All stages; the manifest."""
    parts = case(folder)
    time_, rain, depth = parts["time"], parts["rain"], parts["depth"]
    frames, records = parts["frames"], parts["records"]
    dem = out / "dem.asc"
    with dem.open("w") as file:
        file.write("ncols 210\nnrows 348\nxllcorner 0\nyllcorner 0\ncellsize 500\n")
        np.savetxt(file, np.zeros((348, 210)), fmt="%g")
    heightmap = heightmap_source({"format": "ascii", "files": str(dem)})
    make_heightmap(heightmap, None, Path(), out / "heightmap.nc")
    timed("heightmap")
    rains, depths = [out / "rain" / "2020-01.nc"], [out / "depth" / "2020-01.nc"]
    make_rain_frames(rain, heightmap, time_, None, frames, folder=Path(), paths=rains)
    timed("rain frames")
    make_depth_frames(
        depth, time_, None, frames, folder=Path(), heightmap=out / "heightmap.nc", paths=depths
    )
    timed("depth frames")
    write_json(out / "report.json", frames_report(rains, depths))
    index = out / "index" / "2020-01.parquet"
    make_index(rains, depths, time_, depth, frames, records, index)
    timed("index")
    plan, summary = out / "plan" / "01.parquet", out / "plan" / "01.json"
    make_plan([index], [], time_, records, plan, summary, threads=1)
    timed("plan")
    sidecars = []
    for split, counts in read_json(summary)["splits"].items():
        for number in range(counts["shards"]):
            stem = out / "shards" / split / shard_name(1, number)
            make_shard(
                out,
                plan,
                time_,
                depth,
                frames,
                records,
                stem.with_suffix(".tfrecord.gz"),
                stem.with_suffix(".parquet"),
                stem.with_suffix(".json"),
            )
            sidecars.append(stem.with_suffix(".json"))
    timed("shards, read back")
    manifest = out / "shards" / "manifest.json"
    make_manifest(sidecars, rains[0], depths[0], time_, records, manifest)
    findings = verify(manifest, out / "plan", workers=1)
    assert not findings, findings
    timed("verify")
    return manifest


def independent(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Rain uint16[T, 174, 105] and depth uint16[T, 348, 210], read by plain Python."""
    with gzip.open(folder / "radar.jsonl.gz", "rt") as file:
        rain = np.stack([np.array(json.loads(line)["data"]).T for line in file])
    depth = []
    with gzip.open(folder / "water.asc.gz", "rt") as file:
        rows = [line.split() for line in file if not line[0].isalpha()]
        depth.extend(
            [[float(value) for value in row] for row in rows[first : first + 348]]
            for first in range(0, len(rows), 348)
        )
    return np.rint(rain * 32).astype(np.uint16), np.rint(np.array(depth) / 0.001).astype(np.uint16)


def compare(folder: Path, manifest: Path) -> int:
    """The number of records that are right; all of them, or an error."""
    rain, depth = independent(folder)
    start = 1577836800
    count = 0
    for shard in shards_of(manifest):
        records = read_shard(shard.path, read_manifest(manifest)["features"])
        for now, window, water in zip(records.times, records.rain, records.depth, strict=True):
            last = (now - start) // 300 + 1
            for channel, length in zip(range(6, -1, -1), CHANNELS, strict=True):
                expected = rain[last - length : last].max(axis=0)
                assert np.array_equal(window[..., channel], expected), (now, channel)
                last -= length
            # Depth grid k is of the time of rain frame k + 1.
            assert np.array_equal(water, depth[(now - start) // 300]), now
            count += 1
    return count


def main() -> None:
    """Print CPU seconds by stage and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", type=Path)
    folder = parser.parse_args().case
    with tempfile.TemporaryDirectory() as warm:
        build(folder, Path(warm), lambda _: None)
    with tempfile.TemporaryDirectory() as name:
        stages: dict[str, float] = {}
        before = sum(time_of())

        def timed(stage: str) -> None:
            nonlocal before
            now = sum(time_of())
            stages[stage], before = now - before, now

        manifest = build(folder, Path(name), timed)
        splits = read_manifest(manifest)["splits"].values()
        records = sum(split["records"] for split in splits)
        for stage, seconds in stages.items():
            print(f"{stage:20} {seconds:6.2f} CPU s")
        each = 1000 * sum(stages.values()) / records
        print(f"{records} records, {each:.2f} CPU s per 1,000: {EARLIER / each:.0f} times less")
        print(f"{compare(folder, manifest)} records equal an independent reading")


def time_of() -> tuple[float, float]:
    """CPU seconds of this process, and of its children."""
    return time.process_time(), sum(os.times()[2:4])


if __name__ == "__main__":
    main()
