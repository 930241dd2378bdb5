"""The depth of a case from a raw source, into frames files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pluvial.config.data import FramesConfig
from pluvial.config.domain import DomainConfig
from pluvial.config.times import TimeConfig
from pluvial.errors import PluvialError
from pluvial.frames.axes import depth_axis
from pluvial.frames.build import build_frames, named_periods
from pluvial.frames.domain import OnDomain, depth_grid
from pluvial.frames.elevation import read_elevation
from pluvial.frames.store import provenance
from pluvial.frames.variables import DEPTH
from pluvial.grids.grid import Grid
from pluvial.sources.registry import RawDepth, open_raw
from pluvial.sources.source import Source


def make_depth_frames(
    depth: RawDepth,
    time: TimeConfig,
    domain: DomainConfig | None,
    frames: FramesConfig,
    *,
    folder: Path,
    heightmap: Path,
    paths: Sequence[Path],
) -> None:
    """Write the depth frames files ``paths``, each named by its period, in order of time."""
    axis = depth_axis(time, depth)
    raw = open_raw(depth, time, folder, tolerant=frames.on_bad_frame == "gap")
    source: Source = OnDomain(raw, depth_grid(domain), depth.resample) if domain else raw
    check_depth_grid(source.grid, heightmap, depth.files)
    build_frames(
        source,
        paths,
        variable=DEPTH,
        axis=axis,
        periods=named_periods(paths, axis, frames),
        config=frames,
        provenance=lambda: provenance(
            f"depth, {depth.format}", source.files, depth.model_dump_json()
        ),
    )


def check_depth_grid(found: Grid, heightmap: Path, where: str | Path) -> None:
    """Refuse a depth source that does not lie on the heightmap's grid."""
    expected, _ = read_elevation(heightmap)
    if found.shape != expected.shape or not found.meets(expected):
        raise PluvialError(
            f"the depth lies on {found.describe()}, the heightmap on {expected.describe()}",
            where=where,
            remedy="Give depth and heightmap of the same grid, or a `domain` for both",
        )
