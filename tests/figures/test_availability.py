"""The availability figure: days where they belong, gaps seen, and an account in numbers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.collections import PolyCollection
from matplotlib.patches import Rectangle
from pluvial.errors import PluvialError
from pluvial.figures.availability import (
    CLASS_COLOURS,
    LEAST_FOOT,
    Line,
    account,
    availability_sheet,
    calendar,
    draw_availability,
)
from pluvial.figures.sheet import Sheet
from pluvial.figures.style import NO_DATA

DAY = [288, 0, 0]


def days(first: str, count: int, **others: list[int]) -> dict[str, list[int]]:
    """So many whole days from ``first`` on; ``others`` (d7=...) are not whole, by their number."""
    start = date.fromisoformat(first)
    found = {str(start + timedelta(k)): DAY for k in range(count)}
    return found | {str(start + timedelta(int(k[1:]))): counts for k, counts in others.items()}


def variable(counts: Mapping[str, list[int]], **changes: Any) -> dict[str, Any]:
    """A variable's part of the report, as ``frames.report`` makes it, in one period."""
    observed, interpolated, missing = (sum(one[k] for one in counts.values()) for k in range(3))
    period = {
        "given": observed,
        "observed": observed,
        "interpolated": interpolated,
        "missing": missing,
        "empty": 0,
        "dropped": {},
        "late": 0,
        "corrections": {},
        "problems": [],
        "faults": [],
    } | changes
    totals = {"problems": len(period["problems"]), "faults": len(period["faults"])}
    grid = {"rows": 10, "cols": 10, "cell": 1.0, "west": 0.0, "south": 0.0, "crs": ""}
    return period | totals | {"grid": grid, "days": dict(counts), "periods": {"2020-01": period}}


MESSY = {
    "given": 9000,
    "dropped": {"duplicate": 12, "unreadable": 3, "conflicting": 1},
    "empty": 2,
    "late": 1,
    "corrections": {"clutter": 250_000_000, "beyond the largest code": 3, "over cap": 40_000},
    "problems": [
        {"time": f"2020-01-0{k}T00:05Z", "origin": "a", "problem": "cut"} for k in (3, 2, 4)
    ],
    "faults": [{"origin": "b", "reason": "no header"}],
}


def write(folder: Path, rain: dict[str, Any], depth: dict[str, Any]) -> Path:
    path = folder / "report.json"
    path.write_text(json.dumps({"rain": rain, "depth": depth}))
    return path


def gappy(first: str, count: int) -> dict[str, list[int]]:
    """Every tenth day is empty, every eleventh interpolated in part, every twelfth not whole."""
    others = {f"d{k}": [0, 0, 288] for k in range(0, count, 10)}
    others |= {f"d{k}": [188, 100, 0] for k in range(5, count, 11)}
    others |= {f"d{k}": [287, 0, 1] for k in range(7, count, 12)}
    return days(first, count, **others)


CASES: dict[str, Callable[[], tuple[dict[str, Any], dict[str, Any]]]] = {
    "weeks": lambda: (variable(gappy("2020-01-17", 35), **MESSY), variable(days("2020-01-17", 35))),
    "one day": lambda: (variable({"2020-02-29": DAY}), variable({"2020-02-29": [1, 0, 0]})),
    "years": lambda: (
        variable(gappy("2005-03-10", 5600), **MESSY),
        variable(gappy("2005-03-10", 5600), **MESSY),
    ),
    "a lifetime": lambda: (variable(days("1930-01-01", 33_000)), variable({})),
    "all missing": lambda: tuple(
        variable({day: [0, 0, 288] for day in days("2020-01-01", 40)}) for _ in range(2)
    ),
    "empty": lambda: (variable({}), variable({})),
}


@pytest.mark.parametrize("name", CASES)
def test_nothing_overlaps_or_is_cut(
    tmp_path: Path, name: str, faults_of: Callable[[Sheet], list[str]]
) -> None:
    assert faults_of(availability_sheet(write(tmp_path, *CASES[name]()))) == []


def test_drawn_whole_and_the_same_each_time(
    tmp_path: Path, check_whole: Callable[[Path], None]
) -> None:
    report = write(tmp_path, *CASES["weeks"]())
    for name in ("one", "two"):
        draw_availability(report, tmp_path / f"{name}.png")
    check_whole(tmp_path / "one.png")
    for kind in ("png", "svg"):
        one, two = (tmp_path / f"{name}.{kind}" for name in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()


def test_weeks_are_laid_out_by_month() -> None:
    """Gaps in the middle of a span are NaN only where the calendar has no day."""
    found = calendar(
        days("2020-01-30", 33, d0=[0, 0, 288], d2=[144, 72, 72], d31=[1, 0, 1])  # to 2 March
    )
    assert found.names == ["2020-01", "2020-02", "2020-03"]
    assert not found.by_year
    expected = np.full((3, 31), np.nan)
    expected[0, 29:] = [0, 1]
    expected[1, :29] = 1
    expected[1, 0] = 0.75
    expected[2, :2] = [0.5, 1]
    np.testing.assert_array_equal(found.present, expected)
    assert found.interpolated[1, 0] == 0.25
    assert np.nansum(found.interpolated) == 0.25


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.integers(500, 5000))
def test_years_keep_every_day_in_its_column(first: date, count: int) -> None:
    """The columns of a year are the days of a leap year: a date has one column in all years."""
    counts = {str(first + timedelta(k)): [k + 1, 0, count - k] for k in range(count)}
    found = calendar(counts)
    assert found.by_year
    assert np.isfinite(found.present).sum() == count
    leap = [date(2000, 1, 1) + timedelta(k) for k in range(366)]
    for k in (0, count // 2, count - 1):
        day = first + timedelta(k)
        row, column = found.names.index(str(day.year)), leap.index(day.replace(year=2000))
        assert found.present[row, column] == pytest.approx((k + 1) / (count + 1))


def test_a_year_without_any_day_keeps_its_row() -> None:
    found = calendar({"2001-05-01": DAY, "2004-05-01": DAY})
    assert found.names == ["2001", "2002", "2003", "2004"]
    assert np.isfinite(found.present).sum(axis=1).tolist() == [1, 0, 0, 1]


def test_calendars_show_the_shares_and_the_gaps(tmp_path: Path) -> None:
    """The image holds the shares of the days with frames; days without are hatched, in runs."""
    counts = days(
        "2020-01-01", 31, d3=[0, 0, 288], d4=[0, 0, 288], d9=[0, 0, 288], d20=[144, 0, 144]
    )
    sheet = availability_sheet(write(tmp_path, variable(counts), variable(days("2020-01-01", 31))))
    axes = next(axes for axes in sheet.figure.axes if axes.images)
    image = axes.images[0]
    shown = np.ma.filled(image.get_array(), np.nan)[0]
    assert np.flatnonzero(np.isnan(shown)).tolist() == [3, 4, 9]
    assert shown[20] == 0.5
    colours = image.to_rgba(image.get_array())[0]
    assert len({tuple(colour) for colour in colours[[0, 3, 20]]}) == 3
    assert colours[3, 3] == 0
    boxes = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    assert [(box.get_x() + 0.5, box.get_width()) for box in boxes] == [(3, 2), (9, 1)]
    assert all(box.get_hatch() == NO_DATA["hatch"] for box in boxes)
    assert [text.get_text() for text in axes.texts] == ["50"]


@pytest.mark.parametrize(
    ("counts", "classes"),
    [([287, 0, 1], 2), ([280, 8, 0], 3), ([150, 0, 138], 1), ([1, 0, 287], 0), ([0, 5, 283], 0)],
)
def test_a_day_that_lacks_one_frame_is_not_a_whole_one(
    tmp_path: Path, counts: list[int], classes: int
) -> None:
    found = variable(days("2020-01-01", 3, d1=counts))
    sheet = availability_sheet(write(tmp_path, found, found))
    image = next(axes for axes in sheet.figure.axes if axes.images).images[0]
    colours = image.to_rgba(image.get_array())[0, :3]
    np.testing.assert_allclose(colours, CLASS_COLOURS[[3, classes, 3]])


def test_interpolated_days_stand_out_however_few_frames_it_is(tmp_path: Path) -> None:
    found = variable(days("2020-01-01", 9, d2=[287, 1, 0], d6=[72, 216, 0]))
    sheet = availability_sheet(write(tmp_path, found, found))
    axes = next(axes for axes in sheet.figure.axes if axes.images)
    (feet,) = [one for one in axes.collections if isinstance(one, PolyCollection)]
    drawn = [path.get_extents() for path in feet.get_paths()]
    assert [box.x0 + 0.5 for box in drawn] == [2, 6]
    np.testing.assert_allclose([box.height for box in drawn], [LEAST_FOOT, 0.75])


def test_the_account_is_sorted_and_says_when() -> None:
    def period(duplicates: int, spikes: int) -> dict[str, Any]:
        return {"dropped": {"duplicate": duplicates}, "empty": 0, "corrections": {"spikes": spikes}}

    found = {
        "given": 200,
        "observed": 50,
        "empty": 7,
        "dropped": {"duplicate": 10, "unreadable": 0},
        "corrections": {"spikes": 30, "clutter": 30},
        "grid": {"rows": 2, "cols": 3},
        "periods": {"2020-01": period(9, 10), "2020-02": period(1, 10), "2020-03": period(0, 10)},
    }
    assert account(found) == {
        "Frames not used, of 200 given": [
            Line("duplicate", 10, 0.05, "9 of them in 2020-01"),
            Line("every cell missing", 7, 0.035, ""),
        ],
        "Cells altered": [Line("clutter", 30, 0.1, ""), Line("spikes", 30, 0.1, "")],
    }


def test_numbers_are_printed(tmp_path: Path) -> None:
    sheet = availability_sheet(write(tmp_path, *CASES["weeks"]()))
    page = [text.get_text() for text in sheet.figure.texts]
    assert "Frames not used, of 9,000 given" in page
    assert "250,000,000" in page
    assert "Cells altered: none" in page
    assert any("Rain: 1 frame came out of order." in text for text in page)
    assert any("at 3 times" in text and "first at 2020-01-02T00:05Z" in text for text in page)
    assert any(text.startswith("Rain: 10,080 frames, ") for text in page)


def test_all_but_one_frame_is_not_called_all(tmp_path: Path) -> None:
    found = variable(days("2020-01-01", 31, d3=[287, 0, 1]))
    sheet = availability_sheet(write(tmp_path, found, found))
    page = [text.get_text() for text in sheet.figure.texts]
    assert "Rain: 8,928 frames, 8,927 observed (99.9 %), 1 missing (0.011 %)" in page


def test_nothing_at_all_is_said(tmp_path: Path) -> None:
    sheet = availability_sheet(write(tmp_path, *CASES["empty"]()))
    page = [text.get_text() for text in sheet.figure.texts]
    assert "There is no day in the report." in page
    assert "Water depth: no frames" in page
    assert [text.get_text() for axes in sheet.figure.axes for text in axes.texts] == [
        "no frames"
    ] * 2


@pytest.mark.parametrize(
    "content", ["{}", "[]", "{", '{"rain": {"days": {"x": [1]}}, "depth": {}}', '{"rain": 3}']
)
def test_faulty_report_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "report.json"
    path.write_text(content)
    with pytest.raises(PluvialError, match=r"report\.json"):
        draw_availability(path, tmp_path / "a.png")
    assert not (tmp_path / "a.png").exists()
