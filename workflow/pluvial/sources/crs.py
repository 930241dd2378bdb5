"""Coordinate reference systems as files name them: PROJ strings, WKT or EPSG codes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pluvial.sources.entries import Entry
from pluvial.sources.gdal import gdal_errors, listening

KILOMETRES = re.compile(r"\+units=km\b|\+to_meter=1000(?:\.0*)?(?=\s|$)")
"""What makes a PROJ string one of kilometres; its false easting and northing are metres all the
same."""
EPSG = re.compile(r"(?:\+init=)?epsg:(\d{4,6})", re.IGNORECASE)
DATUM = re.compile(r"\+(?:ellps|datum|a|b|R|rf|f|towgs84|nadgrids|pm)=\S+")
AXIS = re.compile(r'SPHEROID\["[^"]*",([-+.\deE]+)')
LEAST_AXIS = 1e6
"""Metres; a smaller Earth is one in kilometres."""


def crs_of(entry: Entry, text: str) -> Any:
    """The rasterio CRS that a file names, in metres or degrees.

    Args:
        entry: the file, for messages.
        text: a PROJ string (one of kilometres is taken as one of metres), WKT, or EPSG code.

    Raises:
        PluvialError: if it is none, or not in metres or degrees.
    """
    from rasterio.crs import CRS
    from rasterio.errors import CRSError

    text = text.strip()
    try:
        with _quiet():
            if code := EPSG.fullmatch(text):
                crs = CRS.from_epsg(int(code[1]))
            elif text.startswith("+"):
                crs = CRS.from_proj4(KILOMETRES.sub("+units=m", text))
            else:
                crs = CRS.from_wkt(text)
            axis = AXIS.search(crs.to_wkt(version="WKT1_GDAL"))
            factor = crs.linear_units_factor[1] if crs.is_projected else 1.0
    except CRSError as error:
        raise entry.fault(
            f"{text[:80]!r} is no coordinate reference system ({error})",
            remedy="Give a file whose coordinate reference system PROJ knows",
        ) from None
    if abs(factor - 1) > 1e-9 or axis is None or float(axis[1]) < LEAST_AXIS:
        raise entry.fault(
            f"its coordinate reference system {text[:80]!r} is not in metres or degrees",
            remedy="Warp it to one that is (gdalwarp)",
        )
    return crs


def geographic(text: str) -> str:
    """Longitude and latitude on the datum of a PROJ string, in PROJ's words."""
    return " ".join(["+proj=longlat", *DATUM.findall(text)])


def projected(
    entry: Entry, crs: Any, source: Any, longitudes: Sequence[float], latitudes: Sequence[float]
) -> NDArray[np.float64]:
    """X and y of points in ``crs``, float64[2, n].

    Args:
        entry: the file, for messages.
        crs: a rasterio CRS.
        source: the rasterio CRS of ``longitudes`` and ``latitudes``, in degrees.
        longitudes: of the points.
        latitudes: of the points.
    """
    from rasterio.warp import transform

    try:
        with _quiet():
            points = np.array(transform(source, crs, longitudes, latitudes))
    except gdal_errors() as error:
        raise entry.fault(f"its corners cannot be projected ({error})") from None
    if not np.isfinite(points).all():
        raise entry.fault("its corners cannot be projected")
    return points


@contextmanager
def _quiet() -> Iterator[None]:
    """GDAL raises its errors, and does not write them to standard error as well."""
    import rasterio

    with listening(), rasterio.Env():
        yield
