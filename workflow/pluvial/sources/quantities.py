"""From what radar products hold to rain rates in mm/h."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field as Key

from pluvial.config.base import Section

Quantity = Literal["rate", "accumulation", "reflectivity"]


class ReflectivityConfig(Section):
    """From reflectivity to rain: Z = a R^b (Marshall and Palmer 1948: a 200, b 1.6)."""

    a: float = Key(200.0, gt=0)
    """Factor a of Z = a R^b, Z in mm^6 m^-3, R in mm/h."""
    b: float = Key(1.6, gt=0)
    """Exponent b of Z = a R^b."""
    cap_dbz: float = Key(53.0, gt=0)
    """Reflectivity above it counts as hail and is cut down to it, in dBZ (53 dBZ: 75 mm/h)."""
    least_dbz: float = 7.0
    """Reflectivity below it counts as dry, in dBZ (7 dBZ: 0.1 mm/h)."""


def rate_of_reflectivity(
    dbz: NDArray[np.floating], relation: ReflectivityConfig
) -> NDArray[np.float32]:
    """Rain rate float32[...] in mm/h of reflectivity in dBZ; NaN stays NaN, -inf is dry."""
    z = np.power(10.0, np.minimum(dbz, relation.cap_dbz) / 10)
    rate = np.power(z / relation.a, 1 / relation.b)
    return np.where(dbz < relation.least_dbz, 0.0, rate).astype(np.float32)


def rate_of_accumulation(amount: NDArray[np.floating], seconds: float) -> NDArray[np.float32]:
    """Mean rain rate float32[...] in mm/h of an amount in mm (kg m-2) over ``seconds``."""
    return (np.asarray(amount, dtype=np.float64) * (3600 / seconds)).astype(np.float32)
