"""The plan figure: each candidate is drawn once, in its month or day; the leak meter reads true."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from pluvial.errors import PluvialError
from pluvial.figures.plan import COLOURS, draw_plan, plan_sheet, read_plan
from pluvial.figures.sheet import Sheet

MONTHS = {
    "2020-01": {"kept": 4204, "incomplete window": 95, "duplicate": 21},
    "2020-02": {"kept": 5018, "no depth": 1, "purged": 578, "duplicate": 163},
}
SPLITS = {
    "train": {"records": 5607, "first": "2020-01-17T07:55Z", "last": "2020-02-06T10:25Z"},
    "val": {"records": 0},
    "test": {"records": 3615, "first": "2020-02-07T10:30Z", "last": "2020-02-20T23:50Z"},
}
SEGMENTS = [
    {"start": "2020-01-17T07:55Z", "split": "train"},
    {"start": "2020-02-06T10:25Z", "split": "test"},
]
LEAKAGE = {
    "chosen": {"csi": 0.132, "by": "time"},
    "random": {"csi": 0.42},
    "threshold_m": 0.1,
    "neighbours": 3,
}


def summary(
    months: dict[str, dict[str, int]] = MONTHS,
    first: str = "2020-01-17T00:00Z",
    last: str = "2020-02-20T23:55Z",
    **changes: Any,
) -> dict[str, Any]:
    """A summary as the rule `plan` writes it."""
    totals = sum((Counter(month) for month in months.values()), Counter[str]())
    dropped = {
        reason: {"records": number, "first": first, "last": last}
        for reason, number in totals.items()
        if reason != "kept"
    }
    return {
        "candidates": totals.total(),
        "first": first,
        "last": last,
        "kept": totals["kept"],
        "dropped": dropped,
        "kept_with_rain_seen_before": 77,
        "storms": 3,
        "purge_hours": 24.0,
        "segments": SEGMENTS,
        "splits": SPLITS,
        "months": months,
    } | changes


def write(folder: Path, *documents: dict[str, Any]) -> list[Path]:
    paths = [folder / f"{number:02d}.json" for number in range(1, len(documents) + 1)]
    for path, document in zip(paths, documents, strict=True):
        path.write_text(json.dumps(document))
        candidates(document).to_parquet(path.with_suffix(".parquet"))
    return paths


def candidates(document: dict[str, Any]) -> pd.DataFrame:
    """A plan that the summary could be of: each month's candidates evenly over it."""
    reasons = pd.CategoricalDtype([*COLOURS][1:])
    parts = []
    for month, counts in document["months"].items():
        known = [name for name, number in counts.items() for _ in range(number)]
        start = max(np.datetime64(month, "s"), np.datetime64(document["first"][:-1], "s"))
        end = (np.datetime64(month) + 1).astype("datetime64[s]")
        end = min(end, np.datetime64(document["last"][:-1], "s") + 1)
        times = np.linspace(start.astype(int), end.astype(int) - 1, len(known)).astype(np.int64)
        reason = pd.Series([None if name == "kept" else name for name in known]).astype(reasons)
        parts.append(pd.DataFrame({"time": times, "reason": reason}))
    empty = pd.DataFrame({"time": np.array([], np.int64), "reason": pd.Series([], dtype=reasons)})
    return pd.concat(parts) if parts else empty


def tables_of(plans: list[Path]) -> list[Path]:
    return [path.with_suffix(".parquet") for path in plans]


def sheet_of(plans: list[Path], leakage: Path | None) -> Sheet:
    return plan_sheet(plans, tables_of(plans), leakage)


def meter(folder: Path, **changes: Any) -> Path:
    path = folder / "leakage.json"
    path.write_text(json.dumps(LEAKAGE | changes))
    return path


def years() -> dict[str, Any]:
    """Sixteen years, with all reasons and one of no known name, in ninety segments."""
    rng = np.random.default_rng(0)
    names = [*list(COLOURS)[1:], "a reason of tomorrow"]
    months = {
        str(month): {"kept": 7000} | {name: int(rng.integers(1, 300)) for name in names}
        for month in np.arange("2005-01", "2021-01", dtype="datetime64[M]")
    }
    starts = np.arange("2005-01-01T08", "2020-12-01T00", 1500, dtype="datetime64[h]")
    segments = [
        {"start": f"{start}:00Z", "split": ("train", "test", "val")[number % 3]}
        for number, start in enumerate(starts)
    ]
    return summary(months, "2005-01-01T00:00Z", "2020-12-31T23:55Z", segments=segments)


ONE_DAY = summary(
    {"2020-02": {"kept": 1}},
    "2020-02-20T23:55Z",
    "2020-02-20T23:55Z",
    segments=[{"start": "2020-02-20T23:55Z", "split": "train"}],
    kept_with_rain_seen_before=0,
)
APPENDED = summary(
    {"2020-03": {"rain gap": 10, "purged": 20}},
    "2020-02-21T00:00Z",
    "2020-03-20T00:00Z",
    segments=[{"start": "2020-02-21T00:00Z", "split": "train"}],
    splits={name: {"records": 0} for name in SPLITS},
)
FORTNIGHT = summary(
    {"2020-01": {"incomplete window": 95, "kept": 2881}, "2020-02": {"purged": 100, "kept": 956}},
    "2020-01-25T00:00Z",
    "2020-02-07T23:55Z",
    segments=[{"start": "2020-01-25T07:55Z", "split": "train"}],
)
CASES = {
    "usual": [summary()],
    "years": [years()],
    "a fortnight": [FORTNIGHT],
    "one candidate": [ONE_DAY],
    "appended, all dropped": [summary(), APPENDED],
    "none": [summary({}, segments=[], splits={})],
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("leaks", [True, False])
def test_nothing_overlaps_or_is_cut(
    tmp_path: Path, name: str, leaks: bool, faults_of: Callable[[Sheet], list[str]]
) -> None:
    plans = write(tmp_path, *CASES[name])
    assert faults_of(sheet_of(plans, meter(tmp_path) if leaks else None)) == []


def test_drawn_whole_and_the_same_each_time(
    tmp_path: Path, check_whole: Callable[[Path], None]
) -> None:
    plans = write(tmp_path, summary(), APPENDED)
    for name in ("one", "two"):
        draw_plan(plans, tables_of(plans), meter(tmp_path), tmp_path / f"{name}.png")
    check_whole(tmp_path / "one.png")
    for kind in ("png", "svg"):
        one, two = (tmp_path / f"{name}.{kind}" for name in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()


def words(sheet: Sheet) -> str:
    return "\n".join(text.get_text() for text in sheet.figure.texts)


def bars(axes: Axes) -> dict[str, list[tuple[float, float]]]:
    """Bottom and height of the bars, by their label."""
    return {
        group.get_label(): [(bar.get_y(), bar.get_height()) for bar in group]
        for group in axes.containers
    }


def test_bars_are_the_numbers_stacked_without_gaps(tmp_path: Path) -> None:
    every, dropped = sheet_of(write(tmp_path, summary()), None).figure.axes[:2]
    assert bars(every) == {
        "kept": [(0, 4204), (0, 5018)],
        "incomplete window": [(4204, 95), (5018, 0)],
        "no depth": [(4299, 0), (5018, 1)],
        "purged": [(4299, 0), (5019, 578)],
        "duplicate": [(4299, 21), (5597, 163)],
    }
    found = bars(dropped)
    assert "kept" not in found
    assert found["duplicate"] == [(95, 21), (579, 163)]


def test_each_reason_has_its_colour_everywhere(tmp_path: Path) -> None:
    sheet = sheet_of(write(tmp_path, years()), None)
    for axes in sheet.figure.axes[:2]:
        for group in axes.containers:
            name = str(group.get_label())
            assert to_hex(group[0].get_facecolor()).upper() == COLOURS.get(name, "#000000").upper()
    assert len(set(COLOURS.values())) == len(COLOURS)


def test_months_are_as_wide_as_they_reach_into_the_span(tmp_path: Path) -> None:
    found = read_plan(write(tmp_path, summary()), [])
    assert found.unit == "month"
    days = found.edges.astype("datetime64[D]").astype(str)
    assert days.tolist() == [["2020-01-17", "2020-02-01"], ["2020-02-01", "2020-02-20"]]


def test_days_of_a_short_case_are_those_of_its_plan(tmp_path: Path) -> None:
    plans = write(tmp_path, FORTNIGHT)
    found = read_plan(plans, tables_of(plans))
    days = np.arange("2020-01-25", "2020-02-08", dtype="datetime64[D]").astype(str).tolist()
    assert (found.unit, list(found.bins)) == ("day", days)
    table = pd.read_parquet(tables_of(plans)[0])
    mine = table[pd.to_datetime(table["time"], unit="s").dt.date.astype(str) == days[7]]
    assert found.bins[days[7]] == {"purged": 100, "kept": len(mine) - 100}
    assert sum(found.bins.values(), Counter[str]()) == found.totals
    sheet = sheet_of(plans, None)
    assert "Kept and dropped, by calendar day" in words(sheet)
    assert len(bars(sheet.figure.axes[0])["kept"]) == 14


def test_a_plan_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    plans = write(tmp_path, FORTNIGHT)
    tables_of(plans)[0].write_bytes(b"PAR1")
    with pytest.raises(PluvialError, match=r"01\.parquet"):
        draw_plan(plans, tables_of(plans), None, tmp_path / "a.png")
    assert not (tmp_path / "a.png").exists()


def test_editions_add_up(tmp_path: Path) -> None:
    second = summary(
        {"2020-02": {"kept": 2, "duplicate": 3}, "2020-03": {"kept": 5}},
        "2020-02-21T00:00Z",
        "2020-03-02T00:00Z",
        segments=[{"start": "2020-02-21T00:00Z", "split": "train"}],
        splits={"train": {"records": 7}, "val": {"records": 0}, "test": {"records": 0}},
    )
    plans = write(tmp_path, summary(), second)
    assert "Dashed: here begins what was appended." in words(sheet_of(plans, None))
    found = read_plan(plans, [])
    assert found.bins["2020-02"]["duplicate"] == 166
    assert found.totals["kept"] == 4204 + 5018 + 2 + 5
    assert found.records == {"train": 5614, "val": 0, "test": 3615}
    assert found.seen == 2 * 77
    assert [str(time) for time in found.appended] == ["2020-02-21T00:00:00"]
    assert [str(time) for time in found.spans["duplicate"]] == [
        "2020-01-17T00:00:00",
        "2020-03-02T00:00:00",
    ]


def test_only_boundaries_are_purged(tmp_path: Path) -> None:
    """Not the start of the first edition; but that of an appended one, and never past the end."""
    found = read_plan(write(tmp_path, summary(), APPENDED, ONE_DAY), [])
    purged = [
        (str(part.start), float((part.purged - part.start) / np.timedelta64(1, "h")))
        for part in found.segments
    ]
    assert purged == [
        ("2020-01-17T07:55:00", 0.0),
        ("2020-02-06T10:25:00", 24.0),
        ("2020-02-21T00:00:00", 24.0),
        ("2020-02-20T23:55:00", 0.0),
    ]


def test_lanes_name_the_splits_and_span_their_segments(tmp_path: Path) -> None:
    lanes = sheet_of(write(tmp_path, summary()), None).figure.axes[2]
    names = [label.get_text() for label in lanes.get_yticklabels()]
    assert names[:3] == ["training, 5,607", "validation, 0", "test, 3,615"]
    assert names[3:] == ["incomplete window", "no depth", "purged", "duplicate"]
    training = lanes.collections[0].get_paths()[0].get_extents()
    day = np.datetime64("2020-01-17T07:55", "s").astype(int) / 86400
    assert training.x0 == pytest.approx(day)
    assert training.width == pytest.approx(20 + 2.5 / 24)


def test_reasons_are_explained_in_words_and_numbers(tmp_path: Path) -> None:
    sheet = sheet_of(write(tmp_path, summary()), None)
    page = words(sheet)
    assert "Dashed" not in page
    assert "10,080 candidates, 2020-01-17T00:00Z to 2020-02-20T23:55Z: 9,222 kept (91 %)" in page
    assert "858 dropped (8.5 %)" in page
    assert "less than 24 h after a boundary of splits" in page
    assert "of them 77 with the rain of an earlier one" in page
    assert "< 0.01 %" in page
    assert "memoriser" not in page


def test_nothing_at_all_is_said(tmp_path: Path) -> None:
    sheet = sheet_of(write(tmp_path, *CASES["none"]), None)
    assert "0 candidates" in words(sheet)
    assert [axes.texts[0].get_text() for axes in sheet.figure.axes[:2]] == ["none", "none"]


@pytest.mark.parametrize("chosen", [0.132, 0.0, 1.0, None])
def test_the_meter_reads_what_the_document_says(
    tmp_path: Path, chosen: float | None, faults_of: Callable[[Sheet], list[str]]
) -> None:
    leakage = meter(tmp_path, chosen={"csi": chosen, "by": "storm"})
    sheet = sheet_of(write(tmp_path, summary()), leakage)
    axes = sheet.figure.axes[-1]
    assert [bar.get_width() for bar in axes.patches] == [chosen or 0, 0.42]
    said = "none: nothing is flooded" if chosen is None else f"{chosen:.2f}"
    assert [text.get_text() for text in axes.texts] == [said, "0.42"]
    assert axes.get_yticklabels()[0].get_text() == "split by storm (chosen)"
    assert faults_of(sheet) == []


def test_a_reason_must_be_accounted_for(tmp_path: Path) -> None:
    plans = write(tmp_path, summary(dropped={}))
    with pytest.raises(PluvialError, match=r"01\.json.*KeyError"):
        draw_plan(plans, [], None, tmp_path / "a.png")


@pytest.mark.parametrize("content", ["{}", "[]", "{", '{"months": {"x": 3}}'])
def test_faulty_documents_are_named(tmp_path: Path, content: str) -> None:
    plans = write(tmp_path, summary())
    wrong = tmp_path / "wrong.json"
    wrong.write_text(content)
    with pytest.raises(PluvialError, match=r"wrong\.json"):
        draw_plan([*plans, wrong], [], None, tmp_path / "a.png")
    with pytest.raises(PluvialError, match=r"wrong\.json"):
        draw_plan(plans, [], wrong, tmp_path / "a.png")
    assert not (tmp_path / "a.png").exists()
