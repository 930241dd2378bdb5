"""Lines of nimrod-data-downloader: against json, and against the downloader itself."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import re
import subprocess
import tracemalloc
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pluvial.errors import PluvialError
from pluvial.grids.grid import Grid
from pluvial.sources.entries import Entry
from pluvial.sources.jsonl import JsonlRain
from pluvial.sources.nimrod import NimrodRain
from pluvial.sources.source import Field
from pydantic import ValidationError

FULL = {"top": 1550000, "bottom": -625000, "left": -405000, "right": 1320000}
ASKED = {
    "top_left": {"latitude": 54.3646, "longitude": -1.3788},
    "bottom_right": {"latitude": 53.094, "longitude": 0.5933},
    "top_left_os": {"northing": 440461.4759806193, "easting": 496742.2040193061},
    "bottom_right_os": {"northing": 573745.0306883563, "easting": 358341.8077033124},
}
"""The example of the downloader's README: what was asked for, and the names it has exchanged."""
CUT_OUT = (slice(962, 1136), slice(774, 879))
"""The rows and columns of the composite that the downloader makes of that, when it is run."""
WHERE = Grid(174, 105, 1000, -405000 + 774000, 1550000 - 1136000, "EPSG:27700")
MIDNIGHT = 1136073600
"""2006-01-01T00:00Z."""

SMALL = [[1, 2, 3], [4, 5, 6]]


def line(data: Any, minute: int = 0, *, compact: bool = True, **keys: Any) -> str:
    """A line as the downloader writes it; a key of None is left out."""
    time = f"2006-01-01T{minute // 60:02}:{minute % 60:02}:00.000Z"
    document = {"data": data, "timestamp": time, "timestamps": [time, time]}
    document |= {"size_full": {"width": 2175, "height": 1725}}
    kept = {key: value for key, value in (document | keys).items() if value is not None}
    return json.dumps(kept, separators=(",", ":") if compact else None)


def write(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def read(path: Path, **keys: Any) -> list[Field]:
    keys = keys or {"cell": 1000}
    return list(JsonlRain(format="jsonl", files="*", **keys).fields(Entry(path)))


def raises(field: Field) -> str:
    """The problem that reading the values of a field ends in."""
    with pytest.raises(PluvialError) as raised:
        field.read()
    return raised.value.problem


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "rain.jsonl"


@pytest.fixture(scope="module")
def composite() -> np.ndarray:
    """A composite whose rates, in mm/h, tell rows (whole numbers) and columns (fractions)."""
    row, col = np.mgrid[0:2175, 0:1725]
    return row % 64 + col / 2048


@pytest.mark.parametrize(
    "keys",
    [
        {
            "size_extract": {"width": 174, "height": 105},
            "bounds_extract": ASKED,
            "bounds_extract_array": {"start": {"x": 962, "y": 774}, "end": {"x": 1136, "y": 879}},
        },
        {"size": {"width": 174, "height": 105}, "bounds_extract": ASKED},
        {"size": {"width": 105, "height": 174}, "bounds_extract": ASKED},
        {"bounds_extract": ASKED},
    ],
)
def test_an_area_lies_where_it_was_cut_out(
    file: Path, composite: np.ndarray, keys: dict[str, Any]
) -> None:
    """Both versions of the header: the older tells the cells, the newer what was asked for."""
    north_up = composite[CUT_OUT]
    write(file, line(north_up.T.tolist(), bounds_full=FULL, **keys))
    (field,) = read(file, stored="transposed")
    assert field.grid == WHERE
    assert field.time == MIDNIGHT
    assert field.name == "#1"
    values = field.read()
    assert values.dtype == np.float32
    assert values.flags.c_contiguous
    np.testing.assert_array_equal(values, north_up.astype(np.float32))


def test_a_whole_composite(file: Path, composite: np.ndarray) -> None:
    part = composite[:20, :10]
    keys = {"size_full": {"width": 20, "height": 10}, "size": {"width": 10, "height": 20}}
    bounds = {"top": 20, "bottom": 0, "left": -4, "right": 6}
    write(file, line(part.tolist(), bounds_full=bounds, **keys))
    (field,) = read(file, stored="upright")
    assert field.grid == Grid(20, 10, 1, -4, 0, "EPSG:27700")
    np.testing.assert_array_equal(field.read(), part.astype(np.float32))


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ("transposed", [[1, 4], [2, 5], [3, 6]]),
        ("clockwise", [[3, 6], [2, 5], [1, 4]]),
        ("upright", [[1, 2, 3], [4, 5, 6]]),
    ],
)
@pytest.mark.parametrize("size", ["size", "size_extract"])
def test_what_is_stored_is_turned(
    file: Path, stored: str, expected: list[list[int]], size: str
) -> None:
    for width, height in ((3, 2), (2, 3)):
        write(file, line(SMALL, **{size: {"width": width, "height": height}}))
        (field,) = read(file, stored=stored, cell=500, west=7, south=-2.5)
        np.testing.assert_array_equal(field.read(), expected)
        assert field.grid == Grid(len(expected), len(expected[0]), 500, 7, -2.5)


def test_the_keys_go_before_the_bounds(file: Path) -> None:
    write(file, line(np.zeros((105, 174)).tolist(), bounds_full=FULL, bounds_extract=ASKED))
    (field,) = read(file, cell=250, west=1)
    assert field.grid == Grid(174, 105, 250, 1, 0)


rates = st.one_of(
    st.floats(allow_nan=True, allow_infinity=False),
    st.integers(-10, 4096).map(lambda value: value / 32),
    st.integers(-(10**20), 10**20),
    st.none(),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(
    lists=arrays(
        object, st.tuples(st.integers(1, 5), st.integers(1, 5)), elements=rates, fill=st.nothing()
    ),
    compact=st.booleans(),
)
def test_agrees_with_json(tmp_path: Path, lists: np.ndarray, compact: bool) -> None:
    """Any numbers in any spelling; null, NaN and what is negative are missing."""
    text = line(lists.tolist(), compact=compact)
    (field,) = read(write(tmp_path / "any.jsonl", text), cell=1, stored="upright")
    with np.errstate(over="ignore"):
        expected = np.array(json.loads(text)["data"], dtype=np.float64).astype(np.float32)
    expected[~(expected >= 0)] = np.nan
    np.testing.assert_array_equal(field.read(), expected)


@pytest.mark.parametrize(
    ("timestamp", "timestamps"),
    [
        ("2006-01-01T00:00:00.000Z", None),
        ("2006-01-01T00:00:00Z", ["2006-01-01T00:05:00.000Z"] * 2),
        ("2006-01-01T00:00:00", None),
        (None, [None, "2006-01-01T00:00:00.000Z"]),
        (None, ["2006-01-01T00:05:00.000Z", "2006-01-01T00:00:00.000Z"]),
        (None, ["2006-01-01T00:00:00.000Z", None]),
        # What new Date() makes of a header whose elements are all unset.
        ("-035592-10-23T22:53:00.000Z", ["2006-01-01T00:00:00.000Z"] * 2),
        ("1899-11-30T00:00:00.000Z", ["2006-01-01T00:00:00.000Z"] * 2),
        (
            "-035592-10-23T22:53:00.000Z",
            ["2006-01-01T00:00:00.000Z", "-035592-10-23T22:53:00.000Z"],
        ),
        (17, ["2006-01-01T00:00:00.000Z", [3]]),
    ],
)
def test_the_valid_one_of_the_times(file: Path, timestamp: Any, timestamps: Any) -> None:
    write(file, line(SMALL, timestamp=timestamp, timestamps=timestamps))
    (field,) = read(file)
    assert field.time == MIDNIGHT


@pytest.mark.parametrize(
    "keys", [{"timestamps": None}, {"timestamps": []}, {"timestamps": ["x", 3]}, {"timestamps": 4}]
)
def test_no_time_at_all(file: Path, keys: dict[str, Any]) -> None:
    write(file, line(SMALL), line(SMALL, timestamp=None, **keys))
    first, second = read(file)
    assert (first.time, second.time) == (MIDNIGHT, None)
    with pytest.raises(PluvialError, match="line 2: it bears no time"):
        second.read()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2020-06-30T23:05:00.000Z", (2020, 7, 1, 0, 5)),
        ("2020-01-01T00:05:00.000Z", (2020, 1, 1, 0, 5)),
        ("2020-10-24T23:55:00.000Z", (2020, 10, 25, 0, 55)),
        ("2020-10-25T02:00:00.000Z", (2020, 10, 25, 2, 0)),
    ],
)
def test_the_downloader_in_summer_time(
    file: Path, written: str, meant: tuple[int, int, int, int, int]
) -> None:
    """What ``new Date(2020, 6, 1, 0, 5).toJSON()`` and so on give in Node with TZ=Europe/London."""
    write(file, line(SMALL, timestamp=written))
    (field,) = read(file, cell=1, zone="Europe/London")
    assert field.time == datetime(*meant, tzinfo=UTC).timestamp()
    (field,) = read(file, cell=1)
    assert field.time == datetime.fromisoformat(written).timestamp()


def test_lines_are_numbered_as_an_editor_does(file: Path) -> None:
    write(file, "", line(SMALL), "  \t", line(SMALL, 10), "", line(SMALL, 5))
    fields = read(file)
    assert [field.name for field in fields] == ["#2", "#4", "#6"]
    assert [(field.time or 0) - MIDNIGHT for field in fields] == [0, 600, 300]


def test_the_same_compressed_and_without_a_last_newline(tmp_path: Path) -> None:
    content = "\n".join(line((np.array(SMALL) * k).tolist(), 5 * k) for k in range(4)).encode()
    (tmp_path / "a.jsonl").write_bytes(content)
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(content))
    for name in ("a.jsonl", "a.jsonl.gz"):
        fields = read(tmp_path / name)
        assert [(field.time or 0) - MIDNIGHT for field in fields] == [0, 300, 600, 900]
        assert [field.read()[2, 1] for field in fields] == [0, 6, 12, 18]


def test_keys_in_any_order(file: Path) -> None:
    document = json.loads(line(SMALL, bounds_extract=ASKED))
    write(file, json.dumps(dict(reversed(document.items())), indent=1).replace("\n", " "))
    (field,) = read(file)
    np.testing.assert_array_equal(field.read(), np.array(SMALL).T)


DAMAGED_VALUES = {
    "a short list": ([[1, 2, 3], [4, 5]], "`data` has not 2 lists of 3 numbers"),
    "a long list": ([[1, 2, 3], [4, 5, 6, 7]], "`data` has not 2 lists of 3 numbers"),
    "one too long, one too short": ([[1, 2], [3, 4, 5], [6]], "list 1 of `data` does not hold 2"),
    "one too short, one too long": ([[1, 2], [3], [4, 5, 6]], "list 1 of `data` does not hold 2"),
    "an empty list": ([[1, 2], [], [3, 4, 5]], "list 1 of `data` does not hold 2"),
    "nothing": ([[]], "list 0 of `data` does not hold 1"),
    "text": ([[1, 2], [3, "4"]], "list 1 of `data` does not hold 2"),
    "truth": ([[True, 2], [3, 4]], "list 0 of `data` does not hold 2"),
    "infinity": ([[1, 2], [np.inf, 4]], "list 1 of `data` does not hold 2"),
    "an object": ([[1, 2], [3, {"a": 1}]], "list 1 of `data` does not hold 2"),
}


def test_numbers_beyond_all_numbers_are_infinite(file: Path) -> None:
    """For the frames to count them as such: they are not what stands for missing."""
    write(file, line(SMALL).replace("5", "1e999"))
    assert np.isposinf(read(file)[0].read()).sum() == 1


@pytest.mark.parametrize("fault", DAMAGED_VALUES)
def test_values_that_cannot_be_read_leave_a_gap(file: Path, fault: str) -> None:
    data, message = DAMAGED_VALUES[fault]
    write(file, line(SMALL), line(data, 5), line(SMALL, 10))
    first, second, third = read(file)
    assert second.time == MIDNIGHT + 300
    assert f"line 2: {message}" in raises(second)
    np.testing.assert_array_equal(first.read(), third.read())


GOOD = line(SMALL, 5, size={"width": 3, "height": 2})
DAMAGED_LINES = {
    "no JSON behind the values": (GOOD.replace('"size":{', '"size":{{'), "no whole JSON object"),
    "cut off behind the time": (GOOD[:-9], "no whole JSON object"),
    "a list open": (GOOD.replace("6]]", "6]"), "no whole JSON object"),
    "a list fewer than its size": (GOOD.replace(",[4,5,6]", ""), "`data` has 1 lists of 3"),
    "a list open inside": (GOOD.replace("3],[", "3,"), "`data` has 1 lists of 6"),
    "the next line in its middle": (GOOD[:20] + GOOD, "`data` has 5 lists of 3"),
    "a strange size": (GOOD.replace('"width":3', '"width":"3"'), "its size is ['3', 2]"),
    "half a size": (GOOD.replace('"width":3', '"x":3'), "its size is [None, 2]"),
    "no lists": (line([1, 2, 3], 5), "no whole JSON object with lists as `data`"),
    "no values": (line([], 5), "no whole JSON object with lists as `data`"),
    "other values": (line({"a": [[1]]}, 5), "no whole JSON object with lists as `data`"),
    "no data": (line(None, 5), "no whole JSON object with lists as `data`"),
    "an abyss": (line(SMALL, 5)[:-1] + ',"a":' + "[" * 60000 + "}", "no whole JSON object"),
    "a long story": (line(SMALL, 5, story="x" * 70000), "no whole JSON object"),
}


@pytest.mark.parametrize("fault", DAMAGED_LINES)
def test_a_damaged_line_with_a_time_leaves_a_gap(file: Path, fault: str) -> None:
    text, message = DAMAGED_LINES[fault]
    write(file, line(SMALL), text, line(SMALL, 10))
    first, second, third = read(file)
    assert second.time == MIDNIGHT + 300
    assert second.grid == first.grid
    assert raises(second).startswith("line 2: ")
    assert message in raises(second)
    np.testing.assert_array_equal(first.read(), third.read())
    # Where it lies is not known from a first line that cannot be read.
    write(file, text)
    with pytest.raises(PluvialError, match="line 1: "):
        read(file)


@pytest.mark.parametrize(
    "text",
    [
        GOOD[:20],
        '{"data":[[1,2',
        "null",
        "[]",
        '"data"',
        "data:[[]]",
        "{}",
        "\x00\x01\x02",
        '[{"data":[[1]]}]',
        GOOD.replace('"timestamp', '"time'),
        GOOD[:-9].replace('stamp":"', 'stamp":"-'),
    ],
)
def test_a_damaged_line_without_a_time_is_named(file: Path, text: str) -> None:
    write(file, line(SMALL), "", text)
    first, damaged = read(file)
    assert (first.time, damaged.time) == (MIDNIGHT, None)
    with pytest.raises(PluvialError, match="line 3: it ") as raised:
        damaged.read()
    assert raised.value.where == str(file)


@pytest.mark.parametrize(
    "keys",
    [
        {"bounds_full": None},
        {"bounds_full": {"top": 1}},
        {"bounds_full": [1, 2]},
        {"bounds_full": FULL | {"top": "north"}},
        {"bounds_full": FULL | {"top": np.nan}},
        {"bounds_full": FULL | {"left": -np.inf}},
        {"bounds_full": FULL | {"right": 2045000}},
        {"bounds_full": FULL | {"top": -625000, "bottom": 1550000}},
        {"size_full": None},
        {"size_full": {"width": 2175, "height": 0}},
        {"size_full": {"width": 10**400, "height": 1725}},
        {"bounds_extract": {}},
        {"bounds_extract": None, "bounds_extract_array": {"start": {"x": 1}}},
        {"bounds_extract": ASKED | {"top_left_os": {"northing": 1e999, "easting": 0}}},
    ],
)
def test_bounds_that_tell_no_place(file: Path, keys: dict[str, Any]) -> None:
    data = np.zeros((105, 174)).tolist()
    write(file, line(data, **({"bounds_full": FULL, "bounds_extract": ASKED} | keys)))
    with pytest.raises(PluvialError, match="do not tell where it lies") as raised:
        read(file, stored="transposed")
    assert "`cell`, `west` and `south`" in raised.value.remedy


@pytest.mark.parametrize("keys", [{}, {"bounds_extract": ASKED}])
def test_bounds_of_another_shape(file: Path, keys: dict[str, Any]) -> None:
    write(file, line(np.zeros((174, 105)).tolist(), bounds_full=FULL, **keys))
    with pytest.raises(PluvialError, match="but it has 105 x 174") as raised:
        read(file, stored="transposed")
    assert "Correct `stored`" in raised.value.remedy


def test_an_empty_file(file: Path) -> None:
    for content, message in (("", "the file is empty"), ("\n \n", "holds no line")):
        file.write_text(content)
        with pytest.raises(PluvialError, match=message):
            read(file)


def test_a_cut_gzip_gives_what_is_whole(file: Path) -> None:
    rng = np.random.default_rng(0)
    content = "\n".join(line(rng.random((40, 40)).tolist(), k) for k in range(50))
    packed = gzip.compress(content.encode())
    file.write_bytes(packed[: len(packed) // 2])
    section = JsonlRain(format="jsonl", files="*", cell=1)
    seen = 0
    with pytest.raises(PluvialError, match="ends or breaks in the middle"):
        for field in section.fields(Entry(file)):
            seen += field.read().size
    assert seen > 10 * 1600


def test_memory_does_not_grow_with_the_file(file: Path) -> None:
    text = line(np.ones((105, 174)).tolist())
    with gzip.open(file, "wt", 1) as stream:
        stream.writelines(f"{text}\n" for _ in range(100))
    section = JsonlRain(format="jsonl", files="*", cell=1)
    tracemalloc.start()
    total = sum(int(field.read().sum()) for field in section.fields(Entry(file)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert total == 100 * 105 * 174
    assert peak < 20 * len(text)


def test_a_line_without_end_is_refused(file: Path) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    with file.open("wb") as stream:
        for _ in range(80):
            stream.write(packer.compress(b"[1," * (1 << 19)))
        stream.write(packer.flush())
    tracemalloc.start()
    with pytest.raises(PluvialError, match="line 1 is longer than 64 MiB"):
        read(file)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 << 26


def test_lists_that_promise_too_much(file: Path) -> None:
    """20 000 lists, the first of 20 000 numbers: 400 million, in 100 kB."""
    write(file, line([[1] * 20000, *[[]] * 20000]))
    (field,) = read(file)
    tracemalloc.start()
    assert "has not 20001 lists of 20000 numbers" in raises(field)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1e6


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=400)
@given(data=st.data())
def test_only_our_error_escapes(tmp_path: Path, data: st.DataObject) -> None:
    """Any mutation of a good file is read, or refused with our error."""
    path = tmp_path / "mutant.jsonl"
    area = {"start": {"x": 1, "y": 1}, "end": {"x": 4, "y": 3}}
    text = line(SMALL, bounds_full=FULL, bounds_extract=ASKED, bounds_extract_array=area)
    good = f"{text}\n{text}\n".encode()
    start = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(start, min(len(good), start + 20)))
    middle = data.draw(st.binary(max_size=8) | st.sampled_from([b"null", b"1e999", b"[", b"-1"]))
    path.write_bytes(good[:start] + middle + good[end:])
    keys = data.draw(st.sampled_from([{"cell": 1.0}, {"stored": "transposed"}]))
    try:
        for field in JsonlRain(format="jsonl", files="*", **keys).fields(Entry(path)):
            with contextlib.suppress(PluvialError):
                assert field.read().shape == field.grid.shape
    except PluvialError:
        pass


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"west": 1.0}, "`west` and `south` need `cell`"),
        ({"stored": "clockwise"}, "needs `cell`"),
        ({"cell": 0}, "greater than 0"),
        ({"cell": np.inf}, "finite"),
        ({"cell": 1, "south": np.nan}, "finite"),
        ({"zone": "Europe/Lundun"}, "'Europe/Lundun' is no time zone"),
        ({"zone": "../etc/passwd"}, "is no time zone"),
        ({"zone": ""}, "is no time zone"),
    ],
)
def test_keys_that_contradict(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(message)):
        JsonlRain(format="jsonl", files="*", **keys)


def test_it_is_read_as_it_comes() -> None:
    assert JsonlRain.in_order
    assert not JsonlRain.ordinal


DOWNLOADER = """
import DatFileParser from '{folder}/src/lib/download/DatFileParser.mjs';
import {{ createWriteStream }} from 'fs';
const [source, target, bounds] = process.argv.slice(-3);
const stream = createWriteStream(target);
await new DatFileParser().parse_file(source, stream, JSON.parse(bounds));
stream.end();
"""


@pytest.mark.parametrize("whole", [False, True])
def test_agrees_with_the_downloader(tmp_path: Path, composite: np.ndarray, whole: bool) -> None:
    """Set PLUVIAL_NIMROD_DOWNLOADER to a checkout of it with its packages installed.

    A composite that it has read lies where our own reader of the composite puts it.
    """
    folder = os.environ.get("PLUVIAL_NIMROD_DOWNLOADER")
    if not folder:
        pytest.skip("PLUVIAL_NIMROD_DOWNLOADER names no checkout of nimrod-data-downloader")
    from sources.test_nimrod import WHEN, nimrod

    corners = [1550000, -405000, 1550000, 1320000, -625000, 1320000, -625000, -405000]
    elements = dict(enumerate(map(float, corners), 60))
    source, target = tmp_path / "uk.dat", tmp_path / "uk.jsonl"
    source.write_bytes(nimrod(composite * 32, elements))
    script = tmp_path / "run.mjs"
    script.write_text(DOWNLOADER.format(folder=folder))
    bounds = None if whole else {key: ASKED[key] for key in ("top_left", "bottom_right")}
    command = ["node", str(script), str(source), str(target), json.dumps(bounds)]
    subprocess.run(command, check=True, env=os.environ | {"TZ": "UTC"})

    (field,) = read(target, stored="upright" if whole else "transposed")
    (truth,) = NimrodRain(format="nimrod", files="*").fields(Entry(source))
    assert field.time == truth.time == WHEN.timestamp()
    top = round((truth.grid.north - field.grid.north) / 1000)
    left = round((field.grid.west - truth.grid.west) / 1000)
    rows, cols = field.grid.shape
    assert (top, left) == ((0, 0) if whole else (CUT_OUT[0].start, CUT_OUT[1].start))
    assert field.grid == (truth.grid if whole else WHERE)
    np.testing.assert_array_equal(field.read(), truth.read()[top : top + rows, left : left + cols])
