"""Maxima and means over the last n frames, kept up as frames come."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from pluvial.frames.variables import MISSING
from pluvial.records.window import rounded_mean


class RunningMaxima:
    """For each of some lengths n, the maximum over the last n frames.

    The maximum over 2n frames is that of two over n frames, n apart; a length between two powers
    of two is covered by two overlapping ones. Each frame then costs about two maxima for each
    doubling, however long the window, and only as many frames are kept as the longest length.
    """

    def __init__(self, lengths: Iterable[int], shape: tuple[int, int]) -> None:
        """For frames uint16[shape]."""
        self._lengths = sorted(set(lengths))
        self._count = 0
        top = max(self._lengths).bit_length()
        # Ring k holds the maxima over 2^k frames that end at the last 2^k + 1 frames.
        self._rings = [np.empty(((1 << k) + 1, *shape), dtype=np.uint16) for k in range(top)]
        self._out = {n: np.empty(shape, dtype=np.uint16) for n in self._lengths}

    def push(self, codes: NDArray[np.uint16]) -> dict[int, NDArray[np.uint16]]:
        """Add a frame, uint16[shape]; the maxima uint16[shape] by length.

        Before n frames have come, the maximum over n is that over nothing in particular. The
        arrays are overwritten by the next call.
        """
        self._at(0, 0)[:] = codes
        for power in range(1, len(self._rings)):
            half = 1 << (power - 1)
            below = self._at(power - 1, 0), self._at(power - 1, half)
            np.maximum(*below, out=self._at(power, 0))
        for length in self._lengths:
            power = length.bit_length() - 1
            shift = length - (1 << power)
            np.maximum(self._at(power, 0), self._at(power, shift), out=self._out[length])
        self._count += 1
        return self._out

    def _at(self, power: int, back: int) -> NDArray[np.uint16]:
        """The maximum over 2^power frames that ended ``back`` frames ago."""
        ring = self._rings[power]
        view: NDArray[np.uint16] = ring[(self._count - back) % len(ring)]
        return view


class RunningMeans:
    """For each of some lengths n, the mean over the last n frames, rounded to a code.

    It is a difference of two sums over all frames so far, which may wrap around. Only as many of
    these are kept as the longest length.
    """

    def __init__(self, lengths: Iterable[int], shape: tuple[int, int]) -> None:
        """For frames uint16[shape]."""
        self._lengths = sorted(set(lengths))
        self._count = 0
        self._last_missing = -1
        size = (self._lengths[-1] + 1, *shape)
        self._sums = np.zeros(size, dtype=np.uint32)
        self._gaps = np.zeros(size, dtype=np.uint16)

    def push(self, codes: NDArray[np.uint16]) -> dict[int, NDArray[np.uint16]]:
        """Add a frame, uint16[shape]; the means uint16[shape] by length, as `RunningMaxima` has it.

        A cell that was missing in any of the n frames is missing.
        """
        missing = codes == MISSING
        if missing.any():
            self._last_missing = self._count
        here, before = self._count % len(self._sums), (self._count - 1) % len(self._sums)
        np.add(self._sums[before], np.where(missing, 0, codes), out=self._sums[here])
        np.add(self._gaps[before], missing, out=self._gaps[here])
        found = {}
        for length in self._lengths:
            start = (self._count - length) % len(self._sums)
            found[length] = rounded_mean(self._sums[here] - self._sums[start], length)
            if self._last_missing > self._count - length:
                found[length][self._gaps[here] != self._gaps[start]] = MISSING
        self._count += 1
        return found
