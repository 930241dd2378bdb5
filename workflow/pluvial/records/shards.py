"""One shard: its records materialised from the frames, in the planned order, written whole."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from pluvial.config.data import FramesConfig, RecordsConfig
from pluvial.config.sources import DepthSource
from pluvial.config.times import TimeConfig
from pluvial.files.atomic import atomic_path
from pluvial.files.documents import write_json
from pluvial.files.fingerprints import file_sha256
from pluvial.frames.series import FrameSeries, open_series
from pluvial.jobs import logger
from pluvial.records.normalise import Moments, moments
from pluvial.records.tfrecord import encode_example, frame
from pluvial.records.window import Records, Window, pool, window_of, windows_with_rain

GZIP_WINDOW_BITS = 31
COMPRESSION_LEVEL = 1


def make_shard(
    rain: Sequence[Path],
    depth: Sequence[Path],
    plan: Path,
    time: TimeConfig,
    depth_config: DepthSource,
    frames: FramesConfig,
    records: RecordsConfig,
    path: Path,
    sidecar: Path,
) -> None:
    """Write the shard ``{split}/{number}.tfrecord.gz`` and its sidecar."""
    split, number = path.parent.name, int(path.name.partition(".")[0])
    rain_series, depth_series = open_series(rain, depth, time, depth_config, frames)
    with rain_series, depth_series:
        found = materialise(
            planned_times(plan, split, number), rain_series, depth_series, window_of(records)
        )
    write_shard(found, path, sidecar, {"split": split, "shard": number})
    logger.info("%d records into %s", found.times.size, path)


def planned_times(plan: Path, split: str, shard: int) -> NDArray[np.int64]:
    """NOW of each record of a shard, int64[N], in the order of its rows."""
    rows = (
        duckdb.connect(config={"threads": 1})
        .execute(
            "SELECT time FROM read_parquet($plan) "
            "WHERE split = $split AND shard = $shard ORDER BY row",
            {"plan": str(plan), "split": split, "shard": shard},
        )
        .fetchnumpy()
    )
    return np.asarray(rows["time"], dtype=np.int64)


def materialise(
    times: NDArray[np.int64], rain: FrameSeries, depth: FrameSeries, window: Window
) -> Records:
    """The records at ``times``, read from the frames in runs of consecutive times."""
    records = Records(
        times,
        np.empty((times.size, *rain.grid.shape, len(window.channels)), dtype=np.uint16),
        np.empty((times.size, *depth.grid.shape), dtype=np.uint16),
    )
    order = np.argsort(times, kind="stable")
    nows = (times[order] - rain.axis.start) // rain.axis.step
    for run in np.split(np.arange(times.size), np.flatnonzero(np.diff(nows) != 1) + 1):
        if not run.size:
            continue
        first, last = int(nows[run[0]]), int(nows[run[-1]]) + 1
        codes, _ = rain.read(first - window.steps + 1, last)
        records.rain[order[run]] = pool(codes, window)
        for now, slot in zip(range(first, last), order[run], strict=True):
            target = depth.axis.index(rain.axis.time(now + window.lead))
            if target is None:
                raise AssertionError("the plan keeps only candidates whose depth is on its axis")
            records.depth[slot] = depth.read(target, target + 1)[0][0]
    return records


def write_shard(records: Records, path: Path, sidecar: Path, identity: dict[str, Any]) -> None:
    """Write one shard, then its sidecar: a sidecar stands only beside a whole shard.

    The bytes depend on the records alone: the gzip header bears no time and no name.

    Args:
        records: what to write.
        path: the ``.tfrecord.gz`` to make.
        sidecar: the ``.json`` to make: counts, sizes, digests and the moments of the values.
        identity: what else the sidecar shall say (split and number).
    """
    payload = hashlib.sha256()
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        compressor = isal_zlib.compressobj(COMPRESSION_LEVEL, isal_zlib.DEFLATED, GZIP_WINDOW_BITS)
        for now, rain, depth in zip(records.times, records.rain, records.depth, strict=True):
            features = {
                "time": int(now),
                "rain": rain.astype("<u2", copy=False).tobytes(),
                "depth": depth.astype("<u2", copy=False).tobytes(),
            }
            framed = frame(encode_example(features))
            payload.update(framed)
            file.write(compressor.compress(framed))
        file.write(compressor.flush())
    found: dict[str, Moments] = {
        "rain": moments(records.rain, "rain"),
        "depth": moments(records.depth, "depth"),
    }
    write_json(
        sidecar,
        {
            **identity,
            "file": path.name,
            "records": int(records.times.size),
            "records_with_rain": int(windows_with_rain(records).sum()),
            "bytes": path.stat().st_size,
            "sha256": file_sha256(path),
            "payload_sha256": payload.hexdigest(),
            "moments": {name: moment.to_dict() for name, moment in found.items()},
        },
    )
