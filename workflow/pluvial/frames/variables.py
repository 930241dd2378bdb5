"""How rain and depth are packed: uint16 in fixed steps, 65535 for missing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MISSING = np.uint16(65535)


@dataclass(frozen=True)
class Variable:
    """A packed variable.

    Attributes:
        name: its name in frames files and records.
        scale: physical value of one packed step.
        units: UDUNITS name of the unit.
        standard_name, long_name: CF names.
    """

    name: str
    scale: float
    units: str
    standard_name: str
    long_name: str


RAIN = Variable("rain", 1 / 32, "mm h-1", "rainfall_rate", "rain rate from this time to the next")
DEPTH = Variable("depth", 1 / 1000, "m", "flood_water_thickness", "water depth at this time")


def pack(
    values: NDArray[np.floating], variable: Variable
) -> tuple[NDArray[np.uint16], Counter[str]]:
    """Quantise physical values, float[...] with NaN for missing, to uint16[...].

    Values beyond the largest code are capped; negative (by half a step or more) and infinite
    ones become missing, never dry. All three are counted, by reason.
    """
    steps = np.rint(np.asarray(values, dtype=np.float64) / variable.scale)
    found: Counter[str] = Counter()
    # Comparisons with NaN are false: the quick way is only taken where nothing is missing.
    if steps.size and steps.min() >= 0 and steps.max() < MISSING:
        return steps.astype(np.uint16), found
    missing = np.isnan(steps)
    infinite = np.isinf(steps)
    negative = (steps < 0) & ~infinite
    capped = (steps > MISSING - 1) & ~infinite
    codes = np.clip(np.where(missing | infinite, 0, steps), 0, MISSING - 1).astype(np.uint16)
    codes[missing | infinite | negative] = MISSING
    for reason, cells in (
        ("negative", negative),
        ("infinite", infinite),
        ("beyond the largest code", capped),
    ):
        found[reason] = int(cells.sum())
    return codes, +found


def unpack(codes: NDArray[np.uint16], variable: Variable) -> NDArray[np.float32]:
    """Physical values float32[...] of packed ones, NaN where missing. Inverse of :func:`pack`."""
    values = (codes * np.float64(variable.scale)).astype(np.float32)
    values[codes == MISSING] = np.nan
    return values
