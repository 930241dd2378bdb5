"""The ground in light and shade, as the backdrop of maps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.colors import LightSource
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

STEEPEST = 0.7
"""To this, rise over run, the steepest tenth of the slopes is exaggerated."""

LIGHT = LightSource(azdeg=315, altdeg=45)


@dataclass(frozen=True)
class Relief:
    """A shaded ground.

    Attributes:
        light: float64[rows, cols], 0 (shade) to 1 (light); NaN where the elevation is missing.
        exaggeration: how many times steeper than true.
    """

    light: NDArray[np.float64]
    exaggeration: float


def shade(elevation: NDArray[np.floating], cell: float) -> Relief:
    """Light from the north-west on ``elevation``, exaggerated so that its slopes can be seen.

    Args:
        elevation: float[rows, cols] in m, north up, NaN where missing.
        cell: side of a cell, m.
    """
    missing = np.isnan(elevation)
    ground = np.asarray(elevation, dtype=np.float64)
    if missing.all() or min(ground.shape) < 2:
        return Relief(np.where(missing, np.nan, 1.0), 1.0)
    if missing.any():
        # Each hole bears the nearest elevation, so that its edge is no cliff.
        nearest = distance_transform_edt(missing, return_distances=False, return_indices=True)
        ground = ground[tuple(nearest)]
    slopes = np.hypot(*np.gradient(ground, cell))[~missing]
    steep = float(np.quantile(slopes, 0.9))
    exaggeration = float(f"{STEEPEST / steep:.2g}") if steep > 0 else 1.0
    light = LIGHT.hillshade(ground, vert_exag=exaggeration, dx=cell, dy=cell)
    return Relief(np.where(missing, np.nan, light), exaggeration)


def grey(relief: Relief) -> NDArray[np.float64]:
    """The relief as pale grey RGBA, float64[rows, cols, 4]; transparent where missing."""
    return tint(relief, np.ones((*relief.light.shape, 3)), darkest=0.72)


def tint(
    relief: Relief, colours: NDArray[np.floating], darkest: float = 0.6
) -> NDArray[np.float64]:
    """``colours`` in the relief's light, float64[rows, cols, 4]; transparent where missing.

    Args:
        relief: of the same shape.
        colours: float[rows, cols, 3 or 4], 0 to 1.
        darkest: what is left of a colour in full shade.
    """
    light = darkest + (1 - darkest) * np.nan_to_num(relief.light)
    present = ~np.isnan(relief.light)
    rgb = np.clip(np.asarray(colours)[..., :3] * light[..., None], 0, 1)
    return np.concatenate([rgb, present[..., None].astype(np.float64)], axis=-1)
