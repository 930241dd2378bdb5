"""The columns of the index and of the plan."""

from __future__ import annotations

import pyarrow as pa

COMPLETE = "complete"
"""The state of a candidate that can become a record; any other state is a reason to drop it."""

INDEX = pa.schema(
    [
        pa.field("time", pa.int64(), metadata={"unit": "s since 1970-01-01T00:00Z, NOW"}),
        pa.field("state", pa.string()),
        pa.field("storm_mm_h", pa.float32(), metadata={"unit": "mm/h, areal mean at NOW"}),
        pa.field("digest_hi", pa.uint64()),
        pa.field("digest_lo", pa.uint64()),
        pa.field("rain_digest_hi", pa.uint64()),
        pa.field("rain_digest_lo", pa.uint64()),
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
"""A row per candidate, in order of time."""

PLAN = pa.schema(
    [
        pa.field("time", pa.int64(), metadata={"unit": "s since 1970-01-01T00:00Z, NOW"}),
        pa.field("reason", pa.dictionary(pa.int8(), pa.string()), metadata={"null": "kept"}),
        pa.field("duplicate_of", pa.int64(), metadata={"unit": "s since 1970-01-01T00:00Z"}),
        pa.field("same_rain", pa.bool_(), metadata={"of": "rain alone seen before"}),
        pa.field("storm", pa.int32(), metadata={"0": "before the first"}),
        pa.field("split", pa.dictionary(pa.int8(), pa.string())),
        pa.field("shard", pa.int32()),
        pa.field("row", pa.int32()),
        pa.field("digest_hi", pa.uint64()),
        pa.field("digest_lo", pa.uint64()),
        pa.field("rain_digest_hi", pa.uint64()),
        pa.field("rain_digest_lo", pa.uint64()),
    ]
)
"""A row per candidate, in order of time; what became of it."""
