"""GeoTIFF, in which Finland publishes its radar composites, and most models their depths.

GDAL reads the values, block by block. The files tell no time: it stands in their names. Files
beside them (.tfw, .aux.xml, .ovr) are not looked at, so that a file means the same in a tar.

Sources: GeoTIFF 1.1 (OGC 19-008r4); https://gdal.org/en/stable/drivers/raster/gtiff.html.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import Field as Key
from pydantic import model_validator

from pluvial.config.base import Section
from pluvial.grids.grid import Grid
from pluvial.sources.entries import Entry
from pluvial.sources.files import DepthFiles, HeightmapFiles, RainFiles
from pluvial.sources.gdal import crs_name, opened
from pluvial.sources.quantities import (
    Quantity,
    ReflectivityConfig,
    rate_of_accumulation,
    rate_of_reflectivity,
)
from pluvial.sources.source import Field
from pluvial.sources.tiff import bands

MOST_CELLS = 1 << 26
PART_CELLS = 1 << 20
"""Cells that are read at a time, where blocks are smaller."""

MOST_BANDS = 1024
MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
PACKING = {"NONE": 1, "PACKBITS": 64, "LZW": 1365, "DEFLATE": 1032, "LZMA": 8192, "ZSTD": 32768}
"""The greatest ratios at which TIFF's lossless codecs can pack, by GDAL's names of them."""

UNITS = {
    "rate": ("mm/h", "mm/hr", "mm/hour", "mm h-1", "mm hr-1", "kg m-2 h-1"),
    "accumulation": ("mm", "kg m-2", "kg/m2", "kg/m^2", "kg/(m^2)"),
    "reflectivity": ("dbz",),
    "length": ("m", "metre", "metres", "meter", "meters"),
}
"""Spellings of the units, in lower case, of what is read."""

ITEM = re.compile(r'<Item name="(\w+)"(?: unit="([^"]*)")?[^>]*>([^<]*)</Item>')
"""An element of GDAL's metadata."""
CODING = {"Gain", "Offset", "Nodata", "Undetect"}
"""What the Finnish Meteorological Institute tells there of its values."""

Convert = Callable[[NDArray[np.float64]], NDArray[np.floating]]


class Raster(Section):
    """Keys that all GeoTIFFs share."""

    band: int | None = Key(None, ge=1)
    """Which band to read, counted from 1; left out, there must be only one."""
    gain: float | None = Key(None, allow_inf_nan=False)
    """What stored values are multiplied by; left out, as the file says, else 1."""
    offset: float | None = Key(None, allow_inf_nan=False)
    """What is added then; left out, as the file says, else 0."""
    nodata: float | None = None
    """The stored value that stands for missing; left out, as the file says."""
    cell: float | None = Key(None, gt=0, allow_inf_nan=False)
    """Side of the cells to take where the file's are not quite square, such as 250: no cell may
    be displaced by more than half of it."""


class GeotiffRain(Raster, RainFiles):
    """GeoTIFFs of rain: rates, amounts, or radar reflectivity."""

    format: Literal["geotiff"]
    """GeoTIFFs (plain or .gz), the time in their names."""
    quantity: Quantity
    """What the values are: a `rate` in mm/h, an `accumulation` in mm, or a `reflectivity` in
    dBZ."""
    accumulation_minutes: float | None = Key(None, gt=0, allow_inf_nan=False)
    """Minutes in which the amounts fell, for `accumulation`."""
    undetect: float | None = None
    """The stored value that stands for no rain; left out, as files of the FMI say, else none."""
    reflectivity: ReflectivityConfig = ReflectivityConfig()
    """From reflectivity to rain, for `reflectivity`."""

    @model_validator(mode="after")
    def _knows_its_quantity(self) -> Self:
        for quantity, key in (
            ("accumulation", "accumulation_minutes"),
            ("reflectivity", "reflectivity"),
        ):
            if key in self.altered() and self.quantity != quantity:
                raise ValueError(f"`{key}` is for `quantity: {quantity}`")
        if self.quantity == "accumulation" and self.accumulation_minutes is None:
            raise ValueError("`accumulation_minutes` is missing: write how long the rain fell")
        return self

    def fields(self, entry: Entry) -> Iterator[Field]:
        """The one field; its time is that in the name."""
        yield _field(entry, self, self.quantity, self._rate, self.undetect)

    def _rate(self, values: NDArray[np.float64]) -> NDArray[np.floating]:
        """Rates in mm/h; what is infinitely much or less than none is missing."""
        values[values == np.inf] = np.nan
        if self.quantity == "reflectivity":
            return rate_of_reflectivity(values, self.reflectivity)
        values[values < 0] = np.nan
        if self.accumulation_minutes is not None:
            return rate_of_accumulation(values, self.accumulation_minutes * 60)
        return values


class GeotiffDepth(Raster, DepthFiles):
    """GeoTIFFs of water depth in metres."""

    format: Literal["geotiff"]
    """GeoTIFFs (plain or .gz), the time in their names."""

    def fields(self, entry: Entry) -> Iterator[Field]:
        """The one field; its time is that in the name."""
        yield _field(entry, self, "length", _metres)


class GeotiffHeightmap(Raster, HeightmapFiles):
    """GeoTIFFs of elevations in metres: one, or tiles."""

    format: Literal["geotiff"]
    """GeoTIFFs (plain or .gz)."""

    def fields(self, entry: Entry) -> Iterator[Field]:
        """The one field."""
        yield _field(entry, self, "length", _metres)


def _metres(values: NDArray[np.float64]) -> NDArray[np.floating]:
    """Depths or elevations, which are metres already."""
    return values


def _field(
    entry: Entry,
    keys: Raster,
    quantity: str,
    convert: Convert,
    undetect: float | None = None,
) -> Field:
    """The field of a file.

    Args:
        entry: the file.
        keys: the keys of the section.
        quantity: what it holds, see :data:`UNITS`.
        convert: makes what the frames hold of the values in the unit of ``quantity``; it may
            alter them.
        undetect: the stored value that stands for no rain.
    """
    with _opened(entry) as (dataset, _):
        grid = _band(entry, dataset, keys, quantity, undetect).grid
    return Field(None, grid, partial(_read, entry, grid, keys, quantity, convert, undetect))


@contextmanager
def _opened(entry: Entry) -> Iterator[tuple[Any, int]]:
    """The file in GDAL (a rasterio dataset), and how many bytes it has."""
    with entry.open() as stream:
        if stream.read(4) not in MAGIC:
            raise entry.fault("it is no TIFF", remedy="Give a GeoTIFF")
        stream.seek(0)
        if (claimed := bands(stream)) > MOST_BANDS:
            raise entry.fault(f"a file of {claimed} bands is impossible")
    with opened(entry, "GTiff") as found:
        yield found


@dataclass(frozen=True)
class _Band:
    """A band of a file, and how it is stored.

    Attributes:
        number: of the band, from 1.
        grid: where it lies, north up.
        south_up: whether it is stored from south to north.
        gain, offset: values are ``gain`` times stored ones plus ``offset``.
        nodata, undetect: what is stored for missing, and for no rain.
    """

    number: int
    grid: Grid
    south_up: bool
    gain: float
    offset: float
    nodata: float | None
    undetect: float | None


def _band(entry: Entry, dataset: Any, keys: Raster, quantity: str, undetect: float | None) -> _Band:
    """The band to read, as the keys say, else as the file does."""
    number = keys.band or 1
    if dataset.subdatasets:
        raise entry.fault(
            f"it holds {len(dataset.subdatasets)} images", remedy="Give a file for each of them"
        )
    if number > dataset.count or (keys.band is None and dataset.count > 1):
        raise entry.fault(f"it has {dataset.count} bands", remedy="Write as `band` which to read")
    kind = dataset.dtypes[number - 1]
    if not kind.startswith(("int", "uint", "float")):
        raise entry.fault(f"its values are of the type {kind}", remedy="Give real numbers")
    grid = _grid(entry, dataset, keys.cell)
    stated, unit = _stated(dataset)
    _check_unit(entry, dataset.units[number - 1] or unit, quantity, keys.gain is not None)
    gain = _either(keys.gain, stated.get("Gain"), dataset.scales[number - 1])
    offset = _either(keys.offset, stated.get("Offset"), dataset.offsets[number - 1])
    if gain is None or offset is None or not np.isfinite([gain, offset]).all() or not gain:
        raise entry.fault(f"gain {gain} and offset {offset} make no values")
    nodata = _either(keys.nodata, stated.get("Nodata"), dataset.nodatavals[number - 1])
    undetect = _either(undetect, stated.get("Undetect"))
    if undetect is not None and undetect == nodata:
        raise entry.fault(
            f"{nodata:g} would stand for missing and for no rain",
            remedy="Write `nodata` and `undetect`",
        )
    return _Band(number, grid, dataset.transform.e > 0, gain, offset, nodata, undetect)


def _either(*values: float | None) -> float | None:
    """The first that is given."""
    return next((float(value) for value in values if value is not None), None)


def _stated(dataset: Any) -> tuple[dict[str, float], str]:
    """What the Finnish Meteorological Institute tells of its values, and their unit.

    It stands in GDAL's metadata, or as such a document within an item of them.
    """
    tags = dataset.tags()
    items = ITEM.findall(tags.get("GDAL_METADATA", ""))
    told = tags | {name: value for name, _, value in items}
    stated = {name: float(told[name]) for name in CODING} if set(told) >= CODING else {}
    return stated, next((unit for name, unit, _ in items if name == "Quantity"), "")


def _check_unit(entry: Entry, unit: str, quantity: str, converted: bool) -> None:
    """Refuse a unit that is not that of ``quantity``, nor converted by a key."""
    kind = next((kind for kind, names in UNITS.items() if unit.strip().lower() in names), "")
    if not unit.strip() or kind == quantity:
        return
    if kind in get_args(Quantity) and quantity != "length":
        raise entry.fault(f"its values are in {unit!r}", remedy=f"Write `quantity: {kind}`")
    if not converted:
        raise entry.fault(
            f"its values are in {unit!r}, not in {UNITS[quantity][0]}",
            remedy="Write `gain`, what they are to be multiplied by",
        )


def _grid(entry: Entry, dataset: Any, cell: float | None) -> Grid:
    """Where the field lies; ``cell`` is the side that its cells shall have."""
    rows, cols = dataset.shape
    place = tuple(dataset.transform[:6])
    width, turn, west, lean, down, first = place
    if rows * cols > MOST_CELLS:
        raise entry.fault(f"a grid of {rows} x {cols} cells is impossible")
    if place == (1, 0, 0, 0, 1, 0) or not np.isfinite(place).all():
        raise entry.fault(
            "it does not tell where it lies",
            remedy="Write its place into it (gdal_translate, which also reads a .tfw beside it)",
        )
    if turn or lean or width <= 0 or not down:
        raise entry.fault(
            "its rows do not run from west to east, or its columns not from north to south",
            remedy="Resample it onto a grid that is north up (gdalwarp)",
        )
    height, south = abs(down), min(first, first + rows * down)
    taken = width if cell is None else cell
    # Cells are displaced most at the edges, where the middle of the grid stays.
    shift = max(abs(width - taken) * cols, abs(height - taken) * rows) / 2
    if shift > taken / 2 or (cell is None and abs(width - height) > 1e-6 * width):
        raise entry.fault(
            f"its cells of {width:.9g} x {height:.9g} are not square"
            + ("" if cell is None else f", and with {cell:g} lie up to {shift / cell:.2g} off"),
            remedy="Resample it onto square cells (gdalwarp -tr), or write as `cell` which side "
            "they are meant to have",
        )
    west += cols * (width - taken) / 2
    south += rows * (height - taken) / 2
    return Grid(rows, cols, taken, west, south, crs_name(dataset.crs))


def _read(
    entry: Entry,
    grid: Grid,
    keys: Raster,
    quantity: str,
    convert: Convert,
    undetect: float | None,
) -> NDArray[np.float32]:
    """The values, float32[rows, cols], NaN where missing; see :func:`_field`."""
    from rasterio.enums import MaskFlags

    with _opened(entry) as (dataset, size):
        band = _band(entry, dataset, keys, quantity, undetect)
        if band.grid != grid:
            raise entry.fault("it has changed while it was read")
        _check_blocks(entry, dataset, band, size)
        values = np.empty(grid.shape, np.float32)
        stored_rows = values[::-1] if band.south_up else values
        decode = _decoder(band, convert, dataset.dtypes[band.number - 1])
        height = dataset.block_shapes[band.number - 1][0]
        step = max(1, PART_CELLS // (grid.cols * height)) * height
        for first in range(0, grid.rows, step):
            last = min(first + step, grid.rows)
            window = (first, last), (0, grid.cols)
            part = decode(dataset.read(band.number, window=window))
            if MaskFlags.per_dataset in dataset.mask_flag_enums[band.number - 1]:
                part[dataset.read_masks(band.number, window=window) == 0] = np.nan
            stored_rows[first:last] = part
    return values


def _decoder(
    band: _Band, convert: Convert, kind: str
) -> Callable[[NDArray[Any]], NDArray[np.float32]]:
    """What makes mm/h or metres, float32[...], of what is stored."""

    def decode(stored: NDArray[Any]) -> NDArray[np.float32]:
        # No data may be stored as what overflows in float32.
        with np.errstate(over="ignore", invalid="ignore"):
            values = stored.astype(np.float64) * band.gain + band.offset
            if band.nodata is not None:
                values[stored == band.nodata] = np.nan
            decoded = convert(values).astype(np.float32)
            decoded[np.isinf(decoded)] = np.nan
            if band.undetect is not None:
                decoded[stored == band.undetect] = 0
        return decoded

    if kind not in ("int8", "uint8", "int16", "uint16"):
        return decode
    # There are fewer numbers than cells: each is decoded once.
    unsigned = np.dtype(kind.removeprefix("u").replace("int", "uint"))
    table = decode(np.arange(np.iinfo(unsigned).max + 1, dtype=unsigned).view(kind))
    return lambda stored: table[stored.view(unsigned)]


def _check_blocks(entry: Entry, dataset: Any, band: _Band, size: int) -> None:
    """Refuse blocks that are not there, and more cells than the bytes of those there can hold."""
    rows, cols = band.grid.shape
    height, width = dataset.block_shapes[band.number - 1]
    down, across = -(-rows // height), -(-cols // width)
    if height * width > MOST_CELLS or down * across > size:
        raise entry.fault(f"{down * across} blocks of {height} x {width} cells are impossible")
    stored, cells = 0, 0
    for row, col in np.ndindex(down, across):
        offset, length = (
            dataset.get_tag_item(f"BLOCK_{what}_{col}_{row}", "TIFF", bidx=band.number)
            for what in ("OFFSET", "SIZE")
        )
        if offset is None or length is None:
            if dataset.nodatavals[band.number - 1] is None:
                raise entry.fault(
                    "it lacks blocks, and no nodata value says what was there",
                    remedy="Make it with a nodata value, or without SPARSE_OK",
                )
            continue
        if int(offset) + int(length) > size:
            raise entry.fault(f"it ends before block {row}, {col}")
        stored += int(length)
        # A last strip is as high as it must be, a last tile as high as all.
        cells += width * (min(height, rows - row * height) if width == cols else height)
    packing = dataset.tags(ns="IMAGE_STRUCTURE").get("COMPRESSION", "NONE")
    itemsize = np.dtype(dataset.dtypes[band.number - 1]).itemsize
    bits = int(dataset.tags(band.number, ns="IMAGE_STRUCTURE").get("NBITS", 8 * itemsize))
    if packing in PACKING and cells * bits > 8 * PACKING[packing] * stored:
        raise entry.fault(f"{stored} bytes cannot hold the {cells} cells that it promises")
