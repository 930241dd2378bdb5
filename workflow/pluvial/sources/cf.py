"""CF conventions: what the attributes of a NetCDF variable say of its values, units and times.

Source: NetCDF Climate and Forecast (CF) Metadata Conventions 1.11, sections 2.5 (missing data), 3.1
(units), 4.4 (time) and 8.1 (packed data); NetCDF User Guide, appendix A (attributes).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pluvial.errors import PluvialError
from pluvial.sources.entries import DAMAGED, Entry
from pluvial.sources.hdf5 import Attribute
from pluvial.sources.stored import Bounds, Stored

NEVER_WRITTEN = {
    "i2": -32767,
    "u2": 65535,
    "i4": -2147483647,
    "u4": 4294967295,
    "i8": -9223372036854775806,
    "u8": 18446744073709551614,
    "f4": 9.969209968386869e36,
    "f8": 9.969209968386869e36,
}
"""What the NetCDF library stores where nothing was written and no `_FillValue` is told. Bytes have
none: all their values are in use."""

Exponents = tuple[int, int, int]
"""Of kg, m and s."""
BASE_UNITS: dict[str, tuple[float, Exponents]] = {
    "m": (1.0, (0, 1, 0)),
    "metre": (1.0, (0, 1, 0)),
    "meter": (1.0, (0, 1, 0)),
    "km": (1e3, (0, 1, 0)),
    "kilometre": (1e3, (0, 1, 0)),
    "kilometer": (1e3, (0, 1, 0)),
    "cm": (1e-2, (0, 1, 0)),
    "centimetre": (1e-2, (0, 1, 0)),
    "centimeter": (1e-2, (0, 1, 0)),
    "mm": (1e-3, (0, 1, 0)),
    "millimetre": (1e-3, (0, 1, 0)),
    "millimeter": (1e-3, (0, 1, 0)),
    "kg": (1.0, (1, 0, 0)),
    "kilogram": (1.0, (1, 0, 0)),
    "s": (1.0, (0, 0, 1)),
    "sec": (1.0, (0, 0, 1)),
    "second": (1.0, (0, 0, 1)),
    "min": (60.0, (0, 0, 1)),
    "minute": (60.0, (0, 0, 1)),
    "h": (3600.0, (0, 0, 1)),
    "hr": (3600.0, (0, 0, 1)),
    "hour": (3600.0, (0, 0, 1)),
    "d": (86400.0, (0, 0, 1)),
    "day": (86400.0, (0, 0, 1)),
}
"""How much a unit is in kg, m and s, and the exponents of these, by UDUNITS' spellings."""
FACTOR = re.compile(r"[\s.*]*(/|\bper\b)?\s*([A-Za-z]+)(?:(?:\^|\*\*)?([-+]?\d))?")

TIME_UNITS = {"millisecond": 1e-3, "microsecond": 1e-6, "nanosecond": 1e-9, "ms": 1e-3}
"""Seconds, for the units of time that are none of :data:`BASE_UNITS`."""
SINCE = re.compile(
    r"\s*([A-Za-z]+)\s+since\s+(\d{1,4})-(\d{1,2})-(\d{1,2})"
    r"(?:[T\s]+(\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:\.\d*)?)?)?)?"
    r"\s*(?:Z|UTC|GMT|([-+])(\d{1,2})(?::?(\d{2}))?)?\s*",
    re.ASCII | re.IGNORECASE,
)
CALENDARS = ("", "standard", "gregorian", "proleptic_gregorian")
GREGORIAN = datetime(1582, 10, 15, tzinfo=UTC)
LAST_TIME = 1 << 38
"""Seconds from 1970 beyond which there is no time to be read."""


@dataclass(frozen=True)
class Variable:
    """A variable of a NetCDF file.

    Attributes:
        entry: the file.
        name: of the variable.
        dimensions: their names.
        shape: their sizes.
        attributes: its attributes that are a text or numbers.
        stored: its values; None if they are no numbers.
    """

    entry: Entry
    name: str
    dimensions: tuple[str, ...]
    shape: tuple[int, ...]
    attributes: Mapping[str, Attribute]
    stored: Stored | None

    def fault(self, problem: str, remedy: str = DAMAGED) -> PluvialError:
        """Our error about this variable."""
        return self.entry.fault(f"{self.name}: {problem}", remedy)

    def text(self, name: str) -> str:
        """An attribute that is a text; empty if there is none."""
        found = self.attributes.get(name)
        return found.strip() if isinstance(found, str) else ""

    def numbers(self, name: str) -> NDArray[Any]:
        """An attribute that is numbers, [n]; empty if there is none."""
        found = self.attributes.get(name)
        if isinstance(found, str):
            raise self.fault(f"its {name} is {found[:40]!r}, no number")
        return np.empty(0) if found is None else found

    def number(self, name: str, default: float) -> float:
        """An attribute that is one number."""
        found = self.numbers(name)
        return float(found[0]) if found.size else default

    def read(self, bounds: Bounds | None = None) -> NDArray[Any]:
        """What is stored within ``bounds``, or all of it."""
        if self.stored is None:
            raise self.fault("its values are no numbers, or lie in other files")
        return self.stored.read(bounds)


def decoder(variable: Variable) -> Callable[[NDArray[Any]], NDArray[np.float64]]:
    """What makes values in the variable's unit, NaN where missing, of what is stored."""
    dtype = (variable.stored.dtype if variable.stored else np.dtype(float)).newbyteorder("=")
    if variable.text("_Unsigned").lower() == "true" and dtype.kind == "i":
        dtype = np.dtype(f"u{dtype.itemsize}")
    scale, offset = variable.number("scale_factor", 1), variable.number("add_offset", 0)
    if not np.isfinite([scale, offset]).all() or not scale:
        raise variable.fault(f"scale_factor {scale:g} and add_offset {offset:g} make no values")
    fills = [*variable.numbers("_FillValue"), *variable.numbers("missing_value")]
    if not variable.numbers("_FillValue").size and dtype.str[1:] in NEVER_WRITTEN:
        fills.append(np.array(NEVER_WRITTEN[dtype.str[1:]], dtype)[()])
    codes = [code for fill in fills if (code := _code(fill, dtype)) is not None]
    least, most, unpacked = _limits(variable, dtype)

    def decode(stored: NDArray[Any]) -> NDArray[np.float64]:
        native = stored.astype(stored.dtype.newbyteorder("=")).view(dtype)
        values = native.astype(np.float64) * scale + offset
        for code in codes:
            values[native == code] = np.nan
        told = values if unpacked else native
        values[~((told >= least) & (told <= most))] = np.nan
        return values

    return decode


def _code(fill: Any, dtype: np.dtype[Any]) -> Any:
    """A value that stands for missing as a stored value; None if no stored value can be it."""
    if dtype.kind == "f":
        return dtype.type(fill)
    if not np.isfinite(fill) or fill != int(fill):
        return None
    limits = np.iinfo(dtype)
    code = int(fill) + _wrap(fill, dtype)
    return dtype.type(code) if limits.min <= code <= limits.max else None


def _wrap(told: Any, dtype: np.dtype[Any]) -> int:
    """What to add to a number of an attribute that stands for an unsigned one as if signed."""
    signed = told.dtype.kind == "i" and told < 0 and told.dtype.itemsize == dtype.itemsize
    return 1 << 8 * dtype.itemsize if signed and dtype.kind == "u" else 0


def _limits(variable: Variable, dtype: np.dtype[Any]) -> tuple[float, float, bool]:
    """The least and greatest valid value, and whether they are of values, not of what is stored."""
    least, most = variable.numbers("valid_min"), variable.numbers("valid_max")
    both = variable.numbers("valid_range")
    if both.size == 2:
        least, most = both[:1], both[1:]
    # They are of what is stored, unless that is whole numbers and they are not.
    unpacked = dtype.kind != "f" and any(
        limit.size and limit.dtype.kind == "f" for limit in (least, most)
    )
    lowest, highest = (
        float(limit[0]) + _wrap(limit[0], dtype) if limit.size else default
        for limit, default in ((least, -np.inf), (most, np.inf))
    )
    return lowest, highest, unpacked


def unit(text: str) -> tuple[float, Exponents] | None:
    """A unit as a factor and the exponents of kg, m and s; None if it is not known.

    ``mm h-1``, ``mm/hr``, ``kg m**-2 s**-1`` and ``kg/m2/s`` are alike.
    """
    factor, exponents, at = 1.0, np.zeros(3, int), 0
    text = text.strip()
    while at < len(text):
        found = FACTOR.match(text, at)
        base = _base(found[2]) if found else None
        if found is None or base is None:
            return None
        power = int(found[3] or 1) * (-1 if found[1] else 1)
        factor *= base[0] ** power
        exponents += power * np.array(base[1])
        at = found.end()
    kg, m, s = map(int, exponents)
    return (factor, (kg, m, s)) if text else None


def _base(name: str) -> tuple[float, Exponents] | None:
    """A unit without an exponent, in the singular or plural."""
    return BASE_UNITS.get(name) or BASE_UNITS.get(name.lower().removesuffix("s"))


def tells_time(variable: Variable) -> bool:
    """Whether its values are times."""
    return SINCE.fullmatch(variable.text("units")) is not None


def times(variable: Variable, like: Variable | None = None) -> NDArray[np.int64]:
    """Its values as times, s since 1970-01-01T00:00Z, int64[n], in the order of the file.

    Args:
        variable: the times.
        like: the variable whose units and calendar hold for it if it has none of its own, as the
            bounds of times have.
    """
    named = variable if variable.text("units") or like is None else like
    parts = SINCE.fullmatch(named.text("units"))
    if parts is None:
        raise named.fault(f"{named.text('units')[:60]!r} is no unit of time")
    step = _seconds(named, parts[1])
    start = _reference(named, parts)
    stored = variable.read().reshape(-1)
    if stored.dtype.kind == "f" and stored.size:
        grain = float(np.spacing(np.abs(stored[np.isfinite(stored)]).max(initial=0)))
        if grain * step > 0.5:
            raise variable.fault(
                f"its times are only exact to {grain * step:.2g} s",
                remedy="Store times as whole or double-precision numbers",
            )
    offsets = np.rint(decoder(variable)(stored) * step)
    if not (np.abs(offsets) < LAST_TIME).all():
        raise variable.fault("a time is missing, or impossible")
    return start + offsets.astype(np.int64)


def _seconds(variable: Variable, name: str) -> float:
    """Seconds of a unit of time."""
    known = unit(name)
    if known and known[1] == (0, 0, 1):
        return known[0]
    found = TIME_UNITS.get(name.lower()) or TIME_UNITS.get(name.lower().removesuffix("s"))
    if found is None:
        raise variable.fault(
            f"{name!r} is no unit of time that is read",
            remedy="Store times in days, hours, minutes or seconds",
        )
    return found


def _reference(variable: Variable, parts: re.Match[str]) -> int:
    """The time that times are counted from, s since 1970-01-01T00:00Z."""
    calendar = variable.text("calendar").lower()
    if calendar not in CALENDARS:
        raise variable.fault(
            f"the calendar {calendar!r} is not that of clocks",
            remedy="Give times in the standard calendar",
        )
    year, month, day, hour, minute, second = (int(part or 0) for part in parts.groups()[1:7])
    sign, hours, minutes = parts.groups()[7:]
    zone = timedelta(hours=int(hours or 0), minutes=int(minutes or 0)) * (-1 if sign == "-" else 1)
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC) - zone
    except (ValueError, OverflowError):
        raise variable.fault(f"{variable.text('units')[:60]!r} names no date") from None
    if moment < GREGORIAN and not calendar.startswith("proleptic"):
        raise variable.fault(
            f"{variable.text('units')[:60]!r} starts in the Julian calendar",
            remedy="Count times from a date after 1582",
        )
    return int(moment.timestamp())
