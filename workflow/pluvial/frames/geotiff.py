"""Predictions as GeoTIFF, for a GIS: a file of depth and one of exceedance for each time."""

from __future__ import annotations

import shutil
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pluvial.errors import PluvialError
from pluvial.frames.predictions import PredictionsFile
from pluvial.grids.grid import Grid
from pluvial.grids.time_axis import iso

COMMON: dict[str, Any] = {
    "driver": "GTiff",
    "compress": "deflate",
    "predictor": 3,
    "nodata": np.nan,
}


def write_geotiffs(predictions: Path, folder: Path) -> None:
    """Write ``depth-TIME.tif`` (m) and ``exceedance-TIME.tif`` (a band for each threshold).

    They are gathered under another name first: the folder is there whole or not at all.

    Args:
        predictions: what to write, a NetCDF file of predictions.
        folder: to make; one that is there already is replaced.
    """
    gathered = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(gathered, ignore_errors=True)
    gathered.mkdir(parents=True)
    with closing(PredictionsFile(predictions)) as file:
        for number, time in enumerate(file.times.tolist()):
            stamp = datetime.fromtimestamp(time, UTC).strftime("%Y%m%dT%H%MZ")
            tags = {
                "valid_time": iso(time),
                "forecast_reference_time": iso(int(file.references[number])),
                "model_sha256": str(file.attributes["model_sha256"]),
                "missing_rain": f"{file.missing_rain[number]:g}",
            }
            depth = file.depth(number, number + 1)
            _write(gathered / f"depth-{stamp}.tif", depth, file.grid, tags, ["water depth, m"])
            names = [f"probability of more than {threshold:g} m" for threshold in file.thresholds]
            chances = file.exceedance(number, number + 1)[0]
            _write(gathered / f"exceedance-{stamp}.tif", chances, file.grid, tags, names)
    shutil.rmtree(folder, ignore_errors=True)
    gathered.rename(folder)


def _write(
    path: Path, bands: NDArray[np.float32], grid: Grid, tags: dict[str, str], names: list[str]
) -> None:
    """Write float32[bands, rows, cols], NaN missing."""
    import rasterio
    from rasterio.errors import RasterioError
    from rasterio.transform import from_origin

    placed: dict[str, Any] = {
        "transform": from_origin(grid.west, grid.north, grid.cell, grid.cell),
        "crs": grid.crs or None,
    }
    count, rows, cols = bands.shape
    shape = {"count": count, "height": rows, "width": cols, "dtype": "float32"}
    try:
        with rasterio.open(path, "w", **COMMON, **shape, **placed) as file:
            file.write(bands)
            file.update_tags(**tags)
            for number, name in enumerate(names, start=1):
                file.set_band_description(number, name)
    except RasterioError as error:
        raise PluvialError(
            f"the GeoTIFF cannot be written ({error})", where=path, remedy="Is there space left?"
        ) from None
