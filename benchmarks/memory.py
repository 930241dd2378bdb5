"""How much memory the jobs need: on full radar composites, and on a stream ten times as long.

    python benchmarks/memory.py [--frames 250]

Frames of 2175 x 1725 are written as NIMROD, a daily tar of gzip; depth of the same size as GeoTIFF.
Each job runs in a process of its own, whose largest resident set is printed.
"""

from __future__ import annotations

import argparse
import gzip
import io
import os
import subprocess
import sys
import tarfile
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(CHECKOUT / "workflow"), str(CHECKOUT / "tests")]

from nimrod_writer import nimrod

START = datetime(2020, 1, 1, tzinfo=UTC)
ROWS, COLS = 2175, 1725
PREAMBLE = """
from pathlib import Path
from pluvial.config.data import FramesConfig, RecordsConfig, SplitConfig
from pluvial.config.times import TimeConfig
from pluvial.sources.registry import depth_source, heightmap_source, rain_source
import datetime, os
here = Path(os.environ["CASE"])
count = int(os.environ["COUNT"])
start = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
time = TimeConfig(start=start, end=start + datetime.timedelta(minutes=5 * count))
frames = FramesConfig(period="day")
split = SplitConfig(train=0.3, val=0, test=0.7, memory_hours=0)
records = RecordsConfig(records_per_shard=8, mix_run=4, split=split)
rain = rain_source({"format": "nimrod", "files": str(here / "radar_{time:%Y%m%d}.tar")})
depth = depth_source({"format": "geotiff", "files": str(here / "depth/{time:%Y%m%d%H%M}.tif")})
"""
JOBS = {
    "rain frames": """
from pluvial.frames.rain import make_rain_frames
make_rain_frames(rain, None, time, None, frames, folder=here,
                 paths=[here / "frames/rain/2020-01-01.nc"])
""",
    "depth frames": """
from pluvial.frames.depth import make_depth_frames
make_depth_frames(depth, time, None, frames, folder=here, heightmap=here / "heightmap.nc",
                  paths=[here / "frames/depth/2020-01-01.nc"])
""",
    "index": """
from pluvial.records.index import make_index
make_index([here / "frames/rain/2020-01-01.nc"], [here / "frames/depth/2020-01-01.nc"], time,
           depth, frames, records, here / "index/2020-01-01.parquet")
""",
    "plan": """
from pluvial.records.plan import make_plan
make_plan([here / "index/2020-01-01.parquet"], [], time, records, here / "plan/01.parquet",
          here / "plan/01.json", threads=1)
""",
    "shard of 8 records": """
from pluvial.records.shards import make_shard
stem = here / "shards/train/01-00000"
make_shard(here / "frames", here / "plan/01.parquet", time, depth, frames, records,
           stem.with_suffix(".tfrecord.gz"), stem.with_suffix(".parquet"),
           stem.with_suffix(".json"))
""",
}
STREAM = """
from pluvial.frames.depth import make_depth_frames
depth = depth_source({"format": "ascii-stream", "files": "depth.asc", "start": start.isoformat()})
make_depth_frames(depth, time, None, frames, folder=here, heightmap=here / "heightmap.nc",
                  paths=[here / f"frames/{(start + datetime.timedelta(days=k)):%Y-%m-%d}.nc"
                         for k in range(-(-count // 288))])
"""


def largest_resident(code: str, case: Path, count: int) -> float:
    """MiB of the largest resident set of a process that runs ``code``."""
    last = "\nimport resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    done = subprocess.run(
        [sys.executable, "-c", PREAMBLE + code + last],
        env={**os.environ, "CASE": str(case), "COUNT": str(count), "PYTHONPATH": sys.path[0]},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr)
    return float(done.stdout.split()[-1])


def composites(case: Path, count: int) -> None:
    """A daily tar of rain, and depth of the same size."""
    import rasterio

    rng = np.random.default_rng(0)
    coarse = rng.gamma(0.2, 40, (ROWS // 25 + count, COLS // 25)).astype(np.int16)
    (case / "depth").mkdir()
    where = rasterio.transform.from_origin(-405000, 1550000, 1000, 1000)
    profile = {
        "driver": "GTiff",
        "height": ROWS,
        "width": COLS,
        "count": 1,
        "dtype": "float32",
        "crs": "EPSG:27700",
        "transform": where,
        "compress": "deflate",
    }
    with tarfile.open(case / f"radar_{START:%Y%m%d}.tar", "w") as tar:
        for step in range(count):
            when = START + timedelta(minutes=5 * step)
            field = np.kron(coarse[step : step + ROWS // 25], np.ones((25, 25), np.int16))
            packed = gzip.compress(nimrod(field, when=when), 1)
            member = tarfile.TarInfo(f"metoffice_{when:%Y%m%d%H%M}.dat.gz")
            member.size = len(packed)
            tar.addfile(member, io.BytesIO(packed))
            with rasterio.open(case / "depth" / f"{when:%Y%m%d%H%M}.tif", "w", **profile) as file:
                file.write(field.astype(np.float32) / 100, 1)
    heightmap(case, f"geotiff:{case}/depth/{START:%Y%m%d%H%M}.tif")


def heightmap(case: Path, source: str) -> None:
    """A heightmap from a file of one of the formats."""
    form, _, files = source.partition(":")
    code = f"""
from pluvial.frames.heightmap import make_heightmap
make_heightmap(heightmap_source({{"format": "{form}", "files": "{files}"}}), None, here,
               here / "heightmap.nc")
"""
    largest_resident(code, case, 1)


def stream(case: Path, count: int) -> None:
    """A stream of ESRI ASCII grids."""
    header = "ncols 210\nnrows 348\nxllcorner 0\nyllcorner 0\ncellsize 500\n"
    rng = np.random.default_rng(0)
    text = io.StringIO()
    np.savetxt(text, rng.gamma(0.2, 0.5, (348, 210)), fmt="%.6g")
    grid = header + text.getvalue()
    (case / "dem.asc").write_text(grid)
    with (case / "depth.asc").open("w") as file:
        for _ in range(count):
            file.write(grid)
    heightmap(case, f"ascii:{case}/dem.asc")


def show(what: str, mebibytes: float) -> None:
    """Print one line."""
    print(f"{what:32} {mebibytes:6.0f} MiB")


def main() -> None:
    """Print the memory of each job."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=250)
    count = parser.parse_args().frames
    with tempfile.TemporaryDirectory() as name:
        composites(Path(name), count)
        for what, code in JOBS.items():
            show(f"{ROWS} x {COLS}: {what}", largest_resident(code, Path(name), count))
    for length in (200, 2000):
        with tempfile.TemporaryDirectory() as name:
            stream(Path(name), length)
            show(f"stream of {length} grids", largest_resident(STREAM, Path(name), length))


if __name__ == "__main__":
    main()
