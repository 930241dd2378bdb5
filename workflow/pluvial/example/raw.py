"""Two weeks of raw rain and water depth of a made-up catchment, in files as archives hold them.

Rain comes as a GeoTIFF every five minutes on a grid of 500 m that is larger than the catchment,
depth as one stream of ESRI ASCII grids of 100 m, the ground as one ESRI ASCII grid. As in a real
archive, something is wrong with it: two frames are absent, later an hour of them, and one file is
empty.
"""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from pluvial.config.simulation import FlowConfig, SyntheticStorms, SyntheticTerrain
from pluvial.errors import PluvialError
from pluvial.files.atomic import write_text
from pluvial.grids.grid import Grid
from pluvial.simulation.run import Simulator
from pluvial.simulation.storms import StormSeries
from pluvial.simulation.terrain import make_terrain

CRS = "EPSG:27700"
START = datetime(2021, 1, 4, tzinfo=UTC)
DAYS, STEP_MINUTES = 14, 5
RAIN = Grid(12, 12, 500.0, 399000.0, 299000.0, CRS)
GROUND = Grid(40, 40, 100.0, 400000.0, 300000.0, CRS)
"""The catchment lies within the rain, two of its cells from the edge."""
MARGIN = 2
CELLS_UNDER = 5
SHORT_GAP = range(600, 602)
"""Absent frames, few enough to be interpolated."""
LONG_GAP = range(1500, 1512)
"""Absent frames, an hour of them."""
EMPTY = 2500
"""The frame whose file is empty."""
NODATA = -1.0

CASE = """\
# The tutorial's own data, as `python -m pluvial example` made it. Each key is explained in
# config/README.md.
name: {name}
data_folder: {folder}

time: {{ start: "{start:%Y-%m-%dT%H:%MZ}", end: "{end:%Y-%m-%dT%H:%MZ}", step_minutes: 5 }}

domain: # rain, depth and heightmap are carried onto it
  crs: EPSG:27700
  west: 400000
  south: 300000
  east: 404000
  north: 304000
  rain_cell: 500
  depth_cell: 100

heightmap: {{ format: ascii, files: dem.asc, crs: EPSG:27700 }}
rain:
  format: geotiff
  quantity: rate # mm/h
  files: "rain/{{time:%Y%m%d}}/rain_{{time:%Y%m%d%H%M}}.tif"
depth:
  format: ascii-stream
  files: depth.asc.gz
  start: "{start:%Y-%m-%dT%H:%MZ}" # of the first grid
  crs: EPSG:27700

frames: {{ period: day }}

records:
  channels: [1, 3, 3, 5, 12, 24, 48] # 8 h of rain, counted back from NOW
  split: {{ by: time, train: 0.7, val: 0.1, test: 0.2, memory_hours: 8 }}

pretrain:
  encoder:
    rain: {{ size: quecto, stem: 1 }}
    depth: {{ size: quecto, stem: 4 }}
    embedding: 64
  batch: 32
  epochs: 4
  steps_per_epoch: 40
  warmup_steps: 20
"""


def make_example(folder: Path, case: Path) -> None:
    """Write the raw files into ``folder`` and a case that reads them to ``case``.

    Raises:
        PluvialError: if the folder exists.
    """
    if folder.exists():
        raise PluvialError("it exists already", where=folder, remedy="Name another folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as name:
        (Path(name) / "raw").mkdir()
        _write_raw(Path(name) / "raw")
        (Path(name) / "raw").replace(folder)
    end = START + timedelta(days=DAYS)
    write_text(case, CASE.format(name=case.stem, folder=folder.absolute(), start=START, end=end))


def _write_raw(folder: Path) -> None:
    terrain = make_terrain(SyntheticTerrain(format="synthetic", rows=GROUND.rows, cols=GROUND.cols))
    steps = DAYS * 24 * 60 // STEP_MINUTES
    (folder / "dem.asc").write_text(_ascii(terrain))
    storms = StormSeries(
        SyntheticStorms(format="synthetic", mean_dry_hours=5.0),
        shape=RAIN.shape,
        cell_m=RAIN.cell,
        steps=steps,
        step_minutes=STEP_MINUTES,
    )
    flow = Simulator(
        terrain, cell_m=GROUND.cell, flow=FlowConfig(), step_seconds=STEP_MINUTES * 60.0
    )
    with gzip.GzipFile(folder / "depth.asc.gz", "wb", compresslevel=6, mtime=0) as stream:
        for grid in tqdm(_depths(storms, flow, folder, steps), "steps of 5 min", steps):
            stream.write(grid.encode())


def _depths(storms: StormSeries, flow: Simulator, folder: Path, steps: int) -> Iterator[str]:
    """The depth at each step as text; the rain of each step is written on the way."""
    inside = slice(MARGIN, -MARGIN)
    under = np.ones((CELLS_UNDER, CELLS_UNDER), dtype=np.float32)
    for step, rain in enumerate(storms.frames(0, steps)):
        _write_rain(folder, step, rain)
        yield _ascii(flow.depth)
        flow.advance(np.kron(rain[inside, inside], under))


def _write_rain(folder: Path, step: int, rain: NDArray[np.float32]) -> None:
    """Write one frame, unless it is one of those that are absent."""
    import rasterio
    from rasterio.transform import from_origin

    if step in SHORT_GAP or step in LONG_GAP:
        return
    when = START + timedelta(minutes=step * STEP_MINUTES)
    path = folder / "rain" / f"{when:%Y%m%d}" / f"rain_{when:%Y%m%d%H%M}.tif"
    path.parent.mkdir(parents=True, exist_ok=True)
    if step == EMPTY:
        path.touch()
        return
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=RAIN.rows,
        width=RAIN.cols,
        count=1,
        dtype="float32",
        crs=CRS,
        nodata=NODATA,
        transform=from_origin(RAIN.west, RAIN.north, RAIN.cell, RAIN.cell),
    ) as file:
        file.write(rain.astype(np.float32), 1)


def _ascii(values: NDArray[np.floating]) -> str:
    """An ESRI ASCII grid on :data:`GROUND`, to a millimetre."""
    header = (
        f"ncols {GROUND.cols}\nnrows {GROUND.rows}\nxllcorner {GROUND.west:g}\n"
        f"yllcorner {GROUND.south:g}\ncellsize {GROUND.cell:g}\nNODATA_value -9999\n"
    )
    rows = (" ".join(f"{value:.3f}" for value in row) for row in np.nan_to_num(values, nan=-9999))
    return header + "\n".join(rows) + "\n"
