"""The heightmap of a case: read or made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pluvial.config.domain import DomainConfig
from pluvial.config.simulation import SyntheticTerrain
from pluvial.errors import PluvialError
from pluvial.frames.domain import depth_grid
from pluvial.frames.elevation import write_elevation
from pluvial.frames.store import provenance
from pluvial.grids.grid import Grid
from pluvial.grids.mosaic import mosaic
from pluvial.grids.warp import Warp
from pluvial.simulation.terrain import make_terrain
from pluvial.sources.entries import entries_of
from pluvial.sources.patterns import Pattern
from pluvial.sources.registry import HeightmapSource, RawHeightmap


def make_heightmap(
    config: HeightmapSource, domain: DomainConfig | None, folder: Path, path: Path
) -> None:
    """Make or read the heightmap of ``config`` and write it to ``path``.

    Relative paths of ``config`` are looked up in ``folder``.
    """
    if isinstance(config, SyntheticTerrain):
        grid, elevation = Grid(config.rows, config.cols, config.cell_m), make_terrain(config)
        origin = provenance("procedural terrain", [], config.model_dump_json())
    else:
        files = [found.path for found in Pattern(config.files, folder).find()]
        grid, elevation = read_tiles(config, files)
        if domain is not None:
            warp = Warp(grid, depth_grid(domain), config.resample)
            grid, elevation = warp.target, warp(elevation.astype(np.float32)).astype(np.float64)
        origin = provenance(f"heightmap, {config.format}", files, config.model_dump_json())
    write_elevation(path, grid, elevation, origin)


def read_tiles(config: RawHeightmap, files: list[Path]) -> tuple[Grid, NDArray[np.float64]]:
    """The elevations of all files put together: (grid, float64[rows, cols], NaN missing)."""
    tiles = []
    for path in files:
        for entry in entries_of(path):
            for field in config.fields(entry):
                crs = config.crs or field.grid.crs
                grid = Grid(**{**field.grid.to_dict(), "crs": crs})
                tiles.append((grid, field.read()))
    try:
        return mosaic(tiles)
    except PluvialError as error:
        raise PluvialError(error.problem, where=config.files, remedy=error.remedy) from None
