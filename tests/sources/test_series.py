"""Many files as one source: order, eras of the grid, gaps, and what may not be read."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pluvial.config.times import UtcTime, epoch_seconds
from pluvial.errors import PluvialError
from pluvial.grids.grid import Grid
from pluvial.sources.entries import Entry
from pluvial.sources.files import RainFiles
from pluvial.sources.patterns import Found
from pluvial.sources.series import LATE_STEPS, FileSeries, overlapping
from pluvial.sources.source import Field

SMALL, LARGE = Grid(1, 2, 1.0), Grid(2, 3, 0.5)


class Numbers(RainFiles):
    """Lines of `time value`, `time value LARGE` for another grid, `BAD`, or `time BAD`."""

    def fields(self, entry: Entry) -> Iterator[Field]:
        for line in entry.content().decode().splitlines():
            words = line.split()
            if words[0] == "BAD":
                raise entry.fault("its header is bad")
            time = None if words[0] == "-" else int(words[0])
            grid = LARGE if "LARGE" in words else SMALL

            def read(word: str = words[1], grid: Grid = grid) -> np.ndarray:
                if word == "BAD":
                    raise entry.fault("its values are bad")
                return np.full(grid.shape, float(word), np.float32)

            yield Field(time, grid, read)


class Stream(Numbers):
    in_order: ClassVar[bool] = True


class Ordinal(Stream):
    """A stream whose fields bear no times; its section may name when it starts."""

    ordinal: ClassVar[bool] = True
    start: UtcTime | None = None


def tar(path: Path, members: dict[str, str]) -> None:
    with tarfile.open(path, "w") as archive:
        for name, text in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))


def series(folder: Path, texts: dict[str, str], *, tolerant: bool = False, kind=Numbers, **keys):
    for name, text in texts.items():
        (folder / name).write_text(text)
    keys = {"files": "r{time:%Y%m%d%H}"} | keys
    return FileSeries(kind(**keys), folder, span=(0, 10**7), step=300, tolerant=tolerant)


def seen(source: FileSeries, start: int = 0, end: int = 10**7) -> list[tuple[int, float | None]]:
    return [
        (frame.time, None if frame.values is None else float(frame.values[0, 0]))
        for frame in source.frames(start, end)
    ]


def test_fields_of_a_file_are_put_in_order(tmp_path: Path) -> None:
    files = {"r1970010101": "4200 3\n3600 1\n3900 2", "r1970010100": "0 0"}
    assert seen(series(tmp_path, files)) == [(0, 0), (3600, 1), (3900, 2), (4200, 3)]


def test_without_times_in_the_names_all_fields_are_put_in_order(tmp_path: Path) -> None:
    files = {"a": "4200 3\n3600 1", "b": "0 0\n3900 2"}
    assert [time for time, _ in seen(series(tmp_path, files, files="?"))] == [0, 3600, 3900, 4200]


def test_only_files_that_may_hold_the_time_are_opened(tmp_path: Path) -> None:
    files = {f"r19700101{hour:02d}": f"{hour * 3600} {hour}" for hour in range(10)}
    files |= {"r1970010101": "BAD", "r1970010109": "BAD"}
    source = series(tmp_path, files)
    assert seen(source, 4 * 3600, 6 * 3600) == [(14400, 4), (18000, 5)]
    assert [path.name[-2:] for path in source.files] == ["04", "05", "06"]


def test_overlapping_timeline() -> None:
    found = [Found(Path(str(time)), time) for time in (0, 6, 12, 18)]
    assert [item.time for item in overlapping(found, 8, 14)] == [6, 12, 18]
    assert [item.time for item in overlapping(found, 6, 7)] == [6, 12]
    assert [item.time for item in overlapping(found, -5, 0)] == [0]
    assert [item.time for item in overlapping(found, 30, 40)] == [18]


@given(
    st.lists(st.integers(0, 12), min_size=1, max_size=7).map(sorted),
    st.integers(-2, 14),
    st.integers(1, 6),
)
def test_overlapping_takes_all_that_may_hold_a_wanted_time(
    times: list[int], start: int, length: int
) -> None:
    """Names bear the start of what a file holds, or its end; several may bear the same."""
    found = [Found(Path(f"{number:02d}"), time) for number, time in enumerate(times)]
    taken = overlapping(found, start, start + length)
    for wanted in range(start, start + length):
        begun = max((time for time in times if time <= wanted), default=None)
        ended = min((time for time in times if time >= wanted), default=None)
        for item in found:
            if item.time in (begun, ended):
                assert item in taken, f"{item.path} at {item.time} may hold {wanted}"
    distinct = sorted({item.time for item in taken if item.time is not None})
    inside = [time for time in distinct if start <= time < start + length]
    assert len(distinct) <= len(inside) + 2, "at most one time before and one behind"
    assert taken == sorted(taken, key=lambda item: (item.time or 0, item.path))


def test_names_that_tell_no_time_are_all_taken() -> None:
    found = [Found(Path("a"), None), Found(Path("b"), None)]
    assert overlapping(found, 5, 6) == found
    assert overlapping([], 5, 6) == []


def test_several_files_of_one_time(tmp_path: Path) -> None:
    """Two radars, or two halves of a day: none is left out where a period begins."""
    for name, text in {"a": "3600 1\n7200 2", "b": "4500 3\n8100 4"}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "r1970010101").write_text(text)
        (tmp_path / name / "r1970010103").write_text("10800 0" if name == "a" else "11100 0")
    source = series(tmp_path, {}, files="*/r{time:%Y%m%d%H}")
    assert sorted(seen(source, 3600, 8400)) == [(3600, 1), (4500, 3), (7200, 2), (8100, 4)]
    assert sorted(seen(source, 7200, 8400)) == [(7200, 2), (8100, 4)]
    assert sorted(seen(source, 10800, 12000)) == [(10800, 0), (11100, 0)]


def test_what_is_long_past_in_one_file_may_come_in_another(tmp_path: Path) -> None:
    """Two files of one day, each in order."""
    for name, shift in (("a", 0), ("b", 300)):
        lines = "\n".join(f"{600 * k + shift} {k}" for k in range(50))
        (tmp_path / name).mkdir()
        (tmp_path / name / "r1970010100").write_text(lines)
    source = series(tmp_path, {}, files="?/r{time:%Y%m%d%H}")
    assert sorted(time for time, _ in seen(source, 0, 1200)) == [0, 300, 600, 900]


def test_the_name_tells_the_time_where_the_file_does_not(tmp_path: Path) -> None:
    files = {"r1970010101": "- 1", "r1970010102": "- 2"}
    assert seen(series(tmp_path, files)) == [(3600, 1), (7200, 2)]
    assert seen(series(tmp_path, files, stamp="end")) == [(3300, 1), (6900, 2)]


def test_a_time_in_the_file_may_be_the_end_of_its_step(tmp_path: Path) -> None:
    """Rain to 01:00 falls from 00:55 on; the file whose name bears its end holds it."""
    files = {"r1970010100": "0 0", "r1970010101": "3300 1\n3600 2", "r1970010102": "3900 3"}
    source = series(tmp_path, files, stamp="end")
    assert seen(source) == [(3000, 1), (3300, 2), (3600, 3)], "-300 lies before the case"
    assert seen(source, 3300, 3600) == [(3300, 2)]
    assert seen(source, 3600, 3900) == [(3600, 3)]


def test_a_time_that_nothing_tells_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PluvialError, match=r"nor the pattern tells its time.*\{time:%Y%m%d%H%M\}"):
        seen(series(tmp_path, {"a": "0 0\n- 1"}, files="a"))


def test_a_change_of_grid_is_an_error_with_its_remedy(tmp_path: Path) -> None:
    files = {"r1970010100": "0 0", "r1970010101": "3600 1 LARGE"}
    with pytest.raises(PluvialError) as raised:
        seen(series(tmp_path, files))
    assert raised.value.where.endswith("r1970010101")
    for words in ("2 rows x 3 columns", "1 rows x 2 columns", 'grid_eras: ["1970-01-01T01:00Z"]'):
        assert words in str(raised.value)


def test_a_named_change_of_grid_is_none(tmp_path: Path) -> None:
    files = {"r1970010100": "0 0", "r1970010101": "3600 1 LARGE", "r1970010102": "7200 2"}
    eras = ["1970-01-01T01:00Z"]
    with pytest.raises(PluvialError, match=r"the grid at 1970-01-01T02:00Z"):
        seen(series(tmp_path, files, grid_eras=eras))
    eras += ["1970-01-01T02:00Z"]
    source = series(tmp_path, files, grid_eras=eras)
    assert [frame.grid for frame in source.frames(0, 10**7)] == [SMALL, LARGE, SMALL]
    assert epoch_seconds(source._section.grid_eras[0]) == 3600


@pytest.mark.parametrize("kind", [Numbers, Stream])
def test_a_change_of_grid_within_a_file(tmp_path: Path, kind: type[Numbers]) -> None:
    """Also where no name tells a time: a stream, or one file of many fields."""
    text = "0 0\n300 1\n600 2 LARGE\n900 3 LARGE"
    keys = {"kind": kind, "files": "a", "grid_eras": ["1970-01-01T00:10Z"]}
    source = series(tmp_path, {"a": text}, **keys)
    assert [frame.grid for frame in source.frames(0, 10**7)] == [SMALL, SMALL, LARGE, LARGE]
    later = series(tmp_path, {}, **keys)
    assert [frame.grid for frame in later.frames(600, 10**7)] == [LARGE, LARGE]


def test_an_era_lasts_until_the_next(tmp_path: Path) -> None:
    """Its grid is that of its first field, although an earlier file holds that field."""
    files = {"r1970010100": "0 0\n3300 1 LARGE", "r1970010101": "3600 2 LARGE"}
    source = series(tmp_path, files, grid_eras=["1970-01-01T00:55Z"])
    assert [frame.grid for frame in source.frames(0, 10**7)] == [SMALL, LARGE, LARGE]


@pytest.mark.parametrize("text", ["BAD", "0 BAD"])
def test_what_cannot_be_read_is_an_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(PluvialError, match=r"r1970010101: its (header|values)"):
        seen(series(tmp_path, {"r1970010100": "0 0", "r1970010101": text.replace("0 ", "3600 ")}))


def test_the_error_says_what_one_could_do_without_the_file(tmp_path: Path) -> None:
    """Where it is the file that is at fault, not what was written about it."""
    with pytest.raises(PluvialError, match=r"or write `frames: \{on_bad_frame: gap\}`$"):
        seen(series(tmp_path, {"r1970010100": "0 0", "r1970010101": "BAD"}))
    with pytest.raises(PluvialError, match=r"such as \{time:%Y%m%d%H%M\}$"):
        seen(series(tmp_path, {"only": "- 5"}, files="only"))


def test_what_cannot_be_read_is_a_gap_if_tolerated(tmp_path: Path) -> None:
    files = {
        "r1970010100": "0 0",
        "r1970010101": "BAD",  # its name tells the time
        "r1970010102": "7200 BAD\n7500 2",
        "r1970010103": "10800 3\nBAD",  # the time of what follows is not known
    }
    source = series(tmp_path, files, tolerant=True)
    frames = list(source.frames(0, 10**7))
    assert [(frame.time, frame.problem) for frame in frames if frame.values is None] == [
        (3600, "its header is bad"),
        (7200, "its values are bad"),
    ]
    assert [frame.time for frame in frames if frame.values is not None] == [0, 7500, 10800]
    (fault,) = source.faults
    assert fault.origin.endswith("r1970010103")
    assert fault.problem == "its header is bad"


def test_a_stream_that_breaks_keeps_what_came_before(tmp_path: Path) -> None:
    source = series(tmp_path, {"a": "0 0\n300 1\nBAD"}, kind=Stream, files="a", tolerant=True)
    assert seen(source) == [(0, 0), (300, 1)]
    assert [fault.problem for fault in source.faults] == ["its header is bad"]
    with pytest.raises(PluvialError, match="its header is bad"):
        seen(series(tmp_path, {}, kind=Stream, files="a"))


def test_faults_are_seen_by_whoever_asked_before(tmp_path: Path) -> None:
    """The account of a period is handed the list of faults first, and filled while it is read."""
    files = {"r1970010100": "0 0", "r1970010101": "3600 1\nBAD", "r1970010102": "7200 2 LARGE"}
    eras = ["1970-01-01T02:00Z"]
    source = series(tmp_path, files, tolerant=True, grid_eras=eras)
    faults = source.faults
    assert len(seen(source)) == 3
    assert [fault.problem for fault in faults] == ["its header is bad"]


def test_a_damaged_archive_is_a_fault(tmp_path: Path) -> None:
    tar(tmp_path / "r1970010100.tar", {"a": "0 0"})
    (tmp_path / "r1970010101.tar").write_bytes(b"no tar")
    source = series(tmp_path, {}, files="r{time:%Y%m%d%H}.tar", tolerant=True)
    assert seen(source) == [(0, 0)]
    (fault,) = source.faults
    assert fault.origin.endswith("r1970010101.tar")
    assert "no whole uncompressed tar" in fault.problem


def test_a_damaged_member_is_a_fault_and_the_others_count(tmp_path: Path) -> None:
    """The name of an archive tells no time of its members."""
    tar(tmp_path / "r1970010100.tar", {"a": "0 0", "b": "BAD", "c": "600 2", "d": "- 3"})
    source = series(tmp_path, {}, files="r{time:%Y%m%d%H}.tar", tolerant=True)
    assert seen(source) == [(0, 0), (600, 2)]
    assert [fault.origin.rpartition("!")[2] for fault in source.faults] == ["b", "d"]
    assert "tells its time" in source.faults[1].problem


def test_the_crs_of_the_configuration_takes_the_place_of_the_file_s(tmp_path: Path) -> None:
    source = series(tmp_path, {"r1970010100": "0 0"}, crs="EPSG:27700")
    assert source.grid.crs == "EPSG:27700"
    assert [frame.grid.crs for frame in source.frames(0, 300) if frame.grid] == ["EPSG:27700"]


def test_a_bad_first_file_does_not_hide_the_grid(tmp_path: Path) -> None:
    source = series(tmp_path, {"r1970010100": "BAD", "r1970010101": "3600 1"}, tolerant=True)
    assert source.grid == SMALL
    assert source.files == []


def test_nothing_readable_at_all_is_an_error(tmp_path: Path) -> None:
    source = series(tmp_path, {"r1970010100": "BAD", "r1970010101": "BAD"}, tolerant=True)
    with pytest.raises(PluvialError, match="no field of it can be read"):
        _ = source.grid


def test_members_of_a_tar_are_named(tmp_path: Path) -> None:
    tar(tmp_path / "r1970010100.tar", {"b": "300 1", "a": "0 0"})
    source = series(tmp_path, {}, files="r{time:%Y%m%d%H}.tar")
    frames = list(source.frames(0, 1000))
    assert [frame.origin.rpartition("!")[2] for frame in frames] == ["a", "b"]


def test_a_stream_is_not_read_beyond_what_is_wanted(tmp_path: Path) -> None:
    text = "".join(f"{300 * k} {k}\n" for k in range(40)) + "BAD"
    source = series(tmp_path, {"a": text}, kind=Stream, files="a")
    assert [time for time, _ in seen(source, 300, 900)] == [300, 600]


def test_how_much_of_a_stream_is_read(tmp_path: Path) -> None:
    """So far as a frame may come late, and no further."""
    text = "\n".join(f"{300 * k} {k}" for k in range(1000))
    source = series(tmp_path, {"a": text}, kind=Stream, files="a")
    pulled = 0

    def counted(fields: Iterator[Field]) -> Iterator[Field]:
        nonlocal pulled
        for field in fields:
            pulled += 1
            yield field

    section = source._section
    object.__setattr__(section, "fields", lambda entry: counted(Stream.fields(section, entry)))
    assert source.grid == SMALL
    assert pulled == 1, "the grid is that of the first field"
    pulled = 0
    assert len(seen(source, 0, 900)) == 3
    assert pulled == 3 + LATE_STEPS + 1


def test_late_fields_of_a_stream_are_still_found(tmp_path: Path) -> None:
    times = [0, 300, *range(900, 900 + 300 * LATE_STEPS, 300), 600, 30_000]
    text = "\n".join(f"{time} 0" for time in times)
    source = series(tmp_path, {"a": text}, kind=Stream, files="a")
    assert sorted(time for time, _ in seen(source, 0, 900)) == [0, 300, 600]


def test_ordinal_streams_start_where_their_names_say(tmp_path: Path) -> None:
    files = {"r1970010101": "- 0\n- 1\n- 2", "r1970010103": "- 3\n- 4"}
    source = series(tmp_path, files, kind=Ordinal)
    assert seen(source) == [(3600, 0), (3900, 1), (4200, 2), (10800, 3), (11100, 4)]
    assert seen(source, 11100, 11400) == [(11100, 4)]


def test_an_ordinal_stream_may_be_given_its_start(tmp_path: Path) -> None:
    keys = {"kind": Ordinal, "files": "a", "start": "1970-01-01T02:00Z"}
    source = series(tmp_path, {"a": "- 0\n- 1\n- 2"}, **keys)
    assert seen(source) == [(7200, 0), (7500, 1), (7800, 2)]
    again = series(tmp_path, {"a": "- 0\n- 1\n- 2"}, stamp="end", **keys)
    assert seen(again)[0][0] == 7200, "a start that is written is the start"


def test_ordinal_streams_that_nothing_dates_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PluvialError, match=r"matches 2 files, and nothing tells when each begins"):
        series(tmp_path, {"a": "- 0", "b": "- 1"}, kind=Ordinal, files="?")
    with pytest.raises(PluvialError, match="nothing tells when it begins"):
        seen(series(tmp_path, {}, kind=Ordinal, files="a"))


@pytest.mark.parametrize("kind", [Numbers, Stream])
def test_the_span_of_the_case_bounds_what_is_opened(tmp_path: Path, kind: type[Numbers]) -> None:
    for hour in range(10):
        (tmp_path / f"r19700101{hour:02d}").write_text("BAD" if hour > 5 else f"{hour * 3600} 0")
    section = kind(files="r{time:%Y%m%d%H}")
    source = FileSeries(section, tmp_path, span=(7200, 4 * 3600), step=300)
    assert [time for time, _ in seen(source)] == [7200, 10800, 14400]


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.integers(0, 95), min_size=1, max_size=25, unique=True),
    st.integers(0, 90),
    st.integers(1, 30),
)
def test_any_span_gives_what_all_of_it_gives(
    tmp_path_factory: pytest.TempPathFactory, steps: list[int], first: int, length: int
) -> None:
    folder = tmp_path_factory.mktemp("series")
    hours: dict[str, list[str]] = {}
    for step in steps:  # in any order within a file
        hours.setdefault(f"r19700101{step // 12:02d}", []).append(f"{300 * step} {step}")
    source = series(folder, {name: "\n".join(lines) for name, lines in hours.items()})
    everything = seen(source)
    assert everything == [(300 * step, step) for step in sorted(steps)]
    start, end = 300 * first, 300 * (first + length)
    assert seen(source, start, end) == [item for item in everything if start <= item[0] < end]


def test_members_of_a_tar_whose_names_tell_their_times(tmp_path: Path) -> None:
    """As files of their own do; what does not match is not read, and nor is another file's tar."""
    tar(
        tmp_path / "a.tar",
        {"x/r1970010102": "- 2", "x/r1970010101": "- 1", "README": "BAD", "x/r1970130101": "- 9"},
    )
    tar(tmp_path / "b.tar", {"r1970010103": "BAD", "deep/in/r1970010104": "- 4"})
    keys = {"files": "*.tar", "members": "**/r{time:%Y%m%d%H}"}
    source = series(tmp_path, {}, tolerant=True, **keys)
    assert seen(source) == [(3600, 1), (7200, 2), (10800, None), (14400, 4)]
    with pytest.raises(PluvialError, match="its header is bad"):
        seen(series(tmp_path, {}, **keys))
    with pytest.raises(PluvialError, match="none of its 4 members matches 's") as caught:
        seen(series(tmp_path, {}, files="a.tar", members="s{time:%Y%m%d%H}"))
    assert "the first is 'x/r1970010102'" in caught.value.remedy


def test_members_of_a_tar_whose_times_nothing_tells(tmp_path: Path) -> None:
    """The key to write is named."""
    tar(tmp_path / "r1970010100.tar", {"a": "- 1"})
    with pytest.raises(PluvialError) as caught:
        seen(series(tmp_path, {}, files="*.tar"))
    assert "Write the time into `members`" in caught.value.remedy


def test_members_without_a_time_in_the_pattern(tmp_path: Path) -> None:
    """They are chosen all the same; what is no tar has no members."""
    tar(tmp_path / "r1970010100.tar", {"a.txt": "0 0", "b.md": "BAD"})
    (tmp_path / "r1970010101.txt").write_text("3600 1")
    source = series(tmp_path, {}, files="r{time:%Y%m%d%H}.*", members="*.txt")
    assert seen(source) == [(0, 0), (3600, 1)]
