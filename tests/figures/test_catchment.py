"""The catchment figure: gaps are never dry, any shape fits, and the storm is the wettest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from numpy.typing import NDArray
from pluvial.errors import PluvialError
from pluvial.figures import overview
from pluvial.figures.catchment import catchment_sheet, draw_catchment, read_catchment
from pluvial.figures.overview import (
    Series,
    read_depth,
    read_frames,
    read_rain,
    wettest_storm,
)
from pluvial.figures.relief import grey, shade
from pluvial.figures.sheet import Sheet
from pluvial.figures.timeline import MOST_BINS, binned
from pluvial.frames.elevation import write_elevation
from pluvial.frames.gaps import Regular, Status
from pluvial.frames.store import write_period
from pluvial.frames.variables import DEPTH, RAIN, Variable
from pluvial.grids.grid import Grid

START, STEP, HOUR = 1_600_041_600, 300, 3600


def write_frames(
    path: Path,
    variable: Variable,
    fields: Sequence[NDArray[np.floating] | None],
    cell: float,
    times: NDArray[np.int64] | None = None,
) -> Path:
    """Frames one step apart; None where a frame is missing, NaN where a cell is."""
    shape = next(field for field in fields if field is not None).shape
    if times is None:
        times = START + STEP * np.arange(len(fields))
    write_period(
        path,
        [
            Regular(k, field, Status.MISSING if field is None else Status.OBSERVED)
            for k, field in enumerate(fields)
        ],
        variable=variable,
        grid=Grid(*shape, cell),
        times=times,
        provenance=dict,
    )
    return path


@dataclass(frozen=True)
class Case:
    """A catchment in numbers: fields of rain (mm/h) and depth (m), and elevations (m)."""

    rain: list[NDArray[np.float32] | None]
    depth: list[NDArray[np.float32] | None]
    elevation: NDArray[np.float64]

    def write(self, folder: Path) -> tuple[Path, list[Path], list[Path]]:
        """The three arguments of ``draw_catchment``."""
        heightmap = folder / "heightmap.nc"
        write_elevation(heightmap, Grid(*self.elevation.shape, 100.0), self.elevation, {})
        rain = write_frames(folder / "rain" / "2020-09.nc", RAIN, self.rain, 200.0)
        depth = write_frames(folder / "depth" / "2020-09.nc", DEPTH, self.depth, 100.0)
        return heightmap, [rain], [depth]


def make_case(rows: int = 12, cols: int = 10, steps: int = 250) -> Case:
    """Two storms: 40 steps from step 0 on, and 40 from step 200 on."""
    rng = np.random.default_rng(0)
    wet = np.arange(steps) % 200 < 40
    rain = rng.gamma(0.3, 9, (steps, rows // 2, cols // 2)) * wet[:, None, None]
    depth = rng.gamma(0.3, 0.2, (steps, rows, cols)) * wet[:, None, None]
    ground = np.add.outer(np.arange(rows) ** 1.5, np.arange(cols) ** 1.5)
    return Case([*rain.astype(np.float32)], [*depth.astype(np.float32)], ground)


def dry(case: Case) -> Case:
    return replace(case, rain=[0 * f for f in case.rain], depth=[0 * f for f in case.depth])


def with_gaps(case: Case) -> Case:
    """Frames missing amid the first storm, cells missing in all others and on the ground."""
    rain = [f if f is None else f.copy() for f in case.rain]
    depth = [f if f is None else f.copy() for f in case.depth]
    ground = case.elevation.copy()
    ground[:4, :4] = np.nan
    for fields, reach in ((rain, 2), (depth, 4)):
        for field in fields:
            field[:reach, :reach] = np.nan
        fields[10:30] = [None] * 20
    return Case(rain, depth, ground)


CASES: dict[str, Callable[[], Case]] = {
    "usual": make_case,
    "dry": lambda: dry(make_case(steps=20)),
    "gaps": lambda: with_gaps(make_case()),
    "wide": lambda: make_case(4, 40, 60),
    "tall": lambda: make_case(40, 8, 60),
    "two frames": lambda: make_case(steps=2),
    "one frame": lambda: make_case(steps=1),
    "flat ground": lambda: replace(make_case(steps=60), elevation=np.zeros((12, 10))),
    "no ground": lambda: replace(make_case(steps=60), elevation=np.full((12, 10), np.nan)),
}


@pytest.mark.parametrize("name", CASES)
def test_nothing_overlaps_or_is_cut(
    tmp_path: Path, name: str, faults_of: Callable[[Sheet], list[str]]
) -> None:
    assert faults_of(catchment_sheet(read_catchment(*CASES[name]().write(tmp_path)))) == []


def test_drawn_whole_and_the_same_each_time(
    tmp_path: Path, check_whole: Callable[[Path], None]
) -> None:
    files = with_gaps(make_case(steps=60)).write(tmp_path)
    for name in ("one", "two"):
        draw_catchment(*files, tmp_path / f"{name}.png")
    check_whole(tmp_path / "one.png")
    for kind in ("png", "svg"):
        one, two = (tmp_path / f"{name}.{kind}" for name in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()


def covered(axes: Axes) -> NDArray[np.bool_]:
    """Cells of a map that any of its layers covers, bool[rows, cols]."""
    return np.any([image.to_rgba(image.get_array())[..., 3] > 0 for image in axes.images], axis=0)


def test_cells_without_data_are_hatched_and_never_dry(tmp_path: Path) -> None:
    """The missing corner shows the hatched paper in every map; all other cells are covered."""
    sheet = catchment_sheet(read_catchment(*with_gaps(make_case()).write(tmp_path)))
    maps = [axes for axes in sheet.figure.axes if axes.images and axes.patch.get_hatch()]
    assert len(maps) >= 2 + 2 * 5
    for axes in maps:
        rows, cols = covered(axes).shape
        expected = np.ones((rows, cols), dtype=bool)
        expected[: rows // 3, : 2 * cols // 5] = False
        np.testing.assert_array_equal(covered(axes), expected)
    assert [t.get_text() for t in sheet.figure.legends[0].get_texts()] == ["no data"]


def test_nothing_is_said_of_gaps_where_there_are_none(tmp_path: Path) -> None:
    sheet = catchment_sheet(read_catchment(*make_case(steps=60).write(tmp_path)))
    assert not sheet.figure.legends


def test_series_against_the_fields(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Means and shares are over the present cells, whatever the blocks they are read in."""
    case = with_gaps(make_case(steps=50))
    _, rain, depth = case.write(tmp_path)
    whole = read_rain(rain), read_depth(depth, 0.1)
    monkeypatch.setattr(overview, "BLOCK_CELLS", 7 * 120)
    in_blocks = read_rain(rain), read_depth(depth, 0.1)
    for series, (flooded, greatest, _) in (whole, in_blocks):
        np.testing.assert_array_equal(series.times, START + STEP * np.arange(50))
        for k in (0, 20, 45):
            field, water = case.rain[k], case.depth[k]
            if field is None or water is None:
                assert np.isnan([series.values[k], flooded.values[k]]).all()
                continue
            known = water[~np.isnan(water)]
            assert series.values[k] == pytest.approx(np.nanmean(field), abs=1 / 64)
            assert flooded.values[k] == pytest.approx((np.round(known, 3) > 0.1).mean())
        present = np.stack([water for water in case.depth if water is not None])
        np.testing.assert_allclose(greatest, present.max(axis=0), atol=0.0006)


def test_files_may_come_in_any_order(tmp_path: Path) -> None:
    fields = [np.full((2, 2), float(k), np.float32) for k in range(6)]
    times = START + STEP * np.arange(6)
    parts = [
        write_frames(tmp_path / f"{k}.nc", RAIN, fields[k : k + 3], 100.0, times[k : k + 3])
        for k in (3, 0)
    ]
    series = read_rain(parts)
    np.testing.assert_array_equal(series.times, times)
    np.testing.assert_array_equal(series.values, np.arange(6.0))
    found = read_frames(parts, RAIN, np.array([times[4], times[1], times[0] - STEP]))
    assert [field[0, 0] for field in found[:2]] == [4, 1]
    assert np.isnan(found[2]).all()


def hourly(values: Sequence[float]) -> Series:
    return Series(START + HOUR * np.arange(len(values)), np.array(values, dtype=np.float64))


def test_the_wettest_storm_is_found_whole() -> None:
    """A gap of 3 dry hours ends a storm, one of 2 does not::

    hour       0 1 2 3 4 5 6 7 8 9 10 11 12 13
    rain       0 1 2 0 0 3 3 2 0 0 0  0  9  0     mm in that hour
    storm        ^^^^^^^^^^^^^           ^        11 mm, and 9 mm
    fallen       1 3 3 3 6 9 11                   mm; 5, 30, 50, 70 and 95 % of 11 mm are
    shown        1 2     5 6 7   9                nearest at 1, 2, 5, 6 and 7; widest at 9
    """
    rain = hourly([0, 1, 2, 0, 0, 3, 3, 2, 0, 0, 0, 0, 9, 0])
    flooded = hourly([0, 0, 0, 0, 0, 0, 0, 0, 0, 0.4, 0, 0, 0.9, 0])
    storm = wettest_storm(rain, flooded, wet_mm_h=0.1, dry_hours=3)
    assert storm is not None
    assert [(time - START) // HOUR for time in (storm.first, storm.last)] == [1, 7]
    assert storm.total_mm == 11
    assert ((storm.moments - START) // HOUR).tolist() == [1, 2, 5, 6, 7, 9]
    np.testing.assert_allclose(storm.fallen * 11, [1, 3, 6, 9, 11, 11])


def test_a_storm_needs_rain() -> None:
    still = hourly([0, 0.05, np.nan])
    assert wettest_storm(still, still, wet_mm_h=0.1, dry_hours=6) is None


def test_moments_have_rain_and_depth_where_any_has_both() -> None:
    rain = hourly([5, 5, np.nan, 5, 5, 5, 5, 5])
    every_other = Series(rain.times[::2], np.array([0.1, 0.2, np.nan, 0.1]))
    storm = wettest_storm(rain, every_other, wet_mm_h=0.1, dry_hours=6)
    assert storm is not None
    assert set((storm.moments - START) // HOUR) <= {0, 6}
    never = Series(rain.times - 10 * HOUR - 1, every_other.values[[0] * 8])
    storm = wettest_storm(rain, never, wet_mm_h=0.1, dry_hours=6)
    assert storm is not None
    assert 2 not in (storm.moments - START) // HOUR


@pytest.mark.parametrize("frames", [1, MOST_BINS, MOST_BINS + 1, 5 * MOST_BINS])
def test_bins_keep_every_peak(frames: int) -> None:
    values = np.random.default_rng(0).gamma(0.2, 1, frames)
    edges, binned_values = binned(hourly(values))
    assert binned_values.size <= MOST_BINS
    assert edges.size == binned_values.size + 1
    assert binned_values.max() == values.max()
    peak = START + HOUR * int(values.argmax())
    row = int(binned_values.argmax())
    assert edges[row] <= peak < edges[row + 1]


def test_bins_keep_gaps() -> None:
    """Missing frames and absent ones alike."""
    _, missing = binned(hourly([1, np.nan, 3]))
    _, absent = binned(Series(START + HOUR * np.array([0, 1, 4]), np.array([1.0, 2, 3])))
    np.testing.assert_array_equal(missing, [1, np.nan, 3])
    np.testing.assert_array_equal(absent, [1, 2, np.nan, np.nan, 3])


def test_light_falls_from_the_north_west() -> None:
    """A ridge from south-west to north-east: its north-western side is the brighter one."""
    ridge = -np.abs(np.subtract.outer(np.arange(20), -np.arange(20)) - 19.0)
    light = shade(ridge, 1.0).light
    assert light[5, 5] > light[14, 14]


def test_missing_ground_is_transparent_and_no_cliff() -> None:
    ground = 1000 + np.tile(np.arange(10.0), (10, 1))
    ground[2:5, 2:5] = np.nan
    relief = shade(ground, 10.0)
    assert (grey(relief)[2:5, 2:5, 3] == 0).all()
    assert (grey(relief)[6:, :, 3] == 1).all()
    assert np.nanmin(relief.light) > 0.2


def test_faulty_files_are_named(tmp_path: Path) -> None:
    heightmap, rain, depth = make_case(steps=4).write(tmp_path)
    target = tmp_path / "a.png"
    with pytest.raises(PluvialError, match=r"absent\.nc.*not a readable heightmap"):
        draw_catchment(tmp_path / "absent.nc", rain, depth, target)
    with pytest.raises(PluvialError, match=r"absent\.nc.*missing"):
        draw_catchment(heightmap, [tmp_path / "absent.nc"], depth, target)
    with pytest.raises(PluvialError, match=r"rain.2020-09\.nc"):
        draw_catchment(heightmap, rain, rain, target)
    write_elevation(heightmap, Grid(3, 3, 100.0), np.zeros((3, 3)), {})
    with pytest.raises(PluvialError, match=r"heightmap\.nc.*is not that of the depth"):
        draw_catchment(heightmap, rain, depth, target)
    other = write_frames(tmp_path / "other.nc", DEPTH, [np.zeros((5, 5), np.float32)], 100.0)
    with pytest.raises(PluvialError, match=r"other\.nc.*its grid"):
        draw_catchment(heightmap, rain, [*depth, other], target)
    assert not target.exists()
