"""ESRI ASCII grids: single ones, and many of them concatenated to a stream.

Real files differ: header keys come in any order and case, separated by blanks or tabs; the
NODATA line may be absent although -9999 is used. A stream is read grid by grid, in constant
memory, plain or gzip.
"""

from __future__ import annotations

import codecs
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import numpy as np
from numpy.typing import NDArray

from pluvial.errors import PluvialError
from pluvial.grids.grid import Grid
from pluvial.sources import numerals
from pluvial.sources.entries import Entry

HEADER_KEYS = frozenset(
    b"ncols nrows xllcorner yllcorner xllcenter yllcenter cellsize nodata_value".split()
)
USUAL_NODATA = -9999.0
BLOCK_BYTES = 1 << 20
LONGEST_ROW = 1 << 20
"""Values of a row at most."""
LONGEST_LINE = 1 << 12
"""Bytes of a header line at most; a row of values may be longer."""


def read_grids(entry: Entry) -> Iterator[tuple[Grid, NDArray[np.float64]]]:
    """Yield the grids of an ESRI ASCII file or stream: (grid, float64[rows, cols], NaN missing).

    Raises:
        PluvialError: naming the file, the grid and the row of the first fault: a cut-off grid,
            a row of the wrong length, a value that is no number, a header that is not whole.
    """
    with entry.open() as stream:
        text = _Text(stream)
        for number in itertools.count():
            header = _read_header(entry, number, text)
            if header is None:
                if number == 0:
                    raise entry.fault("it holds no grid", remedy="Give an ESRI ASCII grid")
                return
            yield header.grid, _read_values(entry, number, header, text)


def read_grid(entry: Entry) -> tuple[Grid, NDArray[np.float64]]:
    """Read a file that holds exactly one grid: (grid, float64[rows, cols], NaN missing)."""
    grids = read_grids(entry)
    first = next(grids)
    if next(grids, None) is not None:
        raise entry.fault(
            "it holds more than one grid",
            remedy="Give a file with one grid (`format: ascii-stream` reads streams of depth)",
        )
    return first


@dataclass(frozen=True)
class _Header:
    grid: Grid
    nodata: float


class _Text:
    """A stream of bytes, a block at a time, read by lines or by numerals."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        # Editors of Windows put a byte order mark before the first header.
        self._block = stream.read(BLOCK_BYTES).removeprefix(codecs.BOM_UTF8)
        self._position = 0
        self._final = False

    def line(self) -> bytes | None:
        """The next line with anything on it, its start alone if it is long; None at the end.

        It is not consumed: see :meth:`consume_line`.
        """
        while True:
            end = self._block.find(b"\n", self._position)
            if end < 0 and not self._final and len(self._block) - self._position < LONGEST_LINE:
                self._more()
                continue
            line = self._block[self._position : end if end >= 0 else None][:LONGEST_LINE]
            if line.strip():
                return line
            if end < 0:
                return None
            self._position = end + 1

    def consume_line(self) -> None:
        """Go behind the line that :meth:`line` returned."""
        end = self._block.find(b"\n", self._position)
        self._position = end + 1 if end >= 0 else len(self._block)

    def numerals(self, values: NDArray[np.float64], cols: int) -> tuple[int, int, int]:
        """Fill ``values``, float64[rows * cols]: how it ended, values read, values of that row."""
        count = in_row = 0
        while True:
            ended, self._position, count, in_row = numerals.read_numerals(
                np.frombuffer(self._block, np.uint8),
                self._position,
                self._final,
                values,
                count,
                in_row,
                cols,
            )
            if ended == numerals.MORE and not self._final:
                self._more()
            elif ended == numerals.OTHER:
                token = self.token()
                try:
                    # Python's own underscores within numbers are no numbers elsewhere.
                    values[count] = float(token.replace(b"_", b"?"))
                except ValueError:
                    return ended, count, in_row
                self._position += len(token)
                count, in_row = count + 1, in_row + 1
            else:
                return ended, count, in_row

    def token(self) -> bytes:
        """The bytes up to the next blank."""
        while not self._final and len(self._block) - self._position < LONGEST_LINE:
            self._more()
        return self._block[self._position : self._position + LONGEST_LINE].split(None, 1)[0]

    def _more(self) -> None:
        block = self._stream.read(BLOCK_BYTES)
        self._final = not block
        self._block = self._block[self._position :] + block
        self._position = 0


def _read_header(entry: Entry, number: int, text: _Text) -> _Header | None:
    """The header of grid ``number``; None at the end of the file."""
    found: dict[bytes, float] = {}
    while (line := text.line()) is not None:
        parts = line.split()
        key = parts[0].lower()
        if key not in HEADER_KEYS:
            if not found:
                raise _fault(entry, number, f"no header where {line[:40]!r} stands")
            break
        if key in found:
            raise _fault(entry, number, f"the header names {key.decode()} twice")
        try:
            found[key] = float(parts[1])
        except (IndexError, ValueError):
            raise _fault(
                entry, number, f"the header line {line.strip()[:40]!r} has no number"
            ) from None
        text.consume_line()
    return _whole_header(entry, number, found) if found else None


def _whole_header(entry: Entry, number: int, found: dict[bytes, float]) -> _Header:
    try:
        rows, cols, cell = found[b"nrows"], found[b"ncols"], found[b"cellsize"]
        half = cell / 2
        west = found[b"xllcorner"] if b"xllcorner" in found else found[b"xllcenter"] - half
        south = found[b"yllcorner"] if b"yllcorner" in found else found[b"yllcenter"] - half
    except KeyError as missing:
        key = missing.args[0].decode().replace("center", "corner")
        raise _fault(entry, number, f"the header lacks {key}") from None
    whole = rows == int(rows) and cols == int(cols) if np.isfinite([rows, cols]).all() else False
    placed = np.isfinite([west, south]).all() and 0 < cell < np.inf
    if not whole or rows < 1 or cols < 1 or not placed:
        raise _fault(
            entry, number, f"a grid of {rows:g} x {cols:g} cells of {cell:g} is impossible"
        )
    nodata = found.get(b"nodata_value", USUAL_NODATA)
    return _Header(Grid(int(rows), int(cols), cell, west, south), nodata)


def _read_values(entry: Entry, number: int, header: _Header, text: _Text) -> NDArray[np.float64]:
    """The values, float64[rows, cols], NaN where missing.

    They are read in parts that double, so that a header that lies about its size costs no more
    memory than the file has values.
    """
    rows, cols = header.grid.shape
    parts: list[NDArray[np.float64]] = []
    done = 0
    while done < rows:
        take = min(rows - done, max(1, (1 << 17) // cols, done))
        part = _read_rows(entry, number, header, text, done, take)
        parts.append(part)
        done += take
    values = parts[0] if len(parts) == 1 else np.concatenate(parts)
    nodata = {header.nodata, USUAL_NODATA}
    for code in nodata:
        missing = values == code
        if missing.any():
            values[missing] = np.nan
    return values


def _read_rows(
    entry: Entry, number: int, header: _Header, text: _Text, first: int, rows: int
) -> NDArray[np.float64]:
    """The rows ``first .. first + rows - 1``, float64[rows, cols]."""
    cols = header.grid.cols
    if cols > LONGEST_ROW:
        raise _fault(entry, number, f"a row of {cols} values is impossible")
    values = np.empty(rows * cols)
    ended, count, in_row = text.numerals(values, cols)
    row = first + count // cols
    if ended == numerals.DONE:
        return values.reshape(rows, cols)
    if ended == numerals.BAD_ROW:
        row = first + (count - 1) // cols
        problem = f"row {row} has {in_row} values or more, not {cols}"
        if in_row < cols:
            problem = f"row {row} has {in_row} values, not {cols}"
    elif ended == numerals.OTHER:
        found = text.token()[:40]
        problem = (
            f"row {row} holds {found!r} instead of numbers "
            f"(the header promises {header.grid.rows} rows of {cols})"
        )
    else:
        problem = f"the file ends after row {row} of {header.grid.rows} rows"
    raise _fault(entry, number, problem)


def _fault(entry: Entry, number: int, problem: str) -> PluvialError:
    return entry.fault(f"grid {number}: {problem}")
