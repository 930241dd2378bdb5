"""What retrieval without any learning achieves: the bar a trained model has to clear.

Each baseline turns rain windows and depth maps into vectors whose inner product says how well
they go together. All statistics come from the training records.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pluvial.frames.variables import DEPTH, RAIN, unpack
from pluvial.records.window import Records


@dataclass(frozen=True)
class Maps:
    """Records as physical fields on one grid.

    Attributes:
        channels: rain rate of each channel, float32[n, h, w, C], mm/h, on the depth grid, 0 where
            missing.
        depth: float32[n, h, w], m, 0 where missing.
        hours: duration of each channel, float64[C].
    """

    channels: NDArray[np.float32]
    depth: NDArray[np.float32]
    hours: NDArray[np.float64]

    def rain_since(self, hours: float) -> NDArray[np.float32]:
        """Rain of the last ``hours``, float32[n, h, w], mm, from the channels that lie in them."""
        recent = np.cumsum(self.hours[::-1])[::-1] <= hours + 1e-9
        weights = np.where(recent, self.hours, 0.0).astype(np.float32)
        return np.asarray(self.channels @ weights)


def maps_of(
    records: Records, rows: NDArray[np.intp], cols: NDArray[np.intp], hours: NDArray[np.float64]
) -> Maps:
    """Unpack records and carry their rain onto the depth grid (see grids.align)."""
    rain = np.nan_to_num(unpack(records.rain, RAIN))[:, rows][:, :, cols]
    return Maps(rain, np.nan_to_num(unpack(records.depth, DEPTH)), hours)


def volume_vectors(train: Maps, held_out: Maps) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Match by volume: the mean depth that the mean rain foretells against the true mean depth.

    The forecast is a least-squares fit of log depth on log rain of the training records. With
    (2a, -1) . (b, b^2) = a^2 - (a - b)^2 the order of inner products is that of distances.
    """

    def features(maps: Maps) -> NDArray[np.float64]:
        spans = [maps.rain_since(h).mean(axis=(1, 2)) for h in np.cumsum(maps.hours[::-1])]
        columns = np.stack([np.ones(len(maps.depth)), *spans], axis=1)
        return np.asarray(np.log1p(columns), dtype=np.float64)

    def volume(maps: Maps) -> NDArray[np.float64]:
        mean = maps.depth.mean(axis=(1, 2), dtype=np.float64)
        return np.asarray(np.log1p(1000 * mean), dtype=np.float64)

    weights, *_ = np.linalg.lstsq(features(train), volume(train), rcond=None)
    forecast, true = features(held_out) @ weights, volume(held_out)
    return (
        np.stack([2 * forecast, -np.ones_like(forecast)], axis=1),
        np.stack([true, true**2], axis=1),
    )


def pixel_vectors(
    train: Maps, held_out: Maps, hours: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Match by pattern: correlation of the rain of the last ``hours`` with the depth, cell by cell.

    Both are taken as logarithms and standardised per cell over the training records.
    """
    pairs = []
    for before, after in (
        (np.log1p(train.rain_since(hours)), np.log1p(held_out.rain_since(hours))),
        (np.log1p(10 * train.depth), np.log1p(10 * held_out.depth)),
    ):
        spread = before.std(axis=0)
        standard = (after - before.mean(axis=0)) / np.where(spread > 0, spread, np.inf)
        flat = standard.reshape(len(standard), -1).astype(np.float64)
        flat -= flat.mean(axis=1, keepdims=True)
        length = np.linalg.norm(flat, axis=1, keepdims=True)
        pairs.append(flat / np.where(length > 0, length, np.inf))
    return pairs[0], pairs[1]
