"""Opening raw files with GDAL, which is heard but says nothing to standard error itself."""

from __future__ import annotations

import io
import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from typing import Any

from pluvial.errors import PluvialError
from pluvial.sources.entries import Entry

GDAL_CACHE = 1 << 26
"""Bytes in which GDAL keeps blocks."""
LOST = re.compile(r"IO error|corrupt|\bLine \d|UnicodeDecodeError")
"""What is said where a damaged tag is left out, such as the coordinate reference system, where a
line of XML is, or where a message cites bytes that are no text."""


@contextmanager
def opened(entry: Entry, driver: str) -> Iterator[tuple[Any, int]]:
    """A raw file in GDAL (a rasterio dataset), and how many bytes it has.

    What lies beside it (.aux.xml, .tfw, .ovr) is not looked at: it may be another's, and is not
    there in a tar. What GDAL and rasterio raise meanwhile becomes our error.
    """
    import rasterio
    from rasterio.errors import NotGeoreferencedWarning
    from rasterio.io import MemoryFile

    options = {"GDAL_CACHEMAX": GDAL_CACHE, "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR"}
    try:
        path = entry.plain_path()
        content = b"" if path else entry.content()
        with listening() as heard, warnings.catch_warnings(), rasterio.Env(**options):
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            if path:
                with rasterio.open(path.absolute(), driver=driver) as dataset:
                    yield dataset, path.stat().st_size
            else:
                memory = MemoryFile(content, filename="content")
                with memory, memory.open(driver=driver) as dataset:
                    yield dataset, len(content)
    except PluvialError:
        raise
    except gdal_errors() as error:
        raise entry.fault(f"GDAL cannot read it ({error.__cause__ or error})") from None
    if lost := next(filter(LOST.search, heard.getvalue().splitlines()), ""):
        raise entry.fault(f"GDAL cannot read all of it ({lost})")


def gdal_errors() -> tuple[type[Exception], ...]:
    """What rasterio raises; errors of GDAL that it does not translate have a private class."""
    from rasterio._err import CPLE_BaseError
    from rasterio.errors import RasterioError

    return RasterioError, CPLE_BaseError, OSError, ValueError


@contextmanager
def listening() -> Iterator[io.StringIO]:
    """What GDAL and rasterio say meanwhile, in the log and on standard error."""
    heard, logger = io.StringIO(), logging.getLogger("rasterio")
    handler = logging.StreamHandler(heard)
    logger.addHandler(handler)
    propagates, logger.propagate = logger.propagate, False
    try:
        with redirect_stderr(heard):
            yield heard
    finally:
        logger.propagate = propagates
        logger.removeHandler(handler)


def crs_name(crs: Any) -> str:
    """Name a rasterio CRS: by its code where one fits, else as WKT; empty where there is none."""
    if not crs:
        return ""
    code = crs.to_epsg()
    return f"EPSG:{code}" if code else str(crs.to_wkt())
