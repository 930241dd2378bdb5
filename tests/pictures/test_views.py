"""Views against Pillow, colorsys and SciPy; and what they leave as it is."""

from __future__ import annotations

import colorsys

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageEnhance
from pluvial.config.sanity import ViewsConfig
from pluvial.pictures.draws import NUMBERS
from pluvial.training.views import contrasted, cropped, hue_turned, saturated, views
from scipy.ndimage import map_coordinates

STILL = ViewsConfig(least_area=1, flip=False, brightness=0, contrast=0, saturation=0, hue=0, grey=0)


def pictures(count: int = 3, side: int = 24) -> np.ndarray:
    """Smooth pictures away from black and white, so that nothing is cut off."""
    rng = np.random.default_rng(5)
    coarse = rng.uniform(60, 190, (count, 4, 4, 3))
    return np.asarray(tf.image.resize(coarse, (side, side), "bicubic")).clip(40, 210)


def factors(value: float, count: int = 3) -> tf.Tensor:
    return tf.fill((count, 1, 1, 1), value)


def numbers(count: int = 3, **at: float) -> np.ndarray:
    names = ["area", "aspect", "top", "left", "mirror"]
    names += ["brightness", "contrast", "saturation", "hue", "grey"]
    found = np.full((count, NUMBERS), 0.5, np.float32)
    for name, value in at.items():
        found[:, names.index(name)] = value
    return found


@pytest.mark.parametrize("factor", [0.6, 1.0, 1.3])
def test_saturation_and_contrast_are_those_of_pillow(factor: float) -> None:
    """Pillow rounds to whole levels, its luma and its mean too."""
    whole = np.rint(pictures()).astype(np.uint8)
    x = tf.constant(whole, tf.float32)
    for ours, theirs in (
        (saturated(x, factors(factor)), ImageEnhance.Color),
        (contrasted(x, factors(factor)), ImageEnhance.Contrast),
    ):
        for mine, picture in zip(ours.numpy(), whole, strict=True):
            expected = np.asarray(theirs(Image.fromarray(picture)).enhance(factor), dtype=float)
            assert np.abs(mine - expected).max() <= 1.5


def test_brightness_is_that_of_pillow() -> None:
    whole = np.rint(pictures()).astype(np.uint8)
    config = STILL.model_copy(update={"brightness": 0.4})
    made = views(whole, numbers(brightness=0.875), config).numpy()
    for mine, picture in zip(made, whole, strict=True):
        expected = ImageEnhance.Brightness(Image.fromarray(picture)).enhance(1.3)
        assert np.abs(mine - np.asarray(expected, dtype=float)).max() <= 1


def test_turning_the_hue_keeps_luma_and_turns_the_plane_of_colours() -> None:
    x = pictures()[:1, :2, :2]
    turned = hue_turned(tf.constant(x, tf.float32), tf.constant([0.1])).numpy()
    for before, after in zip(x.reshape(-1, 3), turned.reshape(-1, 3), strict=True):
        y, i, q = colorsys.rgb_to_yiq(*before / 255)
        new_y, new_i, new_q = colorsys.rgb_to_yiq(*after / 255)
        expected = (i + 1j * q) * np.exp(2j * np.pi * 0.1)
        # colorsys rounds its coefficients to two digits.
        assert new_y == pytest.approx(y, abs=5e-3)
        assert new_i + 1j * new_q == pytest.approx(expected, abs=1e-2)


def test_a_whole_turn_of_the_hue_and_any_turn_of_grey_change_nothing() -> None:
    x = tf.constant(pictures(), tf.float32)
    assert hue_turned(x, tf.ones(3)).numpy() == pytest.approx(x.numpy(), abs=1e-2)
    grey = saturated(x, factors(0.0))
    turned = hue_turned(grey, tf.constant([0.1, 0.3, 0.5]))
    assert turned.numpy() == pytest.approx(grey.numpy(), abs=1e-2)


def test_the_whole_picture_is_itself_and_its_mirror() -> None:
    x = pictures()
    assert views(x, numbers(), STILL).numpy() == pytest.approx(x, abs=1e-3)
    mirrored = views(x, numbers(mirror=0.2), STILL.model_copy(update={"flip": True}))
    assert mirrored.numpy() == pytest.approx(x[:, :, ::-1], abs=1e-3)


@pytest.mark.parametrize("aspect", [0.0, 0.5, 0.9])
def test_a_crop_is_that_of_scipy(aspect: float) -> None:
    x, side = pictures(1), 24
    config = STILL.model_copy(update={"least_area": 0.25})
    given = numbers(1, area=0.2, aspect=aspect, top=0.7, left=0.1)
    made = cropped(tf.constant(x, tf.float32), tf.constant(given[:, :5]), config).numpy()[0]
    share, ratio = 0.25 + 0.75 * 0.2, (4 / 3) ** (2 * aspect - 1)
    height, width = np.sqrt(share / ratio), np.sqrt(share * ratio)
    assert height * width == pytest.approx(share)
    rows = (0.7 * (1 - height) + height * np.linspace(0, 1, side)) * (side - 1)
    cols = (0.1 * (1 - width) + width * np.linspace(0, 1, side)) * (side - 1)
    grid = np.meshgrid(rows, cols, indexing="ij")
    for channel in range(3):
        expected = map_coordinates(x[0, ..., channel], grid, order=1)
        assert made[..., channel] == pytest.approx(expected, abs=0.05)


def test_views_are_a_function_of_their_numbers_within_the_scale() -> None:
    rng = np.random.default_rng(3)
    x = rng.integers(0, 256, (40, 16, 16, 3)).astype(np.uint8)
    given = rng.random((40, NUMBERS), dtype=np.float32)
    made = views(x, given, ViewsConfig()).numpy()
    assert np.array_equal(made, views(x, given, ViewsConfig()).numpy())
    assert made.min() >= 0
    assert made.max() <= 255
    alone = views(x[7:8], given[7:8], ViewsConfig()).numpy()
    assert alone[0] == pytest.approx(made[7], abs=1e-3), "one picture does not alter another"
    grey = np.ptp(made, axis=-1).max(axis=(1, 2)) < 0.05
    assert np.array_equal(grey, given[:, 9] < ViewsConfig().grey)
