"""The grids of a case's domain, and sources carried onto them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pluvial.config.domain import DomainConfig
from pluvial.errors import PluvialError
from pluvial.grids.grid import Grid
from pluvial.grids.warp import Method, Warp
from pluvial.sources.source import Fault, Frame, Source


def rain_grid(domain: DomainConfig) -> Grid:
    """The grid of the rain on ``domain``."""
    return _grid(domain, domain.rain_cell)


def depth_grid(domain: DomainConfig) -> Grid:
    """The grid of depth and heightmap on ``domain``."""
    return _grid(domain, domain.depth_cell)


def _grid(domain: DomainConfig, cell: float) -> Grid:
    return Grid(*domain.shape(cell), cell, domain.west, domain.south, domain.crs)


class OnDomain:
    """A source whose frames are carried onto ``grid``, whatever grid they lie on (see Source)."""

    def __init__(self, source: Source, grid: Grid, method: Method) -> None:
        self._source, self._method = source, method
        self._warps: dict[Grid, Warp] = {}
        self.grid = grid

    @property
    def files(self) -> list[Path]:
        """The raw files read so far."""
        return self._source.files

    @property
    def faults(self) -> list[Fault]:
        """What could not be read so far."""
        return self._source.faults

    def frames(self, start: int, end: int) -> Iterator[Frame]:
        """The frames with ``start <= time < end``, on the domain."""
        for frame in self._source.frames(start, end):
            if frame.values is None or frame.grid is None:
                yield frame
                continue
            if frame.grid not in self._warps:
                self._warps[frame.grid] = self._warp(frame.grid, frame.origin)
            values = self._warps[frame.grid](frame.values)
            yield replace(frame, grid=self.grid, values=values)

    def _warp(self, grid: Grid, origin: str) -> Warp:
        try:
            return Warp(grid, self.grid, self._method)
        except PluvialError as error:
            raise PluvialError(error.problem, where=origin, remedy=error.remedy) from None
