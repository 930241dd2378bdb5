"""TFRecord and tf.train.Example, written and read without TensorFlow.

Format: https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details. A record
is framed as ``uint64 length, uint32 masked CRC32C of the length, data, uint32 masked CRC32C of
the data``, little-endian. The data is a protocol buffer ``Example{features: {name: Feature}}``
whose Feature is a BytesList (field 1) or an Int64List (field 3).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import IO

import google_crc32c
import numpy as np
from numpy.typing import NDArray

Features = Mapping[str, bytes | int]

_LENGTH_DELIMITED = 2
_BYTES_LIST, _INT64_LIST = 1, 3
_LARGEST_RECORD = 1 << 31


def encode_example(features: Features) -> bytes:
    """Serialise an Example, names sorted, as TensorFlow does. Integers are int64."""
    return b"".join(example_parts(features))


def example_parts(features: Features) -> list[bytes]:
    """The pieces that :func:`encode_example` joins; long values are pieces of their own."""
    entries: list[bytes] = []
    for name in sorted(features):
        entry = [*_field(1, [name.encode()]), *_field(2, _encode_feature(features[name]))]
        entries += _field(1, entry)
    return _field(1, entries)


def decode_example(data: bytes) -> dict[str, memoryview | int]:
    """Parse an Example of single-valued bytes (views of ``data``) and int64 features.

    Raises:
        ValueError: if ``data`` is not such an Example.
    """
    features: dict[str, memoryview | int] = {}
    for _, body in _fields(memoryview(data)):
        for _, entry in _fields(body):
            parts = dict(_fields(entry))
            name, feature = parts.get(1), parts.get(2)
            if name is None or feature is None:
                raise ValueError("an Example entry lacks its name or its value")
            features[str(name, "utf-8")] = _decode_feature(feature)
    return features


FRAME_HEAD, FRAME_TAIL = 12, 4
"""Bytes of a frame before and after the data."""


def frame(data: bytes) -> bytes:
    """Frame one record's data with its length and checksums."""
    buffer = bytearray(FRAME_HEAD + len(data) + FRAME_TAIL)
    buffer[FRAME_HEAD:-FRAME_TAIL] = data
    frame_in_place(buffer)
    return bytes(buffer)


def frame_in_place(buffer: bytearray) -> None:
    """Fill in head and tail of a frame whose data stands in ``buffer`` already."""
    length = struct.pack("<Q", len(buffer) - FRAME_HEAD - FRAME_TAIL)
    buffer[:FRAME_HEAD] = length + _crc(length)
    # google_crc32c refuses what could be resized meanwhile, but takes a view through NumPy.
    buffer[-FRAME_TAIL:] = _crc(np.frombuffer(buffer, np.uint8)[FRAME_HEAD:-FRAME_TAIL])


def read_frames(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield the data of each record of an uncompressed TFRecord stream.

    Raises:
        ValueError: naming the record that is cut off or whose checksum is wrong.
    """
    number = 0
    while head := stream.read(12):
        if len(head) < 12 or head[8:] != _crc(head[:8]):
            raise ValueError(f"record {number}: its length is cut off or damaged")
        (length,) = struct.unpack("<Q", head[:8])
        if length > _LARGEST_RECORD:
            raise ValueError(f"record {number}: a length of {length} bytes is impossible")
        data, check = stream.read(length), stream.read(4)
        if len(data) < length or len(check) < 4:
            raise ValueError(f"record {number}: cut off")
        if check != _crc(data):
            raise ValueError(f"record {number}: its checksum is wrong")
        yield data
        number += 1


def _crc(data: bytes | NDArray[np.uint8]) -> bytes:
    """Masked CRC32C (Castagnoli), as TFRecord wants it."""
    crc = google_crc32c.value(data)
    return struct.pack("<I", (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF)


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _field(number: int, body: list[bytes]) -> list[bytes]:
    """A length-delimited field, in pieces: long ones are copied once, at the end."""
    length = sum(map(len, body))
    return [_varint(number << 3 | _LENGTH_DELIMITED) + _varint(length), *body]


def _encode_feature(value: bytes | int) -> list[bytes]:
    if isinstance(value, bytes):
        return _field(_BYTES_LIST, _field(1, [value]))
    return _field(_INT64_LIST, _field(1, [int64_bytes(value)]))


def int64_bytes(value: int) -> bytes:
    """An int64 as protocol buffers write it: a varint of 1 to 10 bytes."""
    return _varint(value & (1 << 64) - 1)


def _decode_feature(feature: memoryview) -> memoryview | int:
    ((kind, body),) = _fields(feature)
    ((_, value),) = _fields(body)
    if kind == _BYTES_LIST:
        return value
    if kind != _INT64_LIST:
        raise ValueError("a feature is neither bytes nor int64")
    number, _ = _read_varint(value, 0)
    return number - (1 << 64) if number >> 63 else number


def _fields(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    """(number, body) of the length-delimited fields of a message."""
    position = 0
    while position < len(data):
        tag, position = _read_varint(data, position)
        if tag & 7 != _LENGTH_DELIMITED:
            raise ValueError(f"unexpected wire type {tag & 7}")
        length, position = _read_varint(data, position)
        if position + length > len(data):
            raise ValueError("a field reaches past the end of its message")
        yield tag >> 3, data[position : position + length]
        position += length


def _read_varint(data: memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if position >= len(data) or shift > 63:
            raise ValueError("a varint is cut off or too long")
        byte = data[position]
        value |= (byte & 0x7F) << shift
        position += 1
        if not byte & 0x80:
            return value, position
        shift += 7
