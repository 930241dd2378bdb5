"""Writing a shard, and reading it back before it bears its name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import xxhash
from numpy.typing import NDArray

from pluvial.errors import PluvialError
from pluvial.files.atomic import atomic_path
from pluvial.files.documents import write_json
from pluvial.frames.variables import DEPTH, MISSING, RAIN, Variable
from pluvial.records.examine import Finding, examine
from pluvial.records.members import Member, members_table, spill
from pluvial.records.normalise import Histogram
from pluvial.records.window import Records, has_rain

FOUND = (
    pa.field("storm", pa.int32(), metadata={"0": "before the first"}),
    pa.field("with_rain", pa.bool_(), metadata={"of": "any cell of the window"}),
    pa.field("rain_digest", pa.uint64(), metadata={"of": "XXH3-64 of the rain"}),
    pa.field("depth_digest", pa.uint64(), metadata={"of": "XXH3-64 of the depth"}),
    pa.field("rain_now_mm_h", pa.float32(), metadata={"unit": "mm/h, areal mean at NOW"}),
    pa.field("depth_mean_m", pa.float32(), metadata={"unit": "m, areal mean"}),
)
"""What a shard's table says of its records beside where they lie."""


def write_shard(
    batches: Iterable[tuple[NDArray[np.intp], Records]],
    digests: Mapping[int, int],
    storms: Mapping[int, int],
    features: dict[str, Any],
    path: Path,
    table: Path,
    sidecar: Path,
    identity: dict[str, Any],
) -> None:
    """Write one shard, its table and its sidecar, which stands only beside a whole shard.

    Before the shard bears its name, every record is read back from its file, decoded, and
    compared with the digest that the index took from the frames. The bytes depend on the records
    alone: the gzip headers bear no time and no name.

    Args:
        batches: rows intp[n] of the shard, and their records; together all rows, in any order.
        digests: of each record by its time, as the index found it in the frames.
        storms: number of each record's storm by its time.
        features: of the dataset.
        path: the ``.tfrecord.gz`` to make.
        table: the ``.parquet`` to make: a row per record.
        sidecar: the ``.json`` to make: counts, sizes, digests and the moments of the values.
        identity: what else the sidecar shall say (split and shard).
    """
    histograms = {"rain": Histogram(), "depth": Histogram()}
    with spill(path.parent) as spilled, atomic_path(path) as temporary:
        for rows, records in batches:
            histograms["rain"].add(records.rain)
            histograms["depth"].add(records.depth)
            for at, row in enumerate(rows.tolist()):
                now = int(records.times[at])
                spilled.add(row, now, records.rain[at], records.depth[at])
        members, sha256 = spilled.assemble(temporary)
        response = read_back(temporary, members, digests, features, name=path)
        storm = [storms[member.time] for member in members]
        size = temporary.stat().st_size
    with atomic_path(table) as temporary:
        contents = members_table(members)
        for column, values in zip(FOUND, (storm, *response.values()), strict=True):
            contents = contents.append_column(column, pa.array(values, column.type))
        pq.write_table(contents, temporary, compression="zstd")
    write_json(
        sidecar,
        {
            **identity,
            "file": path.name,
            "records": len(members),
            "records_with_rain": sum(response["with_rain"]),
            "bytes": size,
            "sha256": sha256,
            "moments": {
                name: histogram.moments(name).to_dict() for name, histogram in histograms.items()
            },
        },
    )


def read_back(
    file: Path,
    members: Sequence[Member],
    digests: Mapping[int, int],
    features: dict[str, Any],
    *,
    name: Path,
) -> dict[str, list[Any]]:
    """Examine every record of a shard, and measure its rain at NOW and its depth.

    Args:
        file: where the shard's bytes are.
        members: its records.
        digests: of each record by its time.
        features: of the dataset.
        name: what the shard is called.

    Returns:
        The columns of :data:`FOUND` but the storm, each a value per record. ``rain_now_mm_h``
        and ``depth_mean_m`` are areal means over present cells, of the newest channel and of the
        depth; NaN where all is missing.

    Raises:
        PluvialError: at the first thing that is wrong.
    """
    response: dict[str, list[Any]] = {field.name: [] for field in FOUND[1:]}
    for found in examine(file, members, digests, features):
        if isinstance(found, Finding):
            at = "" if found.record is None else f"record {found.record}: "
            raise PluvialError(
                f"{at}{found.problem}",
                where=name,
                remedy="If frames were changed, run the workflow again from them: "
                "delete the index of their period",
            )
        response["with_rain"].append(bool(has_rain(found.rain)))
        response["rain_digest"].append(xxhash.xxh3_64_intdigest(found.rain.data))
        response["depth_digest"].append(xxhash.xxh3_64_intdigest(found.depth.data))
        response["rain_now_mm_h"].append(areal_mean(found.rain[..., -1], RAIN))
        response["depth_mean_m"].append(areal_mean(found.depth, DEPTH))
    return response


def areal_mean(codes: NDArray[np.uint16], variable: Variable) -> float:
    """Mean over the present cells of codes uint16[rows, cols], physical; NaN if there is none."""
    total, cells = int(codes.sum(dtype=np.uint64)), codes.size
    missing = int(np.count_nonzero(codes == MISSING))
    if missing == cells:
        return float("nan")
    return (total - missing * int(MISSING)) * variable.scale / (cells - missing)
