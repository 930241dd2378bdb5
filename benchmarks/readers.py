"""Every reader beside an independent one, on real files.

    python benchmarks/readers.py RADAR [--iris PYTHON]

RADAR is a folder with nimrod/, odim/, netcdf/, geotiff/ and grib2/ in it. NIMROD is read by iris
and GRIB2 by ecCodes, in throw-away environments made by ``uv``; ODIM by GDAL's raw bands with gain
and offset applied here, NetCDF by xarray, GeoTIFF by rasterio with the formula of its producer.
Printed are the largest difference, whether what is missing is the same, and whether corners and
time are.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CHECKOUT / "workflow"))

from pluvial.grids.time_axis import iso
from pluvial.sources.entries import Entry
from pluvial.sources.registry import rain_source
from pluvial.sources.source import Field

ECCODES = """
import sys, numpy as np, eccodes
with open(sys.argv[1], "rb") as file:
    message = eccodes.codes_grib_new_from_file(file)
get = lambda key: eccodes.codes_get(message, key)
values = eccodes.codes_get_values(message).reshape(get("Nj"), get("Ni"))
np.savez(sys.argv[2], values=values, north=get("latitudeOfFirstGridPointInDegrees"),
         west=get("longitudeOfFirstGridPointInDegrees"), cell=get("iDirectionIncrementInDegrees"),
         time=f"{get('dataDate')}{get('dataTime'):04d}")
"""


@dataclass
class Other:
    """What an independent reader says: values float[rows, cols], north-west corner, time."""

    reader: str
    values: np.ndarray
    west: float
    north: float
    time: int | None


def ours(path: Path, **keys: object) -> list[Field]:
    """The fields of a file, by our reader."""
    return list(rain_source({"files": str(path), **keys}).fields(Entry(path)))


def epoch(text: str) -> int:
    """Seconds since 1970 of YYYYmmddHHMM, UTC."""
    return int(datetime.strptime(text, "%Y%m%d%H%M").replace(tzinfo=UTC).timestamp())


def environment(folder: Path, *packages: str) -> str:
    """An interpreter that has some packages, in a throw-away environment."""
    uv = subprocess.run(
        [CHECKOUT / "envs" / "get-uv.sh"], capture_output=True, text=True, check=True
    ).stdout.splitlines()[-1]
    subprocess.run([uv, "venv", "-q", "--python", "3.11", folder], check=True)
    python = str(folder / "bin" / "python")
    subprocess.run([uv, "pip", "install", "-q", "--python", python, *packages], check=True)
    return python


def odim(path: Path) -> Other:
    """ODIM by GDAL's bands and its own attributes."""
    import h5py
    import rasterio
    from rasterio.warp import transform

    with h5py.File(path) as file:
        what = dict(file["dataset1/what"].attrs)
        where = dict(file["where"].attrs)
        root = dict(file["what"].attrs)
    with rasterio.open(f'HDF5:"{path}"://dataset1/data1/data') as data:
        raw = data.read(1)
    scalar = {key: float(what[key]) for key in ("gain", "offset", "nodata", "undetect")}
    values = raw * scalar["gain"] + scalar["offset"]
    values[raw == scalar["undetect"]] = 0
    values[raw == scalar["nodata"]] = np.nan
    projection = np.asarray(where["projdef"]).reshape(-1)[0].decode()
    lon, lat = (float(np.asarray(where[f"UL_{axis}"]).reshape(-1)[0]) for axis in ("lon", "lat"))
    x, y = transform("EPSG:4326", projection, [lon], [lat])
    time = b"".join(np.asarray(root[key]).reshape(-1)[0] for key in ("date", "time")).decode()
    return Other("GDAL, by hand", values, x[0], y[0], epoch(time[:12]))


def netcdf(path: Path) -> Other:
    """A BoM accumulation by xarray: its mean rate, from the start of its interval."""
    import xarray as xr

    with xr.open_dataset(path) as data:
        amount = data["precipitation"].values
        start, end = (
            data[key].values.astype("datetime64[s]").astype(int)
            for key in ("start_time", "valid_time")
        )
        x, y = data["x"].values, data["y"].values
        scale = 1000.0 if data["x"].attrs["units"] == "km" else 1.0
    flip = y[0] < y[-1]
    values = (amount[::-1] if flip else amount) * 3600 / (end - start)
    west = (x[0] - (x[1] - x[0]) / 2) * scale
    north = (y.max() + abs(y[1] - y[0]) / 2) * scale
    return Other("xarray", values, west, north, int(start))


def geotiff(path: Path) -> Other:
    """An FMI composite by rasterio: dBZ = (n - 64) / 2, then Z = 200 R^1.6."""
    import rasterio

    with rasterio.open(path) as data:
        raw = data.read(1).astype(float)
        bounds = data.bounds
    dbz = np.minimum((raw - 64) / 2, 53)
    values = np.where(dbz < 7, 0, (10 ** (dbz / 10) / 200) ** (1 / 1.6))
    values[raw == 255] = np.nan
    return Other("rasterio, by hand", values, bounds.left, bounds.top, None)


def grib2(path: Path, python: str, folder: Path) -> Other:
    """MRMS by ecCodes."""
    out = folder / "grib.npz"
    subprocess.run([python, "-c", ECCODES, path, out], check=True)
    found = np.load(out)
    values = np.where(found["values"] < 0, np.nan, found["values"])
    cell = float(found["cell"])
    west = (float(found["west"]) + 180) % 360 - 180 - cell / 2
    return Other(
        "ecCodes", values, west, float(found["north"]) + cell / 2, epoch(str(found["time"]))
    )


def compare(name: str, field: Field, other: Other) -> str:
    """One line."""
    values = field.read().astype(float)
    missing = np.array_equal(np.isnan(values), np.isnan(other.values))
    largest = float(np.nanmax(np.abs(values - other.values)))
    cell = field.grid.cell
    corner = max(abs(field.grid.west - other.west), abs(field.grid.north - other.north)) / cell
    time = "named" if other.time is None else "equal" if field.time == other.time else "DIFFERENT"
    return (
        f"{name:8} {other.reader:18} {field.grid.rows} x {field.grid.cols}, "
        f"{int(np.isnan(values).sum())} missing ({'equal' if missing else 'DIFFERENT'}), largest "
        f"{np.nanmax(values):.2f} mm/h, largest difference {largest:.1e}, corners {corner:.1e}, "
        f"time {time}" + (f" ({iso(field.time)})" if field.time is not None else "")
    )


def lines(radar: Path, iris: str, eccodes: str, folder: Path) -> Iterator[str]:
    """A line for each format."""
    for path in sorted((radar / "nimrod").iterdir())[:1]:
        yield nimrod_line(path, iris)
    for path in sorted((radar / "odim").iterdir())[:1]:
        yield compare("ODIM", ours(path, format="odim")[0], odim(path))
    for path in sorted((radar / "netcdf").iterdir())[:1]:
        yield compare("NetCDF", ours(path, format="netcdf")[0], netcdf(path))
    for path in sorted((radar / "geotiff").iterdir())[:1]:
        keys = {"format": "geotiff", "quantity": "reflectivity", "cell": 250}
        yield compare("GeoTIFF", ours(path, **keys)[0], geotiff(path))
    for path in sorted((radar / "grib2").iterdir())[:1]:
        yield compare("GRIB2", ours(path, format="grib2")[0], grib2(path, eccodes, folder))


def nimrod_line(path: Path, python: str) -> str:
    """NIMROD beside iris, which prints a document for each field of a file."""
    script = CHECKOUT / "benchmarks" / "readers_iris.py"
    done = subprocess.run([python, script, path], capture_output=True, text=True, check=True)
    found = next(
        item
        for item in map(json.loads, done.stdout.splitlines())
        if item["title"] == "rate_of_precipitation"
    )
    field = ours(path, format="nimrod", title="rainrate")[0]
    values = field.read()
    same = np.isclose(float(np.nansum(values.astype(float))), found["sum"], rtol=1e-9)
    missing = int(np.isnan(values).sum())
    return (
        f"{'NIMROD':8} {'iris':18} {field.grid.rows} x {field.grid.cols}, {missing} missing "
        f"({'equal' if missing == found['missing'] else 'DIFFERENT'}), "
        f"sum {'equal' if same else 'DIFFERENT'} ({found['sum']:.4f}), "
        f"time {'equal' if field.time == found['start'] else 'DIFFERENT'} ({iso(field.time or 0)})"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("radar", type=Path)
    parser.add_argument("--iris", help="an interpreter that has iris")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        iris = options.iris or environment(folder / "iris", "scitools-iris", "xxhash<4")
        eccodes = environment(folder / "eccodes", "eccodes", "eccodeslib", "numpy")
        for line in lines(options.radar, iris, eccodes, folder):
            print(line)


if __name__ == "__main__":
    main()
