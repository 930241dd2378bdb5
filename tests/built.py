"""The results of a small case, built by the library from frames in memory."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from pluvial.config.data import FramesConfig, RecordsConfig, SplitConfig
from pluvial.config.simulation import SimulatedDepth
from pluvial.config.times import TimeConfig
from pluvial.files.documents import write_json
from pluvial.frames.axes import rain_axis
from pluvial.frames.gaps import Regular, Status
from pluvial.frames.report import frames_report
from pluvial.frames.store import write_period
from pluvial.frames.variables import DEPTH, MISSING, RAIN, Variable, unpack
from pluvial.grids.grid import Grid
from pluvial.grids.time_axis import periods
from pluvial.records.index import make_index
from pluvial.records.layout import shard_name
from pluvial.records.manifest import make_manifest
from pluvial.records.plan import make_plan
from pluvial.records.shards import make_shard

DEPTH_CONFIG = SimulatedDepth(format="simulate")
FRAMES = FramesConfig(period="day")
START = "2020-02-28T00:00Z"
DAY_STEPS = 288


def records_config(**changes: Any) -> RecordsConfig:
    defaults = {
        "channels": [1, 2, 3],
        "records_per_shard": 128,
        "mix_run": 4,
        "split": SplitConfig(train=0.6, val=0.2, test=0.2, memory_hours=1),
    }
    return RecordsConfig(**defaults | changes)


def time_config(days: int, appended: tuple[int, ...] = ()) -> TimeConfig:
    """A case of so many days; ``appended`` are former numbers of days."""
    start = datetime.fromisoformat(START)
    end, *former = (
        datetime.fromtimestamp(start.timestamp() + 86400 * n, UTC) for n in (days, *appended)
    )
    return TimeConfig(start=start, end=end, step_minutes=5, appended=former)


@dataclass
class Results:
    """The results of a case in a folder, as the workflow lays them out."""

    folder: Path
    time: TimeConfig
    records: RecordsConfig

    @property
    def manifest(self) -> Path:
        return self.folder / "shards" / "manifest.json"

    @property
    def plans(self) -> Path:
        return self.folder / "plan"

    @property
    def frames(self) -> Path:
        return self.folder / "frames"

    @property
    def shards(self) -> list[Path]:
        return sorted((self.folder / "shards").glob("*/*.tfrecord.gz"))

    def write_frames(self, rain: np.ndarray, depth: np.ndarray) -> None:
        """Packed frames uint16[T, H, W] each, a file per day; all missing is a gap."""
        for variable, codes in ((RAIN, rain), (DEPTH, depth)):
            axis = rain_axis(self.time)
            for day in periods(axis, "day"):
                write_period(
                    self.frames / variable.name / f"{day.name}.nc",
                    [_entry(index, codes, variable) for index in range(day.first, day.last)],
                    variable=variable,
                    grid=Grid(*codes.shape[1:], 1200 / codes.shape[1]),
                    times=axis.times()[day.first : day.last],
                    provenance=lambda name=variable.name: {  # type: ignore[misc]
                        "source_files": f'{{"/raw/{name}.txt": "{name}-sha"}}'
                    },
                )

    def build(self) -> Results:
        """Index, plan and shards of every edition, then the manifest."""
        for number, time in enumerate(self.time.editions, start=1):
            self.build_edition(number, time)
        first = periods(rain_axis(self.time), "day")[0].name
        make_manifest(
            sorted((self.folder / "shards").glob("*/[0-9]*.json")),
            self.frames / "rain" / f"{first}.nc",
            self.frames / "depth" / f"{first}.nc",
            self.time,
            self.records,
            self.manifest,
        )
        report = frames_report(*self._frames())
        write_json(self.frames / "report.json", report)
        return self

    def build_edition(self, number: int, time: TimeConfig) -> None:
        axis = rain_axis(time)
        days = periods(axis, "day")
        for day in days:
            if axis.time(day.first) >= time.newest[0]:
                path = self.folder / "index" / f"{day.name}.parquet"
                make_index(*self._frames(), time, DEPTH_CONFIG, FRAMES, self.records, path)
        plan = self.plans / f"{number:02d}.parquet"
        make_plan(
            [self.folder / "index" / f"{day.name}.parquet" for day in days],
            [self.plans / f"{earlier:02d}.parquet" for earlier in range(1, number)],
            time,
            self.records,
            plan,
            plan.with_suffix(".json"),
            threads=1,
        )
        table = pq.read_table(plan, columns=["split", "shard"]).to_pandas().dropna()
        for split, shard in sorted(set(table.itertuples(index=False, name=None))):
            name = self.folder / "shards" / split / shard_name(number, int(shard))
            suffixes = (".tfrecord.gz", ".parquet", ".json")
            make_shard(
                self.frames,
                plan,
                time,
                DEPTH_CONFIG,
                FRAMES,
                self.records,
                *(name.with_name(name.name + suffix) for suffix in suffixes),
            )

    def _frames(self) -> tuple[list[Path], list[Path]]:
        rain, depth = (sorted((self.frames / name).glob("*.nc")) for name in ("rain", "depth"))
        return rain, depth


def _entry(index: int, codes: np.ndarray, variable: Variable) -> Regular:
    if (codes[index] == MISSING).all():
        return Regular(index, None, Status.MISSING)
    values = unpack(codes[index], variable)
    return Regular(index, values, Status.OBSERVED, f"/raw/{variable.name}.txt#{index}")


def some_weather(days: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Rain uint16[T, 3, 4] in showers, and depth uint16[T, 6, 8] that rises with it and falls."""
    rng = np.random.default_rng(seed)
    steps = DAY_STEPS * days
    showers = np.repeat(rng.random(steps // 24) < 0.3, 24)
    rain = (rng.gamma(1, 100, (steps, 3, 4)) * showers[:, None, None]).astype(np.uint16)
    depth = np.zeros((steps, 6, 8), np.uint16)
    level = np.zeros((6, 8))
    fine = np.kron(rain, np.ones((1, 2, 2)))
    for step in range(1, steps):
        level = level * 0.98 + fine[step - 1]
        depth[step] = level
    rain[rng.random(rain.shape) < 0.002] = MISSING
    return rain, depth
