"""What every source of frames offers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pluvial.grids.grid import Grid

Frame = tuple[int, NDArray[np.float32]]
"""Time in s since 1970-01-01T00:00Z, and the field float32[rows, cols]: mm/h or m, NaN missing."""


class Source(Protocol):
    """A raw source of rain or depth."""

    @property
    def grid(self) -> Grid:
        """The grid of its fields, north up."""
        ...

    @property
    def files(self) -> list[Path]:
        """The files it reads, for fingerprints."""
        ...

    def frames(self, start: int, end: int) -> Iterator[Frame]:
        """Its frames with ``start <= time < end``, in order of time, missing ones left out."""
        ...
