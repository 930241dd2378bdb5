"""Thumbnails: classes as matplotlib cuts them, missing that is never dry, pixels in order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from explored import DEPTH_GRID, RAIN_GRID, Run
from hypothesis import given, settings
from hypothesis import strategies as st
from pluvial.errors import PluvialError
from pluvial.explorer.thumbnails import (
    MISSING_CLASS,
    Thumbnails,
    classify,
    read_thumbnails,
    shrink,
    thumbnail_shape,
)
from pluvial.figures.style import DEPTH_CLASSES, RAIN_CLASSES, Classes
from pluvial.frames.variables import DEPTH, RAIN, unpack
from pluvial.records.manifest import read_manifest, whole_shards


@pytest.mark.parametrize("classes", [RAIN_CLASSES, DEPTH_CLASSES])
def test_classes_are_those_of_matplotlib(classes: Classes) -> None:
    edges = np.asarray(classes.edges, dtype=np.float32)
    values = np.sort(np.r_[edges, edges * np.float32(0.999), 0, 500]).astype(np.float32)
    # Float32 edges lie a little off the decimal ones; what is beyond all has the last colour.
    expected = np.asarray(classes.norm(values.astype(np.float64) * (1 + 1e-6))) + 1
    expected = np.minimum(expected, len(classes.edges))
    np.testing.assert_array_equal(classify(values, classes.edges), expected)
    assert classify(np.array([np.nan], np.float32), classes.edges).tolist() == [MISSING_CLASS]


@settings(deadline=None)
@given(st.integers(1, 90), st.integers(1, 90))
def test_a_thumbnail_keeps_the_shape_of_its_grid(rows: int, cols: int) -> None:
    height, width = thumbnail_shape(rows, cols)
    assert 1 <= height <= min(rows, 32)
    assert 1 <= width <= min(cols, 32)
    if max(rows, cols) <= 32:
        assert (height, width) == (rows, cols)
    else:
        assert max(height, width) == 32


@settings(deadline=None)
@given(st.integers(1, 80), st.integers(1, 80), st.integers(0, 2**32 - 1))
def test_a_pixel_is_the_mean_of_its_known_cells(rows: int, cols: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.gamma(1, 2, (rows, cols)).astype(np.float32)
    values[rng.random((rows, cols)) < 0.4] = np.nan
    found = shrink(values)
    height, width = thumbnail_shape(rows, cols)
    for y in range(height):
        for x in range(width):
            cells = values[
                y * rows // height : (y + 1) * rows // height,
                x * cols // width : (x + 1) * cols // width,
            ]
            known = cells[~np.isnan(cells)]
            expected = known.mean(dtype=np.float64) if known.size else np.nan
            np.testing.assert_allclose(found[y, x], expected, rtol=1e-5)


def test_shards_in_any_order_give_the_records_asked_for(run: Run) -> None:
    manifest = read_manifest(run.files.manifest)
    shards = [
        s for split in ("test", "val", "train") for s in whole_shards(run.files.manifest, split)
    ]
    rows = np.array([3, 50, 51, 199, 239])
    found = read_thumbnails(shards, manifest["features"], run.records.times[rows])
    rain = classify(unpack(run.records.rain[rows], RAIN), RAIN_CLASSES.edges)
    np.testing.assert_array_equal(found.rain, np.moveaxis(rain, -1, 1))
    height, width = thumbnail_shape(*DEPTH_GRID.shape)
    depth = unpack(run.records.depth[rows], DEPTH)
    corner = depth[:, -(DEPTH_GRID.rows // height + 1) :, -(DEPTH_GRID.cols // width + 1) :]
    assert found.depth.shape == (5, height, width) == (5, 32, 27)
    assert (found.depth[:, 0, 0] == MISSING_CLASS).all()
    assert found.any_missing
    last = classify(corner.mean(axis=(1, 2)), DEPTH_CLASSES.edges)
    np.testing.assert_array_equal(found.depth[:, -1, -1], last)


def test_a_record_that_is_in_no_shard_is_named(run: Run) -> None:
    manifest = read_manifest(run.files.manifest)
    shards = whole_shards(run.files.manifest, "test")
    with pytest.raises(PluvialError, match="1 records of the projection are in no shard"):
        read_thumbnails(shards, manifest["features"], run.records.times[[0, 239]])


@settings(deadline=None)
@given(st.integers(1, 9), st.integers(1, 4), st.integers(1, 5))
def test_blocks_hold_two_pixels_in_a_byte(count: int, per: int, side: int) -> None:
    rng = np.random.default_rng(count)
    thumbs = Thumbnails(
        rng.integers(0, 16, (count, 2, side, 3), dtype=np.uint8),
        rng.integers(0, 16, (count, side, side), dtype=np.uint8),
    )
    packed = np.concatenate(list(thumbs.blocks(per)))
    flat = [f"{byte:02x}" for byte in packed.tobytes()]
    width = len(flat) // count
    for row in range(count):
        digits = "".join(flat[row * width : (row + 1) * width])
        pixels = np.r_[thumbs.rain[row].ravel(), thumbs.depth[row].ravel()]
        assert digits[: pixels.size] == "".join(f"{pixel:x}" for pixel in pixels)
        assert set(digits[pixels.size :]) <= {"0"}


def test_the_rain_grid_of_the_run_is_shown_whole() -> None:
    assert thumbnail_shape(*RAIN_GRID.shape) == RAIN_GRID.shape


def test_no_shard_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PluvialError):
        read_thumbnails(
            [tmp_path / "train" / "none.tfrecord.gz"],
            {"rain": {"shape": [2, 2, 1]}, "depth": {"shape": [2, 2]}},
            np.array([1]),
        )
