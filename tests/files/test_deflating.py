"""What is compressed depends on nothing but the data, and zlib inflates it."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pluvial.files.deflating import GZIP, HEAD, ZLIB, deflated

STACKS = 2000
STACK_BYTES = 1 << 18


@contextmanager
def small_stacks() -> Iterator[None]:
    before = threading.stack_size(STACK_BYTES)
    try:
        yield
    finally:
        threading.stack_size(before)


def on_many_stacks(compress: Callable[[bytes], bytes], data: bytes) -> set[bytes]:
    """What threads make of the data, all alive at once so that no two stacks are in one place."""
    found: set[bytes] = set()
    done = threading.Event()
    ready = threading.Semaphore(0)

    def work() -> None:
        found.add(compress(data))
        ready.release()
        done.wait()

    with small_stacks():
        threads = [threading.Thread(target=work) for _ in range(STACKS)]
        for thread in threads:
            thread.start()
    for _ in threads:
        ready.acquire()
    done.set()
    for thread in threads:
        thread.join()
    return found


def record() -> bytes:
    """679 bytes, few enough for a table of matches in which every slot is hit."""
    rng = np.random.default_rng(0)
    return bytes([0xA7, 2, 0, 0, 0, 0, 0, 0]) + bytes(
        np.where(rng.random(671) < 0.8, 0, rng.integers(0, 4, 671)).astype(np.uint8)
    )


@pytest.mark.parametrize("wbits", [GZIP, ZLIB])
def test_bytes_do_not_depend_on_where_the_stack_is(wbits: int) -> None:
    assert len(on_many_stacks(lambda data: deflated(data, wbits), record())) == 1


@given(st.binary(max_size=2 * HEAD) | st.binary(min_size=1000), st.sampled_from([GZIP, ZLIB]))
def test_zlib_inflates_it(data: bytes, wbits: int) -> None:
    assert zlib.decompress(deflated(data, wbits), wbits) == data


def test_arrays_of_any_shape_are_taken() -> None:
    values = np.arange(5000, dtype=np.uint16).reshape(50, 100)
    assert zlib.decompress(deflated(values.data, ZLIB)) == values.tobytes()
