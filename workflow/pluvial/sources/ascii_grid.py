"""ESRI ASCII grids: single ones, and many of them concatenated to a stream.

Real files differ: header keys come in any order and case, separated by blanks or tabs; the
NODATA line may be absent although -9999 is used. A stream is read grid by grid, in constant
memory, plain or gzip.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import numpy as np
from isal import igzip
from numpy.typing import NDArray

from pluvial.errors import PluvialError
from pluvial.grids.grid import Grid
from pluvial.sources.source import Frame

HEADER_KEYS = frozenset(
    b"ncols nrows xllcorner yllcorner xllcenter yllcenter cellsize nodata_value".split()
)
USUAL_NODATA = -9999.0


def open_text(path: Path) -> IO[bytes]:
    """Open a plain or gzip file for reading lines of bytes."""
    try:
        with path.open("rb") as probe:
            compressed = probe.read(2) == b"\x1f\x8b"
    except FileNotFoundError:
        raise PluvialError(
            "the file is missing",
            where=path,
            remedy="Correct the path in the configuration (relative ones start at `data_folder`)",
        ) from None
    except OSError as error:
        raise PluvialError(
            f"it cannot be read ({error.strerror})", where=path, remedy="Give a readable file"
        ) from None
    return cast("IO[bytes]", igzip.open(path, "rb")) if compressed else path.open("rb")


def read_grids(path: Path, *, crs: str = "") -> Iterator[tuple[Grid, NDArray[np.float64]]]:
    """Yield the grids of an ESRI ASCII file or stream: (grid, float64[rows, cols], NaN missing).

    Raises:
        PluvialError: naming the file, the grid and the row of the first fault: a cut-off grid,
            a row of the wrong length, a value that is no number, a header that is not whole.
    """
    with open_text(path) as stream:
        lines = _content_lines(path, stream)
        for number in itertools.count():
            header, first_row = _read_header(path, number, lines)
            if header is None:
                if number == 0:
                    raise PluvialError(
                        "it holds no grid", where=path, remedy="Give an ESRI ASCII grid"
                    )
                return
            rows = itertools.chain([first_row] if first_row else [], lines)
            yield header.grid(crs), _read_values(path, number, header, rows)


def read_grid(path: Path, *, crs: str = "") -> tuple[Grid, NDArray[np.float64]]:
    """Read a file that holds exactly one grid: (grid, float64[rows, cols], NaN missing)."""
    grids = read_grids(path, crs=crs)
    first = next(grids)
    if next(grids, None) is not None:
        raise PluvialError(
            "it holds more than one grid",
            where=path,
            remedy="Give a file with one grid (a stream of depths belongs under `depth`)",
        )
    return first


class AsciiStream:
    """Concatenated grids as frames, ``step`` apart (HAIL-CAESAR's stdout; see Source)."""

    def __init__(self, path: Path, *, start: int, step: int, crs: str = "") -> None:
        self._path, self._start, self._step, self._crs = path, start, step, crs
        self.grid = next(iter(read_grids(path, crs=crs)))[0]
        self.files = [path]

    def frames(self, start: int, end: int) -> Iterator[Frame]:
        """The frames with ``start <= time < end``.

        Grid k of the stream bears the time ``start of the stream + k * step``.

        Raises:
            PluvialError: if a grid is faulty or lies elsewhere than the first.
        """
        for number, (grid, values) in enumerate(read_grids(self._path, crs=self._crs)):
            time = self._start + number * self._step
            if time >= end:
                return
            if grid != self.grid:
                raise PluvialError(
                    f"grid {number} ({grid.describe()}) lies elsewhere than grid 0 "
                    f"({self.grid.describe()})",
                    where=self._path,
                    remedy="Give a stream of grids of one run",
                )
            if time >= start:
                yield time, values.astype(np.float32)


@dataclass(frozen=True)
class _Header:
    rows: int
    cols: int
    west: float
    south: float
    cell: float
    nodata: float

    def grid(self, crs: str) -> Grid:
        return Grid(self.rows, self.cols, self.cell, self.west, self.south, crs)


def _content_lines(path: Path, stream: IO[bytes]) -> Iterator[bytes]:
    """Lines with anything on them; a broken gzip stream becomes our error."""
    try:
        for line in stream:
            if line.strip():
                yield line
    except (EOFError, zlib.error, OSError) as error:
        raise PluvialError(
            f"the compressed file ends or breaks in the middle ({error})",
            where=path,
            remedy="Copy or make the file again",
        ) from None


def _read_header(
    path: Path, number: int, lines: Iterator[bytes]
) -> tuple[_Header | None, bytes | None]:
    """The header of grid ``number`` and the first row after it; None at the end of the file."""
    found: dict[bytes, float] = {}
    row: bytes | None = None
    for line in lines:
        parts = line.split()
        key = parts[0].lower()
        if key not in HEADER_KEYS:
            row = line
            break
        if key in found:
            raise _fault(path, number, f"the header names {key.decode()} twice")
        try:
            found[key] = float(parts[1])
        except (IndexError, ValueError):
            raise _fault(path, number, f"the header line {line.strip()!r} has no number") from None
    if not found:
        if row is not None:
            raise _fault(path, number, f"no header where {row[:40]!r} stands")
        return None, None
    return _whole_header(path, number, found), row


def _whole_header(path: Path, number: int, found: dict[bytes, float]) -> _Header:
    try:
        rows, cols, cell = found[b"nrows"], found[b"ncols"], found[b"cellsize"]
        half = cell / 2
        west = found[b"xllcorner"] if b"xllcorner" in found else found[b"xllcenter"] - half
        south = found[b"yllcorner"] if b"yllcorner" in found else found[b"yllcenter"] - half
    except KeyError as missing:
        key = missing.args[0].decode().replace("center", "corner")
        raise _fault(path, number, f"the header lacks {key}") from None
    whole = rows == int(rows) and cols == int(cols) if np.isfinite([rows, cols]).all() else False
    if not whole or rows < 1 or cols < 1 or not 0 < cell < np.inf:
        raise _fault(path, number, f"a grid of {rows:g} x {cols:g} cells of {cell:g} is impossible")
    nodata = found.get(b"nodata_value", USUAL_NODATA)
    return _Header(int(rows), int(cols), west, south, cell, nodata)


def _read_values(
    path: Path, number: int, header: _Header, lines: Iterator[bytes]
) -> NDArray[np.float64]:
    """The values, float64[rows, cols], NaN where missing.

    Rows are gathered before anything is allocated, so that a header that lies about its size
    costs no memory.
    """
    gathered: list[NDArray[np.float64]] = []
    for line in itertools.islice(lines, header.rows):
        try:
            row = np.array(line.split(), dtype=np.float64)
        except ValueError:
            raise _fault(
                path,
                number,
                f"row {len(gathered)} holds {line.strip()[:40]!r} instead of numbers "
                f"(the header promises {header.rows} rows of {header.cols})",
            ) from None
        if row.size != header.cols:
            raise _fault(
                path, number, f"row {len(gathered)} has {row.size} values, not {header.cols}"
            )
        gathered.append(row)
    if len(gathered) < header.rows:
        raise _fault(path, number, f"the file ends after row {len(gathered)} of {header.rows} rows")
    values = np.stack(gathered)
    values[values == header.nodata] = np.nan
    if header.nodata != USUAL_NODATA:
        values[values == USUAL_NODATA] = np.nan
    return values


def _fault(path: Path, number: int, problem: str) -> PluvialError:
    return PluvialError(
        f"grid {number}: {problem}",
        where=path,
        remedy="The file is cut off or damaged: copy or make it again",
    )
