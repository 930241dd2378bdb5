"""Would the inputs do? Files that are missing, spans without files, grids that do not meet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from pluvial.case.case import Case
from pluvial.config.simulation import SimulatedDepth
from pluvial.config.times import epoch_seconds
from pluvial.errors import PluvialError
from pluvial.frames.domain import depth_grid, rain_grid
from pluvial.grids.align import nearest_cells
from pluvial.grids.grid import Grid
from pluvial.grids.time_axis import iso
from pluvial.grids.warp import Warp
from pluvial.outlook.findings import Finding, error_of, guarded
from pluvial.outlook.geometry import raw_depth_grid, raw_heightmap_grid, raw_rain_grid
from pluvial.sources.files import RawFiles, TimedFiles
from pluvial.sources.patterns import Found, Pattern

HOLE = 1.5
"""A time between the names of two files this many times the usual one is a hole."""


def check_inputs(case: Case) -> Iterator[Finding]:
    """Findings on rain, depth, heightmap and what else is read."""
    amiss = set()
    for key in ("heightmap", "rain", "depth"):
        for finding in guarded(partial(_check_files, case, key), f"`{key}`"):
            if finding.severity == "error":
                amiss.add(key)
            yield finding
    if not amiss:
        yield from guarded(partial(_check_grids, case), "grids")
    yield from _check_others(case)


def found_files(section: RawFiles, folder: Path) -> list[Found]:
    """The raw files of a section, in order of time.

    Raises:
        PluvialError: if there is none.
    """
    return Pattern(section.files, folder).find()


def _check_files(case: Case, key: str) -> Iterator[Finding]:
    """Findings on the files of one section."""
    section = getattr(case, key)
    if not isinstance(section, RawFiles):
        return
    for file in section.beside():
        if not (case.data_folder / file).exists():
            yield Finding(
                "error",
                f"`{key}`: {case.data_folder / file}",
                "the file is missing",
                f"Correct its path, or `data_folder` ({case.data_folder})",
            )
            return
    found = found_files(section, case.data_folder)
    empty = [item.path for item in found if not item.path.stat().st_size]
    if empty:
        tolerated = case.frames.on_bad_frame == "gap"
        yield Finding(
            "warning" if tolerated else "error",
            f"`{key}`: {empty[0]}",
            "the file is empty" + (f", as are {len(empty) - 1} others" if empty[1:] else ""),
            "It will be a gap; copy or fetch it again if you can"
            if tolerated
            else "Copy or fetch it again, or write `frames: {on_bad_frame: gap}`",
        )
    if isinstance(section, TimedFiles):
        yield from _check_times(case, key, found)


def _check_times(case: Case, key: str, found: Sequence[Found]) -> Iterator[Finding]:
    """Findings on the times in the names of files: holes, and ends that are not reached."""
    told = np.unique([item.time for item in found if item.time is not None])
    start, end = epoch_seconds(case.time.start), epoch_seconds(case.time.end)
    if told.size <= 1:
        return
    usual = int(np.median(np.diff(told)))
    if told[-1] < start or told[0] >= end:
        yield Finding(
            "error",
            f"`{key}.files`",
            f"all {told.size} files lie outside `time`: {iso(told[0])} to {iso(told[-1])}",
            "Correct `time`, or the form of {time:…} in the pattern",
        )
        return
    inside = told[(told >= start - usual) & (told < end)]
    steps = np.diff(np.r_[inside, end + usual])
    wide = np.flatnonzero(steps[:-1] > HOLE * usual)
    if wide.size:
        first = int(inside[wide[0]])
        yield Finding(
            "warning",
            f"`{key}.files`",
            f"{wide.size} holes between files; the first from {iso(first)} to "
            f"{iso(int(inside[wide[0] + 1]))}, where the usual distance is {usual / 60:g} min",
            "Fetch what is missing, or take the records around it as lost "
            "(frames/report.json will list it)",
        )
    if inside[0] > start or inside[-1] + HOLE * usual < end:
        yield Finding(
            "warning",
            f"`{key}.files`",
            f"the files reach from {iso(int(inside[0]))} to about {iso(int(inside[-1]) + usual)}, "
            f"`time` from {iso(start)} to {iso(end)}",
            "Fetch what is missing, or shorten `time`",
        )


def _check_grids(case: Case) -> Iterator[Finding]:
    """Findings on how rain, depth and heightmap lie on each other; headers are read."""
    rain, depth = raw_rain_grid(case), raw_depth_grid(case)
    ground = raw_heightmap_grid(case)
    if case.domain is not None:
        onto = {"rain": rain_grid(case.domain), "depth": depth_grid(case.domain)}
        yield from _reaches(rain, onto["rain"], "rain", case)
        yield from _reaches(ground, onto["depth"], "heightmap", case)
        if not isinstance(case.depth, SimulatedDepth):
            yield from _reaches(depth, onto["depth"], "depth", case)
        return
    if depth.shape != ground.shape or not depth.meets(ground):
        yield Finding(
            "error",
            "`depth` and `heightmap`",
            f"the depth lies on {depth.describe()}, the heightmap on {ground.describe()}",
            "Give depth and heightmap of the same grid, or a `domain` for both",
        )
    if not rain.meets(depth):
        yield Finding(
            "error",
            "`rain` and `depth`",
            f"the rain lies on {rain.describe()}, the depth on {depth.describe()}: their edges "
            "do not meet",
            "Write a `domain` that both are carried onto",
        )
    elif isinstance(case.depth, SimulatedDepth):
        nearest_cells(rain, depth)


def _reaches(source: Grid, target: Grid, key: str, case: Case) -> Iterator[Finding]:
    """A finding if a source cannot be carried onto the domain."""
    try:
        Warp(source, target, getattr(case, key).resample)
    except PluvialError as error:
        yield error_of(error, f"`{key}`")


def _check_others(case: Case) -> Iterator[Finding]:
    """Findings on files that only some targets read."""
    named = {f"own_embeddings.{name}": own.files() for name, own in case.own_embeddings.items()}
    if case.sanity.pretrained is not None:
        named["sanity.pretrained.model"] = [case.sanity.pretrained.model]
    for key, files in named.items():
        for file in files:
            if not (case.data_folder / file).exists():
                yield Finding(
                    "error",
                    f"`{key}`: {case.data_folder / file}",
                    "the file is missing",
                    "Correct its path, or leave the section out",
                )
