"""CF NetCDF, classic or NetCDF-4: rain or depth, a file a time or a cube of times.

What a file says of its values, units, times and place stands in its attributes (see :mod:`cf` and
:mod:`netcdf_grid`). The values are read one time at a time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field as Key

from pluvial.config.base import Section
from pluvial.sources.cf import Exponents, Variable, decoder, tells_time, times, unit
from pluvial.sources.entries import Entry
from pluvial.sources.files import DepthFiles, RainFiles
from pluvial.sources.hdf5 import MAGIC as HDF5
from pluvial.sources.netcdf3 import MAGIC as CLASSIC
from pluvial.sources.netcdf3 import netcdf3
from pluvial.sources.netcdf4 import netcdf4
from pluvial.sources.netcdf_grid import Place, place
from pluvial.sources.source import Field
from pluvial.sources.stored import converted, opened, rates

RAIN = re.compile(r"(?!.*(?:snow|hail|graupel|convective|large_scale)).*(?:rain|precip)\w*")
DEPTH = re.compile(r"(?!.*(?:table|snow|soil|ice)).*water\w*(?:depth|thickness)\w*")
"""Standard names of rain and depth, CF's own and the like. Behind a blank stands a modifier, such
as `standard_error`."""

RATES: dict[Exponents, float] = {(0, 1, -1): 3.6e6, (1, -2, -1): 3600.0}
"""What makes m s-1 and kg m-2 s-1 mm/h, by the exponents of kg, m and s: a kg of water on a square
metre stands 1 mm deep."""
AMOUNTS: dict[Exponents, float] = {(0, 1, 0): 1e3, (1, -2, 0): 1.0}
"""What makes m and kg m-2 mm."""
DEPTHS: dict[Exponents, float] = {(0, 1, 0): 1.0}


class Netcdf(Section):
    """Keys that rain and depth share."""

    variable: str = ""
    """Name of the variable to read; left out, the only one that its standard name, or else its
    unit, tells to be it."""
    units: str = ""
    """Unit of its values, such as `mm h-1`, in place of what the file says."""


class NetcdfRain(Netcdf, RainFiles):
    """CF NetCDF files of rain rates or amounts."""

    format: Literal["netcdf"]
    """CF NetCDF, classic or NetCDF-4 (.nc; plain, .gz, or in a .tar), one time a file or many."""
    accumulation_minutes: float | None = Key(None, gt=0, allow_inf_nan=False)
    """Minutes in which amounts fell, where neither bounds of the times nor a `start_time` tell."""

    def fields(self, entry: Entry) -> Iterator[Field]:
        """The fields, in the order of the file.

        Where bounds of the times or a `start_time` tell of periods, a field bears the start of
        its own; else its time. An amount is the mean rate of its period.
        """
        variables = _variables(entry)
        variable = _chosen(entry, variables, self, RAIN, RATES | AMOUNTS)
        factor, exponents = _unit(variable, self, RATES | AMOUNTS)
        clock = _clock(variable, variables)
        hours = np.ones(clock.count)
        if exponents in AMOUNTS:
            hours = self._seconds(variable, clock) / 3600
        where, decode = place(variable, variables, self.crs), decoder(variable)
        bears = clock.times if clock.periods is None else clock.periods[:, 0]
        for step in range(clock.count):
            convert = partial(_rates, decode, factor / hours[step])
            yield _field(variable, where, clock, step, bears, convert)

    def _seconds(self, variable: Variable, clock: _Clock) -> NDArray[np.float64]:
        """Seconds in which the amounts fell, float64[steps]."""
        wanted = None if self.accumulation_minutes is None else self.accumulation_minutes * 60
        if clock.periods is None:
            if wanted is None:
                raise variable.fault(
                    "nothing tells how long its amounts took to fall",
                    remedy="Write `accumulation_minutes`",
                )
            return np.full(clock.count, wanted)
        told = np.diff(clock.periods, axis=1)[:, 0]
        if not (told > 0).all() or (wanted is not None and (told != wanted).any()):
            raise variable.fault(
                f"by its times its amounts fell in {told.min() / 60:g} to {told.max() / 60:g} min",
                remedy="Correct the times, or leave `accumulation_minutes` out",
            )
        if np.unique(clock.periods[:, 0]).size < clock.count:
            raise variable.fault(
                "several of its amounts fell from the same time on",
                remedy="Give amounts of one step after the other, no running totals",
            )
        return told.astype(np.float64)


class NetcdfDepth(Netcdf, DepthFiles):
    """CF NetCDF files of water depth."""

    format: Literal["netcdf"]
    """CF NetCDF, classic or NetCDF-4 (.nc; plain, .gz, or in a .tar), one time a file or many."""

    def fields(self, entry: Entry) -> Iterator[Field]:
        """The fields, in the order of the file."""
        variables = _variables(entry)
        variable = _chosen(entry, variables, self, DEPTH, DEPTHS)
        factor, _ = _unit(variable, self, DEPTHS)
        clock = _clock(variable, variables)
        where, decode = place(variable, variables, self.crs), decoder(variable)
        convert = partial(_metres, decode, factor)
        for step in range(clock.count):
            yield _field(variable, where, clock, step, clock.times, convert)


Convert = Callable[[NDArray[Any]], NDArray[np.floating]]


def _rates(decode: Convert, factor: float, stored: NDArray[Any]) -> NDArray[np.floating]:
    return rates(decode(stored) * factor)


def _metres(decode: Convert, factor: float, stored: NDArray[Any]) -> NDArray[np.floating]:
    values = decode(stored) * factor
    values[np.isinf(values)] = np.nan
    return values


def _variables(entry: Entry) -> dict[str, Variable]:
    """The variables of a file, by name."""
    with opened(entry) as stream:
        start = stream.read(len(HDF5))
    if start[:4] in CLASSIC:
        return netcdf3(entry)
    if start != HDF5:
        raise entry.fault("it is no NetCDF", remedy="Give a NetCDF file")
    return netcdf4(entry)


def _chosen(
    entry: Entry,
    variables: Mapping[str, Variable],
    keys: Netcdf,
    names: re.Pattern[str],
    units: Mapping[Exponents, float],
) -> Variable:
    """The variable to read.

    Args:
        entry: the file.
        variables: all its variables.
        keys: the keys of the section.
        names: standard names of what is looked for.
        units: exponents of the units of what is looked for.
    """
    bounds = {variable.text("bounds") for variable in variables.values()}
    fields = {
        name: variable
        for name, variable in variables.items()
        if len(variable.shape) > 1 and variable.stored is not None and name not in bounds
    }
    if keys.variable in fields:
        return fields[keys.variable]
    fitting = [
        variable
        for variable in fields.values()
        if (known := unit(keys.units or variable.text("units"))) and known[1] in units
    ]
    named = [v for v in fields.values() if names.fullmatch(v.text("standard_name"))]
    choices = [v for v in named if v in fitting] or named
    choices = choices or [v for v in fitting if not v.text("standard_name")]
    if keys.variable or len(choices) != 1:
        found = ", ".join(v.name for v in choices) or ", ".join(fields) or "none"
        raise entry.fault(
            f"it has no variable {keys.variable!r}, but {found}"
            if keys.variable
            else f"it is not plain which of its variables to read: {found}",
            remedy="Write as `variable` which to read",
        )
    return choices[0]


def _unit(
    variable: Variable, keys: Netcdf, units: Mapping[Exponents, float]
) -> tuple[float, Exponents]:
    """What makes the values mm/h, mm or m, and the exponents of their unit."""
    text = keys.units or variable.text("units")
    known = unit(text)
    if known is None or known[1] not in units:
        raise variable.fault(
            f"its unit {text!r} is not one of what is read" if text else "it has no unit",
            remedy="Write as `units` what its values are in, such as "
            + ("mm h-1" if RATES.keys() <= units.keys() else "m"),
        )
    return known[0] * units[known[1]], known[1]


@dataclass(frozen=True)
class _Clock:
    """The times of a variable.

    Attributes:
        axis: its dimension along time; None if it has one time.
        count: number of its times.
        times: int64[count], s since 1970-01-01T00:00Z; None if the file tells none.
        periods: starts and ends of what they stand for, int64[count, 2]; None if none are told.
    """

    axis: int | None
    count: int
    times: NDArray[np.int64] | None = None
    periods: NDArray[np.int64] | None = None


def _clock(variable: Variable, variables: Mapping[str, Variable]) -> _Clock:
    """The times of a variable. Dimensions but time, y and x must have one element."""
    lead = variable.dimensions[:-2]
    time = _time(lead, variables)
    axis = lead.index(time.dimensions[0]) if time and time.dimensions else None
    for number, (name, size) in enumerate(zip(lead, variable.shape, strict=False)):
        if size != 1 and number != axis:
            raise variable.fault(
                f"its dimension {name} has {size} elements and tells no time",
                remedy="Give fields of time, y and x, in this order (ncks, ncpdq)",
            )
    count = 1 if axis is None else variable.shape[axis]
    if not count:
        raise variable.fault("it has no field", remedy="Give files that hold some")
    if time is None:
        return _Clock(axis, count)
    moments = times(time)
    bounds, start = variables.get(time.text("bounds")), variables.get("start_time")
    periods = None
    if bounds is not None:
        periods = times(bounds, time).reshape(-1, 2)
    elif start is not None and start.dimensions == time.dimensions and tells_time(start):
        periods = np.stack([times(start), moments], axis=1)
    if moments.size != count or (periods is not None and len(periods) != count):
        raise time.fault(f"it does not tell {count} times")
    return _Clock(axis, count, moments, periods)


def _time(lead: tuple[str, ...], variables: Mapping[str, Variable]) -> Variable | None:
    """The variable that tells the times; None if there is none.

    Args:
        lead: the dimensions that may be time.
        variables: all variables of the file.
    """
    found = [
        variable
        for variable in variables.values()
        if tells_time(variable)
        and (not variable.dimensions or variable.dimensions[0] in lead)
        and len(variable.dimensions) <= 1
        and (variable.text("standard_name") == "time" or variable.name in ("time", *lead))
    ]
    found.sort(key=lambda v: (v.text("standard_name") != "time", v.name not in lead))
    return found[0] if found else None


def _field(
    variable: Variable,
    where: Place,
    clock: _Clock,
    step: int,
    bears: NDArray[np.int64] | None,
    convert: Convert,
) -> Field:
    """The field of a step, which bears its time of ``bears``."""
    name = "" if clock.axis is None else f"#{step}"
    time = None if bears is None else int(bears[step])
    return Field(time, where.grid, partial(_read, variable, where, clock.axis, step, convert), name)


def _read(
    variable: Variable, where: Place, axis: int | None, step: int, convert: Convert
) -> NDArray[np.float32]:
    """The values of a step, float32[rows, cols]."""
    *lead, high, wide = variable.shape
    bounds = [(step, step + 1) if number == axis else (0, 1) for number in range(len(lead))]
    stored = variable.read((*bounds, (0, high), (0, wide))).reshape(high, wide)
    return converted(where.north_up(stored), convert)
