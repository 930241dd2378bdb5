"""GeoTIFF: written by GDAL, read by GDAL as well where nothing is to be decoded."""

from __future__ import annotations

import gzip
import io
import logging
import os
import re
import struct
import tarfile
import tracemalloc
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pluvial.errors import PluvialError
from pluvial.grids.grid import Grid
from pluvial.sources.entries import Entry, entries_of
from pluvial.sources.geotiff import GeotiffDepth, GeotiffHeightmap, GeotiffRain
from pluvial.sources.source import Field
from pluvial.sources.tiff import bands
from pydantic import ValidationError
from rasterio.crs import CRS
from rasterio.errors import NotGeoreferencedWarning
from rasterio.transform import Affine

NORTH_UP = Affine(50, 0, 1000, 0, -50, 9000)
KINDS = ["uint8", "int8", "uint16", "int16", "int32", "uint32", "float32", "float64"]


def write(path: Path, values: Any, kind: str = "float32", **keys: Any) -> Path:
    """A GeoTIFF of one band, or of several if ``values`` have three dimensions."""
    stored = np.asarray(values).astype(kind)
    bands = stored if stored.ndim == 3 else stored[np.newaxis]
    attributes = {key: keys.pop(key) for key in ("units", "scales", "offsets") if key in keys}
    tags, mask = keys.pop("tags", {}), keys.pop("mask", None)
    profile = {"crs": "EPSG:27700", "transform": NORTH_UP, **keys, "dtype": kind}
    profile |= dict(zip(("count", "height", "width"), bands.shape, strict=True))
    with warnings.catch_warnings(), rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path, "w", driver="GTiff", **profile) as writer:
            writer.write(bands)
            writer.update_tags(**tags)
            for name, value in attributes.items():
                setattr(writer, name, (value,) * len(bands))
            if mask is not None:
                writer.write_mask(np.asarray(mask, dtype=bool))
    return path


def rain(path: Path, **keys: Any) -> Field:
    section = GeotiffRain(format="geotiff", files="*", **({"quantity": "rate"} | keys))
    (field,) = section.fields(Entry(path))
    return field


def depth(path: Path, **keys: Any) -> Field:
    (field,) = GeotiffDepth(format="geotiff", files="*", **keys).fields(Entry(path))
    return field


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "field.tif"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(data=st.data(), kind=st.sampled_from(KINDS))
def test_agrees_with_gdal(tmp_path: Path, data: st.DataObject, kind: str) -> None:
    """All kinds of numbers, packings and layouts; with and without a nodata value."""
    shape = data.draw(st.tuples(st.integers(1, 40), st.integers(1, 40)))
    stored = data.draw(arrays(kind, shape, elements=st.integers(0, 100)))
    keys: dict[str, Any] = {"nodata": data.draw(st.sampled_from([None, 0, 7]))}
    keys["compress"] = data.draw(st.sampled_from([None, "deflate", "lzw", "packbits", "zstd"]))
    if data.draw(st.booleans()):
        keys |= {"tiled": True, "blockxsize": 16, "blockysize": 16}
    path = write(tmp_path / "any.tif", stored, kind, **keys)
    with rasterio.open(path) as oracle:
        expected = oracle.read(1, masked=True).astype(np.float32).filled(np.nan)
        bounds = oracle.bounds
    for field in (rain(path), depth(path)):
        values = field.read()
        np.testing.assert_array_equal(values, expected)
        assert values.dtype == np.float32
        assert field.time is None
        grid = field.grid
        assert (grid.west, grid.south, grid.east, grid.north) == pytest.approx(bounds)
        assert (grid.shape, grid.cell, grid.crs) == (shape, 50, "EPSG:27700")


def test_in_parts_as_in_one(file: Path) -> None:
    """More cells than are read at a time, in blocks that do not divide them."""
    values = np.random.default_rng(1).random((1300, 1700)).astype(np.float32)
    for keys in ({"tiled": True, "blockxsize": 256, "blockysize": 256}, {"blockysize": 7}):
        write(file, values, **keys)
        np.testing.assert_array_equal(depth(file).read(), values)


def test_south_up_is_turned(file: Path) -> None:
    write(file, [[1, 2], [3, 4], [5, 6]], transform=Affine(50, 0, 1000, 0, 50, 8850))
    field = depth(file)
    assert field.grid == Grid(3, 2, 50, 1000, 8850, "EPSG:27700")
    np.testing.assert_array_equal(field.read(), [[5, 6], [3, 4], [1, 2]])
    tall = np.arange(1100.0 * 1100).reshape(1100, 1100)
    write(file, tall, transform=Affine(50, 0, 1000, 0, 50, 8850))
    np.testing.assert_array_equal(depth(file).read(), tall[::-1].astype(np.float32))


def test_points_are_the_centres_of_cells(file: Path) -> None:
    """The tie point in the file is the corner of NORTH_UP, half a cell from that of the grid."""
    with rasterio.Env(GTIFF_POINT_GEO_IGNORE=True):
        write(file, [[1, 2], [3, 4]], tags={"AREA_OR_POINT": "Point"})
    assert depth(file).grid == Grid(2, 2, 50, 975, 8925, "EPSG:27700")


LAEA = "+proj=laea +lat_0=55 +lon_0=10 +x_0=1950000 +y_0=-2100000 +ellps=WGS84 +units=m"


@pytest.mark.parametrize("crs", ["EPSG:27700", "EPSG:3067", "EPSG:4326", "EPSG:3035"])
def test_codes_of_reference_systems(file: Path, crs: str) -> None:
    assert depth(write(file, [[1]], crs=crs)).grid.crs == crs


def test_a_reference_system_without_a_code(file: Path) -> None:
    crs = depth(write(file, [[1]], crs=CRS.from_string(LAEA))).grid.crs
    assert crs.startswith("PROJCS[")
    assert CRS.from_user_input(crs) == CRS.from_string(LAEA)
    assert depth(write(file, [[1]], crs=None)).grid.crs == ""


def test_keys_of_coding(file: Path) -> None:
    write(file, [[0, 1, 10, 255]], "uint8", nodata=0)
    np.testing.assert_allclose(depth(file, gain=0.5, offset=-2).read(), [[np.nan, -1.5, 3, 125.5]])
    np.testing.assert_array_equal(rain(file, nodata=255).read(), [[0, 1, 10, np.nan]])
    np.testing.assert_array_equal(
        rain(file, gain=0.1, offset=5, undetect=1).read(), np.float32([[np.nan, 0, 6, 30.5]])
    )


def test_the_file_tells_its_coding(file: Path) -> None:
    write(file, [[0, 1, 10]], "uint8", scales=0.5, offsets=2.0)
    np.testing.assert_array_equal(depth(file).read(), [[2, 2.5, 7]])
    np.testing.assert_array_equal(depth(file, gain=1).read(), [[2, 3, 12]])
    np.testing.assert_array_equal(depth(file, offset=0).read(), [[0, 0.5, 5]])


@pytest.mark.parametrize("kind", ["float32", "float64"])
@pytest.mark.parametrize("nodata", [-9999.0, 9999.9, -3.4028234663852886e38, np.nan])
def test_nodata_that_is_rounded_when_stored(file: Path, kind: str, nodata: float) -> None:
    write(file, [[nodata, 1.5]], kind, nodata=nodata)
    np.testing.assert_array_equal(depth(file).read(), [[np.nan, 1.5]])
    if np.isfinite(nodata):
        write(file, [[nodata, 1.5]], kind)
        np.testing.assert_array_equal(depth(file, nodata=nodata).read(), [[np.nan, 1.5]])


@pytest.mark.parametrize("kind", KINDS)
def test_negative_numbers_of_all_kinds(file: Path, kind: str) -> None:
    signed = not kind.startswith("u")
    low, high = (-128, 127) if signed else (0, 255)
    write(file, [[low, 3, high]], kind)
    np.testing.assert_array_equal(depth(file, offset=0.5).read(), [[low + 0.5, 3.5, high + 0.5]])
    expected = [[np.nan if signed else 0, 3, high]]
    np.testing.assert_array_equal(rain(file).read(), expected)
    np.testing.assert_array_equal(rain(file, nodata=3, undetect=low).read(), [[0, np.nan, high]])


def test_infinite_is_missing(file: Path) -> None:
    write(file, [[np.inf, -np.inf, np.nan, 2]])
    for quantity in ({}, {"quantity": "accumulation", "accumulation_minutes": 60}):
        np.testing.assert_array_equal(rain(file, **quantity).read(), [[np.nan] * 3 + [2]])
    np.testing.assert_array_equal(depth(file).read(), [[np.nan] * 3 + [2]])


def test_more_than_float32_holds(file: Path, recwarn: pytest.WarningsRecorder) -> None:
    write(file, [[1e300, -1e300, 2]], "float64")
    np.testing.assert_array_equal(depth(file).read(), [[np.nan, np.nan, 2]])
    np.testing.assert_array_equal(rain(file).read(), [[np.nan, np.nan, 2]])
    assert not [w for w in recwarn if issubclass(w.category, RuntimeWarning)]


def test_an_internal_mask(file: Path) -> None:
    write(file, [[1, 2], [3, 4]], mask=[[1, 0], [1, 1]])
    np.testing.assert_array_equal(depth(file).read(), [[1, np.nan], [3, 4]])
    write(file, [[1, 2], [3, 4]], mask=[[1, 0], [1, 1]], transform=Affine(50, 0, 0, 0, 50, 0))
    np.testing.assert_array_equal(depth(file).read(), [[3, 4], [1, np.nan]])


def test_amounts_become_rates(file: Path) -> None:
    write(file, [[0, 1, 2.5, -1]])
    values = rain(file, quantity="accumulation", accumulation_minutes=5).read()
    np.testing.assert_array_equal(values, [[0, 12, 30, np.nan]])


def test_reflectivity_becomes_rain(file: Path) -> None:
    """Z = 200 R^1.6 at 0.5, 10 and 50 mm/h; dry below 7 dBZ, hail above 53."""
    rates = np.array([0.5, 10, 50])
    dbz = 10 * np.log10(200 * rates**1.6)
    write(file, [[*dbz, 6.9, 70, 53, np.nan, np.inf, -np.inf, -99]], nodata=-99)
    values = rain(file, quantity="reflectivity").read()[0]
    np.testing.assert_allclose(values[:3], rates, rtol=1e-6)
    assert values[3] == values[8] == 0
    assert values[4] == values[5] == pytest.approx((10**5.3 / 200) ** 0.625)
    assert np.isnan(values[[6, 7, 9]]).all()
    relation = {"a": 250.0, "b": 1.2, "cap_dbz": 40.0, "least_dbz": 20.0}
    values = rain(file, quantity="reflectivity", reflectivity=relation).read()[0]
    assert values[0] == 0
    assert values[1] == pytest.approx((10 ** (dbz[1] / 10) / 250) ** (1 / 1.2))
    assert values[4] == pytest.approx((1e4 / 250) ** (1 / 1.2))


FMI = (
    '<GDALMetadata>\n<Item name="Observation time" format="YYYYMMDDhhmm">201609281445</Item>\n'
    '<Item name="Quantity" unit="dBZ">Corrected reflectivity</Item>\n'
    '<Item name="Gain">0.500000</Item>\n<Item name="Offset">-32.000000</Item>\n'
    '<Item name="Nodata">255</Item>\n<Item name="Undetect">0</Item>\n</GDALMetadata>\n'
)
"""The item GDAL_METADATA in files of the Finnish Meteorological Institute."""
PLAIN = {"Gain": "0.5", "Offset": "-32", "Nodata": "255", "Undetect": "0"}


@pytest.mark.parametrize("tags", [{"GDAL_METADATA": FMI}, PLAIN])
def test_what_the_fmi_tells(file: Path, tags: dict[str, str]) -> None:
    """39.5 dBZ are (10^3.95 / 200)^(1/1.6) mm/h."""
    write(file, [[0, 143, 255]], "uint8", tags=tags)
    expected = [[0, (10**3.95 / 200) ** 0.625, np.nan]]
    np.testing.assert_allclose(rain(file, quantity="reflectivity").read(), expected, rtol=1e-6)
    values = rain(file, quantity="reflectivity", gain=0.25, undetect=255, nodata=0).read()
    np.testing.assert_allclose(values, [[np.nan, 0, 0]])


def test_a_part_of_what_the_fmi_tells_is_none(file: Path) -> None:
    write(file, [[0, 100, 255]], "uint8", tags={"Gain": "0.5", "Offset": "-32"})
    np.testing.assert_array_equal(rain(file).read(), [[0, 100, 255]])


def test_the_quantity_of_the_fmi_is_checked(file: Path) -> None:
    write(file, [[0, 143, 255]], "uint8", tags={"GDAL_METADATA": FMI})
    with pytest.raises(PluvialError, match="'dBZ'") as raised:
        rain(file)
    assert raised.value.remedy == "Write `quantity: reflectivity`"


@pytest.mark.parametrize(
    ("units", "quantity"),
    [
        ("mm/h", "rate"),
        ("mm h-1", "rate"),
        ("MM/HR", "rate"),
        ("mm", "accumulation"),
        ("kg m-2", "accumulation"),
        ("dBZ", "reflectivity"),
        ("dBZ ", "reflectivity"),
        ("m", "length"),
        ("metre", "length"),
    ],
)
def test_units_that_are_read(file: Path, units: str, quantity: str) -> None:
    write(file, [[1]], units=units)
    minutes = {"accumulation_minutes": 60} if quantity == "accumulation" else {}
    for other in ("rate", "accumulation", "reflectivity"):
        minutes = {"accumulation_minutes": 60} if other == "accumulation" else {}
        if quantity == other:
            rain(file, quantity=other, **minutes).read()
        else:
            with pytest.raises(PluvialError, match=re.escape(f"are in {units!r}")):
                rain(file, quantity=other, **minutes)
    if quantity == "length":
        assert depth(file).read()[0, 0] == 1
    else:
        with pytest.raises(PluvialError, match="not in m"):
            depth(file)


@pytest.mark.parametrize("units", ["ft", "US survey foot", "cm", "mm", "degC"])
def test_units_that_a_key_must_convert(file: Path, units: str) -> None:
    write(file, [[10]], units=units)
    with pytest.raises(PluvialError, match=re.escape(repr(units))) as raised:
        depth(file)
    assert "`gain`" in raised.value.remedy
    assert depth(file, gain=0.3048).read()[0, 0] == np.float32(3.048)
    if units != "mm":
        with pytest.raises(PluvialError, match="not in mm/h"):
            rain(file)
        assert rain(file, gain=2).read()[0, 0] == 20


def test_another_quantity_is_not_converted(file: Path) -> None:
    write(file, [[10]], units="mm")
    with pytest.raises(PluvialError) as raised:
        rain(file, gain=2)
    assert raised.value.remedy == "Write `quantity: accumulation`"


def test_bands(file: Path) -> None:
    write(file, [[[1]], [[2]], [[3]]], nodata=3)
    with pytest.raises(PluvialError, match="it has 3 bands") as raised:
        depth(file)
    assert "`band`" in raised.value.remedy
    assert [depth(file, band=k).read()[0, 0] for k in (1, 2)] == [1, 2]
    assert np.isnan(depth(file, band=3).read()[0, 0])
    with pytest.raises(PluvialError, match="it has 3 bands"):
        depth(file, band=4)
    write(file, [[[1]], [[2]], [[3]]], interleave="pixel")
    assert depth(file, band=2).read()[0, 0] == 2


def test_cells_that_are_meant_to_be_square(file: Path) -> None:
    """As in FMI's composites: the middle of the grid stays where it is."""
    fmi = Affine(
        250.00401887360616, 0, -196593.0043142296, 0, -250.0139839309012, 8084432.005259146
    )
    write(file, np.zeros((732, 496)), crs="EPSG:3067", transform=fmi)
    with pytest.raises(PluvialError, match="250.004019 x 250.013984 are not square") as raised:
        rain(file)
    assert "`cell`" in raised.value.remedy
    grid = rain(file, cell=250).grid
    assert (grid.cell, grid.shape) == (250, (732, 496))
    x, y = fmi @ (248, 366)
    assert ((grid.west + grid.east) / 2, (grid.south + grid.north) / 2) == pytest.approx((x, y))
    assert abs(grid.north - fmi.f) < 125


@pytest.mark.parametrize(("cell", "off"), [(250.4, "0.58"), (249, "1.5"), (500, "1.8e+02")])
def test_cells_that_are_too_far_from_square(file: Path, cell: float, off: str) -> None:
    write(file, np.zeros((732, 10)), transform=Affine(250, 0, 0, 0, -250, 0))
    with pytest.raises(PluvialError, match=re.escape(f"lie up to {off}")):
        rain(file, cell=cell)
    rain(file, cell=250.3).read()


def test_square_to_a_millionth(file: Path) -> None:
    depth(write(file, [[1]], transform=Affine(50, 0, 0, 0, -50.00004, 0)))
    with pytest.raises(PluvialError, match="not square"):
        depth(write(file, [[1]], transform=Affine(50, 0, 0, 0, -50.00006, 0)))


@pytest.mark.parametrize(
    ("place", "message"),
    [
        (Affine(50, 1e-9, 0, 0, -50, 0), "rows do not run from west to east"),
        (Affine(50, 0, 0, 1, -50, 0), "rows do not run from west to east"),
        (Affine(0, 50, 0, 50, 0, 0), "rows do not run from west to east"),
        (Affine(-50, 0, 0, 0, -50, 0), "rows do not run from west to east"),
        (Affine.identity(), "does not tell where it lies"),
        (None, "does not tell where it lies"),
        (Affine(50, 0, np.inf, 0, -50, 0), "does not tell where it lies"),
        (Affine(50, 0, 0, 0, -50, np.nan), "does not tell where it lies"),
    ],
)
def test_places_that_are_none(file: Path, place: Affine | None, message: str) -> None:
    write(file, [[1, 2], [3, 4]], transform=place)
    with pytest.raises(PluvialError, match=message):
        depth(file)


def test_what_lies_beside_a_file_is_not_looked_at(file: Path) -> None:
    write(file, [[1, 2], [3, 4]])
    beside = "<PAMDataset><PAMRasterBand band='1'><NoDataValue>2</NoDataValue><Scale>7</Scale></PAMRasterBand></PAMDataset>"
    Path(f"{file}.aux.xml").write_text(beside)
    with rasterio.open(file) as oracle:
        assert oracle.nodata == 2
    np.testing.assert_array_equal(depth(file).read(), [[1, 2], [3, 4]])
    assert sorted(path.name for path in file.parent.iterdir()) == [
        file.name,
        f"{file.name}.aux.xml",
    ]
    write(file, [[1, 2], [3, 4]], transform=None)
    file.with_suffix(".tfw").write_text("50\n0\n0\n-50\n25\n75\n")
    with pytest.raises(PluvialError, match="does not tell where it lies") as raised:
        depth(file)
    assert ".tfw" in raised.value.remedy


@pytest.mark.parametrize("name", ["a#1.tif", "b?x=1.tif", "c!d.tif", "zip:e.tif", "f g%20h.tif"])
def test_names_that_rasterio_could_take_for_others(tmp_path: Path, name: str) -> None:
    write(tmp_path / "x.tif", [[1, 2]]).rename(tmp_path / name)
    np.testing.assert_array_equal(depth(tmp_path / name).read(), [[1, 2]])


def test_the_same_in_gzip_and_in_a_tar(tmp_path: Path) -> None:
    stored = np.arange(600).reshape(20, 30)
    plain = write(tmp_path / "a.tif", stored, "int16", nodata=5, compress="deflate")
    packed = tmp_path / "b.tif.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    with tarfile.open(tmp_path / "c.tar", "w") as archive:
        archive.add(plain, "day/a.tif")
        archive.add(packed, "day/b.tif.gz")
    before = sorted(tmp_path.iterdir())
    expected = np.where(stored == 5, np.nan, stored)
    entries = [Entry(plain), Entry(packed), *entries_of(tmp_path / "c.tar")]
    assert len(entries) == 4
    section = GeotiffHeightmap(format="geotiff", files="*")
    for entry in entries:
        (field,) = section.fields(entry)
        assert field.grid == Grid(20, 30, 50, 1000, 8000, "EPSG:27700")
        np.testing.assert_array_equal(field.read(), expected)
    assert sorted(tmp_path.iterdir()) == before


def test_values_are_read_when_asked_for(file: Path) -> None:
    field = depth(write(file, [[1, 2]]))
    write(file, [[3, 4]])
    np.testing.assert_array_equal(field.read(), [[3, 4]])
    write(file, [[3, 4], [5, 6]])
    with pytest.raises(PluvialError, match="changed while it was read"):
        field.read()
    file.unlink()
    with pytest.raises(PluvialError, match="is missing"):
        field.read()


def test_a_composite_needs_little_memory(file: Path) -> None:
    """Arrays alone: what GDAL takes is bound by its cache."""
    stored = np.random.default_rng(0).integers(0, 255, (3000, 4000))
    for kind, packing in (("uint8", "deflate"), ("int32", "lzw")):
        write(file, stored, kind, tiled=True, blockxsize=256, blockysize=256, compress=packing)
        field = rain(file, quantity="reflectivity", gain=0.5, offset=-32)
        tracemalloc.start()
        values = field.read()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < values.nbytes + 80e6


def test_absent_blocks_are_nodata_or_refused(file: Path) -> None:
    values = np.zeros((64, 64))
    values[20, 20] = 1
    tiles = {"tiled": True, "blockxsize": 16, "blockysize": 16, "sparse_ok": True}
    field = depth(write(file, values, **tiles))
    with pytest.raises(PluvialError, match="lacks blocks"):
        field.read()
    write(file, np.where(values, 1, -9999), nodata=-9999, **tiles)
    found = depth(file).read()
    assert np.isnan(found).sum() == 64 * 64 - 1
    assert found[20, 20] == 1


def retagged(content: bytes, changes: dict[int, int]) -> bytes:
    """A little-endian TIFF with other values in the entries of its directory, by their tags."""
    content_ = bytearray(content)
    (directory,) = struct.unpack_from("<I", content, 4)
    (count,) = struct.unpack_from("<H", content, directory)
    for place in range(directory + 2, directory + 2 + 12 * count, 12):
        tag, kind = struct.unpack_from("<HH", content, place)
        if tag in changes:
            struct.pack_into("<H" if kind == 3 else "<I", content_, place + 8, changes.pop(tag))
    assert not changes
    return bytes(content_)


WIDTH, LENGTH, ROWS_PER_STRIP, TILE_WIDTH, TILE_LENGTH = 256, 257, 278, 322, 323


@pytest.mark.parametrize("kind", ["uint8", "float64"])
@pytest.mark.parametrize("packing", [None, "deflate", "lzw", "packbits", "zstd"])
@pytest.mark.parametrize("tiled", [False, True])
@pytest.mark.parametrize("size", [(1 << 13, 1 << 13), (1 << 15, 1 << 15), (60000, 3), (3, 60000)])
def test_headers_that_promise_too_much(
    file: Path, kind: str, packing: str | None, tiled: bool, size: tuple[int, int]
) -> None:
    """Refused before memory is taken, whatever the layout."""
    layout = {"tiled": True, "blockxsize": 16, "blockysize": 16} if tiled else {"blockysize": 16}
    content = write(file, np.ones((16, 16)), kind, compress=packing, **layout).read_bytes()
    rows, cols = size
    for changes in ({}, {TILE_WIDTH: 8192, TILE_LENGTH: 8192} if tiled else {ROWS_PER_STRIP: rows}):
        file.write_bytes(retagged(content, {LENGTH: rows, WIDTH: cols, **changes}))
        tracemalloc.start()
        with pytest.raises(PluvialError):
            depth(file).read()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 1e6


@pytest.mark.parametrize(
    ("changes", "packing", "message"),
    [
        ({WIDTH: 1 << 15, LENGTH: 1 << 15}, "lerc", "a grid of 32768 x 32768"),
        ({TILE_WIDTH: 1 << 14, TILE_LENGTH: 1 << 14}, "lerc", "blocks of 16384 x 16384"),
        ({TILE_WIDTH: 4096, TILE_LENGTH: 4096}, "zstd", "cannot hold the 16777216 cells"),
        ({WIDTH: 160, LENGTH: 1600}, "lerc", "1000 blocks of 16 x 16 cells are impossible"),
    ],
)
def test_promises_are_checked_one_by_one(
    file: Path, changes: dict[int, int], packing: str, message: str
) -> None:
    tiles = {"tiled": True, "blockxsize": 16, "blockysize": 16}
    content = write(file, np.ones((16, 16)), compress=packing, crs=None, **tiles).read_bytes()
    file.write_bytes(retagged(content, dict(changes)))
    with pytest.raises(PluvialError, match=message):
        depth(file).read()


def broken(file: Path) -> dict[str, tuple[bytes, str]]:
    rng = np.random.default_rng(0)
    good = write(file, rng.random((50, 50)), compress="deflate", blockysize=10).read_bytes()
    with rasterio.open(file) as written:
        block = int(written.get_tag_item("BLOCK_OFFSET_0_2", "TIFF", bidx=1))
    keys = {"blocksize": 128, "transform": NORTH_UP, "count": 1, "height": 300, "width": 300}
    with rasterio.open(file, "w", driver="COG", dtype="float32", **keys) as writer:
        writer.write(rng.random((1, 300, 300)).astype(np.float32))
    cog = file.read_bytes()
    complex_ = write(file, [[1, 2]], "complex64").read_bytes()
    two = io.BytesIO()
    write(file, [[1, 2]])
    with rasterio.open(file, "r+") as one:
        profile = one.profile
    with rasterio.open(file, "w", **profile) as writer:
        writer.write(np.ones((1, 1, 2), np.float32))
    with rasterio.open(file, "w", **profile | {"append_subdataset": True}) as writer:
        writer.write(np.ones((1, 1, 2), np.float32))
    two.write(file.read_bytes())
    bad_scale = write(file, [[1, 2]], scales=0.0).read_bytes()
    nan_scale = write(file, [[1, 2]], scales=np.nan).read_bytes()
    bad_gain = write(file, [[1, 2]], tags={**PLAIN, "Gain": "half"}).read_bytes()
    same = write(file, [[1, 2]], tags={**PLAIN, "Undetect": "255"}).read_bytes()
    vrt = b"<VRTDataset rasterXSize='1' rasterYSize='1'></VRTDataset>"
    nodata = write(file, [[-9999, 2]], nodata=-9999).read_bytes()
    return {
        "nodata cut off": (nodata[:-1], "GDAL cannot read all of it"),
        "next to nothing": (b"\n", "it is no TIFF"),
        "text": (b"ncols 3\nnrows 2\n", "it is no TIFF"),
        "another format of GDAL": (vrt, "it is no TIFF"),
        "a start alone": (good[:8], "GDAL cannot read it"),
        "cut in half": (good[: len(good) // 2], "GDAL cannot read it"),
        "the last byte": (good[:-1], "GDAL cannot read all of it"),
        "its place overwritten": (good[:-300] + bytes(300), "does not tell where it lies"),
        "blocks cut off": (cog[:-5], "it ends before block"),
        "a block overwritten": (good[:block] + bytes(9) + good[block + 9 :], "GDAL cannot read it"),
        "complex": (complex_, "of the type complex64"),
        "two images": (two.getvalue(), "it holds 2 images"),
        "gain 0": (bad_scale, "gain 0.0 and offset 0.0 make no values"),
        "gain NaN": (nan_scale, "gain nan"),
        "gain of text": (bad_gain, "GDAL cannot read it"),
        "nodata is undetect": (same, "255 would stand for missing and for no rain"),
    }


NAMES = [
    "nodata cut off",
    "next to nothing",
    "text",
    "another format of GDAL",
    "a start alone",
    "cut in half",
    "the last byte",
    "its place overwritten",
    "blocks cut off",
    "a block overwritten",
    "complex",
    "two images",
    "gain 0",
    "gain NaN",
    "gain of text",
    "nodata is undetect",
]


@pytest.mark.parametrize("fault", NAMES)
@pytest.mark.parametrize("packed", [False, True])
def test_broken_files_are_named(
    file: Path, fault: str, packed: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    content, message = broken(file)[fault]
    file.write_bytes(gzip.compress(content) if packed else content)
    capfd.readouterr()
    with pytest.raises(PluvialError, match=re.escape(message)) as raised:
        depth(file).read()
    assert raised.value.where == str(file)
    assert capfd.readouterr().err == ""


def test_a_file_that_is_not_there(file: Path) -> None:
    with pytest.raises(PluvialError, match="is missing"):
        depth(file)


def test_nothing_is_said_of_files_that_are_read(
    file: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    recwarn: pytest.WarningsRecorder,
) -> None:
    """An unknown tag, of which libtiff warns."""
    content = write(file, [[1, 2]]).read_bytes()
    # 339, the format of samples, becomes a private tag; uint is taken then.
    (directory,) = struct.unpack_from("<I", content, 4)
    place = content.index(struct.pack("<HH", 339, 3), directory)
    file.write_bytes(content[:place] + struct.pack("<H", 60001) + content[place + 2 :])
    depth(file).read()
    file.unlink()
    write(file, [[1, 2]], transform=None)
    with pytest.raises(PluvialError):
        depth(file)
    logging.getLogger("rasterio._env").warning("heard by whoever listens")
    assert capfd.readouterr().err == ""
    assert caplog.messages == ["heard by whoever listens"]
    assert not [w for w in recwarn if issubclass(w.category, NotGeoreferencedWarning)]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(("old", "new"), [(b"DALMetadata>", b"\x99"), (b'="SCALE"', b"x")])
def test_metadata_that_gdal_would_leave_out(
    file: Path, capfd: pytest.CaptureFixture[str], old: bytes, new: bytes
) -> None:
    """GDAL complains of the XML, and cites it; what is no text rasterio cannot log."""
    content = write(file, [[1, 2]], scales=0.5).read_bytes()
    place = content.index(old) + 1
    file.write_bytes(content[:place] + new + content[place + 1 :])
    with pytest.raises(PluvialError, match="cannot read all of it"):
        depth(file)
    assert capfd.readouterr().err == ""


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None
)
@given(data=st.data(), packing=st.sampled_from([None, "deflate", "lzw"]), tiled=st.booleans())
def test_only_our_error_escapes(
    tmp_path: Path, data: st.DataObject, packing: str | None, tiled: bool
) -> None:
    """Any mutation of a good file is read, or refused with our error."""
    path = tmp_path / "mutant.tif"
    layout = {"tiled": True, "blockxsize": 16, "blockysize": 16} if tiled else {"blockysize": 5}
    keys = {"compress": packing, "nodata": 3, "scales": 0.5, "tags": {"GDAL_METADATA": FMI}}
    stored = np.arange(400).reshape(20, 20) % 250
    path.unlink(missing_ok=True)
    good = write(path, stored, "uint8", **keys, **layout).read_bytes()
    start = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(start, min(len(good), start + 12)))
    path.write_bytes(good[:start] + data.draw(st.binary(max_size=12)) + good[end:])
    try:
        field = rain(path, quantity="reflectivity")
        assert field.read().shape == field.grid.shape
    except PluvialError:
        pass


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({}, "quantity"),
        ({"quantity": "accumulation"}, "`accumulation_minutes` is missing"),
        ({"quantity": "rate", "accumulation_minutes": 5}, "is for `quantity: accumulation`"),
        ({"quantity": "rate", "reflectivity": {"a": 100}}, "is for `quantity: reflectivity`"),
        ({"quantity": "rate", "band": 0}, "greater than or equal to 1"),
        ({"quantity": "rate", "cell": 0}, "greater than 0"),
        ({"quantity": "rate", "gain": np.inf}, "finite"),
    ],
)
def test_keys_that_contradict(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(message)):
        GeotiffRain(format="geotiff", files="*", **keys)


@pytest.mark.realdata
def test_composites_of_the_fmi(root: Path) -> None:
    """Reflectivity by GDAL and pysteps' formula for these files, (stored - 64) / 2 dBZ."""
    folder = Path(os.environ.get("PLUVIAL_DATA", root.parent / "shared" / "data"))
    paths = sorted((folder / "radar" / "geotiff").glob("*_FINUTM.tif"))
    if not paths:
        pytest.skip(f"the real data is not at {folder} (set PLUVIAL_DATA)")
    section = GeotiffRain(
        format="geotiff", files="{time:%Y%m%d%H%M}_FINUTM.tif", quantity="reflectivity", cell=250
    )
    for path in paths[:1]:
        with rasterio.open(path) as oracle:
            stored, bounds = oracle.read(1), oracle.bounds
        (field,) = section.fields(Entry(path))
        grid = field.grid
        assert (grid.shape, grid.cell, grid.crs) == ((7316, 4963), 250, "EPSG:3067")
        edges = np.subtract((grid.west, grid.south, grid.east, grid.north), bounds)
        assert np.abs(edges).max() < 60
        values = field.read()
        np.testing.assert_array_equal(np.isnan(values), stored == 255)
        dbz = np.minimum((stored.astype(np.float64) - 64) / 2, 53)
        rate = np.where(dbz < 7, 0, (10 ** (dbz / 10) / 200) ** (1 / 1.6))
        measured = stored != 255
        np.testing.assert_allclose(values[measured], rate[measured], rtol=1e-6)
        assert (values[stored == 0] == 0).all()


@pytest.mark.parametrize("big", ["NO", "YES"])
@pytest.mark.parametrize("order", ["LITTLE", "BIG"])
def test_more_bands_than_there_can_be_are_refused_before_gdal_counts_them(
    tmp_path: Path, big: str, order: str
) -> None:
    """GDAL makes an object for each band as it opens a file: 65,000 take it seconds."""
    path = tmp_path / "many.tif"
    profile = {"driver": "GTiff", "height": 2, "width": 2, "dtype": "uint8", "count": 1025}
    with rasterio.open(path, "w", BIGTIFF=big, ENDIANNESS=order, **profile):
        pass
    with path.open("rb") as stream:
        assert bands(stream) == 1025
    section = GeotiffRain(format="geotiff", files="*", quantity="rate", band=1)
    with pytest.raises(PluvialError, match="a file of 1025 bands is impossible"):
        list(section.fields(Entry(path)))
