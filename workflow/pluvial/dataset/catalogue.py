"""Which records a split has: shard by shard, in the order of their rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pluvial.errors import PluvialError
from pluvial.records.manifest import read_manifest, whole_shards

COLUMNS = {
    "time": np.int64,
    "storm": np.int32,
    "with_rain": np.bool_,
    "rain_digest": np.uint64,
    "depth_digest": np.uint64,
}
REMAKE = "Delete it and run the workflow again: only its shard is remade"


@dataclass(frozen=True)
class Catalogue:
    """The records of a split, one shard after the other.

    Attributes:
        shards: their files.
        sizes: records in each, int64[S].
        times: NOW, int64[N], s since 1970-01-01T00:00Z.
        storms: number of each record's storm, int32[N].
        with_rain: whether there is any in its window, bool[N].
        rain_digests, depth_digests: uint64[N], equal where the fields are.
    """

    shards: list[Path]
    sizes: NDArray[np.int64]
    times: NDArray[np.int64]
    storms: NDArray[np.int32]
    with_rain: NDArray[np.bool_]
    rain_digests: NDArray[np.uint64]
    depth_digests: NDArray[np.uint64]

    @classmethod
    def open(cls, manifest: Path, split: str) -> Catalogue:
        """Read the tables of a split, each shard checked against the manifest.

        Raises:
            PluvialError: if a shard or its table is not what was written.
        """
        entries = read_manifest(manifest)["splits"][split]["shards"]
        shards = whole_shards(manifest, split)
        tables = [_table(path, e["records"]) for path, e in zip(shards, entries, strict=True)]
        columns: list[NDArray[Any]] = [
            np.concatenate([np.zeros(0, kind), *(table[name].to_numpy() for table in tables)])
            for name, kind in COLUMNS.items()
        ]
        return cls(shards, np.array([table.num_rows for table in tables], np.int64), *columns)

    def drawable(self, *, dry_windows: bool) -> NDArray[np.bool_]:
        """Which records training draws from, bool[N]: all, or those with rain."""
        return self.with_rain | dry_windows


def _table(shard: Path, count: int) -> pa.Table:
    """The table beside a shard of ``count`` records."""
    path = shard.with_name(f"{shard.name.partition('.')[0]}.parquet")
    try:
        table = pq.read_table(path, columns=list(COLUMNS))
    except (OSError, pa.ArrowException) as error:
        raise PluvialError(
            f"the table of the shard's records cannot be read ({error})", where=path, remedy=REMAKE
        ) from None
    if table.num_rows != count:
        raise PluvialError(
            f"the table has {table.num_rows} rows, the manifest counts {count} records",
            where=path,
            remedy=REMAKE,
        )
    return table
