"""What a record is: a window of rain up to NOW, in channels, and the depth at NOW + lead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pluvial.config.data import RecordsConfig
from pluvial.frames.variables import MISSING


@dataclass(frozen=True)
class Window:
    """The shape of a record in time.

    ::

        rain    [48 steps............][24 steps...][12 ][5][3][3][1]   depth
        channel 0                     1            2    3  4  5  6 ^NOW ^NOW + lead

    Attributes:
        channels: steps in each channel, counted back from NOW, as the field writes them
            (``1, 3, 3, 5, 12, 24, 48``); records hold them the other way round, oldest first.
        lead: steps from NOW, the last rain frame, to the depth.
        pooling: what a channel holds of its steps, ``max`` or ``mean``.
    """

    channels: tuple[int, ...]
    lead: int
    pooling: str = "max"

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Window:
        """The window that a manifest, or a model made from it, says it has."""
        channels, lead = document["channels_back_from_now"], int(document["lead_steps"])
        return cls(tuple(int(steps) for steps in channels), lead, str(document["pooling"]))

    def to_dict(self) -> dict[str, Any]:
        """What :meth:`of` reads, in JSON's types."""
        return {
            "channels_back_from_now": list(self.channels),
            "pooling": self.pooling,
            "lead_steps": self.lead,
        }

    @property
    def steps(self) -> int:
        """Steps of rain, NOW included."""
        return sum(self.channels)

    def spans(self) -> list[tuple[int, int]]:
        """Half-open range of steps of each channel, oldest first, from the window's start."""
        ends = np.cumsum(self.channels[::-1])
        return [(int(e) - n, int(e)) for e, n in zip(ends, self.channels[::-1], strict=True)]


@dataclass(frozen=True)
class Records:
    """Materialised records, in order.

    Attributes:
        times: NOW, int64[N], s since 1970-01-01T00:00Z.
        rain: uint16[N, H, W, C], 1/32 mm/h, channels oldest first, 65535 missing.
        depth: uint16[N, h, w], mm, 65535 missing.
    """

    times: NDArray[np.int64]
    rain: NDArray[np.uint16]
    depth: NDArray[np.uint16]


def has_rain(codes: NDArray[np.uint16]) -> NDArray[np.bool_]:
    """Whether there is any in windows uint16[..., H, W, C]; a missing cell is not rain, nor dry."""
    return np.asarray(((codes != 0) & (codes != MISSING)).any(axis=(-3, -2, -1)))


def window_of(records: RecordsConfig) -> Window:
    """The shape of a record."""
    return Window(tuple(records.channels), records.lead_steps, records.pooling)


def pool(codes: NDArray[np.uint16], window: Window) -> NDArray[np.uint16]:
    """Pool every window that lies in consecutive frames.

    A cell that is missing in any frame of a channel is missing in the channel, never dry.

    Args:
        codes: packed rain, uint16[T, H, W], ``T >= window.steps``.
        window: the shape of a record.

    Returns:
        uint16[T - window.steps + 1, H, W, C], channels oldest first; entry k has its NOW at
        frame ``k + window.steps - 1``.
    """
    count = codes.shape[0] - window.steps + 1
    pooled = np.empty((count, *codes.shape[1:], len(window.channels)), dtype=np.uint16)
    running = _running_maxima if window.pooling == "max" else _running_means
    by_length = running(codes, set(window.channels))
    for channel, (first, last) in enumerate(window.spans()):
        pooled[..., channel] = by_length[last - first][first : first + count]
    return pooled


def _running_maxima(
    codes: NDArray[np.uint16], lengths: Sequence[int] | set[int]
) -> dict[int, NDArray[np.uint16]]:
    """Maxima over ``length`` consecutive frames, for each length, by doubling.

    The maximum over n frames is that of two overlapping runs of the largest power of two <= n:
    log2(n) passes instead of n. The code for missing is the largest there is, so that the maximum
    carries it.
    """
    doubled = {1: codes}
    for length in _powers_up_to(max(lengths)):
        half = doubled[length // 2]
        doubled[length] = np.maximum(half[: len(half) - length // 2], half[length // 2 :])
    result = {}
    for length in lengths:
        power = 1 << (length.bit_length() - 1)
        run, shift = doubled[power], length - power
        result[length] = np.maximum(run[: len(run) - shift], run[shift:]) if shift else run
    return result


def _running_means(
    codes: NDArray[np.uint16], lengths: Sequence[int] | set[int]
) -> dict[int, NDArray[np.uint16]]:
    """Means over ``length`` consecutive frames, for each length, as differences of running sums."""
    missing = codes == MISSING
    sums = _sums(np.where(missing, 0, codes))
    gaps = _sums(missing) if missing.any() else None
    result = {}
    for length in lengths:
        means = rounded_mean(sums[length:] - sums[:-length], length)
        if gaps is not None:
            means[gaps[length:] != gaps[:-length]] = MISSING
        result[length] = means
    return result


def _sums(frames: NDArray[Any]) -> NDArray[np.uint32]:
    """Sums of the first 0, 1, ... T frames, uint32[T + 1, H, W]; they may wrap around."""
    sums = np.zeros((len(frames) + 1, *frames.shape[1:]), dtype=np.uint32)
    np.cumsum(frames, axis=0, dtype=np.uint32, out=sums[1:])
    return sums


def rounded_mean(total: NDArray[np.uint32], count: int) -> NDArray[np.uint16]:
    """A sum of ``count`` codes as the nearest code to their mean, halves up."""
    return ((total + np.uint32(count // 2)) // np.uint32(count)).astype(np.uint16)


def _powers_up_to(limit: int) -> list[int]:
    return [1 << k for k in range(1, limit.bit_length())]
