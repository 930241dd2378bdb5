"""Where a NetCDF variable lies: its coordinates and grid mapping as a grid, north up.

Source: NetCDF Climate and Forecast (CF) Metadata Conventions 1.11, section 5.6 and appendix F.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pluvial.grids.grid import Grid
from pluvial.sources.cf import Variable, decoder, unit
from pluvial.sources.crs import crs_of
from pluvial.sources.gdal import crs_name
from pluvial.sources.stored import MOST_CELLS

DEGREES = re.compile(r"degrees?(_?(east|north|e|n))?", re.IGNORECASE)
STANDARD_NAMES = {
    "projection_x_coordinate": "x",
    "projection_y_coordinate": "y",
    "longitude": "x",
    "latitude": "y",
}
NAMES = {
    **dict.fromkeys(("x", "lon", "longitude", "easting", "eastings"), "x"),
    **dict.fromkeys(("y", "lat", "latitude", "northing", "northings"), "y"),
}
"""Which axis a coordinate is by its name, where no attribute tells."""
REGULAR = 1e-4
"""Cells by which a coordinate may be off its place."""

MAPPINGS = {
    "albers_conical_equal_area": "aea",
    "azimuthal_equidistant": "aeqd",
    "lambert_azimuthal_equal_area": "laea",
    "lambert_conformal_conic": "lcc",
    "latitude_longitude": "longlat",
    "mercator": "merc",
    "polar_stereographic": "stere",
    "stereographic": "stere",
    "transverse_mercator": "tmerc",
}
"""PROJ's names of CF's grid mappings."""
PARAMETERS = {
    "latitude_of_projection_origin": "lat_0",
    "longitude_of_projection_origin": "lon_0",
    "longitude_of_central_meridian": "lon_0",
    "straight_vertical_longitude_from_pole": "lon_0",
    "scale_factor_at_projection_origin": "k_0",
    "scale_factor_at_central_meridian": "k_0",
    "longitude_of_prime_meridian": "pm",
}
"""PROJ's names of CF's parameters that are one number."""
WRITTEN_OUT = ("crs_wkt", "spatial_ref", "proj4", "proj4_params", "proj4_string", "proj4text")
"""Attributes in which a CRS may stand as WKT or as a PROJ string, the best first."""
CODES = ("epsg_code", "EPSG_code", "epsg", "EPSG")
"""Attributes in which its code may stand, which CF does not know."""
WGS84 = (6378137.0, 298.257223563)
"""Semi-major axis in metres and inverse flattening."""


@dataclass(frozen=True)
class Place:
    """Where a variable lies, and how its last two dimensions become rows and columns.

    Attributes:
        grid: the grid, north up.
        transposed: whether its last dimension runs along y.
        south_up, east_first: whether rows start in the south, columns in the east.
    """

    grid: Grid
    transposed: bool
    south_up: bool
    east_first: bool

    def north_up(self, values: NDArray[Any]) -> NDArray[Any]:
        """Values of the last two dimensions as [rows, cols], north up."""
        values = values.T if self.transposed else values
        return values[:: -1 if self.south_up else 1, :: -1 if self.east_first else 1]


def place(variable: Variable, variables: Mapping[str, Variable], crs: str) -> Place:
    """Where the last two dimensions of a variable lie.

    Args:
        variable: the variable.
        variables: all variables of its file.
        crs: the CRS that the configuration names, in place of the file's; empty if none.
    """
    last, other = (_axis(variable, variables, axis) for axis in (-1, -2))
    if {last.letter, other.letter} != {"x", "y"} or last.degrees != other.degrees:
        raise variable.fault(
            f"its dimensions {other.name} and {last.name} are not one along x and one along y",
            remedy="Give fields on a grid of x and y, or of longitude and latitude",
        )
    x, y = (last, other) if last.letter == "x" else (other, last)
    if x.size * y.size > MOST_CELLS:
        raise variable.fault(f"a grid of {y.size} x {x.size} cells is impossible")
    mapping = _mapping(variable, variables) if not crs or x.size == y.size == 1 else None
    cell = _cell(variable, x, y, mapping)
    west, south = (_tidy(axis.least - cell / 2, 1e-6 * cell + axis.grain) for axis in (x, y))
    if x.degrees and west >= 180:
        west -= 360
    crs = crs or _crs(variable, mapping, x)
    grid = Grid(y.size, x.size, cell, west, south, crs)
    return Place(grid, last.letter == "y", not y.descending, x.descending)


@dataclass(frozen=True)
class _Axis:
    """A coordinate.

    Attributes:
        name: of its dimension.
        letter: ``x`` or ``y``.
        size: number of cells.
        degrees: whether it is longitude or latitude.
        factor: metres of its unit; 1 for degrees.
        least: the least centre of a cell, in metres or degrees.
        step: from centre to centre; 0 if there is one cell.
        descending: whether it starts with the greatest centre.
        grain: what its values are rounded to by their type.
    """

    name: str
    letter: str
    size: int
    degrees: bool
    factor: float
    least: float
    step: float
    descending: bool
    grain: float


def _axis(variable: Variable, variables: Mapping[str, Variable], axis: int) -> _Axis:
    """The coordinate of dimension ``axis``."""
    name = variable.dimensions[axis]
    held = variables.get(name)
    if held is None or held.dimensions != (name,) or held.shape != (variable.shape[axis],):
        raise variable.fault(
            f"its dimension {name} has no coordinates",
            remedy="Give fields on a grid of x and y, or of longitude and latitude, each in a "
            "variable of the name of its dimension",
        )
    letter = STANDARD_NAMES.get(held.text("standard_name")) or held.text("axis").lower()
    if letter not in ("x", "y"):
        letter = NAMES.get(name.lower(), "")
    degrees, factor = _unit(held)
    stored = held.read()
    if not stored.size:
        raise held.fault("it has no values")
    with np.errstate(invalid="ignore"):
        centres = decoder(held)(stored) * factor
        grain = factor * float(np.spacing(np.abs(stored).max())) if stored.dtype.kind == "f" else 0
        step = float(centres[-1] - centres[0]) / max(1, centres.size - 1)
        off = np.abs(centres - centres[0] - np.arange(centres.size) * step)
    # Comparisons with NaN are false.
    if not (off <= REGULAR * abs(step) + grain).all() or (centres.size > 1 and not step):
        raise held.fault("its values are not evenly spaced", remedy="Give fields on a regular grid")
    least = float(min(centres[0], centres[-1]))
    return _Axis(name, letter, centres.size, degrees, factor, least, abs(step), step < 0, grain)


def _unit(held: Variable) -> tuple[bool, float]:
    """Whether a coordinate is in degrees, and the metres of its unit, 1 for degrees."""
    units = held.text("units")
    if not units:
        known_by = held.text("standard_name") or held.name.lower()
        return known_by in ("longitude", "latitude", "lon", "lat"), 1.0
    if DEGREES.fullmatch(units):
        return True, 1.0
    known = unit(units)
    if known is None or known[1] != (0, 1, 0):
        raise held.fault(
            f"its unit {units!r} is none of length, nor degrees",
            remedy="Store coordinates in m, km or degrees",
        )
    return False, known[0]


def _cell(variable: Variable, x: _Axis, y: _Axis, mapping: Variable | None) -> float:
    """Side of the cells."""
    # In single precision, the axis of more cells tells their size more exactly.
    slacks = {axis: 2 * axis.grain / (axis.size - 1) for axis in (x, y) if axis.size > 1}
    sides = [
        (_tidy(axis.step, max(1e-9 * axis.step, slack)), slack)
        for axis, slack in sorted(slacks.items(), key=lambda item: item[1])
    ]
    if not sides:
        # GDAL's georeference, which pluvial's own files have too.
        told = mapping.text("GeoTransform").split() if mapping else []
        try:
            sides = [(float(told[1]), 0.0)]
        except (IndexError, ValueError):
            raise variable.fault(
                "nothing tells the size of its only cell", remedy="Give fields of more cells"
            ) from None
    (first, slack), (second, more) = sides[0], sides[-1]
    if not (0 < first < np.inf and abs(first - second) <= 1e-6 * first + slack + more):
        raise variable.fault(
            f"its cells of {first:.9g} x {second:.9g} are not square",
            remedy="Warp it onto square cells (gdalwarp -tr)",
        )
    return first


def _tidy(value: float, tolerance: float) -> float:
    """The shortest decimal that is as good as ``value``."""
    for digits in range(1, 17):
        short = float(f"{value:.{digits}g}")
        if abs(short - value) <= tolerance:
            return short + 0.0
    return value


def _mapping(variable: Variable, variables: Mapping[str, Variable]) -> Variable | None:
    """The variable that tells the CRS; None if none does."""
    name = re.split(r"[:\s]", variable.text("grid_mapping"))[0]
    if name and name not in variables:
        raise variable.fault(
            f"its grid_mapping {name!r} is not in the file",
            remedy="Write its coordinate reference system as `crs`",
        )
    return variables.get(name)


def _crs(variable: Variable, mapping: Variable | None, x: _Axis) -> str:
    """The CRS that the file names; empty if it names none."""
    if mapping is None:
        return "EPSG:4326" if x.degrees else ""
    text = next(filter(None, map(mapping.text, WRITTEN_OUT)), "")
    if not text:
        code = next((mapping.attributes[name] for name in CODES if name in mapping.attributes), "")
        text = re.sub(
            r"^(?:EPSG:)?(\d+)$", r"EPSG:\1", code if isinstance(code, str) else f"{code[0]}"
        )
    text = text or _proj(mapping, x.factor)
    if not text:
        return "EPSG:4326" if x.degrees else ""
    crs = crs_of(variable.entry, text)
    if bool(crs.is_geographic) != x.degrees:
        raise variable.fault(
            f"its coordinates are in {'degrees' if x.degrees else 'metres'}, its coordinate "
            f"reference system {text[:60]!r} is not",
            remedy="Write its coordinate reference system as `crs`",
        )
    return crs_name(crs)


def _proj(mapping: Variable, factor: float) -> str:
    """A grid mapping as a PROJ string; empty if it names none.

    Args:
        mapping: the variable with its parameters.
        factor: metres of the coordinates' unit, which is that of the false easting.
    """
    name = mapping.text("grid_mapping_name")
    if not name:
        return ""
    if name not in MAPPINGS:
        raise mapping.fault(
            f"the grid mapping {name!r} is not read",
            remedy="Write its coordinate reference system as `crs`",
        )
    told = {
        proj: mapping.numbers(cf) for cf, proj in PARAMETERS.items() if cf in mapping.attributes
    }
    parallels = mapping.numbers("standard_parallel")
    if name in ("mercator", "polar_stereographic"):
        told["lat_ts"] = parallels
    else:
        told |= {f"lat_{number + 1}": parallels[number : number + 1] for number in range(2)}
    if name == "polar_stereographic" and "lat_0" not in told:
        told["lat_0"] = np.copysign([90.0], told["lat_ts"][:1] if told["lat_ts"].size else 1)
    for axis, cf in (("x", "false_easting"), ("y", "false_northing")):
        told[f"{axis}_0"] = mapping.numbers(cf) * factor
    parts = [f"+proj={MAPPINGS[name]}", _earth(mapping)]
    parts += [f"+{proj}={float(value[0])!r}" for proj, value in told.items() if value.size]
    return " ".join(parts)


def _earth(mapping: Variable) -> str:
    """The figure of the Earth in PROJ's words; WGS 84 if none is told."""
    axis, minor, inverse, radius = (
        mapping.number(name, np.nan)
        for name in ("semi_major_axis", "semi_minor_axis", "inverse_flattening", "earth_radius")
    )
    if np.isnan(axis):
        return "+datum=WGS84" if np.isnan(radius) else f"+R={radius!r}"
    if np.isnan(inverse):
        inverse = axis / (axis - minor) if minor < axis else 0.0
    if np.allclose((axis, inverse), WGS84, rtol=1e-10):
        return "+datum=WGS84"
    return f"+a={axis!r} +rf={inverse!r}" if inverse else f"+R={axis!r}"
