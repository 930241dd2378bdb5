"""The heightmap of a case: read or made."""

from __future__ import annotations

from pathlib import Path

from pluvial.config.simulation import SyntheticTerrain
from pluvial.config.sources import HeightmapSource
from pluvial.frames.elevation import write_elevation
from pluvial.frames.store import provenance
from pluvial.grids.grid import Grid
from pluvial.simulation.terrain import make_terrain
from pluvial.sources.ascii_grid import read_grid


def make_heightmap(config: HeightmapSource, folder: Path, path: Path) -> None:
    """Make or read the heightmap of ``config`` and write it to ``path``.

    Relative paths of ``config`` are looked up in ``folder``.
    """
    if isinstance(config, SyntheticTerrain):
        elevation = make_terrain(config)
        grid = Grid(config.rows, config.cols, config.cell_m)
        origin = provenance("procedural terrain", [], config.model_dump_json())
    else:
        source = folder / config.file
        grid, elevation = read_grid(source, crs=config.crs)
        origin = provenance("ESRI ASCII grid", [source], config.model_dump_json())
    write_elevation(path, grid, elevation, origin)
