"""The domain figure: what lies where is drawn there, and every kind of misfit is found."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, QuadMesh
from numpy.typing import NDArray
from pluvial.errors import PluvialError
from pluvial.figures import georeference
from pluvial.figures.domain import domain_sheet, draw_domain
from pluvial.figures.georeference import (
    FARTHEST,
    Georeference,
    fits_of_floods,
    local_height,
    read_georeference,
)
from pluvial.figures.mapview import carry, corners, named, seen, view_of
from pluvial.figures.sheet import Sheet
from pluvial.frames.elevation import write_elevation
from pluvial.frames.gaps import Regular, Status
from pluvial.frames.store import write_period
from pluvial.frames.variables import DEPTH, RAIN, Variable
from pluvial.grids.grid import Grid

START, STEP = 1_600_041_600, 300
CRS = "EPSG:27700"
GROUND = Grid(30, 40, 50.0, 209_000, 89_000, CRS)
RAIN_GRID = Grid(5, 6, 500.0, 208_500, 88_500, CRS)


def valley(rows: int, cols: int) -> NDArray[np.float64]:
    """A bent valley: the elevation rises on both sides of a line that no mirror keeps."""
    row, col = np.mgrid[:rows, :cols]
    return np.abs(col - cols / 4 - 0.4 * row - 2 * np.sin(row / 3)) * 5.0


def make(**changes: object) -> Georeference:
    """Rain that covers the ground, floods in the valley, and no misfit."""
    elevation = valley(*GROUND.shape)
    flooded = np.where(elevation < 6, 0.4, 0.0)
    mean_rain = np.arange(30.0).reshape(RAIN_GRID.shape)
    whole = Georeference(
        GROUND, RAIN_GRID, GROUND, elevation.astype(np.float32), mean_rain, flooded, 0.1, "Words."
    )
    return replace(whole, **changes)


def failures(found: Georeference) -> list[str]:
    return [check.words for check in found.checks if check.fits is False]


DEGREES = Grid(30, 40, 0.0005, -4.72, 50.66, "EPSG:4326")
CASES: dict[str, Callable[[], Georeference]] = {
    "fits": make,
    "far": lambda: make(rain=replace(RAIN_GRID, west=0.0, south=0.0)),
    "another CRS": lambda: make(rain=Grid(5, 6, 0.01, -4.73, 50.65, "EPSG:4326")),
    "degrees": lambda: make(
        ground=DEGREES, depth=DEGREES, rain=Grid(5, 6, 0.005, -4.73, 50.655, "EPSG:4326")
    ),
    "national radar": lambda: make(
        rain=Grid(900, 700, 1000.0, 0.0, 0.0, CRS), mean_rain=np.ones((900, 700))
    ),
    "tall": lambda: make(
        ground=Grid(60, 4, 50.0),
        depth=Grid(60, 4, 50.0),
        rain=Grid(60, 4, 50.0),
        elevation=valley(60, 4).astype(np.float32),
        flooded=np.zeros((60, 4)),
        mean_rain=np.zeros((60, 4)),
    ),
    "one cell": lambda: make(
        ground=Grid(1, 1, 50.0),
        depth=Grid(1, 1, 50.0),
        rain=Grid(1, 1, 50.0),
        elevation=np.zeros((1, 1), np.float32),
        flooded=np.ones((1, 1)),
        mean_rain=np.ones((1, 1)),
    ),
    "all missing": lambda: make(
        elevation=np.full(GROUND.shape, np.nan, np.float32),
        flooded=np.full(GROUND.shape, np.nan),
        mean_rain=np.full(RAIN_GRID.shape, np.nan),
    ),
    "a long name of the CRS": lambda: make(
        **{
            name: replace(grid, crs=f"+proj=tmerc +lat_0=49 +lon_0=-2 +x_0={'4' * 40} +y_0=1")
            for name, grid in (("ground", GROUND), ("depth", GROUND), ("rain", RAIN_GRID))
        }
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_nothing_overlaps_or_is_cut(name: str, faults_of: Callable[[Sheet], list[str]]) -> None:
    assert faults_of(domain_sheet(CASES[name]())) == []


@pytest.mark.parametrize("name", ["fits", "all missing", "degrees"])
def test_what_fits_passes(name: str) -> None:
    assert failures(CASES[name]()) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"depth": replace(GROUND, west=GROUND.west + 75)}, r"shifted by 1\.5 \(east\) and 0 "),
        ({"depth": replace(GROUND, cell=49.0)}, "cells of depth and ground are not the same"),
        ({"depth": replace(GROUND, crs="")}, "No CRS is stated for depth"),
        ({"rain": replace(RAIN_GRID, crs="EPSG:32630")}, "CRS of rain is not that of the ground"),
        ({"rain": replace(RAIN_GRID, west=210_000)}, "covers only 50 % of the ground"),
        ({"rain": replace(RAIN_GRID, west=0)}, "covers nothing of the ground"),
    ],
)
def test_every_misfit_is_found_and_stands_in_the_title(
    changes: dict[str, Grid], words: str
) -> None:
    found = make(**changes)
    assert any(re.search(words, text) for text in failures(found))
    title = domain_sheet(found).figure.texts[0].get_text()
    number = len(failures(found))
    assert f"{number} check{'s fail' if number > 1 else ' fails'}" in title


@pytest.mark.parametrize(
    ("turn", "words"),
    [
        ((slice(None, None, -1), slice(None)), "below if mirrored north to south"),
        ((slice(None), slice(None, None, -1)), "below if mirrored east to west"),
        ((slice(None, None, -1), slice(None, None, -1)), "below if turned by half"),
    ],
)
def test_mirrored_floods_are_found(turn: tuple[slice, slice], words: str) -> None:
    (found,) = failures(make(flooded=make().flooded[turn]))
    assert words in found


@pytest.mark.parametrize(("south", "east"), [(0, 1), (-2, 0), (3, -3)])
def test_shifted_floods_are_found(south: int, east: int) -> None:
    """What is laid wrongly by a shift is said to fit if moved by its opposite."""
    moved = np.roll(make().flooded, (south, east), (0, 1))
    best = min(
        fits := fits_of_floods(moved, local_height(make().elevation)), key=lambda place: fits[place]
    )
    parts = [
        f"{abs(n)} cell{'s' if abs(n) > 1 else ''} {name}"
        for n, name in (
            (south, "north" if south > 0 else "south"),
            (east, "west" if east > 0 else "east"),
        )
        if n
    ]
    assert best == f"moved {' and '.join(parts)}"
    (words,) = failures(make(flooded=moved))
    assert best in words


UNRELATED = "Too few floods, or none in hollows: not compared with the ground"


def test_few_floods_prove_nothing() -> None:
    flooded = np.zeros(GROUND.shape)
    flooded[0, :5] = 1
    checks = {check.words: check.fits for check in make(flooded=flooded).checks}
    assert checks[UNRELATED] is None
    checks = {check.words: check.fits for check in make(flooded=0 * flooded).checks}
    assert checks["Nothing is flooded that could be compared with hollows"] is None


def test_flat_and_random_ground_prove_nothing() -> None:
    for elevation in (np.zeros(GROUND.shape), np.random.default_rng(0).normal(size=GROUND.shape)):
        found = make(elevation=elevation.astype(np.float32))
        assert {check.words: check.fits for check in found.checks}[UNRELATED] is None


def test_local_height_is_over_the_known_surroundings() -> None:
    ground = np.full((9, 9), 10.0)
    ground[4, 4] = 35.0
    ground[0, 0] = np.nan
    height = local_height(ground)
    assert height[4, 4] == pytest.approx(24)
    assert height[4, 6] == pytest.approx(-1)
    assert height[0, 1] == pytest.approx(0)
    assert np.isnan(height[0, 0])


def test_floods_are_tried_in_every_place() -> None:
    fits = fits_of_floods(make().flooded, local_height(make().elevation))
    assert len(fits) == (2 * FARTHEST + 1) ** 2 + 3
    assert min(fits, key=lambda place: fits[place]) == ""
    assert fits_of_floods(np.zeros((4, 4)), np.zeros((4, 4))) == {}


def test_holes_are_counted() -> None:
    flooded = make().flooded.copy()
    flooded[:15] = np.nan
    words = [check.words for check in make(flooded=flooded).checks]
    assert words[-1] == "50 % of the cells of depth are without data"


@given(st.floats(-179, 179), st.floats(-75, 75), st.sampled_from(["EPSG:4326", "EPSG:4258", ""]))
def test_points_go_to_another_crs_and_back(x: float, y: float, crs: str) -> None:
    lonlat, mercator = Grid(1, 1, 1.0, crs=crs), Grid(1, 1, 1.0, crs="EPSG:3857")
    there = carry(np.array([x]), np.array([y]), lonlat, mercator)
    back = carry(*there, mercator, lonlat)
    np.testing.assert_allclose(back, [[x], [y]], atol=1e-6)
    assert crs or there == (x, y)


def test_a_point_that_cannot_be_carried_spoils_few_others() -> None:
    lonlat, national = Grid(1, 1, 1.0, crs="EPSG:4326"), Grid(1, 1, 1.0, crs=CRS)
    x, y = np.linspace(-5, 1, 200), np.full(200, 52.0)
    whole = carry(x, y, lonlat, national)
    y[30] = 1e9
    spoilt = carry(x, y, lonlat, national)
    known = np.isfinite(spoilt[0])
    assert not known[30]
    assert known.sum() > 180
    for one, other in zip(whole, spoilt, strict=True):
        np.testing.assert_array_equal(np.isnan(other), ~known)
        np.testing.assert_array_equal(other[known], one[known])


@given(st.integers(1, 400), st.integers(1, 400), st.integers(2, 60), st.data())
def test_all_cells_within_the_map_are_seen(
    rows: int, cols: int, most: int, data: st.DataObject
) -> None:
    """Whatever the size of the grid, every cell that the map shows lies between two edges."""
    grid = Grid(rows, cols, 1000.0, 5000.0, 7000.0)
    west, east = sorted(data.draw(st.tuples(*[st.floats(3, 7 + cols)] * 2)))
    south, north = sorted(data.draw(st.tuples(*[st.floats(5, 9 + rows)] * 2)))
    limits = np.array([west, east, south, north])
    found = seen(grid, grid, view_of(grid), limits, most)
    lefts, bottoms = 5.0 + np.arange(cols), 7.0 + np.arange(rows)[::-1]
    shown = (
        np.flatnonzero((bottoms <= north) & (bottoms + 1 >= south)),
        np.flatnonzero((lefts <= east) & (lefts + 1 >= west)),
    )
    if not (shown[0].size and shown[1].size):
        assert found[0].size == found[1].size == 0
        return
    for edges, here in zip(found, shown, strict=True):
        assert (np.diff(edges) > 0).all()
        assert edges.size <= most + 1
        assert edges[0] <= here[0]
        assert edges[-1] > here[-1]


def test_axes_are_in_kilometres_or_degrees() -> None:
    assert view_of(GROUND).unit == 1000
    assert view_of(Grid(1, 1, 1.0)).unit == 1000
    feet = view_of(replace(GROUND, crs="EPSG:2263"))
    assert feet.unit == pytest.approx(1000 / 0.3048, rel=1e-5)
    degrees = view_of(Grid(2, 2, 1.0, 10.0, 59.0, "EPSG:4326"))
    assert degrees.degrees
    assert degrees.stretch == pytest.approx(2)
    assert degrees.metres == pytest.approx(111_320 / 2, rel=1e-3)


def test_corners_lie_at_the_edges() -> None:
    edges = np.array([0, 30]), np.array([0, 40])
    x, y = corners(GROUND, *edges, GROUND, view_of(GROUND))
    assert x.tolist() == [[209, 211], [209, 211]]
    assert y.tolist() == [[90.5, 90.5], [89, 89]]


@pytest.mark.parametrize(
    ("crs", "words"),
    [
        ("", "no CRS stated"),
        (CRS, CRS),
        (
            'PROJCRS["OSGB36 / British National Grid",BASEGEOGCRS["x"]]',
            "OSGB36 / British National Grid",
        ),
        ("+proj=laea " + "9" * 80, "+proj=laea " + "9" * 28 + "…"),
    ],
)
def test_a_crs_is_named_briefly(crs: str, words: str) -> None:
    assert named(crs) == words


def map_of(sheet: Sheet) -> Axes:
    return next(axes for axes in sheet.figure.axes if axes.images)


def test_fields_are_drawn_where_they_lie() -> None:
    """Rain at its corners, floods only where there are any, over the ground's own extent."""
    found = make()
    axes = map_of(domain_sheet(found))
    assert axes.images[0].get_extent() == [209, 211, 89, 90.5]
    rain, floods = [one for one in axes.collections if isinstance(one, QuadMesh)]
    np.testing.assert_allclose(rain.get_coordinates()[0, 0], [208.5, 91])
    np.testing.assert_allclose(rain.get_coordinates()[-1, -1], [211.5, 88.5])
    np.testing.assert_array_equal(rain.get_array(), found.mean_rain)
    np.testing.assert_array_equal(floods.get_array().mask, found.flooded == 0)
    outlines = {line.get_label(): line.get_xydata() for line in axes.lines}
    assert outlines["rain"].min(axis=0).tolist() == [208.5, 88.5]
    assert outlines["rain"].max(axis=0).tolist() == [211.5, 91]
    assert outlines["ground"].max(axis=0).tolist() == [211, 90.5]


def cell_lines(axes: Axes) -> list[NDArray[np.float64]]:
    (lines,) = [one for one in axes.collections if isinstance(one, LineCollection)]
    return lines.get_segments()


def test_the_edges_of_the_rain_cells_are_drawn() -> None:
    lines = cell_lines(map_of(domain_sheet(make())))
    upright = sorted(line[0, 0] for line in lines if line[0, 0] == line[-1, 0])
    level = sorted(line[0, 1] for line in lines if line[0, 1] == line[-1, 1])
    np.testing.assert_allclose(upright, np.arange(208.5, 211.6, 0.5))
    np.testing.assert_allclose(level, np.arange(88.5, 91.1, 0.5))


def test_of_too_many_cells_only_some_edges_are_drawn_which_is_said() -> None:
    rain = Grid(500, 600, 5.0, 208_500, 88_500, CRS)
    sheet = domain_sheet(make(rain=rain, mean_rain=np.ones(rain.shape)))
    assert len(cell_lines(map_of(sheet))) < 200
    words = [text.get_text() for text in sheet.figure.texts]
    assert any(text.startswith("every ") and text.endswith("th edge") for text in words)
    words = [text.get_text() for text in domain_sheet(make()).figure.texts]
    assert "every edge" in words


def test_the_map_shows_what_lies_apart_but_not_all_of_a_national_radar() -> None:
    far = map_of(domain_sheet(CASES["far"]()))
    assert far.get_xlim()[0] < 0 < 211 < far.get_xlim()[1]
    near = map_of(domain_sheet(CASES["national radar"]()))
    assert near.get_xlim()[0] > 207
    assert near.get_xlim()[1] < 213


def test_missing_ground_is_hatched() -> None:
    elevation = make().elevation.copy()
    elevation[:10] = np.nan
    axes = map_of(domain_sheet(make(elevation=elevation)))
    shown = axes.images[0].get_array()[..., 3]
    np.testing.assert_array_equal(shown == 0, np.isnan(elevation))
    assert axes.patches[0].get_hatch()


def test_the_scale_bar_is_true() -> None:
    """Its length in inches is that of its words on the map's axis."""
    sheet = domain_sheet(make())
    axes = map_of(sheet)
    words = next(t for t in sheet.figure.texts if t.get_text().endswith(" km"))
    kilometres = float(words.get_text().split()[0])
    bar = next(
        one for one in sheet.figure.axes if one.get_facecolor() == (0, 0, 0, 1) and one is not axes
    )
    per_inch = np.diff(axes.get_xlim())[0] / axes.get_position().width
    assert bar.get_position().width * per_inch == pytest.approx(kilometres)


def test_grids_are_stated() -> None:
    page = [text.get_text() for text in domain_sheet(make()).figure.texts]
    assert "30 × 40 cells of 50 m" in page
    assert "5 × 6 cells of 500 m" in page
    assert "EPSG:27700\nnorth-west corner 208500, 91000" in page


def write_frames(
    path: Path, variable: Variable, fields: Sequence[NDArray[np.floating] | None], grid: Grid
) -> Path:
    """Frames one step apart; None where a frame is missing."""
    write_period(
        path,
        [
            Regular(k, field, Status.MISSING if field is None else Status.OBSERVED)
            for k, field in enumerate(fields)
        ],
        variable=variable,
        grid=grid,
        times=START + STEP * np.arange(len(fields)),
        provenance=dict,
    )
    return path


def write(folder: Path) -> tuple[Path, Path, Path]:
    """Nine frames, one of them missing, and cells that are missing in some or in all."""
    heightmap = folder / "heightmap.nc"
    write_elevation(heightmap, GROUND, valley(*GROUND.shape), {})
    rain = [np.full(RAIN_GRID.shape, float(k), np.float32) for k in range(9)]
    depth = [np.full(GROUND.shape, 0.05 * k, np.float32) for k in range(9)]
    for field in rain:
        field[0, 0] = np.nan
    rain[8][0, 1] = np.nan
    depth[8][3, 4] = np.nan
    rain[4] = depth[4] = None
    return (
        heightmap,
        write_frames(folder / "rain.nc", RAIN, rain, RAIN_GRID),
        write_frames(folder / "depth.nc", DEPTH, depth, GROUND),
    )


@pytest.mark.parametrize("block", [1, 10_000_000])
def test_means_and_shares_are_over_what_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    """Depths of 0.05 k: those of k = 3, 5, 6, 7 and 8 exceed 0.1 m, and 0.1 itself does not."""
    monkeypatch.setattr(georeference, "BLOCK_CELLS", block)
    found = read_georeference(*write(tmp_path), 0.1)
    assert np.isnan(found.mean_rain[0, 0])
    assert found.mean_rain[0, 1] == pytest.approx((36 - 4 - 8) / 7)
    assert found.mean_rain[1, 1] == pytest.approx((36 - 4) / 8)
    assert found.flooded[0, 0] == 5 / 8
    assert found.flooded[3, 4] == 4 / 7
    assert (found.ground, found.rain, found.depth) == (GROUND, RAIN_GRID, GROUND)
    assert "Rain: 9 frames from 2020-09-14T00:00Z to 2020-09-14T00:40Z." in found.frames


def test_drawn_whole_and_the_same_each_time(
    tmp_path: Path, check_whole: Callable[[Path], None]
) -> None:
    files = write(tmp_path)
    for name in ("one", "two"):
        draw_domain(*files, tmp_path / f"{name}.png")
    check_whole(tmp_path / "one.png")
    for kind in ("png", "svg"):
        one, two = (tmp_path / f"{name}.{kind}" for name in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()


def test_faulty_files_are_named(tmp_path: Path) -> None:
    heightmap, rain, depth = write(tmp_path)
    target, absent = tmp_path / "a.png", tmp_path / "absent.nc"
    with pytest.raises(PluvialError, match=r"absent\.nc.*not a readable heightmap"):
        draw_domain(absent, rain, depth, target)
    with pytest.raises(PluvialError, match=r"rain\.nc.*not a readable heightmap"):
        draw_domain(rain, rain, depth, target)
    with pytest.raises(PluvialError, match=r"absent\.nc.*missing"):
        draw_domain(heightmap, absent, depth, target)
    with pytest.raises(PluvialError, match=r"depth\.nc"):
        draw_domain(heightmap, depth, depth, target)
    assert not target.exists()
