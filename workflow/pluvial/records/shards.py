"""One shard: its records, as the plan lays them out, materialised from the frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from pluvial.config.data import FramesConfig, RecordsConfig
from pluvial.config.times import TimeConfig
from pluvial.errors import PluvialError
from pluvial.frames.series import FrameSeries, open_all
from pluvial.jobs import logger, progress
from pluvial.records.features import features_of
from pluvial.records.layout import shard_number
from pluvial.records.window import Records, Window, pool, window_of
from pluvial.records.writing import write_shard
from pluvial.sources.registry import DepthSource

LARGEST_BATCH = 1 << 26
"""Bytes of records that are materialised at a time."""
BAND_BYTES = 1 << 23
"""Bytes of frames that are pooled at a time; pooling takes several times as many."""


@dataclass(frozen=True)
class Planned:
    """The records of one shard, in the order of its rows.

    Attributes:
        times: NOW, int64[N], s since 1970-01-01T00:00Z.
        digests, storms: of each record by its time.
    """

    times: NDArray[np.int64]
    digests: Mapping[int, int]
    storms: Mapping[int, int]


def make_shard(
    folder: Path,
    plan: Path,
    time: TimeConfig,
    depth_config: DepthSource,
    frames: FramesConfig,
    records: RecordsConfig,
    path: Path,
    table: Path,
    sidecar: Path,
) -> None:
    """Write the shard ``{split}/{name}.tfrecord.gz``, the table of its records and its sidecar.

    The frames are in ``folder``: ``rain/{period}.nc`` and ``depth/{period}.nc``.
    """
    split, name = path.parent.name, path.name.partition(".")[0]
    planned = planned_records(plan, split, name)
    rain_series, depth_series = open_all(folder, time, depth_config, frames)
    window = window_of(records)
    with rain_series, depth_series:
        batches = materialise(planned.times, rain_series, depth_series, window)
        write_shard(
            progress(batches, "runs of records", planned.times.size // records.mix_run + 1),
            planned.digests,
            planned.storms,
            features_of(rain_series.grid, depth_series.grid, window),
            path,
            table,
            sidecar,
            {"split": split, "shard": name},
        )
    logger.info("%d records into %s", planned.times.size, path)


def planned_records(plan: Path, split: str, shard: str) -> Planned:
    """The records that the plan lays into a shard.

    Raises:
        PluvialError: if the plan is missing or damaged.
    """
    try:
        return _planned(plan, split, shard)
    except duckdb.Error as error:
        raise PluvialError(
            f"the plan cannot be read ({str(error).splitlines()[0]})",
            where=plan,
            remedy="Delete it and run the workflow again",
        ) from None


def _planned(plan: Path, split: str, shard: str) -> Planned:
    rows = (
        duckdb.connect(config={"threads": 1})
        .execute(
            "SELECT time, storm, digest_hi, digest_lo FROM read_parquet($plan) "
            "WHERE split = $split AND shard = $shard ORDER BY row",
            {"plan": str(plan), "split": split, "shard": shard_number(shard)},
        )
        .fetchnumpy()
    )
    times = np.asarray(rows["time"], dtype=np.int64)
    digests = {
        time: high << 64 | low
        for time, high, low in zip(
            times.tolist(), rows["digest_hi"].tolist(), rows["digest_lo"].tolist(), strict=True
        )
    }
    storms = dict(zip(times.tolist(), rows["storm"].tolist(), strict=True))
    return Planned(times, digests, storms)


def materialise(
    times: NDArray[np.int64], rain: FrameSeries, depth: FrameSeries, window: Window
) -> Iterator[tuple[NDArray[np.intp], Records]]:
    """The records at ``times``, in order of time and in batches of bounded size.

    Each run of consecutive times reads its frames once.

    Yields:
        The positions of the batch in ``times``, intp[n], and its records.
    """
    order = np.argsort(times, kind="stable")
    nows = (times[order] - rain.axis.start) // rain.axis.step
    size = 2 * (np.prod(rain.grid.shape) * len(window.channels) + np.prod(depth.grid.shape))
    longest = max(1, LARGEST_BATCH // int(size))
    for run in np.split(np.arange(times.size), np.flatnonzero(np.diff(nows) != 1) + 1):
        for start in range(0, run.size, longest):
            part = run[start : start + longest]
            first, last = int(nows[part[0]]), int(nows[part[-1]]) + 1
            pooled = pool_series(rain, first, last, window)
            targets = rain.axis.time(first + window.lead) - depth.axis.start
            step, rest = divmod(targets, depth.axis.step)
            if part.size == last - first and not rest and depth.axis.step == rain.axis.step:
                water = depth.read(step, step + part.size)
            else:
                water = np.concatenate(
                    [_depth_at(depth, rain.axis.time(now + window.lead)) for now in nows[part]]
                )
            yield order[part], Records(times[order[part]], pooled, water)


def _depth_at(depth: FrameSeries, time: int) -> NDArray[np.uint16]:
    step = depth.axis.index(time)
    if step is None:
        raise AssertionError("the plan keeps only candidates whose depth is on its axis")
    return depth.read(step, step + 1)


def pool_series(rain: FrameSeries, first: int, last: int, window: Window) -> NDArray[np.uint16]:
    """The windows with NOW in first..last-1, uint16[n, H, W, C], band by band."""
    rows, cols = rain.grid.shape
    out = np.empty((last - first, rows, cols, len(window.channels)), dtype=np.uint16)
    height = max(1, BAND_BYTES // (2 * cols * (last - first + window.steps)))
    for top in range(0, rows, height):
        band = slice(top, min(rows, top + height))
        out[:, band] = pool(rain.read(first - window.steps + 1, last, band), window)
    return out
