"""The digest of a record: the same from the frames, in the index, and from the shard."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import xxhash
from numpy.typing import NDArray


def channel_digest(plane: NDArray[np.uint16]) -> bytes:
    """Of one channel uint16[H, W], or of the depth uint16[h, w]: XXH3 with 128 bits."""
    return xxhash.xxh3_128_digest(np.ascontiguousarray(plane).data)


def combine(parts: Iterable[bytes]) -> int:
    """One digest of 128 bits of the digests of parts, in their order."""
    return xxhash.xxh3_128_intdigest(b"".join(parts))


def record_digest(rain: NDArray[np.uint16], depth: NDArray[np.uint16]) -> int:
    """Of a record: its channels uint16[H, W, C], oldest first, then its depth uint16[h, w]."""
    planes = np.ascontiguousarray(np.moveaxis(rain, -1, 0))
    return combine([*map(channel_digest, planes), channel_digest(depth)])


def halves(digest: int) -> tuple[int, int]:
    """High and low 64 bits, as tables hold them."""
    return digest >> 64, digest & (1 << 64) - 1
