"""Shards for tests, written from records in memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pluvial.records.digest import record_digest
from pluvial.records.reading import read_shard
from pluvial.records.window import Records
from pluvial.records.writing import write_shard


def features(records: Records) -> dict[str, Any]:
    return {
        "rain": {"shape": list(records.rain.shape[1:])},
        "depth": {"shape": list(records.depth.shape[1:])},
    }


def digests(records: Records) -> dict[int, int]:
    return {
        int(time): record_digest(rain, depth)
        for time, rain, depth in zip(records.times, records.rain, records.depth, strict=True)
    }


def write_records(
    records: Records,
    path: Path,
    identity: dict[str, Any] | None = None,
    storms: dict[int, int] | None = None,
) -> Path:
    """Write a shard, its table and its sidecar beside it; the sidecar's path.

    Records are of one storm, if ``storms`` does not say of which by their times.
    """
    stem = path.name.partition(".")[0]
    sidecar = path.with_name(f"{stem}.json")
    write_shard(
        [(np.arange(records.times.size), records)],
        digests(records),
        storms or dict.fromkeys(records.times.tolist(), 1),
        features(records),
        path,
        path.with_name(f"{stem}.parquet"),
        sidecar,
        identity or {"split": path.parent.name, "shard": stem},
    )
    return sidecar


def read_split(shards: Sequence[Path], features: dict[str, Any]) -> Records:
    """All records of the given shards, in order of time."""
    parts = [read_shard(path, features) for path in shards]
    order = np.argsort(np.concatenate([part.times for part in parts]))
    return Records(
        *(
            np.concatenate([getattr(part, name) for part in parts])[order]
            for name in ("times", "rain", "depth")
        )
    )
