"""Keys that all formats of raw files share, and what each format has to offer.

A format is one module: a section of the configuration that can read its own files.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Literal, Self

from pydantic import Field as Key
from pydantic import field_validator

from pluvial.config.base import Section
from pluvial.config.times import UtcTime
from pluvial.sources.entries import Entry
from pluvial.sources.patterns import Pattern
from pluvial.sources.source import Field

Resampling = Literal["conservative", "average", "bilinear", "nearest"]


class RawFiles(Section):
    """Raw files of one format.

    A format derives from :class:`RainFiles`, :class:`DepthFiles` or :class:`HeightmapFiles`,
    names itself with ``format: Literal["…"]`` and reads one file with :meth:`fields`.
    """

    files: str
    """A path, a glob (`radar/**/*.dat.gz`), or a pattern that tells the UTC time from the name
    (`{time:%Y/%m}/rain_{time:%Y%m%d%H%M}.h5`); relative ones start at `data_folder`."""
    crs: str = ""
    """Coordinate reference system such as EPSG:27700, in place of what the files name."""

    in_order: ClassVar[bool] = False
    """Whether a file's fields come in order of time and can only be read as they come."""
    ordinal: ClassVar[bool] = False
    """Whether fields bear no times: they are counted from the first, step by step."""

    def beside(self) -> list[Path]:
        """Further files it is read with, such as a map of zones."""
        return []

    def placed(self, folder: Path) -> Self:
        """The same section with its further files looked up in ``folder``."""
        del folder
        return self

    def check(self, folder: Path, step_minutes: int) -> None:
        """Refuse what the further files contradict."""
        del folder, step_minutes

    @field_validator("files", "members", check_fields=False)
    @classmethod
    def _is_a_pattern(cls, text: str) -> str:
        Pattern(text)
        return text

    def fields(self, entry: Entry) -> Iterator[Field]:
        """The fields of one raw file, or of one member of a tar.

        The coordinate reference system of the configuration is put in by the caller.

        Raises:
            PluvialError: naming ``entry.origin``, if it is damaged or of another kind.
        """
        raise NotImplementedError


class TimedFiles(RawFiles):
    """Raw files of many times."""

    stamp: Literal["start", "end"] = "start"
    """Whether a time in a file or in its name is the start or the end of its step."""
    members: str = ""
    """Which members of a tar to read, a pattern as in `files` that may tell their times
    (`**/depth_{time:%Y%m%d%H%M}.tif`); left out, all."""
    grid_eras: list[UtcTime] = Key([])
    """Times from which the archive lies on another grid; any other change of grid is an error.
    Needs `domain`."""
    resample: Resampling = "nearest"
    """How the fields are carried onto `domain`, where there is one."""


class RainFiles(TimedFiles):
    """Raw rain."""

    resample: Resampling = "conservative"
    """How the fields are carried onto `domain`, where there is one; `conservative` keeps the
    amount of rain."""


class DepthFiles(TimedFiles):
    """Raw water depth."""

    step_minutes: int | None = Key(None, ge=1)
    """Minutes between depths; left out, the step of the case."""


class HeightmapFiles(RawFiles):
    """Raw elevations in metres, in one file or in tiles."""

    resample: Resampling = "average"
    """How the elevations are carried onto `domain`, where there is one."""
