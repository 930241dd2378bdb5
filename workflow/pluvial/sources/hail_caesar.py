"""HAIL-CAESAR's inputs: zoned rain, and the run's parameter file.

The rain table has one row per step and one column per zone, in mm/h; the hydroindex, an ESRI
ASCII grid, gives each cell its zone, numbered from 1. A row is the rate from its time to the
next row's: its frame bears the time at which it starts.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pluvial.errors import PluvialError
from pluvial.grids.grid import Grid
from pluvial.sources.ascii_grid import open_text, read_grid
from pluvial.sources.source import Frame


class ZonedRain:
    """A rain table over a hydroindex, as a source of frames (see Source)."""

    def __init__(self, table: Path, zones: Path, *, start: int, step: int, crs: str = "") -> None:
        self._table, self._start, self._step = table, start, step
        self.files = [table, zones]
        self.grid: Grid
        self.grid, numbers = read_grid(zones, crs=crs)
        self._outside = np.isnan(numbers)
        filled = np.where(self._outside, 1, numbers)
        if (filled != np.floor(filled)).any() or filled.min() < 1:
            raise PluvialError(
                "zones must be whole numbers from 1",
                where=zones,
                remedy="Give a hydroindex that numbers the columns of the rain table",
            )
        self._zone: NDArray[np.intp] = filled.astype(np.intp) - 1

    def frames(self, start: int, end: int) -> Iterator[Frame]:
        """The frames with ``start <= time < end``; cells outside all zones are missing.

        Raises:
            PluvialError: naming the row at fault.
        """
        columns = int(self._zone.max()) + 1
        with open_text(self._table) as stream:
            for number, line in enumerate(row for row in stream if row.strip()):
                time = self._start + number * self._step
                if time >= end:
                    return
                rates = _row(self._table, number, line, columns)
                if time >= start:
                    field = rates[self._zone]
                    field[self._outside] = np.nan
                    yield time, field


def _row(path: Path, number: int, line: bytes, columns: int) -> NDArray[np.float32]:
    """float32[zones], mm/h."""
    try:
        rates = np.array(line.split(), dtype=np.float32)
    except ValueError:
        rates = np.empty(0, dtype=np.float32)
    if rates.size < columns:
        raise PluvialError(
            f"row {number} holds {rates.size} numbers, but the zones go up to {columns}",
            where=path,
            remedy="Give one rain rate in mm/h per zone in every row",
        )
    if not (rates >= 0).all():
        raise PluvialError(
            f"row {number} holds a rain rate that is negative or not a number",
            where=path,
            remedy="Rain rates are in mm/h, 0 or more",
        )
    return rates


def check_step(parameters: Path, key: str, step_minutes: int, *, config_key: str) -> None:
    """Refuse a configured step that is not the one the run's parameter file names.

    Args:
        parameters: HAIL-CAESAR's parameter file.
        key: `rain_data_time_step` or `raster_output_interval`, both in minutes.
        step_minutes: the configured step.
        config_key: where the user wrote it.
    """
    with open_text(parameters) as stream:
        for line in stream:
            name, _, rest = line.decode(errors="replace").partition(":")
            if name.strip() != key:
                continue
            try:
                found = float(rest.partition("#")[0])
            except ValueError:
                break
            if found != step_minutes:
                raise PluvialError(
                    f"`{key}` is {found:g} min, but the configured step is {step_minutes} min",
                    where=parameters,
                    remedy=f"Write `{config_key}: {found:g}`, or give the data of that step",
                )
            return
    raise PluvialError(
        f"it names no `{key}` in minutes",
        where=parameters,
        remedy="Give the run's parameter file, or leave `parameters` out of the configuration",
    )
