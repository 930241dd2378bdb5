"""The index: one row per candidate record, with its digests and cheap statistics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pluvial.config.data import FramesConfig, RecordsConfig
from pluvial.config.times import TimeConfig
from pluvial.errors import PluvialError
from pluvial.files.atomic import atomic_path
from pluvial.frames.axes import rain_axis
from pluvial.frames.gaps import Status
from pluvial.frames.series import FrameSeries, open_series
from pluvial.frames.variables import DEPTH, RAIN
from pluvial.grids.time_axis import Period, periods
from pluvial.records.columns import COMPLETE, INDEX
from pluvial.records.digest import combine, halves
from pluvial.records.looks import DepthLook, RainLook, look_at_depth, look_at_rain
from pluvial.records.window import Window, window_of
from pluvial.sources.registry import DepthSource

INCOMPLETE = "incomplete window"
"""The window would begin before the case does."""

RAIN_GAP = "rain gap"
"""A rain frame of the window is missing."""

NO_DEPTH = "no depth"
"""There is no depth at NOW + lead: a gap, the end, or a time between coarser depth frames."""


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
            remedy="Give rain and depth of the same edges, or write a `domain` that both are "
            "carried onto",
        )


def build_index(
    rain: FrameSeries, depth: FrameSeries, period: Period, window: Window, limits: Thresholds
) -> pa.Table:
    """Index the candidates whose NOW lies in ``period``.

    A candidate is every time of the rain axis. Its digests are XXH3 with 128 bits: of each
    channel of its rain and of its depth, exactly as the model will see them, and then over
    those digests. A channel is pooled from some frames, serves several candidates, and is hashed
    once.

    Args:
        rain: rain frames of at least ``window.steps - 1`` steps before the period, and of it.
        depth: depth frames of at least the period, shifted by the lead.
        period: steps of the rain axis.
        window: the shape of a record.
        limits: for the statistics.

    Returns:
        A table with :data:`INDEX`, in order of time.
    """
    begin = period.first - window.steps + 1
    sky = look_at_rain(
        rain,
        begin,
        period.last,
        window=window,
        wet=int(np.ceil(limits.wet_mm_h / RAIN.scale)),
    )
    status = rain.status(begin, period.last)
    targets = _targets(rain, depth, period, window)
    state = _states(period, window, status, targets)
    whole = np.flatnonzero(state == COMPLETE)
    ground = look_at_depth(
        depth, targets[whole], flooded=int(np.floor(round(limits.flooded_m / DEPTH.scale, 6)))
    )
    table = _digests(sky, ground, window, whole)
    table |= _statistics(sky, ground, status, window, whole, rain.axis.step)
    table["depth_interpolated"] = [
        depth.status(step, step + 1)[0] == Status.INTERPOLATED for step in targets[whole].tolist()
    ]
    now = sky.mean_codes[window.steps - 1 :] * RAIN.scale
    columns: dict[str, pa.Array] = {
        "time": pa.array(rain.axis.times()[period.first : period.last]),
        "state": pa.array(state),
        "storm_mm_h": pa.array(now, mask=np.isnan(now)),
    }
    for name, values in table.items():
        columns[name] = _spread(values, whole, state.size, INDEX.field(name).type)
    return pa.table([columns[name] for name in INDEX.names], names=INDEX.names).cast(INDEX)


def _targets(
    rain: FrameSeries, depth: FrameSeries, period: Period, window: Window
) -> NDArray[np.int64]:
    """Step of the depth axis at each candidate's NOW + lead, int64[N]; -1 where none is present."""
    times = rain.axis.times()[period.first : period.last] + window.lead * rain.axis.step
    steps, rest = np.divmod(times - depth.axis.start, depth.axis.step)
    steps[(rest != 0) | (steps < 0) | (steps >= depth.axis.count)] = -1
    if (steps >= 0).any():
        low, high = int(steps[steps >= 0].min()), int(steps.max()) + 1
        missing = depth.status(low, high) == Status.MISSING
        steps[(steps >= 0) & missing[np.maximum(steps - low, 0)]] = -1
    return steps


def _states(
    period: Period, window: Window, status: NDArray[np.uint8], targets: NDArray[np.int64]
) -> NDArray[np.str_]:
    """The state of each candidate: the first reason to drop it, or complete."""
    now = np.arange(period.first, period.last)
    gaps = _in_windows(status == Status.MISSING, window)
    return np.select(
        [now < window.steps - 1, gaps > 0, targets < 0],
        [INCOMPLETE, RAIN_GAP, NO_DEPTH],
        COMPLETE,
    )


def _in_windows(flags: NDArray[np.bool_], window: Window) -> NDArray[np.int64]:
    """How many of the flags of each window are set, int64[N] of bool[N + window.steps - 1]."""
    counted = np.cumsum(np.r_[0, flags])
    return np.asarray(counted[window.steps :] - counted[: -window.steps])


def _digests(
    sky: RainLook, ground: DepthLook, window: Window, whole: NDArray[np.intp]
) -> dict[str, Any]:
    """Digest of the rain and of the pair, of each complete candidate."""
    found: dict[str, list[int]] = {
        f"{of}_{part}": [] for of in ("digest", "rain_digest") for part in ("hi", "lo")
    }
    spans = [(last - 1, last - first) for first, last in window.spans()]
    for at, depth in zip(whole.tolist(), ground.digests, strict=True):
        rain = [sky.digests[length][at + end] for end, length in spans]
        for of, content in (
            ("digest", combine([*rain, depth])),
            ("rain_digest", combine(rain)),
        ):
            for part, half in zip(("hi", "lo"), halves(content), strict=True):
                found[f"{of}_{part}"].append(half)
    return {name: np.array(values, dtype=np.uint64) for name, values in found.items()}


def _statistics(
    sky: RainLook,
    ground: DepthLook,
    status: NDArray[np.uint8],
    window: Window,
    whole: NDArray[np.intp],
    step: int,
) -> dict[str, Any]:
    """Statistics of each complete candidate."""
    fallen = np.cumsum(np.r_[0.0, np.nan_to_num(sky.mean_codes)]) * RAIN.scale * step / 3600
    at = whole + window.steps - 1
    depth_cells = np.maximum(ground.present, 1)
    return {
        "rain_mm": (fallen[at + 1] - fallen[whole]).clip(0),
        "rain_max_mm_h": sky.largest[at] * RAIN.scale,
        "wet_fraction": sky.wet[at] / np.maximum(sky.present[at], 1),
        "flooded_fraction": ground.flooded / depth_cells,
        "depth_max_m": ground.largest * DEPTH.scale,
        "depth_mean_m": ground.total * DEPTH.scale / depth_cells,
        "interpolated": _in_windows(status == Status.INTERPOLATED, window)[whole],
    }


def _spread(values: Any, whole: NDArray[np.intp], count: int, kind: pa.DataType) -> pa.Array:
    """A column of ``count`` rows with ``values`` at ``whole``, null elsewhere."""
    place = np.full(count, -1, dtype=np.int64)
    place[whole] = np.arange(whole.size)
    return pa.array(values).cast(kind, safe=False).take(pa.array(place, mask=place < 0))
