"""Coordinate reference systems by what a configuration or a grid calls them."""

from __future__ import annotations

from typing import Any

from pluvial.errors import PluvialError


def crs_named(name: str) -> Any:
    """The rasterio CRS of a name: ``EPSG:…``, WKT or a PROJ string.

    Raises:
        PluvialError: if PROJ knows none of that name.
    """
    from rasterio import Env
    from rasterio.crs import CRS
    from rasterio.errors import CRSError

    try:
        # Else PROJ says it once more, in words of its own.
        with Env():
            return CRS.from_user_input(name)
    except CRSError:
        raise PluvialError(
            f"{name[:80]!r} is no coordinate reference system that PROJ knows",
            where="`crs`",
            remedy="Write an EPSG code such as EPSG:27700",
        ) from None
