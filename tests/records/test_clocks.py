"""No clock of a country is read: the same bytes under every time zone, at every turn of the year."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

# What its tests share is made once.
pytestmark = pytest.mark.xdist_group("clocks")

ZONES = ("Europe/London", "Asia/Kathmandu", "America/St_Johns")
"""One that changes its clocks at these nights, one east of it, one west: each of odd minutes."""

NIGHTS = {
    "London loses an hour": datetime(2020, 3, 28, 12, tzinfo=UTC),
    "London has an hour twice": datetime(2020, 10, 24, 12, tzinfo=UTC),
    "leap day": datetime(2020, 2, 28, 12, tzinfo=UTC),
    "no leap day": datetime(2021, 2, 28, 12, tzinfo=UTC),
    "year end": datetime(2020, 12, 31, 0, tzinfo=UTC),
    "before 1970": datetime(1969, 12, 31, 0, tzinfo=UTC),
}
HOURS = 36

BUILD = """
import hashlib, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import numpy as np
from built import Results, records_config
from pluvial.config.data import FramesConfig, SplitConfig
from pluvial.config.times import TimeConfig
from pluvial.frames.axes import rain_axis
from pluvial.frames.depth import make_depth_frames
from pluvial.frames.elevation import write_elevation
from pluvial.frames.rain import make_rain_frames
from pluvial.grids.grid import Grid
from pluvial.grids.time_axis import periods
from pluvial.records.why import why
from pluvial.sources.ascii import AsciiHeightmap, AsciiRain, AsciiStreamDepth

raw, out = Path(sys.argv[2]), Path(sys.argv[3])
frames = FramesConfig(period="day", interpolate_up_to_minutes=60)
split = SplitConfig(train=0.5, val=0, test=0.5, memory_hours=1)
for night in sorted(raw.iterdir()):
    start, end = night.name.split("_")
    time = TimeConfig(start=start, end=end, step_minutes=30)
    results = Results(out / night.name, time, records_config(split=split, mix_run=2))
    write_elevation(results.folder / "heightmap.nc", Grid(2, 2, 100.0), np.zeros((2, 2)), {})
    days = [day.name for day in periods(rain_axis(time), "day")]
    rain, depth = (
        [results.frames / name / f"{day}.nc" for day in days] for name in ("rain", "depth")
    )
    make_rain_frames(
        AsciiRain(format="ascii", files="{time:%Y/%m/%d}/r{time:%H%M}.asc"),
        AsciiHeightmap(format="ascii", files="none"),
        time, None, frames, folder=night, paths=rain,
    )
    make_depth_frames(
        AsciiStreamDepth(format="ascii-stream", files="depth.asc", start=start),
        time, None, frames,
        folder=night, heightmap=results.folder / "heightmap.nc", paths=depth,
    )
    results.build()
    lines = "\\n".join(why(results.folder, f"{start[:10]}T18:00Z"))
    (results.folder / "why.txt").write_text(lines)
for path in sorted(out.rglob("*")):
    if path.is_file():
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        print(digest, path.relative_to(out))
"""


def write_raw(folder: Path, start: datetime) -> datetime:
    """A field every half hour, its time in its name, and a stream of depths; the end."""
    head = "ncols 2\nnrows 2\nxllcorner 0\nyllcorner 0\ncellsize 100\n"
    depths = ""
    for step in range(2 * HOURS):
        moment = start + timedelta(minutes=30 * step)
        path = folder / f"{moment:%Y/%m/%d/r%H%M}.asc"
        path.parent.mkdir(parents=True, exist_ok=True)
        if step != 5:
            path.write_text(f"{head}{step % 9} 0\n0 {step / 32}\n")
        depths += f"{head}{step / 1000} 0\n0 0\n"
    (folder / "depth.asc").write_text(depths)
    return start + timedelta(hours=HOURS)


@pytest.fixture(scope="module")
def built_under(tmp_path_factory: pytest.TempPathFactory, root: Path) -> dict[str, str]:
    """The digests of all files that are built of the same raw data under each time zone."""
    folder = tmp_path_factory.mktemp("clocks")
    for night, start in NIGHTS.items():
        end = write_raw(folder / "raw" / night, start)
        name = f"{start:%Y-%m-%dT%H:%MZ}_{end:%Y-%m-%dT%H:%MZ}"
        (folder / "raw" / night).rename(folder / "raw" / name)
    builds = {}
    for zone in ZONES:
        arguments = [str(root / "tests"), str(folder / "raw"), str(folder / zone)]
        builds[zone] = subprocess.Popen(
            [sys.executable, "-c", BUILD, *arguments],
            env={**os.environ, "TZ": zone},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    found = {}
    for zone, build in builds.items():
        printed, errors = build.communicate()
        assert build.returncode == 0, f"{zone}: {errors}"
        found[zone] = printed
    return found


@pytest.mark.parametrize("zone", ZONES[1:])
def test_the_same_bytes_under_every_time_zone(built_under: dict[str, str], zone: str) -> None:
    expected = built_under[ZONES[0]].splitlines()
    assert len(expected) > 15 * len(NIGHTS), "frames, index, plan and shards of every night"
    assert built_under[zone].splitlines() == expected


@pytest.mark.parametrize("night", NIGHTS)
def test_every_day_has_its_file(built_under: dict[str, str], night: str) -> None:
    """And every half hour its candidate: none is skipped, none comes twice."""
    start = NIGHTS[night]
    end = start + timedelta(hours=HOURS)
    name = f"{start:%Y-%m-%dT%H:%MZ}_{end:%Y-%m-%dT%H:%MZ}"
    days = {f"{start + timedelta(hours=hour):%Y-%m-%d}" for hour in range(HOURS)}
    for kind, suffix in (("frames/rain", "nc"), ("frames/depth", "nc"), ("index", "parquet")):
        found = {
            line.rpartition("/")[2]
            for line in built_under[ZONES[0]].splitlines()
            if f" {name}/{kind}/" in line
        }
        assert found == {f"{day}.{suffix}" for day in days}
