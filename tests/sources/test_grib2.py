"""GRIB2 fields, written here octet by octet from WMO's manual: what GDAL may read, and as what."""

from __future__ import annotations

import gzip
import io
import os
import re
import struct
import tarfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import rasterio.shutil
from grib2_writer import (
    APCP,
    EPOCH,
    MICRO,
    PRATE,
    QPE_01H,
    TEMPERATURE,
    TPRATE,
    WHEN,
    grib,
    identity,
    message,
    place,
    png,
    product,
    projected,
    section,
    values,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pluvial.errors import PluvialError
from pluvial.grids.grid import Grid
from pluvial.sources.entries import Entry, entries_of
from pluvial.sources.grib2 import Grib2Rain, _Message, _same
from pluvial.sources.source import Field
from rasterio.crs import CRS
from rasterio.io import MemoryFile
from rasterio.transform import from_origin
from rasterio.warp import transform


def read(path: Path) -> list[Field]:
    return list(Grib2Rain(format="grib2", files="*").fields(Entry(path)))


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "rain.grib2"


# MRMS: tenths of mm/h above -3; 30 is dry, 20 (-1) is missing, 0 (-3) is outside of the radars.
MRMS = np.array([[30, 31, 40], [20, 0, 1530]])


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("template", [0, 41])
def test_mrms(file: Path, packed: bool, template: int) -> None:
    content = grib(MRMS, packing={"template": template})
    (field,) = read(write(file, gzip.compress(content) if packed else content))
    assert (field.time, field.name) == (EPOCH, "")
    grid = field.grid
    assert (grid.rows, grid.cols, grid.cell, grid.west, grid.north) == (2, 3, 0.01, -130, 55)
    rates = field.read()
    assert rates.dtype == np.float32
    np.testing.assert_allclose(rates, [[0, 0.1, 1], [np.nan, np.nan, 150]], 1e-6, 1e-6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(data=st.data(), template=st.sampled_from([0, 41]), scan=st.sampled_from([0x00, 0x40]))
def test_round_trip(tmp_path: Path, data: st.DataObject, template: int, scan: int) -> None:
    """Values come back in their places, from both ways of scanning and both packings."""
    shape = st.tuples(st.integers(2, 6), st.integers(2, 6))
    stored = data.draw(arrays(np.int64, shape, elements=st.integers(0, 65535)))
    content = grib(
        stored,
        grid={"scan": scan, "first": (10_005_000, 20_005_000)},
        packing={"template": template, "lowest": 0.0, "decimals": 2},
    )
    (field,) = read(write(tmp_path / "field", content))
    expected = np.float32(stored[::-1] if scan else stored) / 100
    np.testing.assert_allclose(field.read(), expected, rtol=1e-6)
    rows = stored.shape[0]
    south = 10.0 if scan else 10.01 - 0.01 * rows
    assert (field.grid.west, field.grid.south) == pytest.approx((20, south), abs=1e-9)


@pytest.mark.parametrize(
    ("first", "west"), [(230_005_000, -130), (5_000, 0), (-4_995_000, -5), (355_005_000, -5)]
)
def test_longitudes_are_from_minus_180_on(file: Path, first: int, west: float) -> None:
    (field,) = read(write(file, grib(MRMS, grid={"first": (54_995_000, first)})))
    assert field.grid.west == west


def test_rounded_corners_are_one_grid(file: Path) -> None:
    """MRMS writes corners a millionth of a degree off those that its cells make."""
    stored = np.full((350, 700), 30)
    rough = {"last": (51_505_001, 236_994_998)}
    grids = [read(write(file, grib(stored, grid=grid)))[0].grid for grid in ({}, rough)]
    assert grids[0] == grids[1]
    assert (grids[0].cell, grids[0].west, grids[0].south) == (0.01, -130, 51.5)


def test_other_corners_are_not_rounded(file: Path) -> None:
    """Cells of 1/120 degree: over a thousand columns a millionth of a degree matters."""
    size = MICRO // 120
    last = (50 * MICRO - 9 * MICRO // 120, 10 * MICRO + 999 * MICRO // 120)
    grid = {"cell": (size, size), "first": (50 * MICRO, 10 * MICRO), "last": last}
    (field,) = read(write(file, grib(np.full((10, 1000), 30), grid=grid)))
    assert field.grid.cell == pytest.approx(1 / 120, abs=2e-9)


@pytest.mark.parametrize(("earth", "crs"), [(5, "EPSG:4326"), (4, "GEOGCS"), (6, "GEOGCS")])
def test_only_a_named_datum_has_a_code(file: Path, earth: int, crs: str) -> None:
    (field,) = read(write(file, grib(MRMS, grid={"shape_of_earth": earth})))
    assert field.grid.crs.startswith(crs)


@pytest.mark.parametrize("template", [10, 20, 30])
def test_projected_grids(file: Path, template: int) -> None:
    """The first point is the centre of the south-western cell: so says PROJ."""
    content = message(identity(209, START), projected(template), product(6, 1), values(MRMS))
    (field,) = read(write(file, content))
    grid = field.grid
    assert (grid.shape, grid.cell) == ((2, 3), 3000)
    sphere = CRS.from_string("+proj=longlat +R=6371229")
    (lon,), (lat,) = transform(CRS.from_wkt(grid.crs), sphere, [grid.x()[0]], [grid.y()[-1]])
    assert (lon % 360, lat) == pytest.approx((237, 21), abs=1e-6)
    np.testing.assert_allclose(field.read()[1], [0, 0.1, 1], 1e-6, 1e-6)


@pytest.mark.parametrize("template", [10, 20, 30])
def test_projected_grids_from_the_north_are_refused(file: Path, template: int) -> None:
    place = projected(template, scan=0)
    content = message(identity(209, START), place, product(6, 1), values(MRMS))
    with pytest.raises(PluvialError, match="scanning mode 0x00"):
        read(write(file, content))


def write_with_gdal(file: Path, rates: np.ndarray, packing: str) -> None:
    """A field of 0.1 degree from (10, 50), by GDAL's own writer."""
    shape = {"count": 1, "height": rates.shape[0], "width": rates.shape[1]}
    place = {"crs": "EPSG:4326", "transform": from_origin(10, 50, 0.1, 0.1)}
    with MemoryFile() as memory:
        with memory.open(driver="GTiff", dtype="float32", **shape, **place) as dataset:
            dataset.write(rates / 3600, 1)
        with memory.open() as dataset:
            rasterio.shutil.copy(
                dataset,
                str(file),
                driver="GRIB",
                DATA_ENCODING=packing,
                NBITS="16",
                DISCIPLINE="0",
                IDS="CENTER=7 MASTER_TABLE=2 LOCAL_TABLE=1 REF_TIME=2019-06-10T00:02:00Z",
                PDS_PDTN="0",
                PDS_TEMPLATE_ASSEMBLED_VALUES="1 7 2 0 97 0 0 0 0 1 0 0 255 0 0",
            )


RAMP = np.arange(1200, dtype=np.float32).reshape(30, 40) % 997


@pytest.mark.filterwarnings("ignore:Use `@` matmul")
@pytest.mark.parametrize(
    "packing", ["SIMPLE_PACKING", "COMPLEX_PACKING", "IEEE_FLOATING_POINT", "PNG", "JPEG2000"]
)
def test_packings_that_gdal_writes(file: Path, packing: str) -> None:
    write_with_gdal(file, RAMP, packing)
    (field,) = read(file)
    assert field.time == EPOCH
    assert field.grid == Grid(30, 40, 0.1, 10, 47, "EPSG:4326")
    # 996 mm/h in 16 bits.
    np.testing.assert_allclose(field.read(), RAMP, atol=0.016)


@pytest.mark.filterwarnings("ignore:Use `@` matmul")
def test_what_gdal_unpacks_to_nothing_is_no_dry_field(file: Path) -> None:
    """A JPEG 2000 with a whole header and zeros for its data, which GDAL reads as one value."""
    write_with_gdal(file, RAMP, "JPEG2000")
    content = file.read_bytes()
    start = content.index(b"\xff\x93") + 2
    write(file, content[:start] + b"\0" * (len(content) - start - 6) + content[-6:])
    (field,) = read(file)
    with pytest.raises(PluvialError, match="cannot be unpacked"):
        field.read()


def test_bitmap(file: Path) -> None:
    present = np.array([[True, False, True], [True, True, True]])
    (field,) = read(write(file, grib(MRMS, packing={"present": present, "lowest": 0.0})))
    np.testing.assert_allclose(field.read(), [[3, np.nan, 4], [2, 0, 153]], rtol=1e-6)


def test_nothing_but_gaps(file: Path) -> None:
    present = np.zeros((2, 3), dtype=bool)
    (field,) = read(write(file, grib(MRMS, packing={"present": present})))
    assert np.isnan(field.read()).all()


@pytest.mark.parametrize("kind", [PRATE, TPRATE])
def test_rates_per_second(file: Path, kind: tuple[int, int, int]) -> None:
    """kg m-2 s-1 are 3600 mm/h."""
    content = grib([[0, 1], [2, 3]], kind=kind, packing={"lowest": 0.0, "decimals": 3})
    (field,) = read(write(file, content))
    np.testing.assert_allclose(field.read(), [[0, 3.6], [7.2, 10.8]], rtol=1e-6)


def test_a_forecast_bears_its_valid_time(file: Path) -> None:
    (field,) = read(write(file, grib(MRMS, time={"minutes": 75})))
    assert field.time == EPOCH + 75 * 60


@pytest.mark.parametrize(
    ("kind", "process", "expected"), [(PRATE, 0, 3.6), (APCP, 1, 1 / 1000 * 60 / 20)]
)
def test_what_covers_a_period_bears_its_start(
    file: Path, kind: tuple[int, int, int], process: int, expected: float
) -> None:
    """A mean rate, and an amount in 20 minutes: the period is from minute 10 to minute 30."""
    time = {"minutes": 10, "period": (process, WHEN.replace(minute=32))}
    content = grib([[0, 1], [1, 1]], kind=kind, time=time, packing={"lowest": 0.0, "decimals": 3})
    (field,) = read(write(file, content))
    assert field.time == EPOCH + 600
    np.testing.assert_allclose(field.read()[0], [0, expected], rtol=1e-6)


@pytest.mark.parametrize(
    ("kind", "process", "message"),
    [
        (TEMPERATURE, None, "'TMP' is in 'C', which is neither"),
        ((209, 10, 0), None, "is in 'dBZ', which is neither"),
        (QPE_01H, None, "'mm' over 0 s"),
        (APCP, 0, r"template 4.8, process 0\) is no rate"),
        (PRATE, 1, r"template 4.8, process 1\) is no rate"),
        (PRATE, 2, r"template 4.8, process 2\) is no rate"),
    ],
)
def test_what_is_no_rain_is_named(
    file: Path, kind: tuple[int, int, int], process: int | None, message: str
) -> None:
    time = {} if process is None else {"period": (process, WHEN.replace(minute=32))}
    with pytest.raises(PluvialError, match=message):
        read(write(file, grib(MRMS, kind=kind, time=time)))


def test_an_amount_of_several_periods_is_refused(file: Path) -> None:
    time = {"period": (1, WHEN.replace(minute=32)), "periods": 2}
    with pytest.raises(PluvialError, match="process None"):
        read(write(file, grib(MRMS, kind=APCP, time=time)))


def test_a_period_that_ends_before_it_starts_is_refused(file: Path) -> None:
    time = {"minutes": 10, "period": (1, WHEN)}
    with pytest.raises(PluvialError, match="over -600 s"):
        read(write(file, grib(MRMS, kind=APCP, time=time)))


def test_fields_of_one_file_are_counted(file: Path) -> None:
    """Two messages, and a third field in the second message."""
    parts = [place(2, 3), product(6, 1), values(MRMS)]
    later = (2019, 6, 10, 0, 4, 0)
    twice = message(identity(209, later), *parts, product(6, 1, minutes=2), values(MRMS + 10))
    fields = read(write(file, grib(MRMS) + twice))
    assert [field.name for field in fields] == ["#0", "#1", "#2"]
    assert [(field.time or 0) - EPOCH for field in fields] == [0, 120, 240]
    assert fields[2].read()[0, 0] == pytest.approx(1)
    assert fields[0].read()[0, 0] == 0


def test_members_of_a_tar(tmp_path: Path) -> None:
    path = tmp_path / "mrms.tar"
    with tarfile.open(path, "w") as archive:
        for number, content in enumerate((grib(MRMS), gzip.compress(grib(MRMS + 10)))):
            member = tarfile.TarInfo(f"PrecipRate_{number}.grib2")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    section = Grib2Rain(format="grib2", files="*")
    fields = [field for entry in entries_of(path) for field in section.fields(entry)]
    assert [field.read()[0, 0] for field in fields] == pytest.approx([0, 1])


def test_values_are_read_when_asked_for(file: Path) -> None:
    (field,) = read(write(file, grib(MRMS)))
    write(file, grib(MRMS + 10))
    assert field.read()[0, 0] == pytest.approx(1)
    write(file, grib(MRMS)[:-9])
    with pytest.raises(PluvialError, match="ends in field 0"):
        field.read()
    file.unlink()
    with pytest.raises(PluvialError):
        field.read()


def test_files_beside_it_are_not_read(file: Path) -> None:
    """GDAL would take an index or notes from there."""
    write(file, grib(MRMS))
    write(file.with_name(file.name + ".idx"), b"1:0:d=2019061000:TMP:surface:anl:\n" * 2)
    note = b'<Metadata><MDI key="GRIB_UNIT">[m]</MDI></Metadata>'
    notes = b'<PAMDataset><PAMRasterBand band="1">' + note + b"</PAMRasterBand></PAMDataset>"
    write(file.with_name(file.name + ".aux.xml"), notes)
    (field,) = read(file)
    assert field.read()[0, 0] == 0


def test_gdal_must_find_what_the_sections_say(file: Path) -> None:
    told = [_Message(0, (2, 3), b"", varies=False)]
    for count, shape in ((2, (2, 3)), (1, (3, 2))):
        with pytest.raises(PluvialError, match="but GDAL finds"):
            _same(Entry(file), SimpleNamespace(count=count, shape=shape), told)


GOOD = grib(MRMS)
PNG = grib(MRMS, packing={"template": 41})
START = WHEN.timetuple()[:6]
JPEG = b"\xff\x4f\xff\x51" + struct.pack(">HH", 41, 0)


def without(number: int) -> bytes:
    """A message that lacks one section."""
    parts = {1: identity(209, START), 3: place(2, 3), 4: product(6, 1)}
    whole = {**parts, 5: b"", 6: b"", 7: b""}
    rest, at = values(MRMS), 0
    for name in (5, 6, 7):
        size = int.from_bytes(rest[at : at + 4])
        whole[name], at = rest[at : at + size], at + size
    return message(*(part for name, part in whole.items() if name != number))


BROKEN = {
    "next to nothing": (b"\n", "no GRIB message where field 0"),
    "another format": (b"\x89HDF\r\n\x1a\n" * 9, "no GRIB message where field 0"),
    "a part of a head": (GOOD[:11], "no GRIB message where field 0"),
    "edition 1": (GOOD[:7] + b"\1" + GOOD[8:], "edition 1"),
    "cut": (GOOD[:-1], "ends in field 0, a message of"),
    "cut in the second": (GOOD + GOOD[:99], "ends in field 1, a message of"),
    "rubbish behind it": (GOOD + b"\0" * 20, "where field 1 should start"),
    "2 ** 63 octets": (GOOD[:8] + b"\x7f" + GOOD[9:], "ends in field 0, a message of"),
    "fewer octets": (GOOD[:15] + bytes([GOOD[15] - 4]) + GOOD[16:], "is impossible"),
    "no end": (GOOD[:-4] + b"\0\0\0\0", "do not fill its message"),
    "a message of 18 octets": (
        b"GRIB\0\0\xd1\2" + struct.pack(">Q", 18) + b"7777" + GOOD,
        "do not fill its message",
    ),
    "no section": (message(), "it holds no field"),
    "an unknown section": (message(section(9, b"")), "a section 9 of 5 octets"),
    "a section of no octets": (message(b"\0\0\0\0\1", b"\0" * 30), "a section 1 of 0 octets"),
    "a section of 4 GiB": (message(b"\xff\xff\xff\xff\1", b"\0" * 30), "4294967295 octets"),
    **{f"no section {n}": (without(n), f"section {n} is missing") for n in (1, 3, 4, 5, 6)},
    "no values": (without(7), "it holds no field"),
    "month": (grib(MRMS, when=(2019, 13, 1, 0, 0, 0)), "2019-13-1 0:0:0 is impossible"),
    "year": (grib(MRMS, when=(0, 1, 1, 0, 0, 0)), "impossible"),
    "second": (grib(MRMS, when=(2019, 1, 1, 0, 0, 60)), "impossible"),
    "another grid": (GOOD + grib(MRMS, grid={"cell": (20_000, 20_000)}), "on another grid"),
    "oblong cells": (grib(MRMS, grid={"cell": (10_000, 20_000)}), "not square"),
    "rows of several lengths": (grib(MRMS, grid={"listed": 4}), "grid template 3.0 is not read"),
    "predefined grid": (grib(MRMS, grid={"source": 1}), "grid template 3.0 is not read"),
    "Gaussian grid": (grib(MRMS, grid={"template": 40}), "grid template 3.40 is not read"),
    "from the east": (grib(MRMS, grid={"scan": 0x80}), "scanning mode 0x80"),
    "to and fro": (grib(MRMS, grid={"scan": 0x50}), "scanning mode 0x50"),
    "columns first": (grib(MRMS, grid={"scan": 0x20}), "scanning mode 0x20"),
    "points": (grib(MRMS, grid={"points": 7}), "with 7 points is impossible"),
    "no cells": (message(identity(209, START), place(0, 3), product(6, 1), values(MRMS)), "0 x 3"),
    "a sea of cells": (
        message(identity(209, START), place(30000, 30000), product(6, 1), values(MRMS)),
        "a grid of 30000 x 30000 cells",
    ),
    "values": (grib(MRMS, packing={"count": 5}), "5 values on 6 points do not fit bitmap 255"),
    "more values than bits": (grib(MRMS, packing={"bits": 17}), "6 values are not all there"),
    "unknown packing": (grib(MRMS, packing={"template": 50}), "packing template 5.50 is not read"),
    "short bitmap": (
        message(
            identity(209, START),
            place(40, 50),
            product(6, 1),
            values(MRMS, present=np.ones((2, 3), bool)),
        ),
        "6 values on 2000 points do not fit bitmap 0",
    ),
    "predefined bitmap": (
        message(
            identity(209, START),
            place(2, 3),
            product(6, 1),
            values(MRMS).replace(section(6, b"\xff"), section(6, b"\1")),
        ),
        "do not fit bitmap 1",
    ),
    "PNG of another width": (
        grib(MRMS, packing={"template": 41, "data": png(MRMS, width=1 << 20)}),
        "template 5.41: 6 values are not all there",
    ),
    "coloured PNG": (
        grib(MRMS, packing={"template": 41, "data": png(MRMS, colour=6)}),
        "template 5.41",
    ),
    "no PNG": (grib(MRMS, packing={"template": 41, "data": b"\0" * 99}), "template 5.41"),
    "cut PNG": (grib(MRMS, packing={"template": 41, "data": png(MRMS)[:-12]}), "template 5.41"),
    "damaged PNG": (PNG[:-30] + bytes([PNG[-30] ^ 1]) + PNG[-29:], "template 5.41"),
    "JPEG 2000 of another width": (
        grib(
            MRMS,
            packing={"template": 40, "data": JPEG + struct.pack(">4I", 1 << 20, 1 << 20, 0, 0)},
        ),
        "template 5.40: 6 values are not all there",
    ),
    "no JPEG 2000": (grib(MRMS, packing={"template": 40, "data": b"\0" * 40}), "template 5.40"),
    "JPEG 2000 of a header": (
        grib(MRMS, packing={"template": 40, "data": JPEG + struct.pack(">4I", 3, 2, 0, 0)}),
        "GDAL cannot read it",
    ),
}


@pytest.mark.parametrize("fault", BROKEN)
@pytest.mark.parametrize("packed", [False, True])
def test_broken_files_are_named(file: Path, fault: str, packed: bool) -> None:
    content, message = BROKEN[fault]
    write(file, gzip.compress(content) if packed else content)
    with pytest.raises(PluvialError, match=re.escape(message)) as raised:
        [field.read() for field in read(file)]
    assert str(file) in str(raised.value)


def test_more_pixels_than_deflate_can_pack_are_refused(file: Path) -> None:
    """A PNG that says it has 4000 x 4000 pixels, in 26 octets of them."""
    content = message(
        identity(209, START),
        place(4000, 4000),
        product(6, 1),
        values(MRMS, template=41, count=4000 * 4000, data=png(np.zeros((4000, 1)), width=4000)),
    )
    with pytest.raises(PluvialError, match="16000000 values are not all there"):
        read(write(file, content))


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PluvialError, match="none.grib2"):
        read(tmp_path / "none.grib2")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(data=st.data(), packed=st.booleans())
def test_only_our_error_escapes(tmp_path: Path, data: st.DataObject, packed: bool) -> None:
    """Any mutation of a good file is read, or refused with our error."""
    path = tmp_path / "mutant.grib2"
    good = data.draw(st.sampled_from([GOOD, PNG, GOOD + GOOD]))
    start = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(start, min(len(good), start + 20)))
    content = good[:start] + data.draw(st.binary(max_size=12)) + good[end:]
    path.write_bytes(gzip.compress(content, 1) if packed else content)
    try:
        for field in read(path):
            assert field.read().shape == field.grid.shape
    except PluvialError:
        pass


@pytest.mark.realdata
def test_a_field_of_mrms(root: Path) -> None:
    """The whole of the United States; what it holds was read with ecCodes 2.50."""
    folder = Path(os.environ.get("PLUVIAL_DATA", root.parent / "shared" / "data"))
    path = folder / "radar" / "grib2" / "PrecipRate_00.00_20190610-000000.grib2"
    if not path.is_file():
        pytest.skip(f"the real data is not at {path} (set PLUVIAL_DATA)")
    (field,) = read(path)
    assert field.time == 1560124800
    assert field.grid == Grid(3500, 7000, 0.01, -130, 20, field.grid.crs)
    rates = field.read()
    assert np.isnan(rates).sum() == 8769493
    assert np.nanmax(rates) == np.float32(148.8)
    assert np.nansum(rates, dtype=np.float64) == pytest.approx(2126764.0, rel=1e-6)
