"""HAIL-CAESAR's rain: a table of zones.

The rain table has one row per step and one column per zone, in mm/h; the hydroindex, an ESRI
ASCII grid, gives each cell its zone, numbered from 1. A row is the rate from its time to the
next row's: its frame bears the time at which it starts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from pluvial.config.times import UtcTime
from pluvial.errors import PluvialError
from pluvial.sources.entries import Entry
from pluvial.sources.files import RainFiles
from pluvial.sources.parameters import check_step
from pluvial.sources.patterns import Pattern
from pluvial.sources.source import Field


class HailCaesarRain(RainFiles):
    """HAIL-CAESAR's rain: a text table (rows = steps, columns = zones, mm/h) and a zone map."""

    format: Literal["hail-caesar"]
    """Rain tables with a hydroindex."""
    zones: Path
    """The hydroindex: an ESRI ASCII grid of zone numbers, from 1."""
    start: UtcTime | None = None
    """Time of the first row: a row is the rate from its time to the next; left out, the time in
    the table's name."""
    parameters: Path | None = None
    """The run's parameter file; where given, its rain step is checked against `time`."""

    in_order: ClassVar[bool] = True
    ordinal: ClassVar[bool] = True

    @model_validator(mode="after")
    def _knows_its_start(self) -> Self:
        if self.start is None and not Pattern(self.files).tells_time:
            raise ValueError("`start` is missing: write the time of the first row")
        return self

    def beside(self) -> list[Path]:
        """The hydroindex and the parameter file."""
        return [self.zones, *([self.parameters] if self.parameters else [])]

    def placed(self, folder: Path) -> Self:
        """The same section with the hydroindex looked up in ``folder``."""
        return self.model_copy(update={"zones": folder / self.zones})

    def check(self, folder: Path, step_minutes: int) -> None:
        """Refuse a step that the parameter file contradicts."""
        if self.parameters is not None:
            check_step(
                folder / self.parameters,
                "rain_data_time_step",
                step_minutes,
                config_key="time.step_minutes",
            )

    def fields(self, entry: Entry) -> Iterator[Field]:
        """The rows, in their order; cells outside all zones are missing."""
        from pluvial.sources.ascii_grid import read_grid

        grid, numbers = read_grid(Entry(self.zones))
        outside = np.isnan(numbers)
        filled = np.where(outside, 1, numbers)
        if (filled != np.floor(filled)).any() or filled.min() < 1:
            raise PluvialError(
                "zones must be whole numbers from 1",
                where=self.zones,
                remedy="Give a hydroindex that numbers the columns of the rain table",
            )
        zone = filled.astype(np.intp) - 1
        columns = int(zone.max()) + 1
        with entry.open() as stream:
            for number, line in enumerate(row for row in stream if row.strip()):
                rates: Callable[[], NDArray[np.float32]] = partial(
                    _field, entry, number, line, columns, zone, outside
                )
                yield Field(None, grid, rates, f"#{number}")


def _field(
    entry: Entry,
    number: int,
    line: bytes,
    columns: int,
    zone: NDArray[np.intp],
    outside: NDArray[np.bool_],
) -> NDArray[np.float32]:
    """float32[rows, cols], mm/h: one row of the table, spread over the zones."""
    try:
        rates = np.array(line.split(), dtype=np.float32)
    except ValueError:
        rates = np.empty(0, dtype=np.float32)
    if rates.size < columns:
        raise entry.fault(
            f"row {number} holds {rates.size} numbers, but the zones go up to {columns}",
            remedy="Give one rain rate in mm/h per zone in every row",
        )
    if not (rates >= 0).all():
        raise entry.fault(
            f"row {number} holds a rain rate that is negative or not a number",
            remedy="Rain rates are in mm/h, 0 or more",
        )
    field = rates[zone]
    field[outside] = np.nan
    return field
