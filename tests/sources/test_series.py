"""Many files as one source: order, eras of the grid, gaps, and what may not be read."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from pluvial.config.times import epoch_seconds
from pluvial.errors import PluvialError
from pluvial.grids.grid import Grid
from pluvial.sources.entries import Entry
from pluvial.sources.files import RainFiles
from pluvial.sources.patterns import Found
from pluvial.sources.series import FileSeries, overlapping
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


def test_the_name_tells_the_time_where_the_file_does_not(tmp_path: Path) -> None:
    files = {"r1970010101": "- 1", "r1970010102": "- 2"}
    assert seen(series(tmp_path, files)) == [(3600, 1), (7200, 2)]
    assert seen(series(tmp_path, files, stamp="end")) == [(3300, 1), (6900, 2)]


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


@pytest.mark.parametrize("text", ["BAD", "0 BAD"])
def test_what_cannot_be_read_is_an_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(PluvialError, match=r"r1970010101: its (header|values)"):
        seen(series(tmp_path, {"r1970010100": "0 0", "r1970010101": text.replace("0 ", "3600 ")}))


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


def test_a_bad_first_file_does_not_hide_the_grid(tmp_path: Path) -> None:
    source = series(tmp_path, {"r1970010100": "BAD", "r1970010101": "3600 1"}, tolerant=True)
    assert source.grid == SMALL
    assert source.files == []


def test_nothing_readable_at_all_is_an_error(tmp_path: Path) -> None:
    source = series(tmp_path, {"r1970010100": "BAD", "r1970010101": "BAD"}, tolerant=True)
    with pytest.raises(PluvialError, match="no field of it can be read"):
        _ = source.grid


def test_members_of_a_tar_are_named(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "r1970010100.tar", "w") as archive:
        for name, text in (("b", b"300 1"), ("a", b"0 0")):
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text))
    source = series(tmp_path, {}, files="r{time:%Y%m%d%H}.tar")
    frames = list(source.frames(0, 1000))
    assert [frame.origin.rpartition("!")[2] for frame in frames] == ["a", "b"]


def test_a_stream_is_not_read_beyond_what_is_wanted(tmp_path: Path) -> None:
    text = "".join(f"{300 * k} {k}\n" for k in range(40)) + "BAD"
    source = series(tmp_path, {"a": text}, kind=Stream, files="a")
    assert [time for time, _ in seen(source, 300, 900)] == [300, 600]
