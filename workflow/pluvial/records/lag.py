"""The lag proof: how long after its rain the depth of the finished records rises."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pluvial.errors import PluvialError

LEAST_CORRELATION = 0.1
"""Below it no lag can be told."""
FEWEST_PAIRS = 100


@dataclass(frozen=True)
class Lag:
    """The lag from rain to depth.

    Attributes:
        minutes: from the end of the rain's step to the end of the step in which the depth rises
            with it most; None where it cannot be told.
        correlation: of rain and rise at that lag.
        pairs: steps that it was measured on.
        curve: correlation by lag in minutes.
    """

    minutes: float | None
    correlation: float
    pairs: int
    curve: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """As a JSON-like document."""
        return asdict(self)


def measure_lag(
    times: NDArray[np.int64],
    rain: NDArray[np.floating],
    depth: NDArray[np.floating],
    *,
    step: int,
    lead_steps: int,
    reach: int,
) -> Lag:
    """Correlate the rise of the mean depth with the rain of each lag.

    ::

        rain     [NOW .... NOW + step]            areal mean of the newest channel
        depth            T - step ..... T         T = NOW + lead: its rise is taken over one step
        lag 0            [  the same  ]           the depth rises in the step in which it rains

    Args:
        times: NOW of the records, int64[N], s; in any order.
        rain: areal mean rain at NOW, float[N], mm/h, NaN missing.
        depth: areal mean depth at NOW + lead, float[N], m, NaN missing.
        step: seconds between rain frames.
        lead_steps: steps from NOW to the depth, as configured.
        reach: largest lag that is looked at, in steps, to both sides.
    """
    order = np.argsort(times)
    slots = (times[order] - times[order][0]) // step
    length = int(slots[-1]) + 1
    falling, water = np.full((2, length), np.nan)
    falling[slots], water[slots] = rain[order], depth[order]
    rise = np.r_[np.nan, np.diff(water)].clip(0)
    found = dict(_correlations(falling, rise, lead_steps, reach))
    curve = {f"{lag * step / 60:g}": value for lag, (value, _) in sorted(found.items())}
    best = max(found, key=lambda lag: found[lag][0], default=0)
    correlation, pairs = found.get(best, (0.0, 0))
    told = correlation >= LEAST_CORRELATION
    return Lag(best * step / 60 if told else None, correlation, pairs, curve)


def _correlations(
    falling: NDArray[np.floating], rise: NDArray[np.floating], lead: int, reach: int
) -> Iterator[tuple[int, tuple[float, int]]]:
    """(lag, (correlation, pairs)): the rise at slot k belongs to the rain at k + lead - 1 - lag."""
    for lag in range(-reach, reach + 1):
        shift = lead - 1 - lag
        if abs(shift) >= falling.size:
            continue
        sky = falling[max(0, shift) : falling.size + min(0, shift)]
        ground = rise[max(0, -shift) : rise.size - max(0, shift)]
        both = ~(np.isnan(sky) | np.isnan(ground))
        pairs = int(both.sum())
        if pairs < FEWEST_PAIRS:
            continue
        one, other = sky[both] - sky[both].mean(), ground[both] - ground[both].mean()
        scale = float(np.sqrt((one @ one) * (other @ other)))
        yield lag, (float(one @ other) / scale if scale > 0 else 0.0, pairs)


def lag_of_shards(tables: Sequence[Path], manifest: dict[str, Any]) -> Lag:
    """The lag of a finished dataset, from what was read back of its shards."""
    names = ["time", "rain_now_mm_h", "depth_mean_m"]
    found = [pq.read_table(path, columns=names) for path in tables]
    columns = [np.concatenate([table[name].to_numpy() for table in found]) for name in names]
    return measure_lag(
        *columns,
        step=manifest["step_seconds"],
        lead_steps=manifest["lead_steps"],
        reach=sum(manifest["channels_back_from_now"]),
    )


def check_lag(lag: Lag, *, largest_minutes: float, where: Path) -> None:
    """Refuse records whose depth rises before its rain, or long after.

    Raises:
        PluvialError: with the lag, and what it most often means.
    """
    if lag.minutes is None or 0 <= lag.minutes <= largest_minutes:
        return
    found = f"{abs(lag.minutes):g} min {'before' if lag.minutes < 0 else 'after'}"
    raise PluvialError(
        f"the depth rises {found} its rain falls (correlation {lag.correlation:.2f}; at most "
        f"{largest_minutes:g} min after it is believed): rain and depth are not of the same clock",
        where=where,
        remedy="Compare `rain.start`, `depth.start`, `stamp` and time zones of the raw data with "
        "each other; if the catchment is that slow, raise `records.largest_lag_hours`",
    )
