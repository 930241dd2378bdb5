"""ODIM HDF5, in which Europe's weather services exchange radar composites.

A file holds one or more images, each with its quantity, coding and time. What they have in common
stands further out::

    /what                    object, date and time
    /where                   projdef, corners, xsize and ysize, xscale and yscale
    /dataset1/what           startdate, starttime, enddate, endtime
    /dataset1/data1/what     quantity, gain, offset, nodata, undetect
    /dataset1/data1/data     [ysize, xsize], row 0 is the northernmost

Source: EUMETNET OPERA weather radar information model for implementation with the HDF5 file
format, version 2.4 (2021).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from pluvial.errors import PluvialError
from pluvial.grids.grid import Grid
from pluvial.sources.crs import KILOMETRES, crs_of, geographic, projected
from pluvial.sources.entries import DAMAGED, Entry
from pluvial.sources.files import RainFiles
from pluvial.sources.gdal import crs_name
from pluvial.sources.hdf5 import Attribute, attribute, members, opened_hdf5, stored
from pluvial.sources.quantities import (
    ReflectivityConfig,
    rate_of_accumulation,
    rate_of_reflectivity,
)
from pluvial.sources.source import Field
from pluvial.sources.stored import Stored, converted, rates

OdimQuantity = Literal["RATE", "ACRR", "DBZH", "TH"]
"""Rate in mm/h, amount in mm, reflectivity in dBZ, and that uncorrected: the first is preferred."""
OBJECTS = ("COMP", "IMAGE")
"""What a file of images is. Others hold rays, profiles or volumes."""
MISFIT = 0.25
"""Cells by which the corners may contradict the number of cells: some are written to 1e-3 degree,
and a corner that is meant as the centre of a cell is off by one."""

NOT_ODIM = "Give ODIM composites or images, of which /what, /where and /dataset1 tell all"


class OdimRain(RainFiles):
    """ODIM HDF5 files of rain: rates, amounts, or radar reflectivity."""

    format: Literal["odim"]
    """ODIM HDF5 composites (.h5, .hdf; plain, .gz, or in a .tar), such as the Met Office's open
    one, OPERA's, and those of most of Europe."""
    quantity: OdimQuantity | None = None
    """Which quantity to read; left out, the first of RATE, ACRR, DBZH and TH that is there."""
    reflectivity: ReflectivityConfig = ReflectivityConfig()
    """From reflectivity to rain, for DBZH and TH."""
    nodata: float | None = None
    """The stored value that stands for missing; left out, as the file says."""
    undetect: float | None = None
    """The stored value that stands for no rain; left out, as the file says."""

    def fields(self, entry: Entry) -> Iterator[Field]:
        """The images of one quantity, in the order of their datasets.

        A rate or a reflectivity bears the nominal time of the file or, where the file holds
        several, the start of its dataset. An amount is the mean rate from the start to the end of
        its dataset, and bears the start.
        """
        with opened_hdf5(entry) as file:
            images = self._chosen(entry, file)
            fields = [self._field(image, len(images) > 1) for image in images]
            if len({field.time for field in fields}) < len(fields):
                raise entry.fault(
                    f"it holds several images of {images[0].quantity} of the same time",
                    remedy="Give files with one of them",
                )
        yield from fields

    def _chosen(self, entry: Entry, file: Any) -> list[_Image]:
        """The images of the quantity to read."""
        images = list(_images(entry, file))
        found = sorted({image.quantity for image in images})
        wanted = [self.quantity] if self.quantity else get_args(OdimQuantity)
        quantity = next((name for name in wanted if name in found), None)
        if quantity is None:
            raise entry.fault(
                f"it holds {', '.join(found) or 'no image'}, not {' or '.join(wanted)}",
                remedy="Give files of rain or reflectivity, or write as `quantity` which to read",
            )
        return [image for image in images if image.quantity == quantity]

    def _field(self, image: _Image, several: bool) -> Field:
        """The field of an image, which may be one of several."""
        start = image.time("start") if several or image.quantity == "ACRR" else image.time("")
        seconds = image.time("end") - start if image.quantity == "ACRR" else 3600
        if seconds <= 0:
            raise image.fault(f"its amount of rain fell in {seconds} s")
        code = _Code(
            image.number("gain", 1.0),
            image.number("offset", 0.0),
            image.number("nodata") if self.nodata is None else self.nodata,
            image.number("undetect") if self.undetect is None else self.undetect,
        )
        if not np.isfinite([code.gain, code.offset]).all() or not code.gain:
            raise image.fault(f"gain {code.gain:g} and offset {code.offset:g} make no values")
        if code.nodata == code.undetect:
            raise image.fault(
                f"{code.nodata:g} would stand for missing and for no rain",
                remedy="Write `nodata` and `undetect`",
            )
        relation = self.reflectivity if image.quantity in ("DBZH", "TH") else None
        read = partial(_read, image.values(), code, seconds, relation)
        return Field(start, image.grid(), read, f"#{image.name}" if several else "")


@dataclass(frozen=True)
class _Code:
    """How values are stored: as (value - offset) / gain, or as what stands for none."""

    gain: float
    offset: float
    nodata: float
    undetect: float


@dataclass(frozen=True)
class _Image:
    """An image, while its file is open.

    Attributes:
        entry: the file.
        name: where the image lies in it.
        groups: what the groups around it hold by name, innermost first.
    """

    entry: Entry
    name: str
    groups: tuple[dict[str, Any], ...]

    def fault(self, problem: str, remedy: str = DAMAGED) -> PluvialError:
        """Our error about this image."""
        return self.entry.fault(f"{self.name}: {problem}", remedy)

    @property
    def quantity(self) -> str:
        """Its quantity; empty if it names none."""
        found = self._attribute("what", "quantity")
        return found if isinstance(found, str) else ""

    def text(self, part: str, name: str) -> str:
        """The text ``name`` of its `what` or `where`."""
        found = self._attribute(part, name)
        if not isinstance(found, str):
            raise self.fault(f"{part}/{name} is missing, or no text", NOT_ODIM)
        return found

    def number(self, name: str, default: float | None = None, part: str = "what") -> float:
        """The number ``name`` of its `what` or `where`."""
        found = self._attribute(part, name)
        if found is None and default is not None:
            return default
        if found is None or isinstance(found, str) or found.size != 1:
            raise self.fault(f"{part}/{name} is missing, or no number", NOT_ODIM)
        return float(found[0])

    def time(self, which: str) -> int:
        """Its `start` or `end`, or with neither its nominal time, s since 1970-01-01T00:00Z."""
        told = self.text("what", f"{which}date") + self.text("what", f"{which}time")
        parts = re.fullmatch(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)", told, re.ASCII)
        try:
            year, month, day, hour, minute, second = map(int, parts.groups() if parts else ())
            moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        except ValueError:
            raise self.fault(f"{told[:20]!r} is no date and time") from None
        return int(moment.timestamp())

    def values(self) -> Stored:
        """Its stored values, [rows, cols]."""
        dataset = self.groups[0].get("data")
        found = stored(self.entry, dataset) if hasattr(dataset, "dtype") else None
        size = self.number("ysize", part="where"), self.number("xsize", part="where")
        if found is None or found.shape != size:
            raise self.fault(f"its data are no numbers of {size[0]:g} x {size[1]:g} cells")
        return found

    def grid(self) -> Grid:
        """Where it lies.

        The corners are longitudes and latitudes: of WGS 84, or where that fits its size better,
        of the datum that its projection names. Both are in use.
        """
        from rasterio.crs import CRS

        rows, cols = self.values().shape
        projdef = self.text("where", "projdef")
        unit = 1000.0 if KILOMETRES.search(projdef) else 1.0
        width, height = (unit * self.number(name, part="where") for name in ("xscale", "yscale"))
        if not (0 < width < np.inf and abs(width - height) <= 1e-6 * width):
            raise self.fault(
                f"its cells of {width:g} x {height:g} are not square",
                remedy="Give composites of square cells",
            )
        longitudes, latitudes = (
            [self.number(f"{corner}_{axis}", part="where") for corner in ("LL", "UR")]
            for axis in ("lon", "lat")
        )
        crs = crs_of(self.entry, projdef)
        best, misfit = np.zeros((2, 2)), np.inf
        for source in (CRS.from_epsg(4326), CRS.from_proj4(geographic(projdef))):
            corners = projected(self.entry, crs, source, longitudes, latitudes)
            size = (corners[:, 1] - corners[:, 0]) / width
            if (off := float(np.abs(size - (cols, rows)).max())) < misfit:
                best, misfit = corners, off
        if misfit > MISFIT:
            raise self.fault(
                f"its corners lie {misfit:.3g} cells off a grid of {rows} x {cols} cells of "
                f"{width:g}",
                remedy="Give composites whose corners are those of their outer cells",
            )
        # Corners are told to a fraction of a cell only.
        digits = 3 - math.floor(math.log10(width))
        west, south = (round(float(edge), digits) + 0.0 for edge in best[:, 0])
        return Grid(rows, cols, width, west, south, crs_name(crs))

    def _attribute(self, part: str, name: str) -> Attribute | None:
        """What the innermost group says that says it."""
        for group in self.groups:
            found = attribute(group[part], name) if part in group else None
            if found is not None:
                return found
        return None


def _images(entry: Entry, file: Any) -> Iterator[_Image]:
    """The images of a file, in order."""
    root = members(file)
    kind = attribute(root["what"], "object") if "what" in root else None
    if kind not in OBJECTS:
        raise entry.fault(
            f"it holds an ODIM object {kind}" if kind else "it is HDF5, but not ODIM",
            NOT_ODIM,
        )
    for dataset in _numbered(root, "dataset"):
        common = members(root[dataset])
        for data in _numbered(common, "data"):
            yield _Image(entry, f"{dataset}/{data}", (members(common[data]), common, root))


def _numbered(group: dict[str, Any], name: str) -> list[str]:
    """The members of a group that are called ``name`` and a number, in order of it."""
    return sorted(filter(re.compile(f"{name}[0-9]+").fullmatch, group), key=lambda n: (len(n), n))


def _read(
    values: Stored, code: _Code, seconds: float, relation: ReflectivityConfig | None
) -> NDArray[np.float32]:
    """The rates of an image, float32[rows, cols], mm/h, NaN where missing.

    Args:
        values: as they are stored.
        code: how they are stored.
        seconds: in which they fell, as mm; an hour for rates.
        relation: from reflectivity to rain, if they are reflectivities.
    """

    def decoded(part: NDArray[Any]) -> NDArray[np.floating]:
        values = part.astype(np.float64) * code.gain + code.offset
        values[(part == code.nodata) | (values == np.inf)] = np.nan
        if relation is None:
            rate: NDArray[np.floating] = rates(rate_of_accumulation(values, seconds))
        else:
            rate = rate_of_reflectivity(values, relation)
        rate[part == code.undetect] = 0
        return rate

    return converted(values.read(), decoded)
