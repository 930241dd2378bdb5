"""What passes between a raw format's reader, the series of its files, and the frames.

A *reader* opens one raw file and yields its *fields*: header first, values on demand. A *source*
puts the fields of all files in order of time and yields *frames*.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pluvial.grids.grid import Grid


@dataclass(frozen=True)
class Field:
    """One field of a raw file, before any cleaning.

    Attributes:
        time: what its header says, s since 1970-01-01T00:00Z; None where only the file's name
            tells.
        grid: where it lies, north up.
        read: reads its values, float[rows, cols]: mm/h (rain) or m (depth, elevation), NaN
            where missing.
        name: which field of its file it is, such as ``#3``; empty where it is the only one.
    """

    time: int | None
    grid: Grid
    read: Callable[[], NDArray[np.floating]]
    name: str = ""


@dataclass(frozen=True)
class Frame:
    """The rain or depth of one time.

    Attributes:
        time: s since 1970-01-01T00:00Z; rain is the rate from this time to the next.
        grid: where it lies, north up; None if it cannot be read.
        values: float[rows, cols], mm/h or m, NaN missing; None if it cannot be read.
        origin: the raw file, and the member and field of it.
        problem: why it cannot be read; empty if it can.
    """

    time: int
    grid: Grid | None
    values: NDArray[np.floating] | None
    origin: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Fault:
    """A raw file, or a part of one, that could not be read and whose time is not known."""

    origin: str
    problem: str


class Source(Protocol):
    """A source of rain or depth."""

    @property
    def grid(self) -> Grid:
        """The grid of its first frame, north up."""
        ...

    @property
    def files(self) -> list[Path]:
        """The raw files it has read so far, for fingerprints."""
        ...

    @property
    def faults(self) -> list[Fault]:
        """What could not be read so far, where the case turns such things into gaps."""
        ...

    def frames(self, start: int, end: int) -> Iterator[Frame]:
        """Its frames with ``start <= time < end``, absent ones left out."""
        ...
