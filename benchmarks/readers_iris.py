"""What iris, the Met Office's library, reads from a NIMROD file: to compare our reader with.

Run ``python benchmarks/readers_iris.py FILE`` with an interpreter that has scitools-iris (and
xxhash below 4): it prints one JSON document a line, for each field of the uncompressed file in
its order, with the values north up.
"""

from __future__ import annotations

import json
import sys
import time
import zlib
from typing import Any

import numpy as np
from iris.cube import Cube
from iris.fileformats.nimrod import load_cubes


def describe(cube: Cube) -> dict[str, Any]:
    """One field as a JSON document.

    Times are s since 1970-01-01T00:00Z, centres those of the outer cells (west, south, east,
    north), corners the values there by rows, north first; the CRC is that of the values as
    little-endian float32, -1 where missing.
    """
    started = time.perf_counter()
    values = np.ma.filled(np.ma.asarray(cube.data, dtype=np.float32), np.nan)[::-1]
    moment = cube.coord("time")
    bounds = moment.bounds[0] if moment.has_bounds() else [moment.points[0]]
    y, x = cube.coord(axis="y").points[::-1], cube.coord(axis="x").points
    present = values[~np.isnan(values)].astype(np.float64)
    return {
        "title": cube.name(),
        "units": str(cube.units),
        "time": int(moment.points[0]),
        "start": int(bounds[0]),
        "shape": list(values.shape),
        "min": float(present.min()) if present.size else None,
        "max": float(present.max()) if present.size else None,
        "sum": float(present.sum()),
        "missing": int(np.isnan(values).sum()),
        "corners": [_number(values[row, col]) for row in (0, -1) for col in (0, -1)],
        "centres": [float(x[0]), float(y[-1]), float(x[-1]), float(y[0])],
        "crc32": zlib.crc32(np.nan_to_num(values, nan=-1.0).astype("<f4").tobytes()),
        "seconds": time.perf_counter() - started,
    }


def _number(value: np.float32) -> float | None:
    return None if np.isnan(value) else float(value)


def main() -> None:
    """Describe the fields of the file that the command line names."""
    started = time.perf_counter()
    for cube in load_cubes(sys.argv[1]):
        read = time.perf_counter() - started
        document = describe(cube)
        document["seconds"] += read
        print(json.dumps(document))
        started = time.perf_counter()


if __name__ == "__main__":
    main()
