"""The parts in which a case is built: periods, editions, and the raw files that each needs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pluvial.case import editions as module
from pluvial.case.case import Case
from pluvial.case.editions import by_period, editions, raw_files, span_of
from pluvial.errors import PluvialError

RAIN = {"format": "ascii", "files": "rain/{time:%Y%m%d}/r{time:%Y%m%d%H}.asc"}
DEPTH = {"format": "ascii-stream", "files": "depth_{time:%Y%m%d}.asc", "step_minutes": 120}


def case(**changes: Any) -> Case:
    document = {
        "name": "test",
        "time": {
            "start": "2020-02-27T00:00Z",
            "end": "2020-03-03T00:00Z",
            "step_minutes": 60,
            "appended": ["2020-02-29T00:00Z", "2020-03-01T00:00Z"],
        },
        "heightmap": {"format": "ascii", "files": "h.asc"},
        "rain": RAIN,
        "depth": DEPTH,
        "frames": {"period": "day"},
        "records": {"channels": [1, 2]},
    }
    return Case.model_validate({**document, **changes})


def test_every_period_comes_with_one_edition() -> None:
    found = editions(case())
    assert [edition.name for edition in found] == ["01", "02", "03"]
    assert [edition.rain_names for edition in found] == [
        ["2020-02-27", "2020-02-28"],
        ["2020-02-29"],
        ["2020-03-01", "2020-03-02"],
    ]
    assert [edition.depth_names for edition in found] == [edition.rain_names for edition in found]
    assert [edition.rain[0].first for edition in found] == [0, 48, 72]
    assert [edition.depth[0].first for edition in found] == [0, 24, 36], "of the coarser axis"


def test_an_edition_knows_the_case_as_it_stood() -> None:
    """The third is built as if nothing were to come; so was the first."""
    first, *_ = editions(case())
    alone = editions(
        case(time={"start": "2020-02-27T00:00Z", "end": "2020-02-29T00:00Z", "step_minutes": 60})
    )
    assert alone == [first]


def test_a_case_in_months() -> None:
    time = {"start": "2020-01-10T00:00Z", "end": "2020-03-03T00:00Z", "step_minutes": 60}
    time |= {"appended": ["2020-02-01T00:00Z"]}
    found = editions(case(time=time, frames={"period": "month"}))
    assert [edition.rain_names for edition in found] == [["2020-01"], ["2020-02", "2020-03"]]


def test_span_of_periods() -> None:
    whole = case()
    start = datetime(2020, 2, 29, tzinfo=UTC)
    assert span_of(whole.time, ["2020-02-29"], whole) == (
        int(start.timestamp()),
        int((start + timedelta(days=1)).timestamp()),
    )
    first, last = span_of(whole.time, ["2020-02-28", "2020-02-29", "2020-03-01"], whole)
    assert last - first == 3 * 86400


@pytest.mark.parametrize(
    ("section", "alone"),
    [
        (RAIN, True),
        ({"format": "ascii", "files": "*.asc"}, False),
        (
            {
                "format": "hail-caesar",
                "files": "r{time:%Y}.txt",
                "zones": "z.asc",
            },
            False,
        ),
        ({"format": "nimrod", "files": "r_{time:%Y%m%d}.tar"}, True),
        ({"format": "nimrod", "files": "all.tar"}, False),
    ],
)
def test_which_periods_can_be_made_alone(section: dict[str, Any], alone: bool) -> None:
    """Those in whose files' names the time stands, unless they must be counted from the start."""
    assert by_period(case(rain=section).rain) == alone


def test_what_is_made_can_be_made_by_period() -> None:
    made = case(
        heightmap={"format": "synthetic"},
        rain={"format": "synthetic"},
        depth={"format": "simulate"},
    )
    assert by_period(made.rain)
    assert by_period(made.depth)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for step in range(5 * 24):
        moment = datetime(2020, 2, 27, tzinfo=UTC) + timedelta(hours=step)
        path = tmp_path / f"rain/{moment:%Y%m%d}/r{moment:%Y%m%d%H}.asc"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    for name in ("depth_20200227.asc", "depth_20200301.asc", "run.params", "h.asc"):
        (tmp_path / name).touch()
    return tmp_path


def names(files: list[Path]) -> list[str]:
    return [path.stem for path in files]


def test_the_files_of_a_period_and_around_it(folder: Path) -> None:
    whole = case()
    span = span_of(whole.time, ["2020-02-29"], whole)
    day = [f"r20200229{hour:02d}" for hour in range(24)]
    # Which end of its step a name bears is not known here: one more behind.
    assert names(raw_files(whole.rain, folder, span)) == [*day, "r2020030100"]
    around = names(raw_files(whole.rain, folder, span, margin=3600))
    assert around == ["r2020022823", *day, "r2020030100", "r2020030101"]
    assert len(raw_files(whole.rain, folder)) == 5 * 24


def test_a_stream_that_began_before_is_needed(folder: Path) -> None:
    whole = case(depth={**DEPTH, "parameters": "run.params"})
    span = span_of(whole.time, ["2020-02-29"], whole)
    assert names(raw_files(whole.depth, folder, span)) == [
        "depth_20200227",
        "depth_20200301",
        "run",
    ]


def test_folders_stand_for_many_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MANY_FILES", 100)
    whole = case()
    span = span_of(whole.time, ["2020-02-29"], whole)
    found = raw_files(whole.rain, folder, span)
    assert found == [folder / "rain" / "20200229", folder / "rain" / "20200301"]


def test_missing_files_are_named(folder: Path) -> None:
    (folder / "run.params").unlink()
    whole = case(depth={**DEPTH, "parameters": "run.params"})
    with pytest.raises(PluvialError, match=r"run\.params: the file is missing"):
        raw_files(whole.depth, folder)
    with pytest.raises(PluvialError, match="no file matches"):
        raw_files(case(rain={"format": "ascii", "files": "x{time:%Y}"}).rain, folder)
