"""Patterns of file names: every time that is written is found again, and nothing else."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pluvial.errors import PluvialError
from pluvial.sources.patterns import Pattern

FORMS = [
    "%Y%m%d%H%M",
    "%Y/%m/%d/%H%M",
    "%y%j%H%M",
    "%Y-%m-%dT%H.%M.%S",
    "%d%m%Y_%H+%M",
    "%Y%j/%H(%M)",
]
minutes = st.integers(0, 60 * 24 * 365 * 50)


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(form=st.sampled_from(FORMS), times=st.sets(minutes, min_size=1, max_size=5))
def test_times_come_back(
    tmp_path_factory: pytest.TempPathFactory, form: str, times: set[int]
) -> None:
    folder = tmp_path_factory.mktemp("files")
    moments = [datetime(2001, 1, 1, tzinfo=UTC) + timedelta(minutes=k) for k in sorted(times)]
    touch(folder, *(f"rain_{moment:{form}}_uk.h5" for moment in moments))
    found = Pattern(f"rain_{{time:{form}}}_uk.h5", folder).find()
    assert [item.time for item in found] == [int(moment.timestamp()) for moment in moments]


def test_what_is_no_time_is_no_file_of_ours(tmp_path: Path) -> None:
    touch(
        tmp_path, "r20200131.dat", "r20200231.dat", "r2020013.dat", "x20200131.dat", "r20200131.da"
    )
    (tmp_path / "r20200201.dat").mkdir()
    (found,) = Pattern("r{time:%Y%m%d}.dat", tmp_path).find()
    assert found.path.name == "r20200131.dat"


def test_a_time_written_twice_must_agree(tmp_path: Path) -> None:
    touch(tmp_path, "2020/r202001010005.h5", "2020/r201901010005.h5")
    (found,) = Pattern("{time:%Y}/r{time:%Y%m%d%H%M}.h5", tmp_path).find()
    assert found.path.name == "r202001010005.h5"


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        ("{time:%Y}/r{time:%y%m%d}", "2020/r200131", "2020/r190131"),
        ("{time:%Y%j}_{time:%m%d}", "2020031_0131", "2020031_0201"),
    ],
)
def test_a_time_written_in_two_ways_must_agree(
    tmp_path: Path, pattern: str, good: str, bad: str
) -> None:
    """The year with and without its century, the day of the year and of the month."""
    touch(tmp_path, good, bad)
    (found,) = Pattern(pattern, tmp_path).find()
    assert found.path == tmp_path / good
    assert found.time == int(datetime(2020, 1, 31, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("**/r*.dat", ["a/b/r1.dat", "a/r2.dat", "r3.dat"]),
        ("a/*/r?.dat", ["a/b/r1.dat"]),
        ("r[34].dat", ["r3.dat"]),
        ("r[0-9].dat", ["r3.dat"]),
        ("**/r[!23].dat", ["a/b/r1.dat"]),
        ("[a-z]/[!c]/r?.dat", ["a/b/r1.dat"]),
        ("r3.dat", ["r3.dat"]),
        ("./r3.dat", ["r3.dat"]),
        ("a//b/./r?.dat", ["a/b/r1.dat"]),
        ("a/**/r1.dat", ["a/b/r1.dat"]),
        ("r(x+y)$.dat", ["r(x+y)$.dat"]),
        ("r[[]4].dat", ["r[4].dat"]),
    ],
)
def test_the_rest_is_a_glob(tmp_path: Path, pattern: str, expected: list[str]) -> None:
    touch(tmp_path, "a/b/r1.dat", "a/r2.dat", "r3.dat", "a/b/r10.txt", "r(x+y)$.dat", "r[4].dat")
    if pattern == "**/r*.dat":
        expected = [*expected, "r(x+y)$.dat", "r[4].dat"]
    found = [
        item.path.relative_to(tmp_path).as_posix() for item in Pattern(pattern, tmp_path).find()
    ]
    assert sorted(found) == sorted(expected)


PARTS = ["*", "?", "**", "a", "ab", "[ab]", "[a-b]", "[!a]", "a*", "*b?", "*[!b]"]


def test_a_pattern_without_a_time_is_what_pathlib_globs(tmp_path: Path) -> None:
    touch(tmp_path, "a/a", "a/b", "a/ab/b", "b/ab", "b/a/bab", "ab")
    for parts in (*itertools.product(PARTS), *itertools.product(PARTS, PARTS)):
        text = "/".join(parts)
        expected = sorted(path for path in tmp_path.glob(text) if path.is_file())
        try:
            found = [item.path for item in Pattern(text, tmp_path).find()]
        except PluvialError:
            found = []
        assert found == expected, text


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("**/r{time:%Y%m%d}.dat", ["r20200131.dat", "a/r20200131.dat", "a/b/r20200131.dat"]),
        ("*/r[0-9]_{time:%Y%m%d}*.dat", ["a/r7_20200131.dat", "b/r7_20200131_v2.dat"]),
        ("?{time:%Y%m%d}", ["r20200131", "s20200131"]),
        ("./{time:%Y}/{time:%m%d}", ["2020/0131"]),
    ],
)
def test_a_time_among_globs(tmp_path: Path, pattern: str, names: list[str]) -> None:
    touch(tmp_path, *names)
    found = Pattern(pattern, tmp_path).find()
    assert {item.path.relative_to(tmp_path).as_posix() for item in found} == set(names)
    assert {item.time for item in found} == {int(datetime(2020, 1, 31, tzinfo=UTC).timestamp())}


def test_files_come_in_order_of_time_then_of_name(tmp_path: Path) -> None:
    names = ["b_02012020", "a_01022020", "c_31121969", "a_02012020"]
    touch(tmp_path, *names)
    found = [item.path.name for item in Pattern("?_{time:%d%m%Y}", tmp_path).find()]
    assert found == ["c_31121969", "a_02012020", "b_02012020", "a_01022020"]


def test_absolute_patterns_do_not_start_at_the_folder(tmp_path: Path) -> None:
    touch(tmp_path, "r1.dat")
    (found,) = Pattern(f"{tmp_path}/r*.dat", Path("/elsewhere")).find()
    assert found.path == tmp_path / "r1.dat"


def test_clocks_that_change_twice_a_year_are_not_read(tmp_path: Path) -> None:
    """The hour that London skips, and the one it has twice, are plain hours here."""
    touch(tmp_path, *(f"r{stamp}" for stamp in ("202003290130", "202010250130", "202010250230")))
    found = [item.time for item in Pattern("r{time:%Y%m%d%H%M}", tmp_path).find()]
    expected = [
        datetime(2020, 3, 29, 1, 30),
        datetime(2020, 10, 25, 1, 30),
        datetime(2020, 10, 25, 2, 30),
    ]
    assert found == [int(moment.replace(tzinfo=UTC).timestamp()) for moment in expected]


def test_a_leap_day_is_a_day_in_leap_years_alone(tmp_path: Path) -> None:
    touch(tmp_path, "r20200229", "r20210229", "r21000229", "r20000229")
    found = [item.path.name for item in Pattern("r{time:%Y%m%d}", tmp_path).find()]
    assert found == ["r20000229", "r20200229"]


def test_a_folder_above_may_be_named(tmp_path: Path) -> None:
    touch(tmp_path, "radar/r20200131.dat", "case/config.yaml")
    (found,) = Pattern("../radar/r{time:%Y%m%d}.dat", tmp_path / "case").find()
    assert found.path.resolve() == tmp_path / "radar" / "r20200131.dat"


def test_nothing_found_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PluvialError, match="no file matches 'r\\*.dat'.*`data_folder`"):
        Pattern("r*.dat", tmp_path).find()
    with pytest.raises(PluvialError, match=r"r\.dat: the file is missing"):
        Pattern("r.dat", tmp_path).find()


@pytest.mark.parametrize(
    ("pattern", "message"), [("{time:%d%b%Y}", "%b is not read"), ("{time:%m%d}", "no year")]
)
def test_forms_that_cannot_be_read_are_refused(pattern: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Pattern(pattern)
