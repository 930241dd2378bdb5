"""Chunks made and read by ISA-L are those of HDF5's own filters."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pluvial.errors import PluvialError
from pluvial.frames import chunks
from pluvial.frames.chunks import CHUNK_BYTES, ChunkReader, ChunkWriter, chunk_shape
from pluvial.frames.gaps import Regular, Status
from pluvial.frames.store import FramesFile, write_period
from pluvial.frames.variables import MISSING, RAIN, unpack
from pluvial.grids.grid import Grid


def some_codes(steps: int, rows: int, cols: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 4000, (steps, rows, cols)).astype(np.uint16)
    codes[rng.random(codes.shape) < 0.3] = 0
    codes[rng.random(codes.shape) < 0.1] = MISSING
    return codes


def dataset(file: h5py.File, codes: np.ndarray, chunk: tuple[int, int, int]) -> h5py.Dataset:
    return file.create_dataset(
        "rain",
        codes.shape,
        np.uint16,
        chunks=chunk,
        fillvalue=MISSING,
        compression="gzip",
        compression_opts=1,
        shuffle=True,
    )


@st.composite
def shapes(draw: st.DrawFn) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """The shape of a dataset and of its chunks; bands of rows only hold single steps."""
    steps, rows, cols = draw(st.integers(1, 9)), draw(st.integers(1, 9)), draw(st.integers(1, 5))
    band = draw(st.integers(1, rows))
    together = draw(st.integers(1, steps)) if band == rows else 1
    return (steps, rows, cols), (together, band, cols)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(shape=shapes(), data=st.data())
def test_writing_and_reading_as_hdf5_does(tmp_path: Path, shape, data: st.DataObject) -> None:
    """What we write HDF5 reads, and what HDF5 writes we read, any part of it."""
    (steps, rows, cols), chunk = shape
    codes = some_codes(steps, rows, cols)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        writer = ChunkWriter(dataset(file, codes, chunk))
        for frame in codes:
            writer.add(frame)
        writer.flush()
    with h5py.File(tmp_path / "b.h5", "w") as file:
        dataset(file, codes, chunk)[:] = codes
    first = data.draw(st.integers(0, steps - 1))
    last = data.draw(st.integers(first + 1, steps))
    top = data.draw(st.integers(0, rows - 1))
    bottom = data.draw(st.integers(top + 1, rows))
    for name in ("a.h5", "b.h5"):
        with h5py.File(tmp_path / name) as file:
            np.testing.assert_array_equal(file["rain"][:], codes, f"{name}, read by HDF5")
            reader = ChunkReader(file["rain"])
            assert reader._ours
            for _ in range(2):  # the second time from the chunk that is kept
                found = reader.read(first, last, top, bottom)
                np.testing.assert_array_equal(found, codes[first:last, top:bottom], name)


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"chunks": (2, 3, 4), "compression": "gzip"},
        {"chunks": (2, 3, 4), "shuffle": True, "compression": "lzf"},
        {"chunks": (2, 3, 4), "shuffle": True, "compression": "gzip", "fletcher32": True},
    ],
)
def test_a_file_that_another_tool_has_rewritten(tmp_path: Path, keys: dict[str, object]) -> None:
    """With other filters, or none, it is left to HDF5."""
    codes = some_codes(5, 3, 4)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("rain", data=codes, **keys)
    with h5py.File(tmp_path / "a.h5") as file:
        found = ChunkReader(file["rain"]).read(1, 4, 1, 3)
    np.testing.assert_array_equal(found, codes[1:4, 1:3])


@given(st.integers(1, 10**5), st.integers(1, 5000), st.integers(1, 5000))
def test_chunks_have_a_bounded_size(steps: int, rows: int, cols: int) -> None:
    together, band, width = chunk_shape(steps, rows, cols)
    assert width == cols
    assert 1 <= together <= steps
    assert 1 <= band <= rows
    assert band == rows or together == 1
    size = 2 * together * band * cols
    assert size <= 4 * CHUNK_BYTES
    if 2 * rows * cols <= CHUNK_BYTES and together < steps:
        assert 2 * size > CHUNK_BYTES, "small frames are put together"
    if band < rows:
        assert size > 2 * CHUNK_BYTES, "a large frame is not cut small"


def written(path: Path, codes: np.ndarray) -> Path:
    entries = [
        Regular(step, unpack(frame, RAIN), Status.OBSERVED) for step, frame in enumerate(codes)
    ]
    grid, times = Grid(*codes.shape[1:], 1000.0), 300 * np.arange(len(codes))
    write_period(path, entries, variable=RAIN, grid=grid, times=times, provenance=dict)
    return path


def test_a_large_grid_lies_in_bands(tmp_path: Path) -> None:
    """The Met Office's 1 km composite: a band of it is read without the rest."""
    codes = some_codes(2, 2175, 1725)
    file = FramesFile(written(tmp_path / "a.nc", codes), RAIN)
    reader = file._codes
    assert reader._shape == (1, 303, 1725)
    read: list[tuple[int, int, int]] = []
    inflate = reader._chunk

    def counted(offset: tuple[int, int, int]) -> np.ndarray:
        read.append(offset)
        return inflate(offset)

    reader._chunk = counted  # type: ignore[method-assign]
    np.testing.assert_array_equal(file.read(1, 2, slice(400, 700))[0], codes[1, 400:700])
    assert read == [(1, 303, 0), (1, 606, 0)]
    np.testing.assert_array_equal(file.read(0, 2), codes)


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_flipped_bit_of_the_values_is_found(tmp_path: Path, data: st.DataObject) -> None:
    """Each chunk ends with its checksum; what was changed is never taken for rain."""
    codes = some_codes(4, 30, 20)
    path = written(tmp_path / "a.nc", codes)
    with h5py.File(path) as file:
        chunk = file["rain"].id.get_chunk_info(0)
    content = bytearray(path.read_bytes())
    place = chunk.byte_offset + data.draw(st.integers(0, chunk.size - 1))
    content[place] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    file = FramesFile(path, RAIN)
    try:
        found = file.read(0, 4)
    except PluvialError as error:
        assert "steps 0 to 4 cannot be read" in error.problem  # noqa: PT017
    else:
        np.testing.assert_array_equal(found, codes)
    finally:
        file.close()


def test_a_chunk_of_another_size_is_found(tmp_path: Path) -> None:
    path = written(tmp_path / "a.nc", some_codes(4, 30, 20))
    with h5py.File(path, "r+") as file:
        short = chunks.isal_zlib.compress(bytes(100), 1)
        file["rain"].id.write_direct_chunk((0, 0, 0), short)
    with pytest.raises(PluvialError, match=r"holds 100 bytes instead of 4800"):
        FramesFile(path, RAIN).read(0, 4)
    with h5py.File(path, "r+") as file:
        file["rain"].id.write_direct_chunk((0, 0, 0), chunks.isal_zlib.compress(bytes(9999), 1))
    with pytest.raises(PluvialError, match=r"a\.nc: steps 0 to 4 cannot be read"):
        FramesFile(path, RAIN).read(0, 4)


def test_a_full_disk_is_noticed_before_hdf5_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HDF5 ends its process where a write fails."""

    def full(folder: Path, size: int) -> None:
        assert folder == tmp_path
        assert size > 0
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(chunks, "require_space", full)
    with pytest.raises(OSError, match="No space left"):
        written(tmp_path / "a.nc", some_codes(2, 3, 4))
    assert list(tmp_path.iterdir()) == []
