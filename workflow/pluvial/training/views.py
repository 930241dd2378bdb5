"""Views of pictures: crops and colours varied by given numbers, so that nothing is random here.

The set of changes is SimCLR's (Chen et al. 2020, https://arxiv.org/abs/2002.05709, appendix A)
without its blur; the order of the colour changes is fixed.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from pluvial.config.sanity import ViewsConfig

ASPECT = 4 / 3
"""Width over height of a crop lies between its inverse and it."""
LARGEST = 255.0
LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in the brightness that is seen (ITU-R BT.601)."""
TO_YIQ = np.array([LUMA, (0.595716, -0.274453, -0.321263), (0.211456, -0.522591, 0.311135)])
"""From RGB to luma and two axes of hue, of the NTSC."""


def views(pictures: tf.Tensor, numbers: tf.Tensor, config: ViewsConfig) -> tf.Tensor:
    """A view of each picture.

    Args:
        pictures: RGB from 0 to 255, uint8 or float[B, S, S, 3].
        numbers: uniform in [0, 1), float32[B, 10]; each change takes its own.
        config: how far the changes go.

    Returns:
        float32[B, S, S, 3], 0 to 255.
    """
    x = cropped(tf.cast(pictures, tf.float32), numbers[:, :5], config)
    x = x * _factor(numbers[:, 5], config.brightness)
    x = contrasted(_within(x), _factor(numbers[:, 6], config.contrast))
    x = saturated(_within(x), _factor(numbers[:, 7], config.saturation))
    x = hue_turned(_within(x), config.hue * (2 * numbers[:, 8] - 1))
    grey = tf.cast(numbers[:, 9] >= config.grey, tf.float32)[:, None, None, None]
    return saturated(_within(x), grey)


def cropped(pictures: tf.Tensor, numbers: tf.Tensor, config: ViewsConfig) -> tf.Tensor:
    """Parts of pictures float32[B, S, S, 3], scaled back to their size, some mirrored.

    Args:
        pictures: float32[B, S, S, 3].
        numbers: float32[B, 5]: of area, aspect, top, left and mirror.
        config: the smallest area, and whether pictures are mirrored.
    """
    area, aspect, top, left, mirror = tf.unstack(numbers, axis=1)
    share = config.least_area + (1 - config.least_area) * area
    ratio = tf.exp(np.log(ASPECT) * (2 * aspect - 1))
    height = tf.minimum(tf.sqrt(share / ratio), 1.0)
    width = tf.minimum(tf.sqrt(share * ratio), 1.0)
    top, left = top * (1 - height), left * (1 - width)
    bottom, right = top + height, left + width
    if config.flip:
        mirrored = mirror < 0.5
        left, right = tf.where(mirrored, right, left), tf.where(mirrored, left, right)
    size = pictures.shape[1]
    boxes = tf.stack([top, left, bottom, right], axis=1)
    return tf.image.crop_and_resize(
        pictures, boxes, tf.range(tf.shape(pictures)[0]), (size, size), "bilinear"
    )


def contrasted(pictures: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Pictures float32[B, S, S, 3] with their distance from their mean luma times ``factor``."""
    mean = tf.reduce_mean(_luma(pictures), axis=(1, 2), keepdims=True)
    return _within(mean + factor * (pictures - mean))


def saturated(pictures: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Pictures float32[B, S, S, 3] with their distance from grey times ``factor``."""
    luma = _luma(pictures)
    return _within(luma + factor * (pictures - luma))


def hue_turned(pictures: tf.Tensor, turns: tf.Tensor) -> tf.Tensor:
    """Pictures float32[B, S, S, 3] with their hue turned by ``turns`` float32[B]; luma is kept.

    The turn is one of the plane of the two hue axes of YIQ: a product with a matrix a picture.
    """
    angle = 2 * np.pi * turns
    cos, sin, zero = tf.cos(angle), tf.sin(angle), tf.zeros_like(angle)
    rows = [[zero + 1, zero, zero], [zero, cos, -sin], [zero, sin, cos]]
    turn = tf.stack([tf.stack(row, axis=-1) for row in rows], axis=-2)
    there = tf.constant(TO_YIQ, tf.float32)
    back = tf.constant(np.linalg.inv(TO_YIQ), tf.float32)
    return _within(tf.einsum("bhwc,bdc->bhwd", pictures, back @ turn @ there))


def _factor(number: tf.Tensor, most: float) -> tf.Tensor:
    """From [0, 1) to [1 - most, 1 + most), float32[B, 1, 1, 1]."""
    return (1 + most * (2 * number - 1))[:, None, None, None]


def _luma(pictures: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(pictures * tf.constant(LUMA), axis=-1, keepdims=True)


def _within(pictures: tf.Tensor) -> tf.Tensor:
    return tf.clip_by_value(pictures, 0.0, LARGEST)
