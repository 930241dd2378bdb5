"""Feed every reader damaged files: only its own error may come out, soon and in little memory.

    python benchmarks/mutants.py [--mutants 20000] [--seed 0] [FORMAT ...]

A small honest file of each format is mutated at random: bytes flipped, cut, inserted, doubled, and
numbers overwritten with ones that a header might lie with (2^31 - 1, -1, NaN, ...), half of the
time within the first kilobyte. A reader runs in a process of its own, so that a crash is counted
too.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import os
import random
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import time
import tracemalloc
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(CHECKOUT / "workflow"), str(CHECKOUT / "tests")]

from grib2_writer import grib
from nimrod_writer import nimrod
from pluvial.errors import PluvialError
from pluvial.sources.entries import entries_of
from pluvial.sources.registry import depth_source, rain_source

LONGEST, ALLOWED = 2.0, 1 << 24
"""Seconds for one file; bytes beyond ten times its honest size that a reader may allocate."""
LIES = [
    *(struct.pack(order + "i", n) for order in "<>" for n in (2**31 - 1, -1, 0, -(2**31), 65536)),
    *(struct.pack(order + "q", n) for order in "<>" for n in (2**63 - 1, -1, 2**31, 2**40)),
    *(struct.pack(order + "h", n) for order in "<>" for n in (32767, -32768, -1, 0)),
    *(struct.pack(order + "f", x) for order in "<>" for x in (float("nan"), float("inf"), -1e30)),
    *(struct.pack(order + "d", x) for order in "<>" for x in (float("nan"), 1e300)),
]
FIELD = np.arange(48, dtype=np.float32).reshape(6, 8) / 4


def ascii_text() -> bytes:
    """An ESRI ASCII grid."""
    head = "ncols 8\nnrows 6\nxllcorner 0\nyllcorner 0\ncellsize 50\nNODATA_value -9999\n"
    rows = "\n".join(" ".join(f"{x:g}" for x in row) for row in FIELD)
    return f"{head}{rows}\n".encode()


def geotiff(**more: object) -> bytes:
    """A GeoTIFF."""
    import rasterio

    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "field"
        profile = {"driver": "GTiff", "height": 6, "width": 8, "count": 1, "dtype": "float32"}
        where = rasterio.transform.from_origin(10, 50, 0.5, 0.5)
        with rasterio.open(path, "w", crs="EPSG:4326", transform=where, **profile, **more) as file:
            file.write(FIELD, 1)
            file.units = ("mm/h",)
        return path.read_bytes()


def odim() -> bytes:
    """An ODIM composite of rates."""
    import h5py
    from rasterio.warp import transform

    stored = io.BytesIO()
    with h5py.File(stored, "w") as file:
        file.attrs["Conventions"] = np.bytes_("ODIM_H5/V2_3")
        what, where = file.create_group("what"), file.create_group("where")
        for key, value in (("object", "COMP"), ("date", "20200101"), ("time", "000000")):
            what.attrs[key] = np.bytes_(value)
        where.attrs["projdef"] = np.bytes_("+proj=utm +zone=35 +ellps=WGS84")
        where.attrs.update({"xsize": 8, "ysize": 6, "xscale": 1000.0, "yscale": 1000.0})
        west, south = 333_000.0, 6_655_000.0
        for corner, x, y in (("LL", west, south), ("UR", west + 8000, south + 6000)):
            lon, lat = transform("EPSG:32635", "EPSG:4326", [x], [y])
            where.attrs.update({f"{corner}_lon": lon[0], f"{corner}_lat": lat[0]})
        data = file.create_group("dataset1/data1")
        data.create_dataset("data", data=FIELD.astype(np.uint8), compression="gzip")
        data.create_group("what").attrs.update(
            {"gain": 0.5, "offset": 0.0, "nodata": 255.0, "undetect": 0.0}
        )
        data["what"].attrs["quantity"] = np.bytes_("RATE")
    return stored.getvalue()


def netcdf(kind: str) -> bytes:
    """A CF cube of three times; NetCDF4, or the classic format."""
    import xarray as xr

    cube = xr.Dataset(
        {"rain": (("time", "y", "x"), np.stack([FIELD] * 3), {"units": "mm h-1"})},
        coords={
            "time": ("time", np.arange(3) * 300, {"units": "seconds since 2020-01-01"}),
            "y": (
                "y",
                50.0 * np.arange(6)[::-1],
                {"units": "m", "standard_name": "projection_y_coordinate"},
            ),
            "x": (
                "x",
                50.0 * np.arange(8),
                {"units": "m", "standard_name": "projection_x_coordinate"},
            ),
        },
    )
    cube["rain"].attrs["standard_name"] = "rainfall_rate"
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "cube.nc"
        engine = {"NETCDF4": "h5netcdf", "NETCDF3_CLASSIC": "scipy"}[kind]
        cube.to_netcdf(path, engine=engine, format=kind)
        return path.read_bytes()


def jsonl() -> bytes:
    """Two lines of nimrod-data-downloader."""
    line = {
        "data": FIELD.T.tolist(),
        "timestamp": "2020-01-01T00:00:00Z",
        "timestamps": ["2020-01-01T00:00:00Z"] * 2,
        "size_full": {"width": 2175, "height": 1725},
        "size_extract": {"width": 6, "height": 8},
    }
    return (json.dumps(line) + "\n").encode() * 2


FORMATS: dict[str, tuple[dict[str, object], Callable[[], bytes]]] = {
    "nimrod": ({"format": "nimrod"}, lambda: nimrod(FIELD.astype(np.int16))),
    "nimrod.gz": ({"format": "nimrod"}, lambda: gzip.compress(nimrod(FIELD.astype(np.int16)))),
    "odim": ({"format": "odim"}, odim),
    "netcdf4": ({"format": "netcdf"}, lambda: netcdf("NETCDF4")),
    "netcdf3": ({"format": "netcdf"}, lambda: netcdf("NETCDF3_CLASSIC")),
    "geotiff": ({"format": "geotiff", "quantity": "rate"}, geotiff),
    "geotiff deflate": (
        {"format": "geotiff", "quantity": "rate"},
        lambda: geotiff(compress="deflate"),
    ),
    "grib2": ({"format": "grib2"}, lambda: grib(FIELD.astype(np.uint16))),
    "jsonl": ({"format": "jsonl", "cell": 1000}, jsonl),
    "ascii": ({"format": "ascii"}, ascii_text),
    "ascii-stream": (
        {"format": "ascii-stream", "start": "2020-01-01T00:00Z", "of": "depth"},
        lambda: gzip.compress(ascii_text() * 3),
    ),
}


def mutated(honest: bytes, rng: random.Random) -> bytes:
    """One of the ways in which a file can be wrong."""
    content = bytearray(honest)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        size = max(1, len(content))
        at = rng.randrange(min(size, 1024) if rng.random() < 0.5 else size)
        kind = rng.randrange(6)
        if kind == 0:
            content[at : at + 1] = bytes([rng.randrange(256)])
        elif kind == 1:
            lie = rng.choice(LIES)
            content[at : at + len(lie)] = lie
        elif kind == 2:
            del content[at:]
        elif kind == 3:
            content[at:at] = rng.randbytes(rng.randrange(1, 40))
        elif kind == 4:
            length = rng.randrange(1, 200)
            content[at:at] = content[at : at + length]
        else:
            del content[at : at + rng.randrange(1, 200)]
    return bytes(content)


class TooLongError(Exception):
    """A file took longer than it may."""


def attack(name: str, mutants: int, seed: int) -> dict[str, object]:
    """Read mutants of one format in this process: what came of them."""
    keys, make = FORMATS[name]
    section = (depth_source if keys.get("of") == "depth" else rain_source)(
        {key: value for key, value in keys.items() if key != "of"} | {"files": "x"}
    )
    honest = make()
    rng = random.Random(seed)
    outcomes: Counter[str] = Counter()
    slowest, most = 0.0, 0
    warnings.simplefilter("ignore")

    def read(path: Path) -> None:
        for entry in entries_of(path):
            for field in section.fields(entry):
                field.read()

    def give_up(*_: object) -> None:
        raise TooLongError

    signal.signal(signal.SIGALRM, give_up)
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        path = Path(folder) / "file"
        path.write_bytes(honest)
        read(path)
        tracemalloc.start()
        for _ in range(mutants):
            path.write_bytes(mutated(honest, rng))
            tracemalloc.reset_peak()
            began = time.perf_counter()
            signal.setitimer(signal.ITIMER_REAL, LONGEST)
            try:
                read(path)
                outcomes["read"] += 1
            except PluvialError:
                outcomes["refused"] += 1
            except TooLongError:
                outcomes["too long"] += 1
            except Exception as error:  # that is what is looked for
                outcomes[f"{type(error).__name__}: {str(error)[:80]}"] += 1
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            slowest = max(slowest, time.perf_counter() - began)
            most = max(most, tracemalloc.get_traced_memory()[1])
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    good = set(outcomes) <= {"read", "refused"} and most <= 10 * len(honest) + ALLOWED
    return {
        "outcomes": dict(outcomes),
        "slowest_s": round(slowest, 2),
        "most_MiB": round(most / 2**20, 1),
        "resident_MiB": round(resident),
        "good": good,
    }


def main() -> None:
    """Attack every reader and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutants", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("formats", nargs="*", default=list(FORMATS))
    options = parser.parse_args()
    if options.here:
        print(json.dumps(attack(options.formats[0], options.mutants, options.seed)))
        return
    bad = 0
    for name in options.formats:
        command = [sys.executable, __file__, "--here", "--mutants", str(options.mutants)]
        done = subprocess.run(
            [*command, "--seed", str(options.seed), name],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "CPL_LOG": "/dev/null"},
        )
        found = json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else None
        bad += not found or not found.pop("good")
        print(f"{name:16} {found or f'CRASHED ({done.returncode})'}", flush=True)
        if not found:
            print(done.stderr[-2000:])
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
