"""TFRecord and Example against TensorFlow's own writer and parser."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from pluvial.records.tfrecord import decode_example, encode_example, frame, read_frames

features = st.dictionaries(
    st.text(min_size=1, max_size=8),
    st.one_of(st.binary(max_size=300), st.integers(-(2**63), 2**63 - 1)),
    min_size=1,
    max_size=4,
)


def tensorflow_example(values: dict[str, bytes | int]) -> tf.train.Example:
    def feature(value: bytes | int) -> tf.train.Feature:
        if isinstance(value, bytes):
            return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
        return tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))

    named = {name: feature(value) for name, value in values.items()}
    return tf.train.Example(features=tf.train.Features(feature=named))


@given(features)
def test_example_is_tensorflow_s(values: dict[str, bytes | int]) -> None:
    ours = encode_example(values)
    assert tf.train.Example.FromString(ours) == tensorflow_example(values)
    assert len(ours) == tensorflow_example(values).ByteSize()
    assert decode_example(ours) == values
    assert decode_example(tensorflow_example(values).SerializeToString()) == values


@settings(deadline=None, max_examples=20)
@given(st.lists(st.binary(max_size=500), max_size=5))
def test_framing_is_tensorflow_s(
    tmp_path_factory: pytest.TempPathFactory, data: list[bytes]
) -> None:
    path = str(tmp_path_factory.mktemp("tfrecord") / "theirs")
    with tf.io.TFRecordWriter(path) as writer:
        for record in data:
            writer.write(record)
    ours = b"".join(frame(record) for record in data)
    assert Path(path).read_bytes() == ours
    assert list(read_frames(io.BytesIO(ours))) == data


def test_every_cut_but_between_records_is_found() -> None:
    records = [b"a" * 40, b"", b"b" * 7]
    whole = b"".join(frame(record) for record in records)
    boundaries = {0, 56, 72, len(whole)}
    for end in range(len(whole) + 1):
        stream = io.BytesIO(whole[:end])
        if end in boundaries:
            list(read_frames(stream))
        else:
            with pytest.raises(ValueError, match="record"):
                list(read_frames(stream))


def test_every_flipped_bit_is_found() -> None:
    whole = frame(b"some data")
    for bit in range(8 * len(whole)):
        mutant = bytearray(whole)
        mutant[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ValueError, match="record 0"):
            list(read_frames(io.BytesIO(bytes(mutant))))


@given(st.binary(max_size=200))
def test_nothing_but_valueerror_escapes(data: bytes) -> None:
    for read in (lambda: decode_example(data), lambda: list(read_frames(io.BytesIO(data)))):
        with contextlib.suppress(ValueError):
            read()
