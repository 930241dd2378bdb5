"""How rain, depth and ground lie on each other: their grids in one CRS, and checks in numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from pluvial.errors import PluvialError
from pluvial.figures.mapview import carry, named
from pluvial.figures.overview import BLOCK_CELLS
from pluvial.figures.style import percent
from pluvial.frames.elevation import read_elevation
from pluvial.frames.store import FramesFile
from pluvial.frames.variables import DEPTH, MISSING, RAIN, Variable
from pluvial.grids.grid import Grid
from pluvial.grids.time_axis import iso

FARTHEST = 3
"""Floods are tried on the ground at shifts of up to so many cells."""
AROUND = 5
"""Side, in cells, of the surroundings that a cell's elevation is compared with."""
LEAST_FLOODED, ERRORS, TELLING = 20, 5.0, 0.25
"""Nothing is concluded from fewer flooded cells, nor if floods lie by less below their surroundings
in the best place of all, in standard errors of their mean or standard deviations of all cells."""
CLEARLY = 0.2
"""By this share another place must fit better than the true one to count as a misfit."""
PROBES = 200
"""Points per side at which the cover of the ground is looked at."""
MIRRORED = {
    "mirrored north to south": (slice(None, None, -1), slice(None)),
    "mirrored east to west": (slice(None), slice(None, None, -1)),
    "turned by half": (slice(None, None, -1), slice(None, None, -1)),
}


@dataclass(frozen=True)
class Check:
    """One finding.

    Attributes:
        fits: whether it is as it should be; None where there is nothing to judge.
        words: what was found.
    """

    fits: bool | None
    words: str


@dataclass(frozen=True)
class Georeference:
    """The three grids and what lies on them.

    Attributes:
        ground, rain, depth: the grids.
        elevation: float32[rows, cols] of the ground, m, NaN where missing.
        mean_rain: float64[rows, cols], mm/h, NaN where never known.
        flooded: share of the frames in which a cell is flooded, float64[rows, cols], 0 to 1, NaN
            where never known.
        flooded_m: depth above which a cell counts as flooded, m.
        frames: the frames looked at, in words.
    """

    ground: Grid
    rain: Grid
    depth: Grid
    elevation: NDArray[np.float32]
    mean_rain: NDArray[np.float64]
    flooded: NDArray[np.float64]
    flooded_m: float
    frames: str

    @property
    def grids(self) -> dict[str, Grid]:
        """All three, by name."""
        return {"ground": self.ground, "depth": self.depth, "rain": self.rain}

    @cached_property
    def checks(self) -> list[Check]:
        """All findings, in the order they are to be read."""
        found = [_check_crs(self), _check_depth(self), _check_cover(self), _check_cells(self)]
        return [*found, _check_floods(self), *_check_holes(self)]


def read_georeference(heightmap: Path, rain: Path, depth: Path, flooded_m: float) -> Georeference:
    """Read and summarise; see :func:`pluvial.figures.domain.draw_domain` for the arguments."""
    try:
        ground, elevation = read_elevation(heightmap)
    except (OSError, KeyError) as error:
        raise PluvialError(
            f"not a readable heightmap ({error})",
            where=heightmap,
            remedy="Delete it and run the workflow again",
        ) from None
    rain_grid, rain_words, mean_rain = _mean(rain, RAIN, None)
    depth_grid, depth_words, flooded = _mean(depth, DEPTH, flooded_m)
    words = f"Rain: {rain_words}. Depth: {depth_words}."
    return Georeference(
        ground, rain_grid, depth_grid, elevation, mean_rain, flooded, flooded_m, words
    )


def _mean(
    path: Path, variable: Variable, above: float | None
) -> tuple[Grid, str, NDArray[np.float64]]:
    """Grid, frames in words, and the mean of each cell or the share of its frames ``above``."""
    try:
        file = FramesFile(path, variable)
    except KeyError:
        raise PluvialError(
            f"it holds no {variable.name}",
            where=path,
            remedy="Delete it and run the workflow again",
        ) from None
    total = np.zeros(file.grid.shape, dtype=np.int64)
    present = np.zeros(file.grid.shape, dtype=np.int64)
    steps = max(1, BLOCK_CELLS // total.size)
    for first in range(0, file.times.size, steps):
        codes = file.read(first, min(first + steps, file.times.size))
        known = codes != MISSING
        # Depth is compared as the packed steps that it is stored in.
        counted = codes if above is None else codes > int(round(above / variable.scale, 6))
        total += np.where(known, counted, 0).sum(axis=0, dtype=np.int64)
        present += known.sum(axis=0)
    times = file.times
    file.close()
    scale = variable.scale if above is None else 1.0
    mean = np.where(present, total * scale / np.maximum(present, 1), np.nan)
    words = f"{times.size:,} frames"
    if times.size:
        words += f" from {iso(int(times[0]))} to {iso(int(times[-1]))}"
    return file.grid, words, mean


def _check_crs(found: Georeference) -> Check:
    grids = found.grids
    stated = {name: grid for name, grid in grids.items() if grid.crs}
    if not stated:
        return Check(None, "No CRS is stated: coordinates are taken as they are")
    if len(stated) < len(grids):
        lacking = " and ".join(name for name in grids if name not in stated)
        return Check(False, f"No CRS is stated for {lacking}: taken for that of the others")
    others = [name for name in ("rain", "depth") if not grids[name].same_crs(found.ground)]
    if others:
        return Check(False, f"The CRS of {' and '.join(others)} is not that of the ground")
    return Check(True, f"All three lie in {named(found.ground.crs)}")


def _check_depth(found: Georeference) -> Check:
    ground, depth = found.ground, found.depth
    if depth.shape == ground.shape and depth.meets(ground):
        return Check(True, "The depth lies on the ground, cell by cell")
    if depth.shape == ground.shape and depth.cell == ground.cell:
        east = (depth.west - ground.west) / ground.cell
        north = (depth.south - ground.south) / ground.cell
        return Check(
            False, f"The depth is shifted by {east:.4g} (east) and {north:.4g} (north) cells"
        )
    return Check(False, "The cells of depth and ground are not the same")


def _check_cover(found: Georeference) -> Check:
    """How much of the ground the rain covers."""
    ground, rain = found.ground, found.rain
    spots = (np.arange(PROBES) + 0.5) / PROBES
    x, y = np.meshgrid(
        ground.west + spots * (ground.east - ground.west),
        ground.south + spots * (ground.north - ground.south),
    )
    x, y = carry(x, y, ground, rain)
    inside = (x > rain.west) & (x < rain.east) & (y > rain.south) & (y < rain.north)
    share = float(inside.mean())
    if share == 1:
        return Check(True, "The rain covers all of the ground")
    words = f"only {percent(share)}" if share else "nothing"
    return Check(False, f"The rain covers {words} of the ground")


def _check_cells(found: Georeference) -> Check:
    """How many cells of depth make one of rain, and whether their edges meet."""
    rain, depth = found.rain, found.depth
    if rain.crs and depth.crs and not rain.same_crs(depth):
        return Check(None, "Rain and depth have cells of different CRS")
    ratio = rain.cell / depth.cell
    offsets = (rain.west - depth.west) / depth.cell, (rain.south - depth.south) / depth.cell
    meets = all(abs(value - round(value)) < 0.01 for value in (ratio, *offsets))
    one = f"A cell of rain is {ratio:.4g} × {ratio:.4g} of depth"
    return Check(None, f"{one}; their edges {'meet' if meets else 'do not meet'}")


def local_height(elevation: NDArray[np.floating]) -> NDArray[np.float64]:
    """How far each cell lies above its surroundings, m, float64[rows, cols]; NaN where missing."""
    known = ~np.isnan(elevation)
    sums = uniform_filter(np.where(known, elevation, 0.0).astype(np.float64), AROUND)
    weights = uniform_filter(known.astype(np.float64), AROUND)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(known, elevation - sums / weights, np.nan)


def fits_of_floods(flooded: NDArray[np.float64], height: NDArray[np.float64]) -> dict[str, float]:
    """How far the floods lie above their surroundings, m, if they lay elsewhere, by where.

    Water stands in hollows and channels: on the right ground the value is low. The place they
    do lie in is called ``""``; a place is left out where no flooded cell has ground.

    Args:
        flooded: share of the frames in which a cell is flooded, float64[rows, cols].
        height: of each cell above its surroundings (see :func:`local_height`).
    """
    shares = np.nan_to_num(flooded)
    found = {"": _mean_height(shares, height, 0, 0)}
    for south in range(-FARTHEST, FARTHEST + 1):
        for east in range(-FARTHEST, FARTHEST + 1):
            if south or east:
                found[_shift(south, east)] = _mean_height(shares, height, south, east)
    found |= {name: _mean_height(shares[turn], height, 0, 0) for name, turn in MIRRORED.items()}
    return {name: value for name, value in found.items() if np.isfinite(value)}


def _mean_height(
    shares: NDArray[np.float64], height: NDArray[np.float64], south: int, east: int
) -> float:
    """Mean of ``height`` weighted by ``shares`` that are moved by so many cells; NaN if none."""
    rows, cols = np.nonzero(shares)
    weights = shares[rows, cols]
    rows, cols = rows + south, cols + east
    inside = (rows >= 0) & (rows < height.shape[0]) & (cols >= 0) & (cols < height.shape[1])
    values, weights = height[rows[inside], cols[inside]], weights[inside]
    known = ~np.isnan(values)
    total = float(weights[known].sum())
    return float((values[known] * weights[known]).sum()) / total if total else float("nan")


def _shift(south: int, east: int) -> str:
    parts = [
        f"{abs(cells)} cell{'s' if abs(cells) > 1 else ''} {names[cells > 0]}"
        for cells, names in ((south, ("north", "south")), (east, ("west", "east")))
        if cells
    ]
    return f"moved {' and '.join(parts)}"


def _check_floods(found: Georeference) -> Check:
    """Whether the floods fit the ground where they lie better than moved or mirrored."""
    if found.depth.shape != found.ground.shape:
        return Check(None, "Floods and hollows are not compared: the cells are not the same")
    height = local_height(found.elevation)
    fits = fits_of_floods(found.flooded, height)
    if "" not in fits:
        return Check(None, "Nothing is flooded that could be compared with hollows")
    here, place = fits[""], min(fits, key=lambda name: fits[name])
    best = fits[place]
    # The mean of unrelated cells has the standard error spread / √cells.
    cells, spread = np.count_nonzero(found.flooded > 0), float(np.nanstd(height))
    if cells < LEAST_FLOODED or best >= -spread * max(ERRORS / np.sqrt(cells), TELLING):
        return Check(None, "Too few floods, or none in hollows: not compared with the ground")
    floods = "Floods lie" if found.depth.meets(found.ground) else "Cell on cell, floods lie"
    lie = f"{floods} {_height(here)} their surroundings"
    if best < here - CLEARLY * max(abs(here), abs(best)):
        return Check(False, f"{lie};\n{_height(best)} if {place}")
    return Check(True, f"{lie},\nand not clearly lower if moved by {FARTHEST} cells or mirrored")


def _height(metres: float) -> str:
    return f"{abs(metres):.2g} m {'below' if metres < 0 else 'above'}"


def _check_holes(found: Georeference) -> Iterator[Check]:
    """What is never known, if anything."""
    for name, field in (
        ("ground", found.elevation),
        ("rain", found.mean_rain),
        ("depth", found.flooded),
    ):
        share = float(np.isnan(field).mean())
        if share:
            yield Check(None, f"{percent(share)} of the cells of {name} are without data")
