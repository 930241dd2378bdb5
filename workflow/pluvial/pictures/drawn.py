"""Drawn pictures of three kinds, for a model to be tried on anywhere.

Every picture is a blob in a random colour on a random background, somewhere, in some size, turned
by any angle. What tells the kinds is its shape alone: two pointed ears beside each other, a
forked tail at one end, or neither, but bars across. Colours, sizes and places are drawn from the
same distributions whatever the kind, and every kind has the same area.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from pluvial.config.sanity import SyntheticPictures

KINDS = ("eared", "finned", "striped")
FINE = 2
"""Pixels drawn for one, each way: edges are smoothed by averaging."""
SIZE = (0.2, 0.28)
"""Radius of the circle of a blob's area, as a share of the picture's side."""
NOISE = 0.03
"""Standard deviation of what is added to each pixel (0 to 1)."""
DARK, LIGHT = (0.0, 0.45), (0.55, 1.0)
"""Red, green and blue of the background and of the marks, and of the blob (0 to 1)."""
MOST_TURN = np.pi / 2
"""A blob is turned by less than this, one way or the other."""

Mask = NDArray[np.bool_]
Plane = NDArray[np.float64]


def draw_pictures(
    section: SyntheticPictures, seed: int
) -> tuple[NDArray[np.uint8], NDArray[np.str_]]:
    """Draw ``per_kind`` pictures of each kind.

    Returns:
        Pixels uint8[n, S, S, 3], and the kind of each, str[n]; the kinds take turns.
    """
    count = section.per_kind * len(KINDS)
    kinds = np.array([KINDS[number % len(KINDS)] for number in range(count)])
    pixels = [
        draw_picture(kind, section.side, np.random.default_rng((seed, number)))
        for number, kind in enumerate(kinds)
    ]
    return np.stack(pixels), kinds


def draw_picture(kind: str, side: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """One picture of ``kind``, uint8[side, side, 3]."""
    fine = FINE * side
    size = rng.uniform(*SIZE)
    centre = rng.uniform(0.35, 0.65, 2)
    turn = rng.uniform(-MOST_TURN, MOST_TURN)
    ground, body, mark = (rng.uniform(*shade, 3) for shade in (DARK, LIGHT, DARK))
    texture = _texture(fine, rng)
    x, y = ((np.arange(fine) + 0.5) / fine - c for c in centre)
    # Row 0 is the uppermost.
    along = (np.cos(turn) * x[None, :] - np.sin(turn) * y[:, None]) / size
    across = (-np.sin(turn) * x[None, :] - np.cos(turn) * y[:, None]) / size
    shape, marks = SHAPES[kind](along, across)
    picture = ground + texture[..., None] * rng.uniform(-0.1, 0.1, 3)
    picture = np.where(shape[..., None], body, picture)
    picture = np.where((shape & marks)[..., None], mark, picture)
    coarse = picture.reshape(side, FINE, side, FINE, 3).mean(axis=(1, 3))
    coarse += rng.normal(0, NOISE, coarse.shape)
    return np.asarray(np.clip(np.rint(255 * coarse), 0, 255), dtype=np.uint8)


def _texture(fine: int, rng: np.random.Generator) -> Plane:
    """A smooth background of standard deviation 1, float64[fine, fine]."""
    rough = gaussian_filter(rng.normal(size=(fine, fine)), fine / rng.uniform(6, 20), mode="wrap")
    return np.asarray(rough / rough.std())


def _eared(u: Plane, v: Plane) -> tuple[Mask, Mask]:
    """A disc with two pointed ears on one side, and a dot on the other."""
    disc = u**2 + v**2 < 0.88**2
    ears = _triangle(u - 0.55, v - 0.55) | _triangle(u + 0.55, v - 0.55)
    return disc | ears, u**2 + (v + 0.35) ** 2 < 0.4**2


def _triangle(u: Plane, v: Plane) -> Mask:
    """A triangle that points up: base 0.8 at v = 0, height 1."""
    return (v > 0) & (v < 1) & (np.abs(u) < 0.4 * (1 - v))


def _finned(u: Plane, v: Plane) -> tuple[Mask, Mask]:
    """A long ellipse with a tail that widens behind it, and a dot near the front."""
    body = (u / 1.27) ** 2 + (v / 0.62) ** 2 < 1
    behind = u + 1.0
    tail = (behind < 0) & (behind > -0.85) & (np.abs(v) < -0.95 * behind)
    return body | tail, (u - 0.5) ** 2 + v**2 < 0.4**2


def _striped(u: Plane, v: Plane) -> tuple[Mask, Mask]:
    """An ellipse with three bars across, of the area of the others' dots."""
    body = (u / 1.15) ** 2 + (v / 0.87) ** 2 < 1
    bars = np.abs((u / 0.5 + 0.5) % 1 - 0.5) < 0.1
    return body, bars & (np.abs(u) < 0.8)


SHAPES = {"eared": _eared, "finned": _finned, "striped": _striped}
"""Of each kind: whether a place belongs to the blob, and whether it bears its second colour; from
coordinates along and across the blob in units of its size."""
