"""Patterns of file names: every time that is written is found again, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pluvial.errors import PluvialError
from pluvial.sources.patterns import Pattern

FORMS = ["%Y%m%d%H%M", "%Y/%m/%d/%H%M", "%y%j%H%M", "%Y-%m-%dT%H.%M.%S"]
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
    ("pattern", "expected"),
    [
        ("**/r*.dat", ["a/b/r1.dat", "a/r2.dat", "r3.dat"]),
        ("a/*/r?.dat", ["a/b/r1.dat"]),
        ("r[34].dat", ["r3.dat"]),
        ("r3.dat", ["r3.dat"]),
        ("**/r{time:%Y}.dat", ["a/r2020.dat"]),
    ],
)
def test_the_rest_is_a_glob(tmp_path: Path, pattern: str, expected: list[str]) -> None:
    touch(tmp_path, "a/b/r1.dat", "a/r2.dat", "r3.dat", "a/b/r10.txt", "a/r2020.dat")
    found = [
        item.path.relative_to(tmp_path).as_posix() for item in Pattern(pattern, tmp_path).find()
    ]
    if "time" not in pattern:
        found = [name for name in found if "2020" not in name]
    assert found == expected


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
