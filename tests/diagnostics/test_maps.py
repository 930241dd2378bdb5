"""What is read of the shards: the records asked for, averaged in blocks, and their labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pluvial.diagnostics.labels import hours_since_peak
from pluvial.diagnostics.maps import Blocks, centroid, read_maps
from pluvial.errors import PluvialError
from pluvial.frames.variables import MISSING
from pluvial.grids.grid import Grid
from pluvial.records.window import Records
from scipy.ndimage import center_of_mass
from shards import features, write_records

STEP = 300


def dataset(folder: Path, count: int = 40) -> tuple[list[Path], dict[str, Any], Records]:
    """Two shards of records in shuffled order, and their manifest."""
    rng = np.random.default_rng(0)
    rain = rng.integers(0, 3200, (count, 4, 4, 2)).astype(np.uint16)
    rain[3, 0, 0, 1] = MISSING
    depth = rng.integers(0, 900, (count, 8, 8)).astype(np.uint16)
    depth[5] = 0
    records = Records(STEP * np.arange(count), rain, depth)
    order = rng.permutation(count)
    shards = []
    for number, rows in enumerate(np.array_split(order, 2)):
        part = Records(records.times[rows], rain[rows], depth[rows])
        shards.append(folder / f"01-{number}.tfrecord.gz")
        write_records(part, shards[-1])
    manifest = {
        "features": features(records),
        "step_seconds": STEP,
        "channels_back_from_now": [1, 3],
        "rain_grid": Grid(4, 4, 200.0, 1000, 5000).to_dict(),
        "depth_grid": Grid(8, 8, 100.0, 1000, 5000).to_dict(),
    }
    return shards, manifest, records


def test_the_records_asked_for_are_read_in_their_order(tmp_path: Path) -> None:
    shards, manifest, records = dataset(tmp_path)
    rows = np.array([3, 5, 17, 39])
    seen = read_maps(shards, manifest, records.times[rows])
    expected = np.where(records.rain == MISSING, 0, records.rain)[rows] / 32
    np.testing.assert_allclose(seen.maps.channels, expected, rtol=1e-6)
    np.testing.assert_allclose(seen.maps.depth, records.depth[rows] / 1000, rtol=1e-6)
    assert seen.maps.hours.tolist() == [0.25, 1 / 12]
    assert seen.maps.rows.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert np.isnan(seen.centroid[1]).all()


def test_a_record_that_is_in_no_shard_is_an_error(tmp_path: Path) -> None:
    shards, manifest, _ = dataset(tmp_path)
    with pytest.raises(PluvialError, match="1 of 2 embedded records are in no shard"):
        read_maps(shards, manifest, np.array([0, 7 * STEP + 1]))


def test_the_motion_is_in_metres_per_hour_eastward_and_northward(tmp_path: Path) -> None:
    """A shower that goes one cell of 200 m east and none north in each step of five minutes."""
    _, manifest, records = dataset(tmp_path, 6)
    rng = np.random.default_rng(1)
    whole = rng.integers(0, 3200, (12, 20)).astype(np.uint16)
    rain = np.stack([whole[:, 8 - k : 18 - k] for k in range(6)])[..., None]
    moving = Records(records.times, np.repeat(rain, 2, axis=3), records.depth)
    write_records(moving, tmp_path / "moving.tfrecord.gz")
    manifest |= {"features": features(moving), "rain_grid": Grid(12, 10, 200.0).to_dict()}
    seen = read_maps([tmp_path / "moving.tfrecord.gz"], manifest, records.times[1:])
    np.testing.assert_allclose(seen.motion, [[200 * 12, 0]] * 5, atol=200)
    # Without its predecessor nothing moves; nor if the newest channel is longer than a step.
    first = read_maps([tmp_path / "moving.tfrecord.gz"], manifest, records.times[:1])
    assert np.isnan(first.motion).all()
    manifest["channels_back_from_now"] = [3, 1]
    longer = read_maps([tmp_path / "moving.tfrecord.gz"], manifest, records.times[1:])
    assert np.isnan(longer.motion).all()


@pytest.mark.parametrize("shape", [(64, 64), (65, 40), (130, 200), (3, 1)])
def test_blocks_average_fine_grids(shape: tuple[int, int]) -> None:
    grid = Grid(*shape, 10.0, 300, 700)
    field = np.random.default_rng(0).random(shape).astype(np.float32)
    blocks = Blocks(grid)
    found = blocks.mean(field)
    side = -(-max(shape) // 64)
    assert found.shape == tuple(-(-n // side) for n in shape)
    assert found[0, 0] == pytest.approx(field[:side, :side].mean(), rel=1e-5)
    assert found[-1, -1] == pytest.approx(
        field[(shape[0] - 1) // side * side :, (shape[1] - 1) // side * side :].mean(), rel=1e-5
    )
    assert blocks.y[0] == pytest.approx(grid.y()[:side].mean())
    assert blocks.x[-1] == pytest.approx(grid.x()[(shape[1] - 1) // side * side :].mean())


def test_centroid_by_scipy() -> None:
    water = np.random.default_rng(0).random((6, 9)).astype(np.float32)
    grid = Grid(6, 9, 10.0, 300, 700)
    row, col = center_of_mass(water.astype(float))
    assert centroid(water, grid.x(), grid.y()) == pytest.approx((305 + 10 * col, 755 - 10 * row))


def test_hours_since_the_peak_look_back_only() -> None:
    """
    ::

        storm   0  1  1  1  1  2  2  2
        rain    0  2  5  3  5  0  4  1     hours, one a step
    """
    storms = np.array([0, 1, 1, 1, 1, 2, 2, 2])
    rain = np.array([0, 2, 5, 3, 5, 0, 4, np.nan])
    found = hours_since_peak(3600 * np.arange(8), storms, rain)
    np.testing.assert_array_equal(found, [np.nan, 0, 0, 1, 0, np.nan, 0, 1])
