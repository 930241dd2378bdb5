"""The index: one row per candidate record, with its digest and cheap statistics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import xxhash
from numpy.typing import NDArray

from pluvial.config.data import FramesConfig, RecordsConfig
from pluvial.config.sources import DepthSource
from pluvial.config.times import TimeConfig
from pluvial.errors import PluvialError
from pluvial.files.atomic import atomic_path
from pluvial.frames.axes import rain_axis
from pluvial.frames.gaps import Status
from pluvial.frames.series import FrameSeries, open_series
from pluvial.frames.variables import DEPTH, MISSING, RAIN, unpack
from pluvial.grids.time_axis import Period, periods
from pluvial.records.window import Window, pool, window_of

SCHEMA = pa.schema(
    [
        pa.field("time", pa.int64(), metadata={"unit": "s since 1970-01-01T00:00Z, NOW"}),
        pa.field("state", pa.string()),
        pa.field("storm_mm_h", pa.float32(), metadata={"unit": "mm/h, areal mean at NOW"}),
        pa.field("digest_hi", pa.uint64()),
        pa.field("digest_lo", pa.uint64()),
        pa.field("rain_mm", pa.float32(), metadata={"unit": "mm, areal mean over the window"}),
        pa.field("rain_max_mm_h", pa.float32(), metadata={"unit": "mm/h"}),
        pa.field("wet_fraction", pa.float32(), metadata={"unit": "share of cells wet in it"}),
        pa.field("flooded_fraction", pa.float32(), metadata={"unit": "share of cells"}),
        pa.field("depth_max_m", pa.float32(), metadata={"unit": "m"}),
        pa.field("depth_mean_m", pa.float32(), metadata={"unit": "m"}),
        pa.field("interpolated", pa.int32(), metadata={"unit": "rain frames of the window"}),
        pa.field("depth_interpolated", pa.bool_()),
    ]
)

COMPLETE = "complete"
"""The state of a candidate that can become a record; any other state is a reason to drop it."""

NO_DEPTH = "no depth"
"""There is no depth at NOW + lead: a gap, the end, or a time between coarser depth frames."""

BLOCK_STEPS = 288


@dataclass(frozen=True)
class Thresholds:
    """Where wet and flooded begin: mm/h and metres."""

    wet_mm_h: float
    flooded_m: float


def make_index(
    rain: Sequence[Path],
    depth: Sequence[Path],
    time: TimeConfig,
    depth_config: DepthSource,
    frames: FramesConfig,
    records: RecordsConfig,
    path: Path,
) -> None:
    """Write the index of the period that ``path`` is named by."""
    rain_series, depth_series = open_series(rain, depth, time, depth_config, frames)
    (period,) = [p for p in periods(rain_axis(time), frames.period) if p.name == path.stem]
    with rain_series, depth_series:
        _check_domain(rain_series, depth_series, rain[0])
        table = build_index(
            rain_series,
            depth_series,
            period,
            window_of(records),
            Thresholds(records.wet_mm_h, records.flooded_m),
        )
    with atomic_path(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def _check_domain(rain: FrameSeries, depth: FrameSeries, where: Path) -> None:
    if not rain.grid.meets(depth.grid):
        raise PluvialError(
            f"the rain lies on {rain.grid.describe()}, the depth on {depth.grid.describe()}: "
            "their edges do not meet",
            where=where,
            remedy="Give rain and depth of the same domain",
        )


def build_index(
    rain: FrameSeries, depth: FrameSeries, period: Period, window: Window, limits: Thresholds
) -> pa.Table:
    """Index the candidates whose NOW lies in ``period``.

    A candidate is every time of the rain axis. The digest of a complete one,
    XXH3 with 128 bits, is over exactly the bytes the model will see: rain uint16[H, W, C], then
    depth uint16[h, w].

    Args:
        rain: rain frames of at least ``window.steps - 1`` steps before the period, and of it.
        depth: depth frames of at least the period, shifted by the lead.
        period: steps of the rain axis.
        window: the shape of a record.
        limits: for the statistics.

    Returns:
        A table with :data:`SCHEMA`, in order of time.
    """
    rows: list[dict[str, object]] = []
    for first in range(period.first, period.last, BLOCK_STEPS):
        last = min(first + BLOCK_STEPS, period.last)
        rows.extend(_block(rain, depth, first, last, window, limits))
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _block(
    rain: FrameSeries,
    depth: FrameSeries,
    first: int,
    last: int,
    window: Window,
    limits: Thresholds,
) -> Iterator[dict[str, object]]:
    """Rows of the candidates with NOW in first..last-1."""
    before = window.steps - 1
    codes, status = rain.read(first - before, last)
    pooled = pool(codes, window)
    means = _areal_means(codes)
    for row, now in enumerate(range(first, last)):
        target = depth.axis.index(rain.axis.time(now + window.lead))
        entry: dict[str, object] = {"time": rain.axis.time(now)}
        here = slice(row, row + window.steps)
        if status[row + before] != Status.MISSING and not np.isnan(means[row + before]):
            entry["storm_mm_h"] = means[row + before]
        if now < before:
            entry["state"] = "incomplete window"
        elif (status[here] == Status.MISSING).any():
            entry["state"] = "rain gap"
        else:
            entry |= _complete(depth, target, pooled[row], means[here], limits, rain.axis.step)
            entry["interpolated"] = int((status[here] == Status.INTERPOLATED).sum())
        yield entry


def _complete(
    depth: FrameSeries,
    target: int | None,
    record: NDArray[np.uint16],
    means: NDArray[np.float64],
    limits: Thresholds,
    step: int,
) -> dict[str, object]:
    """State, digest and statistics of a candidate whose rain is whole."""
    if target is None:
        return {"state": NO_DEPTH}
    codes, status = depth.read(target, target + 1)
    if status[0] == Status.MISSING:
        return {"state": NO_DEPTH}
    digest = xxhash.xxh3_128_intdigest(record.tobytes() + codes[0].tobytes())
    rates = unpack(record, RAIN)
    water = unpack(codes[0], DEPTH)
    rain_cells = max(int((record != MISSING).any(-1).sum()), 1)
    depth_cells = max(int((codes[0] != MISSING).sum()), 1)
    return {
        "state": COMPLETE,
        "digest_hi": digest >> 64,
        "digest_lo": digest & (1 << 64) - 1,
        "rain_mm": float(np.nansum(means)) * step / 3600,
        "rain_max_mm_h": _largest(rates),
        "wet_fraction": float((rates >= limits.wet_mm_h).any(-1).sum() / rain_cells),
        "flooded_fraction": float((water > limits.flooded_m).sum() / depth_cells),
        "depth_max_m": _largest(water),
        "depth_mean_m": float(np.nansum(water) / depth_cells),
        "depth_interpolated": status[0] == Status.INTERPOLATED,
    }


def _areal_means(codes: NDArray[np.uint16]) -> NDArray[np.float64]:
    """Areal mean rain rate of each frame, float64[T] mm/h, over its present cells; NaN if none."""
    present = codes != MISSING
    totals = np.where(present, codes, 0).sum(axis=(1, 2), dtype=np.int64)
    cells = present.sum(axis=(1, 2))
    return np.where(cells, totals * RAIN.scale / np.maximum(cells, 1), np.nan)


def _largest(values: NDArray[np.float32]) -> float:
    """The largest present value; 0 where none is present."""
    return float(np.nanmax(values, initial=0.0))
