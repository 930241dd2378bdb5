"""HDF5: what its header says, read by libhdf5; where its arrays lie, for :mod:`stored`.

Links to other files, arrays that lie in them, and filters that must be loaded are not followed.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from pluvial.errors import PluvialError
from pluvial.sources.entries import Entry
from pluvial.sources.stored import Piece, Stored, content, opened

MAGIC = b"\x89HDF\r\n\x1a\n"
HEAP_MAGIC = b"GCOL\x01"
"""Start of a collection of the global heap, in which texts of any length lie."""
HEAP_SIZE = 8
"""Where in it its size stands. Neither the bytes before nor the place in the file is checked by
libhdf5, nor aligned."""
LARGEST_HEAP = 1 << 30
SCAN_BYTES = 1 << 20
LONGEST_ATTRIBUTE = 1 << 16
"""Bytes of an attribute at most; what is longer is not looked at."""
MOST_CHUNKS = 1 << 22

Attribute = str | NDArray[Any]
"""A text, or numbers [n]."""


@contextmanager
def opened_hdf5(entry: Entry) -> Iterator[Any]:
    """The file in h5py. What h5py raises meanwhile becomes our error."""
    import h5py

    with opened(entry) as stream:
        if stream.read(len(MAGIC)) != MAGIC:
            raise entry.fault("it is no HDF5", remedy="Give a file of the configured format")
        _check_heaps(entry, stream)
    path = entry.plain_path()
    try:
        with (
            h5py.File(path, "r", locking=False) if path else h5py.File.in_memory(content(entry))
        ) as file:
            yield file
    except PluvialError:
        raise
    except (OSError, KeyError, ValueError, RuntimeError, TypeError, AttributeError) as error:
        reason = str(error.args[0]) if error.args else type(error).__name__
        raise entry.fault(f"HDF5 cannot read it ({reason})") from None


def _check_heaps(entry: Entry, stream: IO[bytes]) -> None:
    """Refuse a global heap in which libhdf5 would go round for ever.

    Source: HDF5 File Format Specification 3.0, III.E. An object has two bytes of index, two of
    count, four reserved, eight of size, then its bytes up to a multiple of eight. What is free is
    the object of index 0, and its size covers itself.
    """
    for start in _heaps(stream):
        stream.seek(start + HEAP_SIZE)
        size = int.from_bytes(stream.read(8), "little")
        left = stream.seek(0, io.SEEK_END) - start
        stream.seek(start + HEAP_SIZE + 8)
        heap = stream.read(size - 16) if 16 <= size <= min(left, LARGEST_HEAP) else b""
        at = 0
        while at + 16 <= len(heap):
            index, length = struct.unpack_from("<H6xQ", heap, at)
            at += 16 + -(-length // 8) * 8 if index else length
            if at > len(heap) or not (index or length):
                raise entry.fault("its global heap is damaged")


def _heaps(stream: IO[bytes]) -> Iterator[int]:
    """Where collections of the global heap start."""
    start = 0
    while True:
        stream.seek(start)
        block = stream.read(SCAN_BYTES)
        at = block.find(HEAP_MAGIC)
        while at >= 0:
            yield start + at
            at = block.find(HEAP_MAGIC, at + 1)
        if len(block) < SCAN_BYTES:
            return
        start += SCAN_BYTES - len(HEAP_MAGIC) + 1


def members(group: Any) -> dict[str, Any]:
    """The groups and arrays that lie in a group of this very file, by name."""
    import h5py

    found = {}
    for name in group:
        if isinstance(group.get(name, getlink=True), h5py.HardLink):
            item = group[name]
            if isinstance(item, h5py.Group | h5py.Dataset):
                found[name] = item
    return found


def attribute(item: Any, name: str) -> Attribute | None:
    """An attribute of a group or array; None where there is none, or of another kind."""
    import h5py

    if name not in item.attrs:
        return None
    held = item.attrs.get_id(name)
    kind = held.get_type()
    # At a damaged type of varying length libhdf5 crashes; it is no text either.
    text = isinstance(kind, h5py.h5t.TypeStringID)
    number = isinstance(kind, h5py.h5t.TypeIntegerID | h5py.h5t.TypeFloatID)
    if not (text or number) or held.get_storage_size() > LONGEST_ATTRIBUTE:
        return None
    value = item.attrs[name]
    if isinstance(value, h5py.Empty):
        return None
    if number:
        return np.atleast_1d(np.asarray(value)).ravel()
    texts = np.asarray(value, dtype=object).ravel()
    return _text(texts[0]) if texts.size == 1 else None


def attributes(item: Any) -> dict[str, Attribute]:
    """All attributes of a group or array that are a text or numbers."""
    found = {name: attribute(item, name) for name in item.attrs}
    return {name: value for name, value in found.items() if value is not None}


def _text(value: Any) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    # h5py keeps what is no UTF-8 as surrogates.
    return text.encode("utf-8", "replace").decode().strip("\0 \n\t")


def stored(entry: Entry, dataset: Any) -> Stored | None:
    """Where an array lies; None if it holds no plain numbers, or lies in other files."""
    import h5py

    kind, dtype = dataset.id.get_type(), dataset.dtype
    plan = dataset.id.get_create_plist()
    layout, name, shape = plan.get_layout(), dataset.name.strip("/"), dataset.shape
    # Numbers of odd bits have no NumPy type of their own.
    plain = dtype.kind in "iuf" and h5py.h5t.py_create(dtype) == kind
    if not plain or layout == h5py.h5d.VIRTUAL or plan.get_external_count():
        return None
    if layout == h5py.h5d.COMPACT:
        values = np.asarray(dataset[()])
        return Stored(entry, name, shape, dtype, shape, lambda _: None, values=values)
    if layout == h5py.h5d.CONTIGUOUS:
        return Stored.contiguous(entry, name, shape, dtype, dataset.id.get_offset())
    pieces: dict[tuple[int, ...], Piece] = {}

    def note(chunk: Any) -> bool | None:
        pieces[chunk.chunk_offset] = Piece(chunk.byte_offset, chunk.size, chunk.filter_mask)
        return True if len(pieces) >= MOST_CHUNKS else None

    dataset.id.chunk_iter(note)
    filters = tuple(plan.get_filter(number)[0] for number in range(plan.get_nfilters()))
    return Stored(entry, name, shape, dtype, plan.get_chunk(), pieces.get, filters)
