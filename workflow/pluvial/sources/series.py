"""Many raw files as one source: found by a pattern, put in order of time, read one by one."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pluvial.config.times import epoch_seconds
from pluvial.errors import PluvialError
from pluvial.grids.grid import Grid
from pluvial.grids.time_axis import iso
from pluvial.sources.entries import DAMAGED, Entry, entries_of
from pluvial.sources.files import TimedFiles
from pluvial.sources.patterns import Found, Pattern
from pluvial.sources.source import Fault, Field, Frame

LATE_STEPS = 8
"""How many steps late a frame of a stream may come and still be put into its place."""


def overlapping(found: Sequence[Found], start: int, end: int) -> list[Found]:
    """The files that may hold a time in ``start..end``: all of them, if their names tell none.

    A file holds from the time in its name to that in the next name, or, where names bear the
    end of what they hold, back to the name before::

        names    00     06     12     18
        wanted             [      ]
        taken           06     12     18
    """
    if not found or found[0].time is None:
        return list(found)
    times = [item.time or 0 for item in found]
    # Several files may bear one time: all of them are taken.
    first = bisect_left(times, times[max(0, bisect_right(times, start) - 1)])
    last = bisect_left(times, end)
    return list(found[first : bisect_right(times, times[last]) if last < len(times) else last])


@dataclass(frozen=True)
class _Timed:
    """A field with its time settled, and its place among the raw files."""

    time: int
    field: Field
    entry: Entry

    @property
    def origin(self) -> str:
        return self.entry.origin + self.field.name


class FileSeries:
    """The files of one section of the configuration, as a source of frames (see Source).

    Args:
        section: the format and its keys.
        folder: where relative patterns start.
        span: the case's time, s since 1970-01-01T00:00Z; files outside are not looked at.
        step: seconds from one frame to the next.
        tolerant: whether what cannot be read becomes a gap; otherwise it is an error.
    """

    def __init__(
        self,
        section: TimedFiles,
        folder: Path,
        *,
        span: tuple[int, int],
        step: int,
        tolerant: bool = False,
    ) -> None:
        self._section, self._step, self._tolerant = section.placed(folder), step, tolerant
        self._shift = -step if section.stamp == "end" else 0
        self._members = Pattern(section.members)
        self._found = overlapping(Pattern(section.files, folder).find(), *span)
        if section.ordinal and self._found[0].time is None and len(self._found) > 1:
            raise PluvialError(
                f"{section.files!r} matches {len(self._found)} files, and nothing tells when "
                "each begins",
                where=folder,
                remedy="Write the time into the pattern, such as {time:%Y%m%d}",
            )
        self._eras = [span[0], *map(epoch_seconds, section.grid_eras)]
        self._era_grids: dict[int, Grid] = {}
        self.files: list[Path] = [folder / path for path in section.beside()]
        self.faults: list[Fault] = []

    @property
    def grid(self) -> Grid:
        """The grid of the first readable field of the case."""
        return self._era_grid(0)

    def frames(self, start: int, end: int) -> Iterator[Frame]:
        """The frames with ``start <= time < end``, in order of time but for overlapping files.

        Raises:
            PluvialError: if the grid changes at a time that ``grid_eras`` does not name; unless
                tolerant, also if a file cannot be read.
        """
        for item in self._timed(overlapping(self._found, start, end)):
            if isinstance(item, Frame):
                if start <= item.time < end:
                    yield item
            elif start <= item.time < end:
                self._check_era(item)
                yield self._read(item)
            elif self._section.in_order and item.time >= end + LATE_STEPS * self._step:
                return

    def _timed(self, found: Sequence[Found]) -> Iterator[_Timed | Frame]:
        """All fields of the files, in order; unreadable ones whose time is known as frames."""
        if self._section.in_order:
            for item in found:
                yield from self._fields_of(item)
        elif found and found[0].time is None:
            yield from _sorted(field for item in found for field in self._fields_of(item))
        else:
            for item in found:
                yield from _sorted(self._fields_of(item))

    def _fields_of(self, found: Found) -> Iterator[_Timed | Frame]:
        """The fields of one file, with their times."""
        self.files.append(found.path)
        try:
            entries = self._entries_of(found.path)
        except PluvialError as error:
            yield from self._unreadable(str(found.path), None, error)
            return
        for entry in entries:
            told = self._members.time_of(entry.member) if entry.member else found.time
            number = 0
            try:
                for field in self._section.fields(entry):
                    if field.time is None and told is None and not self._section.ordinal:
                        yield from self._timeless(field, entry)
                        continue
                    settled = self._settle(field, told, number, entry)
                    number += 1
                    yield _Timed(settled, self._with_crs(field), entry)
            except PluvialError as error:
                alone = told if not self._section.in_order and not number else None
                yield from self._unreadable(entry.origin, alone, error)

    def _entries_of(self, path: Path) -> list[Entry]:
        """The file, or those members of a tar that are wanted."""
        entries = entries_of(path)
        if not self._section.members:
            return entries
        wanted = [e for e in entries if not e.member or self._members.matches(e.member)]
        if entries and not wanted:
            raise PluvialError(
                f"none of its {len(entries)} members matches {self._section.members!r}",
                where=path,
                remedy=f"Correct `members`; the first is {entries[0].member!r}",
            )
        return wanted

    def _settle(self, field: Field, told: int | None, number: int, entry: Entry) -> int:
        """The time that the frame of ``field`` shall bear."""
        if not self._section.ordinal:
            return (field.time if field.time is not None else told or 0) + self._shift
        start = getattr(self._section, "start", None)
        first = epoch_seconds(start) if start is not None else told
        if first is None:
            raise entry.fault("nothing tells when it begins", remedy="Write `start`")
        return first + number * self._step

    def _timeless(self, field: Field, entry: Entry) -> Iterator[Frame]:
        """What to do with a field whose time nothing tells: it may be damaged, and say so."""
        key = "members" if entry.member else "files"
        try:
            field.read()
            raise entry.fault(
                "neither the file nor the pattern tells its time",
                remedy=f"Write the time into `{key}`, such as {{time:%Y%m%d%H%M}}",
            )
        except PluvialError as error:
            yield from self._unreadable(entry.origin + field.name, None, error)

    def _with_crs(self, field: Field) -> Field:
        crs = self._section.crs
        return replace(field, grid=replace(field.grid, crs=crs)) if crs else field

    def _unreadable(self, origin: str, told: int | None, error: PluvialError) -> Iterator[Frame]:
        """Raise; or, if tolerant, a frame without values where the time is known, else a fault."""
        if not self._tolerant:
            raise _refused(error)
        if told is None:
            self.faults.append(Fault(origin, error.problem))
        else:
            yield Frame(told + self._shift, None, None, origin, error.problem)

    def _read(self, item: _Timed) -> Frame:
        try:
            return Frame(item.time, item.field.grid, item.field.read(), item.origin)
        except PluvialError as error:
            if not self._tolerant:
                raise _refused(error) from None
            return Frame(item.time, item.field.grid, None, item.origin, error.problem)

    def _check_era(self, item: _Timed) -> None:
        era = max(0, bisect_right(self._eras, item.time) - 1)
        expected = self._era_grid(era)
        found = item.field.grid
        if found.shape != expected.shape or not found.meets(expected):
            raise PluvialError(
                f"the grid at {iso(item.time)} is {item.field.grid.describe()}; before, it was "
                f"{expected.describe()}",
                where=item.origin,
                remedy=f'If the archive changed its grid there, write `grid_eras: ["'
                f'{iso(item.time)}"]` and a `domain` for both to be carried onto',
            )

    def _era_grid(self, era: int) -> Grid:
        """The grid of the first readable field at or after the start of an era."""
        if era not in self._era_grids:
            until = self._eras[era + 1] if era + 1 < len(self._eras) else None
            self._era_grids[era] = self._first_grid(self._eras[era], until)
        return self._era_grids[era]

    def _first_grid(self, start: int, until: int | None) -> Grid:
        faults, files = len(self.faults), len(self.files)
        problem = "no field of it can be read"
        try:
            for found in overlapping(self._found, start, until or 1 << 62):
                try:
                    for item in self._fields_of(found):
                        if isinstance(item, _Timed) and item.time >= start:
                            return item.field.grid
                except PluvialError as error:
                    if not self._tolerant:
                        raise
                    problem = error.problem
        finally:
            # The lists stay the same: others may hold them.
            del self.faults[faults:], self.files[files:]
        raise PluvialError(
            problem, where=self._found[0].path, remedy="Give files of the configured format"
        )


def _refused(error: PluvialError) -> PluvialError:
    """An error; of a file that is damaged it says that one can do without the file as well."""
    if error.remedy != DAMAGED:
        return error
    remedy = f"{DAMAGED}, or write `frames: {{on_bad_frame: gap}}`"
    return PluvialError(error.problem, where=error.where, remedy=remedy)


def _sorted(items: Iterator[_Timed | Frame]) -> Iterator[_Timed | Frame]:
    return iter(sorted(items, key=lambda item: item.time))
