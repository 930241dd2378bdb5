"""Where a case's rain, depth and heightmap will lie, from headers alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from pluvial.case.case import Case
from pluvial.config.simulation import SimulatedDepth, SyntheticStorms, SyntheticTerrain
from pluvial.frames.domain import depth_grid, rain_grid
from pluvial.grids.grid import Grid
from pluvial.grids.mosaic import bounding
from pluvial.sources.entries import entries_of
from pluvial.sources.patterns import Pattern
from pluvial.sources.registry import RawHeightmap, open_raw


@dataclass(frozen=True)
class Grids:
    """The grids that the fields of the store will lie on."""

    rain: Grid
    depth: Grid


def grids_of(case: Case) -> Grids:
    """Of a case whose raw files are there; of each kind the first readable header is read.

    Raises:
        PluvialError: if a file is missing, or none can be read.
    """
    if case.domain is not None:
        return Grids(rain_grid(case.domain), depth_grid(case.domain))
    return Grids(raw_rain_grid(case), raw_depth_grid(case))


def raw_rain_grid(case: Case) -> Grid:
    """The grid of the rain before it is carried anywhere."""
    if isinstance(case.rain, SyntheticStorms):
        ground, side = raw_heightmap_grid(case), case.rain.coarsen
        return Grid(ground.rows // side, ground.cols // side, ground.cell * side)
    return open_raw(case.rain, case.time, case.data_folder, tolerant=_tolerant(case)).grid


def raw_depth_grid(case: Case) -> Grid:
    """The grid of the depth before it is carried anywhere."""
    if isinstance(case.depth, SimulatedDepth):
        return raw_heightmap_grid(case)
    return open_raw(case.depth, case.time, case.data_folder, tolerant=_tolerant(case)).grid


def raw_heightmap_grid(case: Case) -> Grid:
    """The grid of the elevations before they are carried anywhere."""
    section = case.heightmap
    if isinstance(section, SyntheticTerrain):
        return Grid(section.rows, section.cols, section.cell_m)
    return bounding(_tiles(section, case.data_folder))


def _tiles(section: RawHeightmap, folder: Path) -> list[Grid]:
    """The grids of all tiles, from their headers."""
    entries = (e for found in Pattern(section.files, folder).find() for e in entries_of(found.path))
    grids = (field.grid for entry in entries for field in section.fields(entry))
    return [replace(grid, crs=section.crs or grid.crs) for grid in grids]


def _tolerant(case: Case) -> bool:
    return case.frames.on_bad_frame == "gap"
