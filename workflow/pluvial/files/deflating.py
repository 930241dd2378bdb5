"""Compressed bytes that depend on nothing but what is compressed."""

from __future__ import annotations

from isal import isal_zlib

LEVEL = 1
GZIP, ZLIB = 31, 15
"""Window bits of a gzip member (RFC 1952) and of a zlib stream (RFC 1950)."""
HEAD = 12
"""Bytes that are flushed before the rest; ISA-L's fast loop begins beyond 16 (see `deflated`)."""


def deflated(data: bytes | bytearray | memoryview, wbits: int) -> bytes:
    """A gzip member or a zlib stream of ``data``, by ISA-L.

    The loop of ISA-L that takes the bulk of the data (``igzip_icf_body_h1_gr_bt.asm``, 2.32) enters
    the third byte of a stream into its table of matches under a hash of an address on the stack, so
    that about one process in a thousand compresses the same data to other bytes. The loop for the
    end of the data does not, and it is the one that takes the first bytes where they are flushed.
    That costs an empty block, 5 bytes or so.

    Args:
        data: what shall be compressed, contiguous.
        wbits: :data:`GZIP` or :data:`ZLIB`.
    """
    view = memoryview(data).cast("B")
    engine = isal_zlib.compressobj(LEVEL, isal_zlib.DEFLATED, wbits)
    parts = [
        engine.compress(view[:HEAD]),
        engine.flush(isal_zlib.Z_SYNC_FLUSH),
        engine.compress(view[HEAD:]),
        engine.flush(),
    ]
    return b"".join(parts)
