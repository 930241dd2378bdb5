"""What a probe asks the embeddings for: facts about a record that its geometry does not hand over.

How much water there is can be read even from an untrained encoder; which way the storm moves,
where the water lies, and how long the storm's peak is past, much less.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pluvial.diagnostics.maps import Seen

DEPTH_LABEL = "mean depth"
"""The easy one: it stands beside the others for comparison."""


def read_records(plan: Sequence[Path], index: Sequence[Path]) -> pd.DataFrame:
    """The kept records whose window holds rain, in order of time.

    Args:
        plan: the plans of all editions.
        index: the index files of all periods.

    Returns:
        ``time`` (int64, s), ``split``, ``storm``, ``rain_mm``, ``depth_mean_m`` and
        ``hours_since_peak``: hours from the heaviest areal rain of the storm so far to NOW; NaN
        before the first storm.
    """
    table: pd.DataFrame = (
        duckdb.connect(config={"threads": 1})
        .execute(
            "SELECT time, CAST(split AS VARCHAR) AS split, storm, reason IS NULL AS kept, "
            "storm_mm_h, rain_mm, rain_max_mm_h, depth_mean_m "
            "FROM read_parquet($plan) AS plan JOIN read_parquet($index) AS index USING (time) "
            "ORDER BY time",
            {"plan": [str(file) for file in plan], "index": [str(file) for file in index]},
        )
        .df()
    )
    table["hours_since_peak"] = hours_since_peak(
        table["time"].to_numpy(np.int64),
        table["storm"].to_numpy(np.int64),
        table["storm_mm_h"].to_numpy(np.float64),
    )
    chosen = table[table["kept"] & (table["rain_max_mm_h"] > 0)]
    kept: pd.DataFrame = chosen.drop(columns=["kept", "rain_max_mm_h", "storm_mm_h"])
    return kept.reset_index(drop=True)


def hours_since_peak(
    times: NDArray[np.int64], storms: NDArray[np.int64], rain: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Hours from the heaviest rain of the storm so far to each time, float64[n].

    Only what is known at NOW counts: the peak of a storm that still grows is now.

    Args:
        times: int64[n], s, ascending.
        storms: number of the storm at each time, int64[n]; 0 where there is none yet.
        rain: areal mean, float64[n], mm/h; NaN where missing.
    """
    series = pd.Series(np.nan_to_num(rain, nan=-1.0))
    so_far = series.groupby(storms).cummax()
    is_peak = (series == so_far) & (series > 0)
    peak = pd.Series(np.where(is_peak, times, np.nan)).groupby(storms).ffill().to_numpy()
    return np.where(storms > 0, (times - peak) / 3600, np.nan)


def labels_of(records: pd.DataFrame, seen: Seen) -> dict[str, NDArray[np.float64]]:
    """All labels of records (see :func:`read_records`) of which ``seen`` holds the fields.

    Returns:
        ``storm direction``, float64[n, 2]: the unit vector it moves along (east, north);
        ``centroid of depth``, float64[n, 2]: in the CRS; ``hours since peak`` and ``mean depth``
        (log of 1 + mm), float64[n]. NaN where it cannot be told.
    """
    speed = np.linalg.norm(seen.motion, axis=1, keepdims=True)
    return {
        "storm direction": seen.motion / np.where(speed > 0, speed, np.nan),
        "centroid of depth": seen.centroid,
        "hours since peak": records["hours_since_peak"].to_numpy(np.float64),
        DEPTH_LABEL: np.log1p(1000 * records["depth_mean_m"].to_numpy(np.float64)),
    }
