"""How rain and depth are packed: uint16 in fixed steps, 65535 for missing."""

from __future__ import annotations

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


@dataclass
class Corrections:
    """Cell values that were altered on the way into the store, by reason."""

    negative_to_missing: int = 0
    infinite_to_missing: int = 0
    capped: int = 0

    def add(self, other: Corrections) -> None:
        """Add the counts of ``other``."""
        self.negative_to_missing += other.negative_to_missing
        self.infinite_to_missing += other.infinite_to_missing
        self.capped += other.capped


def pack(
    values: NDArray[np.floating], variable: Variable
) -> tuple[NDArray[np.uint16], Corrections]:
    """Quantise physical values, float[...] with NaN for missing, to uint16[...].

    Values beyond the largest code are capped; negative (by half a step or more) and infinite
    ones become missing, never dry. All three are counted.
    """
    steps = np.rint(np.asarray(values, dtype=np.float64) / variable.scale)
    missing = np.isnan(steps)
    infinite = np.isinf(steps)
    negative = (steps < 0) & ~infinite
    capped = (steps > MISSING - 1) & ~infinite
    codes = np.clip(np.where(missing | infinite, 0, steps), 0, MISSING - 1).astype(np.uint16)
    codes[missing | infinite | negative] = MISSING
    found = Corrections(int(negative.sum()), int(infinite.sum()), int(capped.sum()))
    return codes, found


def unpack(codes: NDArray[np.uint16], variable: Variable) -> NDArray[np.float32]:
    """Physical values float32[...] of packed ones, NaN where missing. Inverse of :func:`pack`."""
    values = (codes * np.float64(variable.scale)).astype(np.float32)
    values[codes == MISSING] = np.nan
    return values
