"""Streams of nimrod-data-downloader: one JSON object per line, each a frame of the UK's radar.

A line holds the rates as a list of lists, and after them what is known of them (the order of the
keys does not matter)::

    {"data": [[0, 0.03125, …], …], "timestamp": "2006-01-01T00:00:00.000Z", "timestamps": […],
     "size_full": …, "size_extract": …, "bounds_full": …, "bounds_extract": …}

What the downloader (https://github.com/sbrl/nimrod-data-downloader, all versions) makes of the
composite, found by running it on fields whose values are their rows and columns:

- ``data`` is the transpose of the area, north up: ``data[0][0]`` is the north-western cell, and a
  list runs from north to south. Turned by 90 degrees anticlockwise, as its documentation has it
  and its readers do, the area is upside down.
- The area is not the one that was asked for. Eastings and northings are exchanged twice, so that
  rows are counted by the wrong edges: ``bounds_extract`` is where it should lie. Where it does lie
  follows from the same calculation.
- Without an area, ``data`` is the whole composite, north up.
- Missing and negative values became 0. This cannot be undone: no rain may be no data.
- The UTC times of the composite were taken for those of the computer's time zone.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, ClassVar, Literal, NoReturn, Self
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from pydantic import Field as Key
from pydantic import field_validator, model_validator

from pluvial.errors import PluvialError
from pluvial.grids.grid import Grid
from pluvial.sources.entries import DAMAGED, Entry
from pluvial.sources.files import RainFiles
from pluvial.sources.source import Field

LONGEST_LINE = 1 << 26
"""Bytes of a line at most: twice those of the whole composite."""
LONGEST_HEADER = 1 << 16
"""Bytes of a line besides its values."""

OPENING = re.compile(rb'"data"\s*:\s*\[')
CLOSING = re.compile(rb"\]\s*\]")
TIMESTAMP = re.compile(rb'"timestamp"\s*:\s*"([^"]{1,40})"')
NUMBER = re.compile(rb"-?\d{1,400}(?:\.\d{0,400})?(?:[eE][-+]?\d{1,9})?(?=\s)")
AS_MATRIX = bytes.maketrans(b",[]", b"  \n")
"""Makes lists of lists a matrix, a row per line."""

PLACE = "Write the place: `cell`, `west` and `south`"


class JsonlRain(RainFiles):
    """Streams of nimrod-data-downloader (nimrod_ceda.jsonl.gz); its dry may be missing."""

    format: Literal["jsonl"]
    """Lines of JSON, a frame each (plain or .gz), as nimrod-data-downloader writes."""
    stored: Literal["transposed", "clockwise", "upright"] = "transposed"
    """How `data` lies: as the downloader stores an area (`transposed`) or a whole composite
    (`upright`), or turned by 90 degrees `clockwise`, as its documentation says and its
    radar2caesar takes it, which puts north at the bottom."""
    zone: str = "UTC"
    """Time zone of the computer that ran the downloader, such as Europe/London: it took the
    radar's UTC for local time."""
    cell: float | None = Key(None, gt=0, allow_inf_nan=False)
    """Side of a cell, such as 1000; with it the frames lie where `west` and `south` say, and not
    where the file's bounds do."""
    west: float = Key(0.0, allow_inf_nan=False)
    """Western edge of the frames, with `cell`."""
    south: float = Key(0.0, allow_inf_nan=False)
    """Southern edge of the frames, with `cell`."""

    in_order: ClassVar[bool] = True

    @field_validator("zone")
    @classmethod
    def _is_a_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (KeyError, OSError, ValueError):
            raise ValueError(f"{zone!r} is no time zone such as Europe/London") from None
        return zone

    @model_validator(mode="after")
    def _knows_its_place(self) -> Self:
        if self.cell is None and {"west", "south"} & self.altered():
            raise ValueError("`west` and `south` need `cell`: write the side of a cell")
        if self.cell is None and self.stored == "clockwise":
            raise ValueError("`stored: clockwise` needs `cell`: the file's bounds do not fit it")
        return self

    def fields(self, entry: Entry) -> Iterator[Field]:
        """The frames, line by line.

        A line that cannot be read is a field that cannot be read, without a time if it bears none;
        it is said to lie where the frame before it does.
        """
        grid: Grid | None = None
        number = 0
        for number, text in _lines(entry):
            time: int | None = None
            try:
                line = _Line.of(entry, number, text)
                time = self._time(line.header.get("timestamp"), line.header.get("timestamps"))
                if time is None:
                    raise line.fault("it bears no time")
                grid = self._grid(line)
            except PluvialError as error:
                time = time if time is not None else self._time(_salvaged(text), None)
                if grid is None:
                    raise
                yield Field(time, grid, partial(_refuse, error), f"#{number}")
            else:
                yield Field(time, grid, partial(_read, line, self.stored), f"#{number}")
        if not number:
            raise entry.fault("it holds no line", remedy="Give a file of nimrod-data-downloader")

    def _time(self, timestamp: Any, timestamps: Any) -> int | None:
        """The first valid time, s since 1970-01-01T00:00Z; None if there is none.

        Of two timestamps, the second is that of validity.
        """
        others = timestamps[::-1] if isinstance(timestamps, list) else []
        for text in (timestamp, *others):
            try:
                moment = datetime.fromisoformat(text)
                if moment.tzinfo is None:
                    moment = moment.replace(tzinfo=UTC)
                # What the clock on the wall showed is what the composite meant in UTC.
                moment = moment.astimezone(ZoneInfo(self.zone)).replace(tzinfo=UTC)
            except (TypeError, ValueError, OverflowError):
                continue
            if moment.year >= 1970:
                return int(moment.timestamp())
        return None

    def _grid(self, line: _Line) -> Grid:
        """Where a frame lies."""
        rows, cols = line.shape if self.stored == "upright" else line.shape[::-1]
        if self.cell is not None:
            return Grid(rows, cols, self.cell, self.west, self.south)
        try:
            area = _Area.of(line.header)
        except (KeyError, TypeError, ValueError, OverflowError, ZeroDivisionError):
            raise line.fault("its bounds do not tell where it lies", remedy=PLACE) from None
        if (area.rows, area.cols) != (rows, cols):
            raise line.fault(
                f"its bounds are those of {area.rows} rows x {area.cols} columns, but it has "
                f"{rows} x {cols}",
                remedy="Correct `stored`, or write the place: `cell`, `west` and `south`",
            )
        return Grid(rows, cols, area.cell, area.west, area.south, "EPSG:27700")


@dataclass(frozen=True)
class _Line:
    """A line with its values still text.

    Attributes:
        entry, number: where it is from; lines are numbered from 1.
        header: its other keys.
        text: the inner lists of its values, with the commas between them.
        shape: number of the lists, and of the values in the first of them.
    """

    entry: Entry
    number: int
    header: dict[str, Any]
    text: bytes
    shape: tuple[int, int]

    @classmethod
    def of(cls, entry: Entry, number: int, line: bytes) -> Self:
        """Take a line apart."""
        opening = OPENING.search(line)
        closing = CLOSING.search(line, opening.end()) if opening else None
        header, text = None, b""
        if opening and closing:
            header = _header(line[: opening.end() - 1] + b"0" + line[closing.end() :])
            text = line[opening.end() : closing.start() + 1]
        if header is None:
            raise entry.fault(f"line {number}: it is no whole JSON object with lists as `data`")
        shape = text.count(b"["), text.count(b",", 0, text.find(b"]")) + 1
        whole = cls(entry, number, header, text, shape)
        size = header.get("size_extract", header.get("size"))
        stated = [size.get("width"), size.get("height")] if isinstance(size, dict) else [*shape]
        # In which order depends on who wrote it.
        if stated not in ([*shape], [*shape[::-1]]):
            raise whole.fault(
                f"`data` has {shape[0]} lists of {shape[1]}, but its size is {stated}"
            )
        return whole

    def fault(self, problem: str, remedy: str = DAMAGED) -> PluvialError:
        """Our error about this line."""
        return self.entry.fault(f"line {self.number}: {problem}", remedy)


def _header(text: bytes) -> dict[str, Any] | None:
    """The JSON object without its values; None if it is none."""
    if len(text) > LONGEST_HEADER:
        return None
    try:
        header = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return header if isinstance(header, dict) else None


@dataclass(frozen=True)
class _Area:
    """What the downloader has cut out of the composite: its extent, in cells and in metres."""

    rows: int
    cols: int
    cell: float
    west: float
    south: float

    @classmethod
    def of(cls, header: dict[str, Any]) -> Self:
        """The area by the bounds in a header.

        The downloader calls the composite's rows its width and its columns its height.
        """
        full, size = header["bounds_full"], header["size_full"]
        top, bottom, left, right = (full[edge] for edge in ("top", "bottom", "left", "right"))
        all_rows, all_cols = size["width"], size["height"]
        cell, height = (right - left) / all_cols, (top - bottom) / all_rows
        if not (0 < cell < math.inf and abs(height - cell) <= 1e-6 * cell):
            raise ValueError
        corners = [(0, 0), (all_rows, all_cols)]
        if "bounds_extract_array" in header:
            ends = header["bounds_extract_array"]
            corners = [(ends[end]["x"], ends[end]["y"]) for end in ("start", "end")]
        elif "bounds_extract" in header:
            # As the downloader has calculated them, operation by operation.
            ends = header["bounds_extract"]
            wanted = [ends["top_left_os"], ends["bottom_right_os"]]
            corners = [
                (
                    math.floor((one["easting"] - left) / (right - left) * all_rows),
                    math.floor((one["northing"] - top) / (bottom - top) * all_cols),
                )
                for one in wanted
            ]
        (first_row, last_row), (first_col, last_col) = map(sorted, zip(*corners, strict=True))
        west, south = left + first_col * cell, top - last_row * cell
        return cls(last_row - first_row, last_col - first_col, cell, float(west), float(south))


def _lines(entry: Entry) -> Iterator[tuple[int, bytes]]:
    """The lines with anything on them, numbered from 1."""
    with entry.open() as stream:
        number = 0
        while line := stream.readline(LONGEST_LINE + 1):
            number += 1
            if len(line) > LONGEST_LINE:
                raise entry.fault(f"line {number} is longer than {LONGEST_LINE >> 20} MiB")
            if not line.isspace():
                yield number, line


def _salvaged(line: bytes) -> str | None:
    """The timestamp of a damaged line."""
    found = TIMESTAMP.search(line)
    return found[1].decode("latin-1") if found else None


def _refuse(error: PluvialError) -> NoReturn:
    raise error


def _read(line: _Line, stored: str) -> NDArray[np.float32]:
    """The values, float32[rows, cols], mm/h, NaN where null or negative."""
    # Imported here: it brings the compiler, and every dry run imports this module.
    from pluvial.sources import numerals

    count, size = line.shape
    if line.text.count(b",") != count * size - 1:
        raise line.fault(f"`data` has not {count} lists of {size} numbers")
    matrix = line.text.replace(b"null", b"-1").replace(b"NaN", b"-1").translate(AS_MATRIX)
    values = np.empty(count * size)
    text = np.frombuffer(matrix, np.uint8)
    position = done = in_row = 0
    while True:
        ended, position, done, in_row = numerals.read_numerals(
            text, position, True, values, done, in_row, size
        )
        if ended == numerals.DONE:
            break
        number = NUMBER.match(matrix, position)
        if ended != numerals.OTHER or number is None:
            row = (done - (ended == numerals.BAD_ROW)) // size
            raise line.fault(f"list {row} of `data` does not hold {size} numbers")
        values[done] = float(number[0])
        position, done, in_row = number.end(), done + 1, in_row + 1
    with np.errstate(over="ignore"):
        lists = values.astype(np.float32).reshape(count, size)
    lists[~(lists >= 0)] = np.nan
    turned = {"transposed": lists.T, "clockwise": np.rot90(lists), "upright": lists}[stored]
    return np.ascontiguousarray(turned)
